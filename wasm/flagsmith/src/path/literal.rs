//! The values of tokens: strings with their escapes, numbers with Python's limits.

use super::expression::Expression;
use super::lexer::{Kind, Token};
use super::{Exception, PathError};

/// The largest index, and the largest bound of a slice.
const MAX_INDEX: i64 = (1 << 53) - 1;

/// Python converts no longer text to an integer.
const MAX_DIGITS: usize = 4300;

/// An index as it is written. The value is no more than a hint beyond 64 bits, which [`check_index`] refuses.
pub fn index(token: &Token<'_>) -> Result<i64, PathError> {
    let negative = token.text.starts_with('-');
    if token.text.len() - usize::from(negative) > MAX_DIGITS {
        return Err(PathError::Raises(Exception::Value));
    }
    Ok(token.text.parse().unwrap_or(if negative { i64::MIN } else { i64::MAX }))
}

/// Whether an index is small enough.
pub fn check_index(index: i64) -> Result<i64, PathError> {
    if (-MAX_INDEX..=MAX_INDEX).contains(&index) {
        Ok(index)
    } else {
        Err(PathError::Raises(Exception::Index))
    }
}

/// Whether an index has a zero too many. `-0` has, too.
pub fn has_leading_zero(token: &Token<'_>) -> bool {
    token.text.len() > 1 && (token.text.starts_with('0') || token.text.starts_with("-0"))
}

/// An integer of a filter: a float, without its fraction.
pub fn int(token: &Token<'_>) -> Result<Expression, PathError> {
    // `-01` passes, `0e1` does not.
    if token.text.len() > 1 && token.text.starts_with('0') {
        return fail(token, "an integer has a leading zero");
    }
    let value = token.text.parse().unwrap_or(f64::INFINITY);
    if value.is_infinite() {
        Err(PathError::Raises(Exception::Overflow))
    } else {
        Ok(Expression::Number(value))
    }
}

/// A float of a filter; it may be infinite.
pub fn float(token: &Token<'_>) -> Result<Expression, PathError> {
    let whole = token.text.split('.').next().unwrap_or_default();
    if whole.len() > 1 && whole.starts_with('0') {
        return fail(token, "a number has a leading zero");
    }
    match token.text.parse() {
        Ok(value) => Ok(Expression::Number(value)),
        Err(_) => fail(token, "a number is expected"),
    }
}

/// The text of a quoted token. The lexer has seen that each escape is one of the known.
pub fn text(token: &Token<'_>) -> Result<Box<str>, PathError> {
    debug_assert!(matches!(token.kind, Kind::SingleQuoted | Kind::DoubleQuoted));
    let mut text = String::with_capacity(token.text.len());
    let mut rest = token.text;
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        if c < ' ' {
            return fail(token, "a string has a control character");
        }
        if c != '\\' {
            text.push(c);
            continue;
        }
        let escaped = rest.chars().next().unwrap_or_default();
        rest = rest.get(escaped.len_utf8()..).unwrap_or_default();
        text.push(match escaped {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => match unicode(&mut rest) {
                Some(c) if c >= ' ' => c,
                _ => return fail(token, "a string has an invalid \\u escape"),
            },
            other => other,
        });
    }
    Ok(text.into_boxed_str())
}

/// The character of the digits at the start of `rest`, or of the surrogate pair there.
fn unicode(rest: &mut &str) -> Option<char> {
    let high = hexadecimal(rest)?;
    if !(0xd800..0xdc00).contains(&high) {
        return char::from_u32(high);
    }
    *rest = rest.strip_prefix("\\u")?;
    let low = hexadecimal(rest)?;
    if !(0xdc00..0xe000).contains(&low) {
        return None;
    }
    char::from_u32(0x10000 + ((high & 0x3ff) << 10 | low & 0x3ff))
}

fn hexadecimal(rest: &mut &str) -> Option<u32> {
    let (digits, tail) = rest.split_at_checked(4)?;
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    *rest = tail;
    u32::from_str_radix(digits, 16).ok()
}

fn fail<T>(token: &Token<'_>, message: &'static str) -> Result<T, PathError> {
    Err(PathError::Syntax { message, at: token.at })
}
