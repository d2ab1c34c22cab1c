//! Whole numbers of any size, as Python has them.

use std::cmp::Ordering;
use std::fmt;

/// The longest text that Python takes for an integer (`sys.int_info.default_max_str_digits`).
pub const MAX_DIGITS: usize = 4300;

/// A whole number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Integer {
    /// One of 64 bits.
    Small(i64),
    /// One that no 64 bits hold.
    Big(Box<Big>),
}

/// The parts of a number beyond 64 bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Big {
    is_negative: bool,
    /// Decimal digits, the first of them no zero, behind the sign of a negative one.
    text: Box<str>,
}

impl Big {
    fn magnitude(&self) -> &str {
        self.text.strip_prefix('-').unwrap_or(&self.text)
    }
}

impl Integer {
    /// From a sign and ASCII digits, zeros in front allowed; none where there are no digits, or more than Python takes.
    pub fn from_digits(is_negative: bool, digits: &str) -> Option<Self> {
        if digits.is_empty() || digits.len() > MAX_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit())
        {
            return None;
        }
        // Most have so few that nothing can overflow.
        if digits.len() <= 18 {
            let magnitude = digits.bytes().fold(0, |number, digit| number * 10 + i64::from(digit - b'0'));
            return Some(Self::Small(if is_negative { -magnitude } else { magnitude }));
        }
        let digits = digits.trim_start_matches('0');
        if digits.len() <= 19
            && let Ok(magnitude) = format!("0{digits}").parse::<i128>()
            && let Ok(small) = i64::try_from(if is_negative { -magnitude } else { magnitude })
        {
            return Some(Self::Small(small));
        }
        let sign = if is_negative { "-" } else { "" };
        Some(Self::Big(Box::new(Big { is_negative, text: format!("{sign}{digits}").into() })))
    }

    /// From a text that is nothing but an optional minus and ASCII digits.
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix('-') {
            Some(digits) => Self::from_digits(true, digits),
            None => Self::from_digits(false, text),
        }
    }

    /// The nearest double; none beyond the largest, where Python raises.
    pub fn to_f64(&self) -> Option<f64> {
        match self {
            Self::Small(small) => Some(*small as f64),
            Self::Big(big) => {
                let value: f64 = big.text.parse().ok()?;
                value.is_finite().then_some(value)
            }
        }
    }

    /// The digits of one beyond 64 bits, with its sign.
    pub fn digits(&self) -> Option<&str> {
        match self {
            Self::Small(_) => None,
            Self::Big(big) => Some(&big.text),
        }
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        *self == Self::Small(0)
    }

    /// Its order against a double, exactly; none against NaN.
    pub fn compare_f64(&self, other: f64) -> Option<Ordering> {
        if other.is_nan() {
            return None;
        }
        if other.is_infinite() {
            return Some(if other > 0.0 { Ordering::Less } else { Ordering::Greater });
        }
        let whole = Self::parse(&format!("{:.0}", other.trunc()))?;
        let fraction = other - other.trunc();
        let by_fraction = || 0.0_f64.partial_cmp(&fraction).unwrap_or(Ordering::Equal);
        Some(self.cmp(&whole).then_with(by_fraction))
    }

    fn is_negative(&self) -> bool {
        match self {
            Self::Small(small) => *small < 0,
            Self::Big(big) => big.is_negative,
        }
    }
}

impl Ord for Integer {
    fn cmp(&self, other: &Self) -> Ordering {
        let magnitudes = |a: &Big, b: &Big| {
            let (one, other) = (a.magnitude(), b.magnitude());
            let order = one.len().cmp(&other.len()).then_with(|| one.cmp(other));
            if a.is_negative { order.reverse() } else { order }
        };
        match (self, other) {
            (Self::Small(a), Self::Small(b)) => a.cmp(b),
            (Self::Big(a), Self::Big(b)) if a.is_negative == b.is_negative => magnitudes(a, b),
            // The sign of what is beyond 64 bits decides against everything else.
            (Self::Big(_), _) => {
                if self.is_negative() {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
            (_, Self::Big(_)) => {
                if other.is_negative() {
                    Ordering::Greater
                } else {
                    Ordering::Less
                }
            }
        }
    }
}

impl PartialOrd for Integer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Small(small) => write!(f, "{small}"),
            Self::Big(big) => f.write_str(&big.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integer(text: &str) -> Integer {
        Integer::parse(text).unwrap()
    }

    #[test]
    fn integers_of_any_size_are_ordered_and_written() {
        let ordered = [
            "-99999999999999999999999",
            "-9223372036854775809",
            "-9223372036854775808",
            "-1",
            "0",
            "7",
            "9223372036854775807",
            "9223372036854775808",
            "18446744073709551616",
            "99999999999999999999999",
        ];
        for (i, a) in ordered.iter().enumerate() {
            assert_eq!(integer(a).to_string(), *a);
            for (j, b) in ordered.iter().enumerate() {
                assert_eq!(integer(a).cmp(&integer(b)), i.cmp(&j), "{a} {b}");
            }
        }
        assert_eq!(integer("-0"), Integer::Small(0));
        assert_eq!(integer("007"), Integer::Small(7));
        assert_eq!(integer("-000123456789012345678901").to_string(), "-123456789012345678901");
        for text in ["", "-", "+1", "1 ", "1.0", "१"] {
            assert_eq!(Integer::parse(text), None, "{text}");
        }
        assert!(Integer::parse(&"1".repeat(4300)).is_some());
        assert!(Integer::parse(&"1".repeat(4301)).is_none());
    }

    #[test]
    fn integers_and_doubles_are_compared_exactly() {
        assert_eq!(integer("9007199254740993").compare_f64(9007199254740992.0), Some(Ordering::Greater));
        assert_eq!(integer("1").compare_f64(1.5), Some(Ordering::Less));
        assert_eq!(integer("-1").compare_f64(-1.5), Some(Ordering::Greater));
        assert_eq!(integer("5").compare_f64(5.0), Some(Ordering::Equal));
        assert_eq!(integer("5").compare_f64(f64::NAN), None);
        assert_eq!(integer(&"9".repeat(400)).compare_f64(f64::INFINITY), Some(Ordering::Less));
        assert_eq!(integer(&"9".repeat(400)).to_f64(), None);
        assert_eq!(integer("9007199254740993").to_f64(), Some(9007199254740992.0));
    }
}
