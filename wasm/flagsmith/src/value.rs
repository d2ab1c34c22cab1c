//! The value that a condition looks at, and how texts become numbers (reference 2.3, point 4).

use std::borrow::Cow;

use pennon_wire::Value as Raw;

use crate::integer::{Integer, MAX_DIGITS};
use crate::python::{float_text, value_text};

/// A value as conditions see it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Not set.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(Integer),
    /// Any other number.
    Float(f64),
    /// A text that looks like no number, as UTF-8.
    Text(&'a [u8]),
    /// One that had to be made.
    Made(Box<str>),
}

/// Python raises: whatever the condition is, it does not match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raised;

impl<'a> Value<'a> {
    /// What a value of a context is for a condition: texts of digits are numbers, lists are texts.
    #[inline]
    pub fn of(raw: Raw<'a>) -> Result<Self, Raised> {
        Ok(match raw {
            Raw::Null => Self::Null,
            Raw::Bool(value) => Self::Bool(value),
            Raw::Int(value) => Self::Int(Integer::Small(value)),
            Raw::Float(value) => Self::Float(value),
            Raw::String(text) => return Self::of_text(text),
            Raw::Number(text) => number(text),
            Raw::List(_) | Raw::Map(_) => Self::Made(value_text(raw).into()),
        })
    }

    /// What a text is for a condition: `-?[0-9]+` an integer, `-?[0-9]+\.[0-9]+` a float, anything else itself.
    #[inline]
    pub fn of_text(text: &'a [u8]) -> Result<Self, Raised> {
        if looks_numeric(text) { numeric(text) } else { Ok(Self::Text(text)) }
    }

    /// Itself, with its text borrowed where it is one.
    #[inline]
    pub fn borrowed(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::Int(value.clone()),
            Self::Float(value) => Value::Float(*value),
            Self::Text(text) => Value::Text(text),
            Self::Made(text) => Value::Text(text.as_bytes()),
        }
    }

    /// Itself, with a text of its own where it is one.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::Int(value),
            Self::Float(value) => Value::Float(value),
            Self::Text(text) => Value::Made(String::from_utf8_lossy(text).into()),
            Self::Made(text) => Value::Made(text),
        }
    }

    /// Its text, where it is one.
    #[inline]
    pub fn text(&self) -> Option<&[u8]> {
        match self {
            Self::Text(text) => Some(text),
            Self::Made(text) => Some(text.as_bytes()),
            _ => None,
        }
    }

    /// Python's `str` of it.
    pub fn to_text(&self) -> Cow<'_, str> {
        match self {
            Self::Null => "None".into(),
            Self::Bool(true) => "True".into(),
            Self::Bool(false) => "False".into(),
            Self::Int(value) => value.to_string().into(),
            Self::Float(value) => float_text(*value).into(),
            Self::Text(text) => std::str::from_utf8(text).unwrap_or_default().into(),
            Self::Made(text) => (&**text).into(),
        }
    }
}

/// Whether a text may be a number: most are told by their first byte.
#[inline]
pub fn looks_numeric(text: &[u8]) -> bool {
    matches!(text, [b'-' | b'0'..=b'9', ..])
}

/// A text that begins like a number.
#[cold]
fn numeric(text: &[u8]) -> Result<Value<'_>, Raised> {
    let magnitude = text.strip_prefix(b"-").unwrap_or(text);
    let whole = magnitude.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let utf8 = || std::str::from_utf8(text).unwrap_or_default();
    match magnitude.split_at_checked(whole) {
        Some((digits, [])) if !digits.is_empty() => {
            // More digits than Python takes: ValueError.
            if digits.len() > MAX_DIGITS {
                Err(Raised)
            } else {
                Integer::parse(utf8()).map(Value::Int).ok_or(Raised)
            }
        }
        Some((digits, [b'.', fraction @ ..]))
            if !digits.is_empty() && !fraction.is_empty() && fraction.iter().all(u8::is_ascii_digit) =>
        {
            utf8().parse().map(Value::Float).map_err(|_| Raised)
        }
        _ => Ok(Value::Text(text)),
    }
}

/// A JSON number that neither 64 bits nor a double hold exactly.
#[cold]
fn number(text: &[u8]) -> Value<'_> {
    let text = std::str::from_utf8(text).unwrap_or_default();
    match Integer::parse(text) {
        Some(integer) => Value::Int(integer),
        None => text.parse().map_or(Value::Null, Value::Float),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_look_like_numbers_are_numbers() {
        let int = |text: &str| Value::Int(Integer::parse(text).unwrap());
        let cases = [
            ("007", int("7")),
            ("-0", int("0")),
            ("-12", int("-12")),
            ("9007199254740993000000", int("9007199254740993000000")),
            ("1.50", Value::Float(1.5)),
            ("-0.5", Value::Float(-0.5)),
        ];
        for (text, value) in cases {
            assert_eq!(Value::of_text(text.as_bytes()), Ok(value), "{text}");
        }
        for text in
            ["", "-", "+1", " 1", "1 ", "1e3", ".5", "1.", "1.2.3", "１", "-a", "1_0", "1\n", "--1", "-.5"]
        {
            assert_eq!(Value::of_text(text.as_bytes()), Ok(Value::Text(text.as_bytes())), "{text}");
        }
        assert_eq!(Value::of_text("1".repeat(4301).as_bytes()), Err(Raised));
    }
}
