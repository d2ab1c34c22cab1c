//! What a YAML scalar means: yaml.v3's `resolve`, which is YAML 1.2 with leftovers of 1.1.

use std::borrow::Cow;

use crate::sync::document::moment::Moment;

/// A scalar as it is written.
#[derive(Debug)]
pub(super) struct Scalar {
    pub text: String,
    /// Whether it has no quotes and is no block.
    pub plain: bool,
    pub tag: Tag,
}

/// The tags that mean something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    /// None, or `!`, which says as little.
    None,
    Text,
    Boolean,
    Integer,
    Float,
    Null,
    Timestamp,
    Binary,
    Merge,
    /// Any other: the scalar is its text.
    Other,
}

impl Tag {
    pub(super) fn of(tag: &str) -> Self {
        let short = tag.strip_prefix("tag:yaml.org,2002:").or_else(|| tag.strip_prefix("!!"));
        match short {
            _ if tag.is_empty() || tag == "!" => Self::None,
            Some("str") => Self::Text,
            Some("bool") => Self::Boolean,
            Some("int") => Self::Integer,
            Some("float") => Self::Float,
            Some("null") => Self::Null,
            Some("timestamp") => Self::Timestamp,
            Some("binary") => Self::Binary,
            Some("merge") => Self::Merge,
            _ => Self::Other,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::None => "!",
            Self::Text => "!!str",
            Self::Boolean => "!!bool",
            Self::Integer => "!!int",
            Self::Float => "!!float",
            Self::Null => "!!null",
            Self::Timestamp => "!!timestamp",
            Self::Binary => "!!binary",
            Self::Merge => "!!merge",
            Self::Other => "!other",
        }
    }
}

/// What a scalar means where anything is allowed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Meaning<'a> {
    Null,
    Boolean(bool),
    Integer(i64),
    /// An integer beyond `i64`.
    Unsigned(u64),
    Float(f64),
    Timestamp(Moment),
    Text(Cow<'a, str>),
}

impl Scalar {
    /// What it means where anything is allowed.
    ///
    /// # Errors
    /// When it is not what its tag says.
    pub(super) fn meaning(&self) -> Result<Meaning<'_>, String> {
        let meaning = match self.tag {
            Tag::None if self.plain => return Ok(guess(&self.text, true)),
            Tag::None | Tag::Text | Tag::Merge | Tag::Other => {
                return Ok(Meaning::Text(Cow::Borrowed(&self.text)));
            }
            Tag::Binary => return self.binary().map(|text| Meaning::Text(Cow::Owned(text))),
            Tag::Boolean | Tag::Integer | Tag::Float | Tag::Null | Tag::Timestamp => {
                guess(&self.text, self.tag == Tag::Timestamp)
            }
        };
        match (self.tag, meaning) {
            (Tag::Float, Meaning::Integer(number)) => Ok(Meaning::Float(number as f64)),
            (Tag::Boolean, meaning @ Meaning::Boolean(_))
            | (Tag::Integer, meaning @ (Meaning::Integer(_) | Meaning::Unsigned(_)))
            | (Tag::Float, meaning @ Meaning::Float(_))
            | (Tag::Null, meaning @ Meaning::Null)
            | (Tag::Timestamp, meaning @ Meaning::Timestamp(_)) => Ok(meaning),
            (tag, _) => Err(format!("`{}` is no {}", self.text, tag.name())),
        }
    }

    /// What it is in a field that is a string: what is written, whatever it means.
    ///
    /// # Errors
    /// When it is not what its tag says.
    pub(super) fn string(&self) -> Result<Cow<'_, str>, String> {
        if self.tag == Tag::Binary {
            return self.binary().map(Cow::Owned);
        }
        if !matches!(self.tag, Tag::None | Tag::Text) {
            self.meaning()?;
        }
        Ok(Cow::Borrowed(&self.text))
    }

    /// Whether a key like this leaves its mapping one with string keys.
    pub(super) fn is_text(&self) -> bool {
        match self.tag {
            Tag::None => !self.plain || matches!(guess(&self.text, true), Meaning::Text(_)),
            tag => matches!(tag, Tag::Text | Tag::Merge),
        }
    }

    pub(super) fn is_null(&self) -> bool {
        self.tag == Tag::Null
            || self.tag == Tag::None && self.plain && guess_word(&self.text) == Some(Meaning::Null)
    }

    /// Whether it is the key `<<`.
    pub(super) fn is_merge(&self) -> bool {
        self.text == "<<" && (self.tag == Tag::Merge || self.tag == Tag::None && self.plain)
    }

    fn binary(&self) -> Result<String, String> {
        let bytes = base64(&self.text).ok_or_else(|| format!("`{}` is no base64", self.text))?;
        // In Go's JSON each byte that is not UTF-8 becomes a replacement character.
        let replace = |chunk: std::str::Utf8Chunk<'_>| {
            let replacements = chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER);
            chunk.valid().chars().chain(replacements).collect::<String>()
        };
        Ok(bytes.utf8_chunks().map(replace).collect())
    }
}

