//! Reading the parts of a document: what is missing is told from what is null, as Python tells it.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::Deserializer;
use serde_json::value::RawValue;

/// A member that may be missing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Field<'d>(Option<&'d RawValue>);

impl<'de: 'd, 'd> Deserialize<'de> for Field<'d> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(deserializer).map(|raw| Self(Some(raw)))
    }
}

impl<'d> Field<'d> {
    /// Its JSON; an error where it is missing.
    pub(super) fn need(self, name: &str) -> Result<&'d str, String> {
        self.0.map(RawValue::get).ok_or_else(|| format!("`{name}` is missing"))
    }

    /// Its JSON, unless it is missing or null.
    pub(super) fn given(self) -> Option<&'d str> {
        self.0.map(RawValue::get).filter(|json| *json != "null")
    }

    /// Where it stands in a text that it is from.
    pub(super) fn place_in(self, text: &str) -> Option<std::ops::Range<usize>> {
        let json = self.0?.get();
        let start = (json.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
        Some(start..start + json.len())
    }

    /// Its members, where it is a list, or another thing without members.
    pub(super) fn list(self, name: &str) -> Result<Vec<&'d str>, String> {
        list(self.need(name)?).ok_or_else(|| format!("`{name}` is no list"))
    }

    /// Its members, or none where it is missing.
    pub(super) fn list_or_none(self, name: &str) -> Result<Vec<&'d str>, String> {
        if self.0.is_none() { Ok(Vec::new()) } else { self.list(name) }
    }

    /// Its members, or none where it is missing or nothing in Python's eyes.
    pub(super) fn list_if_any(self, name: &str) -> Result<Vec<&'d str>, String> {
        match self.given() {
            None | Some("false" | "0" | "0.0") => Ok(Vec::new()),
            Some(_) => self.list(name),
        }
    }
}

/// The members of a list; none of an empty object or text, which Python goes through alike.
fn list(json: &str) -> Option<Vec<&str>> {
    match json.as_bytes().first() {
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(json).ok()?;
            Some(items.into_iter().map(RawValue::get).collect())
        }
        _ if json == "\"\"" => Some(Vec::new()),
        Some(b'{') if json.get(1..json.len() - 1)?.trim().is_empty() => Some(Vec::new()),
        _ => None,
    }
}

/// Reads an object, of which only what is asked for is looked at.
pub(super) fn object<'d, T: Deserialize<'d>>(json: &'d str, what: &str) -> Result<T, String> {
    serde_json::from_str(json).map_err(|error| format!("{what} cannot be read: {error}"))
}

/// The text of a JSON string; none of anything else. Surrogates without their other half, which no text here can hold, are
/// U+FFFD.
pub(super) fn text(json: &str) -> Option<Cow<'_, str>> {
    let inside = json.strip_prefix('"')?.strip_suffix('"')?;
    if !inside.contains('\\') {
        return Some(Cow::Borrowed(inside));
    }
    Some(Cow::Owned(crate::evaluation::string_of(json)))
}

/// What Python's `str` makes of a key; of numbers and texts exactly.
pub(super) fn key(json: &str) -> Cow<'_, str> {
    match text(json) {
        Some(text) => text,
        None if json == "-0" => "0".into(),
        None => json.into(),
    }
}
