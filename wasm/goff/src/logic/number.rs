//! Numbers as text, as Go's `strconv` reads and writes them.

use std::borrow::Cow;
use std::fmt::Write;

/// What Go's `ParseFloat` makes of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Parsed {
    /// The value, which Go returns beside an error too: 0 for a text that is no number, infinity past the range.
    pub value: f64,
    /// Whether there was no error.
    pub valid: bool,
}

impl Parsed {
    const NOT_A_NUMBER: Self = Self { value: 0.0, valid: false };

    /// A value read from digits: an infinite one is past the range.
    fn from_digits(value: f64) -> Self {
        Self { value, valid: value.is_finite() }
    }
}

/// Digits that a `u64` and an `f64` hold exactly.
const EXACT_DIGITS: usize = 15;

/// Reads a number as Go's `ParseFloat` does: decimal or hexadecimal, `_` between digits, `inf`, `nan`.
pub(super) fn parse(text: &[u8]) -> Parsed {
    let short = !text.is_empty() && text.len() <= EXACT_DIGITS;
    if short && text.iter().all(u8::is_ascii_digit) {
        let value = text.iter().fold(0u64, |value, digit| value * 10 + u64::from(digit - b'0'));
        return Parsed { value: value as f64, valid: true };
    }
    let (negative, rest) = match text {
        [b'+', rest @ ..] => (false, rest),
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let sign = if negative { -1.0 } else { 1.0 };
    if rest.eq_ignore_ascii_case(b"inf") || rest.eq_ignore_ascii_case(b"infinity") {
        return Parsed { value: sign * f64::INFINITY, valid: true };
    }
    if text.eq_ignore_ascii_case(b"nan") {
        return Parsed { value: f64::NAN, valid: true };
    }
    let value = match rest {
        [b'0', b'x' | b'X', digits @ ..] => hexadecimal(digits),
        digits => decimal(digits),
    };
    value.map_or(Parsed::NOT_A_NUMBER, |value| Parsed::from_digits(sign * value))
}

/// `text` without its underscores, or none where one of them does not separate digits.
fn without_underscores(text: &[u8], after_prefix: bool) -> Option<Cow<'_, [u8]>> {
    if !text.contains(&b'_') {
        return Some(Cow::Borrowed(text));
    }
    let is_digit = |byte: &u8| byte.is_ascii_digit() || after_prefix && byte.is_ascii_hexdigit();
    // Go counts the prefix `0x` as a digit.
    let mut after_digit = after_prefix;
    let mut after_underscore = false;
    for byte in text {
        if *byte == b'_' {
            if !after_digit {
                return None;
            }
        } else if after_underscore && !is_digit(byte) {
            return None;
        }
        after_underscore = *byte == b'_';
        after_digit = is_digit(byte);
    }
    let plain = text.iter().copied().filter(|byte| *byte != b'_').collect();
    (!after_underscore).then_some(Cow::Owned(plain))
}

fn decimal(text: &[u8]) -> Option<f64> {
    // Rust would take a second sign and the words for infinity here; all else it reads as Go does.
    if !matches!(text, [b'0'..=b'9' | b'.', ..]) {
        return None;
    }
    std::str::from_utf8(&without_underscores(text, false)?).ok()?.parse().ok()
}

fn hexadecimal(text: &[u8]) -> Option<f64> {
    let text = without_underscores(text, true)?;
    let point = text.iter().position(|byte| matches!(byte, b'p' | b'P'))?;
    let (digits, exponent) = text.split_at_checked(point)?;
    let mut exponent = binary_exponent(exponent.get(1..)?)?;
    let (mut mantissa, mut seen_point, mut seen_digit) = (0u64, false, false);
    for byte in digits {
        if *byte == b'.' && !seen_point {
            seen_point = true;
            continue;
        }
        let digit = u64::from(char::from(*byte).to_digit(16)?);
        seen_digit = true;
        if mantissa >> 60 == 0 {
            mantissa = mantissa << 4 | digit;
            exponent -= if seen_point { 4 } else { 0 };
        } else {
            // What no longer fits still decides which way to round.
            mantissa |= u64::from(digit != 0);
            exponent += if seen_point { 0 } else { 4 };
        }
    }
    seen_digit.then(|| scale(mantissa, exponent))
}