/// What a field that is a boolean makes of a string, quoted or not: the words of YAML 1.1.
pub(super) fn boolean_word(text: &str) -> Option<bool> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

/// What a text means that is not known to be a string.
fn guess(text: &str, timestamps: bool) -> Meaning<'_> {
    let meaning = match text.as_bytes().first() {
        Some(b'.') => guess_word(text).or_else(|| point_number(text)),
        Some(b'+' | b'-' | b'0'..=b'9') => guess_word(text).or_else(|| {
            let moment = if timestamps { Moment::parse(text) } else { None };
            moment.map(Meaning::Timestamp).or_else(|| number(&text.replace('_', "")))
        }),
        _ => guess_word(text),
    };
    meaning.unwrap_or(Meaning::Text(Cow::Borrowed(text)))
}

fn guess_word(text: &str) -> Option<Meaning<'_>> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Meaning::Null,
        "true" | "True" | "TRUE" => Meaning::Boolean(true),
        "false" | "False" | "FALSE" => Meaning::Boolean(false),
        ".nan" | ".NaN" | ".NAN" => Meaning::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Meaning::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Meaning::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

/// A number that starts with a point, read by Go's `ParseFloat`: single underscores stand between digits.
fn point_number(text: &str) -> Option<Meaning<'static>> {
    let digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let bytes = text.as_bytes();
    let separates =
        |at: usize| digit(at.checked_sub(1).and_then(|at| bytes.get(at))) && digit(bytes.get(at + 1));
    if text.match_indices('_').all(|(at, _)| separates(at)) { float(&text.replace('_', "")) } else { None }
}

/// A number that starts with a digit or a sign, its underscores taken out.
fn number(plain: &str) -> Option<Meaning<'static>> {
    let (sign, digits) = match plain.as_bytes().first() {
        Some(b'+') => ("", plain.get(1..)?),
        Some(b'-') => ("-", plain.get(1..)?),
        _ => ("", plain),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, digits.get(2..)?),
        [b'0', b'o' | b'O', ..] => (8, digits.get(2..)?),
        [b'0', b'b' | b'B', ..] => (2, digits.get(2..)?),
        [b'0', _, ..] => (8, digits.get(1..)?),
        _ => (10, digits),
    };
    // Rust would take another sign; yaml.v3 takes it only in its second look below.
    let unsigned = digits.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    let integer = if unsigned { integer(sign, digits, radix, !plain.starts_with(['+', '-'])) } else { None };
    integer.or_else(|| float(plain)).or_else(|| second_look(plain))
}

fn integer(sign: &str, digits: &str, radix: u32, unsigned: bool) -> Option<Meaning<'static>> {
    let signed = i64::from_str_radix(&format!("{sign}{digits}"), radix).ok().map(Meaning::Integer);
    let beyond = || u64::from_str_radix(digits, radix).ok().filter(|_| unsigned).map(Meaning::Unsigned);
    signed.or_else(beyond)
}

/// What yaml.v3 makes of `0b` and `0o` when Go could not read them: the digits may have a sign of their own.
fn second_look(plain: &str) -> Option<Meaning<'static>> {
    let (sign, rest) = plain.strip_prefix('-').map_or(("", plain), |rest| ("-", rest));
    let (radix, digits) = match rest.as_bytes() {
        [b'0', b'b', ..] => (2, rest.get(2..)?),
        [b'0', b'o', ..] => (8, rest.get(2..)?),
        _ => return None,
    };
    integer(sign, digits, radix, false)
}

/// A decimal float in range.
fn float(text: &str) -> Option<Meaning<'static>> {
    let decimal = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    let number: f64 = if decimal { text.parse().ok()? } else { return None };
    number.is_finite().then_some(Meaning::Float(number))
}

/// Standard base64 with padding; line breaks are passed over.
fn base64(text: &str) -> Option<Vec<u8>> {
    let clean: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let padding = clean.iter().rev().take_while(|byte| **byte == b'=').count();
    if !clean.len().is_multiple_of(4) || padding > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(clean.len() / 4 * 3);
    let digits = clean.get(..clean.len() - padding)?;
    for group in digits.chunks(4) {
        let value = group.iter().try_fold(0_u32, |value, byte| Some(value << 6 | sextet(*byte)?))?;
        let value = value << (6 * (4 - group.len()));
        bytes.extend(value.to_be_bytes().iter().skip(1).take(group.len() - 1));
    }
    Some(bytes)
}

fn sextet(byte: u8) -> Option<u32> {
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}
