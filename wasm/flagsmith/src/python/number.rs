//! `int(text)` and `float(text)`: what they take beyond ASCII digits (reference 2.4.2, gotcha 43).

use crate::category::range_with;
use crate::integer::Integer;

/// Whether `str.isspace` holds.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, '\u{1c}'..='\u{1f}') || c.is_whitespace()
}

/// The value of a decimal digit of any script: each script's ten digits follow each other.
fn digit(c: char) -> Option<char> {
    if c.is_ascii() {
        return c.is_ascii_digit().then_some(c);
    }
    let zero = range_with("Nd", c)?;
    char::from_digit((c as u32 - zero as u32) % 10, 10)
}

/// The text without blanks around it, its digits in ASCII; none where it has other characters beyond ASCII.
fn ascii(text: &str) -> Option<String> {
    let one = |c: char| if c.is_ascii() { Some(c) } else { digit(c) };
    text.trim_matches(is_space).chars().map(one).collect()
}

/// Digits without the underscores between two of them; none where one stands elsewhere.
fn without_underscores(text: &str) -> Option<String> {
    if !text.contains('_') {
        return Some(text.into());
    }
    let bytes = text.as_bytes();
    let is_digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let mut out = String::new();
    for (at, c) in text.char_indices() {
        if c != '_' {
            out.push(c);
        } else if !is_digit(at.checked_sub(1)) || !is_digit(Some(at + 1)) {
            return None;
        }
    }
    Some(out)
}

/// `int(text)`; none where it raises ValueError.
pub fn int(text: &str) -> Option<Integer> {
    let text = without_underscores(&ascii(text)?)?;
    match text.strip_prefix(['+', '-']) {
        Some(digits) => Integer::from_digits(text.starts_with('-'), digits),
        None => Integer::from_digits(false, &text),
    }
}

/// `float(text)`; none where it raises ValueError.
pub fn float(text: &str) -> Option<f64> {
    let text = without_underscores(&ascii(text)?)?;
    let (sign, magnitude) = match text.strip_prefix(['+', '-']) {
        Some(rest) if text.starts_with('-') => (-1.0, rest),
        Some(rest) => (1.0, rest),
        None => (1.0, text.as_str()),
    };
    let lower = magnitude.to_ascii_lowercase();
    let value: f64 = match lower.as_str() {
        "inf" | "infinity" => f64::INFINITY,
        "nan" => f64::NAN,
        // What Rust takes beyond Python's grammar begins with a sign or a letter.
        _ if lower.starts_with(|c: char| c.is_ascii_digit() || c == '.') => lower.parse().ok()?,
        _ => return None,
    };
    Some(sign * value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn int_takes_what_python_takes() {
        let taken = [
            (" 7 ", "7"),
            ("+7", "7"),
            ("-7", "-7"),
            ("1_000", "1000"),
            ("007", "7"),
            ("٣", "3"),
            ("１２", "12"),
            ("\u{1d7d9}", "1"),
            ("\u{1c}5\u{85}", "5"),
            ("-0", "0"),
        ];
        for (text, number) in taken {
            assert_eq!(int(text).map(|int| int.to_string()).as_deref(), Some(number), "{text:?}");
        }
        for text in ["", "1.0", "1e3", "_1", "1_", "1__0", "+ 1", "--1", "²", "0x1", "a", "1 2", "Ⅷ"] {
            assert_eq!(int(text), None, "{text:?}");
        }
    }

    #[test]
    fn float_takes_what_python_takes() {
        let taken = [
            (" 7 ", 7.0),
            ("1.", 1.0),
            (".5", 0.5),
            ("1_0.0_1e1_0", 10.01e10),
            ("-INF", f64::NEG_INFINITY),
            ("Infinity", f64::INFINITY),
            ("1e400", f64::INFINITY),
            ("٣.٥", 3.5),
            ("+1E-2", 0.01),
        ];
        for (text, number) in taken {
            assert_eq!(float(text), Some(number), "{text:?}");
        }
        assert!(
            float("nAn").is_some_and(f64::is_nan) && float("-0").is_some_and(|zero| zero.is_sign_negative())
        );
        for text in
            ["", ".", "1e", "e5", "1__0", "_1", "1_", "1_.0", "1._0", "infinit", "0x1", "1 2", "+-1", "--inf"]
        {
            assert_eq!(float(text), None, "{text:?}");
        }
    }
}