fn binary_exponent(text: &[u8]) -> Option<i64> {
    let (sign, digits) = match text {
        [b'-', digits @ ..] => (-1, digits),
        [b'+', digits @ ..] => (1, digits),
        digits => (1, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits.iter().fold(0i64, |value, digit| match value {
        10_000.. => value,
        _ => value * 10 + i64::from(digit - b'0'),
    });
    Some(sign * value)
}

/// `mantissa * 2^exponent`, rounded once, to even.
fn scale(mantissa: u64, exponent: i64) -> f64 {
    const LOWEST: i64 = -1074;
    if mantissa == 0 {
        return 0.0;
    }
    let bits = i64::from(u64::BITS - mantissa.leading_zeros());
    let drop = (bits - 53).max(LOWEST - exponent).max(0);
    if drop > 64 {
        return 0.0;
    }
    let wide = u128::from(mantissa);
    let (kept, lost, half) = (wide >> drop, wide & ((1 << drop) - 1), (1u128 << drop) >> 1);
    let up = drop > 0 && (lost > half || lost == half && kept & 1 == 1);
    let kept = kept + u128::from(up);
    let exponent = exponent + drop;
    if exponent > 1024 {
        return f64::INFINITY;
    }
    // Both factors are exact, so that only the product's range matters.
    let half_way = exponent.clamp(-1000, 900);
    kept as f64 * power_of_two(half_way) * power_of_two(exponent - half_way)
}

fn power_of_two(exponent: i64) -> f64 {
    2f64.powi(exponent as i32)
}

/// Writes a number as Go's `FormatFloat(value, 'f', -1, 64)` does.
pub(super) fn write(value: f64, text: &mut String) {
    let word = match value {
        value if value.is_nan() => "NaN",
        f64::INFINITY => "+Inf",
        f64::NEG_INFINITY => "-Inf",
        _ => {
            // Writing to a string does not fail.
            let _ = write!(text, "{value}");
            return;
        }
    };
    text.push_str(word);
}

/// A float as Go on amd64 converts it to `int`: towards zero, and the lowest integer past the range.
pub(super) fn to_int(value: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if value.abs() < LIMIT { value as i64 } else { i64::MIN }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_go_reads_them() {
        for (text, value) in [
            ("0", 0.0),
            ("123456789012345", 123_456_789_012_345.0),
            ("1234567890123456789", 1_234_567_890_123_456_789.0),
            ("+5", 5.0),
            ("-.5", -0.5),
            ("5.", 5.0),
            ("1_0", 10.0),
            ("1_000.5_0e1_0", 1.0005e13),
            ("1e-400", 0.0),
            ("INF", f64::INFINITY),
            ("-infinity", f64::NEG_INFINITY),
            ("0x1p4", 16.0),
            ("0X_1.8P-1", 0.75),
            ("0x1p1_0", 1024.0),
            ("-0x.8p1", -1.0),
            ("0x1p-1074", 5e-324),
            ("0x1p-1075", 0.0),
            ("0x1.8p-1075", 5e-324),
            ("0x1.fffffffffffffp1023", f64::MAX),
            ("0x1.fffffffffffff7fp1023", f64::MAX),
            ("0x10000000000000000000p0", 2f64.powi(76)),
            ("0x1.00000000000008p0", 1.0),
            ("0x1.000000000000080000000001p0", 1.0 + f64::EPSILON),
            ("0x0p99999999999999999999", 0.0),
        ] {
            assert_eq!(parse(text.as_bytes()), Parsed { value, valid: true }, "{text}");
        }
        assert!(parse(b"NaN").valid && parse(b"NaN").value.is_nan());
        assert!(parse(b"-0").value.is_sign_negative());
    }

    #[test]
    fn other_texts_are_no_numbers() {
        for text in [
            "", " 5", "5 ", "5\n", "+", "-", "+-5", ".", "e5", "1e", "1e+", "1__0", "_1", "1_", "1_.5",
            "0x10", "0x", "0xp1", "0x.p1", "0x1p", "0x1_p4", "0b1", "1e1_", "-nan", "+nan", "infi", "inff",
            "1.2.3", "é",
        ] {
            assert_eq!(parse(text.as_bytes()), Parsed::NOT_A_NUMBER, "{text}");
        }
        for (text, value) in
            [("1e400", f64::INFINITY), ("-1e400", f64::NEG_INFINITY), ("0x1p1024", f64::INFINITY)]
        {
            assert_eq!(parse(text.as_bytes()), Parsed { value, valid: false }, "{text}");
        }
        assert_eq!(parse(b"0x1.fffffffffffff8p1023").value, f64::INFINITY);
    }

    #[test]
    fn numbers_are_written_as_go_writes_them() {
        for (value, expected) in [
            (1.0, "1"),
            (-0.0, "-0"),
            (0.1, "0.1"),
            (1e21, "1000000000000000000000"),
            (1e-7, "0.0000001"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            let mut text = String::new();
            write(value, &mut text);
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn floats_become_integers_as_on_amd64() {
        assert_eq!(to_int(-1.9), -1);
        for value in [f64::NAN, f64::INFINITY, 1e19, -1e19] {
            assert_eq!(to_int(value), i64::MIN);
        }
    }
}
