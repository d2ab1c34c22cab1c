//! Reading JSON into a flag the way Go's `encoding/json` does (reference 1.5): one level at a time, field names in any
//! case, `null` unsets, a later duplicate of an object is merged into the earlier, a wrong type is an error.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A piece of a flag that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Which piece: `targeting[1].percentage.A`.
    pub path: String,
    /// What was expected there.
    pub message: String,
    /// Byte in the flag's JSON.
    pub offset: usize,
}

/// A JSON value in its place: its text, where it stands, and by what path it was reached.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a, 'p> {
    raw: &'a RawValue,
    /// The text of the whole flag, against which offsets count.
    whole: &'a str,
    path: Path<'p>,
}

/// The path to a value, linked from the leaf to the root: it is written out only when something is wrong.
#[derive(Clone, Copy, Debug)]
enum Path<'p> {
    Root,
    Member(&'p Path<'p>, &'p str),
    Item(&'p Path<'p>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Member(Self::Root, name) => f.write_str(name),
            Self::Member(parent, name) => write!(f, "{parent}.{name}"),
            Self::Item(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

impl<'a> Place<'a, '_> {
    /// The whole of a flag.
    ///
    /// # Errors
    /// When the text is no JSON.
    pub fn root(text: &'a str) -> Result<Self, Unreadable> {
        let raw = serde_json::from_str(text).map_err(|error| Unreadable {
            path: String::new(),
            message: format!("is not JSON: {error}"),
            offset: error.column().saturating_sub(1),
        })?;
        Ok(Self { raw, whole: text, path: Path::Root })
    }

    /// The value's text.
    pub fn text(&self) -> &'a str {
        self.raw.get()
    }

    fn unreadable(&self, message: impl Into<String>) -> Unreadable {
        let offset = (self.text().as_ptr() as usize).saturating_sub(self.whole.as_ptr() as usize);
        Unreadable { path: self.path.to_string(), message: message.into(), offset }
    }

    fn starts(&self, with: &str) -> bool {
        self.text().starts_with(with)
    }

    /// Reads it unless it is null, which unsets `field`; what is there already may be merged with.
    pub fn into<T: Default>(
        &self,
        field: &mut Option<T>,
        read: impl FnOnce(&Self, &mut T) -> Result<(), Unreadable>,
    ) -> Result<(), Unreadable> {
        if self.starts("null") {
            *field = None;
            return Ok(());
        }
        read(self, field.get_or_insert_default())
    }

    /// Calls `each` with every member of the object, in order, with its name and place.
    pub fn members(
        &self,
        mut each: impl FnMut(Cow<'a, str>, &Place<'a, '_>) -> Result<(), Unreadable>,
    ) -> Result<(), Unreadable> {
        let Members(members) = serde_json::Deserializer::from_str(self.text())
            .deserialize_map(MembersVisitor)
            .map_err(|_| self.unreadable("must be an object"))?;
        for (name, raw) in members {
            let path = Path::Member(&self.path, &name);
            let place = Place { raw, whole: self.whole, path };
            each(name.clone(), &place)?;
        }
        Ok(())
    }

    /// Calls `each` with every item of the list, in order.
    pub fn items(
        &self,
        mut each: impl FnMut(&Place<'a, '_>) -> Result<(), Unreadable>,
    ) -> Result<(), Unreadable> {
        let items: Vec<&'a RawValue> =
            serde_json::from_str(self.text()).map_err(|_| self.unreadable("must be a list"))?;
        for (index, raw) in items.into_iter().enumerate() {
            each(&Place { raw, whole: self.whole, path: Path::Item(&self.path, index) })?;
        }
        Ok(())
    }

    /// Reads a boolean.
    pub fn boolean(&self, value: &mut bool) -> Result<(), Unreadable> {
        *value = serde_json::from_str(self.text()).map_err(|_| self.unreadable("must be true or false"))?;
        Ok(())
    }

    /// Reads a number.
    pub fn number(&self, value: &mut f64) -> Result<(), Unreadable> {
        *value = serde_json::from_str(self.text()).map_err(|_| self.unreadable("must be a number"))?;
        Ok(())
    }

    /// Reads a string; lone surrogates become U+FFFD.
    pub fn string(&self, value: &mut String) -> Result<(), Unreadable> {
        if !self.starts("\"") {
            return Err(self.unreadable("must be a string"));
        }
        *value = serde_json::Deserializer::from_str(self.text())
            .deserialize_bytes(TextVisitor)
            .map_err(|_| self.unreadable("must be a string"))?;
        Ok(())
    }

    /// Reads a date.
    pub fn date(&self, value: &mut pennon_wire::guest::Time) -> Result<(), Unreadable> {
        let mut text = String::new();
        self.string(&mut text)?;
        *value = crate::time::parse(&text).ok_or_else(|| {
            self.unreadable("must be a date as RFC 3339 has it, such as 2024-01-31T12:00:00Z")
        })?;
        Ok(())
    }
}

/// Whether Go takes `name` for the field `field`: equal but for case, by Unicode's simple folding.
pub fn is_field(name: &str, field: &str) -> bool {
    let fold = |character: char| match character {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    };
    name == field || name.chars().map(fold).eq(field.chars().map(fold))
}

struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

struct MembersVisitor;

impl<'a> Visitor<'a> for MembersVisitor {
    type Value = Members<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut members = Vec::new();
        while let Some(Name(name)) = map.next_key()? {
            members.push((name, map.next_value()?));
        }
        Ok(Members(members))
    }
}

/// A member's name, borrowed where it holds no escapes.
struct Name<'a>(Cow<'a, str>);

impl<'a> serde::Deserialize<'a> for Name<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl<'a> Visitor<'a> for NameVisitor {
            type Value = Name<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E: Error>(self, name: &'a str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

struct TextVisitor;

impl<'a> Visitor<'a> for TextVisitor {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        Ok(lossy(bytes))
    }

    fn visit_seq<S: SeqAccess<'a>>(self, _: S) -> Result<Self::Value, S::Error> {
        Err(S::Error::custom("a list"))
    }
}

/// The text of bytes that are UTF-8 but for surrogates; each becomes one U+FFFD.
fn lossy(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while !rest.is_empty() {
        match std::str::from_utf8(rest) {
            Ok(good) => {
                text.push_str(good);
                break;
            }
            Err(error) => {
                let (good, bad) = rest.split_at(error.valid_up_to());
                text.push_str(&String::from_utf8_lossy(good));
                text.push(char::REPLACEMENT_CHARACTER);
                // A surrogate takes three bytes in this encoding.
                rest = bad.get(3..).unwrap_or_default();
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_surrogate_becomes_the_replacement_character() {
        let mut text = String::new();
        Place::root(r#""a\ud800b\ude00""#).unwrap().string(&mut text).unwrap();
        assert_eq!(text, "a\u{fffd}b\u{fffd}");
    }

    #[test]
    fn what_cannot_be_read_is_named_by_path_and_offset() {
        let place = Place::root(r#"{"a": [{"b": 1}]}"#).unwrap();
        let error = place
            .members(|_, place| {
                place.items(|place| place.members(|_, place| place.string(&mut String::new())))
            })
            .unwrap_err();
        assert_eq!((error.path.as_str(), error.offset), ("a[0].b", 13));
    }

    #[test]
    fn names_are_folded_as_go_folds_them() {
        assert!(is_field("defaultrule", "defaultRule") && is_field("DI\u{17f}ABLE", "disable"));
        assert!(!is_field("disabled", "disable"));
    }
}
