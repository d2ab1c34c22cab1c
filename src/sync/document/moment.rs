//! Dates of YAML and TOML, and their spelling in JSON.

use std::fmt::Write as _;

/// A date and time of day with its distance from UTC, as Go's `time.Time` remembers them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Moment {
    pub year: u32,
    pub month: u32,
    pub day: u32,
    pub hour: u32,
    pub minute: u32,
    pub second: u32,
    pub nanosecond: u32,
    /// Minutes east of UTC.
    pub offset: i32,
}

impl Moment {
    /// Reads what yaml.v3 takes for a timestamp: Go's RFC 3339 with numbers of one or two digits, with `t` for `T`,
    /// or with spaces and no offset; or a date alone.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut cursor = Cursor { rest: text.as_bytes() };
        let mut moment = Self { year: cursor.year()?, ..Self::default() };
        cursor.byte(b'-')?;
        moment.month = cursor.number()?;
        cursor.byte(b'-')?;
        moment.day = cursor.number()?;
        match cursor.rest {
            [] => {}
            [b'T' | b't', rest @ ..] => {
                cursor.rest = rest;
                cursor.time(&mut moment)?;
                moment.offset = cursor.offset()?;
            }
            [b' ', ..] => {
                while cursor.byte(b' ').is_some() {}
                cursor.time(&mut moment)?;
            }
            _ => return None,
        }
        (cursor.rest.is_empty() && moment.exists()).then_some(moment)
    }

    /// Whether the calendar and the clock have it.
    pub(super) fn exists(&self) -> bool {
        (1..=12).contains(&self.month)
            && (1..=days_in(self.year, self.month)).contains(&self.day)
            && self.hour < 24
            && self.minute < 60
            && self.second < 60
    }

    /// RFC 3339 as Go writes it into JSON; none where it writes none.
    pub(super) fn to_rfc3339(self) -> Option<String> {
        let offset = self.offset.unsigned_abs();
        if offset >= 24 * 60 {
            return None;
        }
        let Self { year, month, day, hour, minute, second, .. } = self;
        let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
        if self.nanosecond > 0 {
            let fraction = format!("{:09}", self.nanosecond);
            text.push('.');
            text.push_str(fraction.trim_end_matches('0'));
        }
        if offset == 0 {
            text.push('Z');
        } else {
            let sign = if self.offset < 0 { '-' } else { '+' };
            write!(text, "{sign}{:02}:{:02}", offset / 60, offset % 60).ok()?;
        }
        Some(text)
    }
}

fn days_in(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

struct Cursor<'a> {
    rest: &'a [u8],
}

impl Cursor<'_> {
    fn byte(&mut self, expected: u8) -> Option<()> {
        let (byte, rest) = self.rest.split_first()?;
        (*byte == expected).then(|| self.rest = rest)
    }

    fn digit(&mut self) -> Option<u32> {
        let (byte, rest) = self.rest.split_first()?;
        byte.is_ascii_digit().then(|| {
            self.rest = rest;
            u32::from(byte - b'0')
        })
    }

    fn two_digits(&mut self) -> Option<u32> {
        Some(self.digit()? * 10 + self.digit()?)
    }

    fn year(&mut self) -> Option<u32> {
        Some(self.two_digits()? * 100 + self.two_digits()?)
    }

    /// A number of one or two digits.
    fn number(&mut self) -> Option<u32> {
        let first = self.digit()?;
        Some(self.digit().map_or(first, |second| first * 10 + second))
    }

    fn time(&mut self, moment: &mut Moment) -> Option<()> {
        moment.hour = self.number()?;
        self.byte(b':')?;
        moment.minute = self.number()?;
        self.byte(b':')?;
        moment.second = self.number()?;
        if let [b'.' | b',', rest @ ..] = self.rest
            && rest.first().is_some_and(u8::is_ascii_digit)
        {
            self.rest = rest;
            let mut unit = 100_000_000;
            while let Some(digit) = self.digit() {
                moment.nanosecond += digit * unit;
                unit /= 10;
            }
        }
        Some(())
    }

    /// `Z` or an offset. Go lets 24 hours and 60 minutes pass.
    fn offset(&mut self) -> Option<i32> {
        let sign = match self.rest.first()? {
            b'Z' => return self.byte(b'Z').map(|()| 0),
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        self.rest = self.rest.get(1..)?;
        let hours = self.two_digits()?;
        self.byte(b':')?;
        let minutes = self.two_digits()?;
        (hours <= 24 && minutes <= 60).then_some(sign * (hours * 60 + minutes) as i32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spell(text: &str) -> Option<String> {
        Moment::parse(text).and_then(Moment::to_rfc3339)
    }

    #[test]
    fn timestamps_keep_their_offset() {
        for (text, expected) in [
            ("2024-01-01", "2024-01-01T00:00:00Z"),
            ("2024-1-2", "2024-01-02T00:00:00Z"),
            ("2024-01-01 10:00:00", "2024-01-01T10:00:00Z"),
            ("2024-01-01   1:2:3,25", "2024-01-01T01:02:03.25Z"),
            ("2024-01-01T10:00:00+02:00", "2024-01-01T10:00:00+02:00"),
            ("2024-01-01t10:00:00-00:30", "2024-01-01T10:00:00-00:30"),
            ("2024-01-01T10:00:00.1234567899Z", "2024-01-01T10:00:00.123456789Z"),
            ("2024-01-01T10:00:00+01:60", "2024-01-01T10:00:00+02:00"),
            ("2024-02-29T10:00:00+00:00", "2024-02-29T10:00:00Z"),
        ] {
            assert_eq!(spell(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_timestamp_is_none() {
        for text in [
            "",
            "2024",
            "2024-",
            "24-01-01",
            "2024-13-01",
            "2023-02-29",
            "2024-01-01T00:00:00",
            "2024-01-01t00:00:00z",
            "2024-01-01 00:00:00Z",
            "2024-01-01 00:00:00 +2",
            "2024-01-01 ",
            "2024-01-01x",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:00:60Z",
            "2024-01-01T00:00Z",
            "2024-01-01T00:00:00.Z",
            "2024-001-01",
            "2024-01-01T00:00:00+25:00",
            "2024-01-01T00:00:00+24:00",
        ] {
            assert_eq!(spell(text), None, "{text}");
        }
    }
}
