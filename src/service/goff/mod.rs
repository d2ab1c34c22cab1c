//! GO Feature Flag: its ruleset is the relay's configuration answer, `{"flags": {...}, "evaluationContextEnrichment":
//! {...}}`, or a flags file, `{KEY: FLAG, ...}`.

pub(crate) mod collector;
#[cfg(feature = "modules")]
pub(crate) mod module;
pub(crate) mod ofrep;
pub(crate) mod relay;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Form, Member, Split};
use crate::limits::MAX_UNITS;

/// Splits a document.
///
/// # Errors
/// With what is wrong and where.
pub(crate) fn split(document: &str, form: Form) -> Result<Split, String> {
    let origin = document.as_ptr() as usize;
    let parse = |shape| {
        let mut deserializer = serde_json::Deserializer::from_str(document);
        let split = DocumentSeed { origin, shape, document }.deserialize(&mut deserializer)?;
        deserializer.end().map(|()| split)
    };
    // Most documents are told by their first member; only a file with a flag named `flags` is read twice.
    let shape = if form == Form::Answer { Shape::Answer } else { Shape::Unknown };
    match parse(shape) {
        Ok(Some(split)) => Ok(split),
        Ok(None) => parse(Shape::Flags).map(Option::unwrap_or_default),
        Err(error) => Err(error),
    }
    .map_err(|error| format!("ruleset is not a JSON object of flags: {error}"))
}

/// Splits a piece from inside the object of flags, which must be whole members.
pub(crate) fn split_members(piece: &str, document: &str) -> Option<Vec<Member>> {
    let braced = format!("{{{piece}}}");
    let mut deserializer = serde_json::Deserializer::from_str(&braced);
    let members = MembersSeed { origin: braced.as_ptr() as usize + 1 }.deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    let shift = (piece.as_ptr() as usize).checked_sub(document.as_ptr() as usize)? as u32;
    let moved = |range: Range<u32>| range.start + shift..range.end + shift;
    let moved = |member: Member| Member {
        key: moved(member.key),
        decoded: member.decoded,
        value: moved(member.value),
    };
    Some(members.into_iter().map(moved).collect())
}

/// Keys whose presence tells the form of a document.
pub(crate) const SHAPE_KEYS: [&str; 4] = [FLAGS, ENRICHMENT, "defaultRule", "variations"];

const FLAGS: &str = "flags";
const ENRICHMENT: &str = "evaluationContextEnrichment";

#[derive(Clone, Copy, PartialEq)]
enum Shape {
    Unknown,
    /// An object of flags and nothing else.
    Flags,
    /// The relay's answer.
    Answer,
}

/// Reads a document; none where its shape was guessed wrong.
struct DocumentSeed<'a> {
    origin: usize,
    shape: Shape,
    document: &'a str,
}

impl<'de> DeserializeSeed<'de> for DocumentSeed<'_> {
    type Value = Option<Split>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for DocumentSeed<'_> {
    type Value = Option<Split>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let origin = self.origin;
        let mut split = Split::default();
        if self.shape == Shape::Flags {
            split.members = members(&mut map, origin, None)?;
            split.inside = self.between_outer_braces();
            return Ok(Some(split));
        }
        let (mut first, mut is_answer) = (true, true);
        while let Some(key) = map.next_key::<Key<'de>>()? {
            match key.text.as_ref() {
                FLAGS => {
                    is_answer = true;
                    let value: &'de RawValue = map.next_value()?;
                    let range = range(value.get(), origin);
                    let braces = value.get();
                    if braces == "null" {
                        first = false;
                        continue;
                    }
                    if !braces.starts_with('{') {
                        return Err(M::Error::custom("`flags` is not an object"));
                    }
                    let mut deserializer = serde_json::Deserializer::from_str(braces);
                    let seed = MembersSeed { origin };
                    split.members = seed.deserialize(&mut deserializer).map_err(M::Error::custom)?;
                    split.inside = range.start + 1..range.end - 1;
                    if self.shape == Shape::Unknown && looks_like_a_flag(&split, self.document) {
                        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                        return Ok(None);
                    }
                }
                ENRICHMENT => {
                    is_answer = true;
                    let value: &'de RawValue = map.next_value()?;
                    split.enrichment = (value.get() != "null").then(|| value.get().to_owned());
                }
                // What later relays may add; alone it is the answer of something else.
                _ if self.shape == Shape::Answer => {
                    map.next_value::<IgnoredAny>()?;
                    is_answer &= !first;
                }
                _ if first => {
                    split.members = members(&mut map, origin, Some(key))?;
                    split.inside = self.between_outer_braces();
                    return Ok(Some(split));
                }
                _ => {
                    // Another member beside them: the document is an object of flags after all.
                    map.next_value::<IgnoredAny>()?;
                    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                    return Ok(None);
                }
            }
            first = false;
        }
        if !is_answer {
            return Err(M::Error::custom("it has no member `flags`"));
        }
        Ok(Some(split))
    }
}

impl DocumentSeed<'_> {
    fn between_outer_braces(&self) -> Range<u32> {
        let start = self.document.find('{').map_or(0, |start| start + 1);
        let end = self.document.rfind('}').unwrap_or(start);
        start as u32..end as u32
    }
}

/// Whether the value of `flags` is a flag of that name rather than an object of flags.
fn looks_like_a_flag(split: &Split, document: &str) -> bool {
    let has = |name: &str, first: char| {
        split.members.iter().any(|member| {
            let text = |range: &Range<u32>| {
                document.get(range.start as usize..range.end as usize).unwrap_or_default()
            };
            text(&member.key) == name && text(&member.value).starts_with(first)
        })
    };
    has("defaultRule", '{') && has("variations", '{')
}

struct MembersSeed {
    origin: usize,
}

impl<'de> DeserializeSeed<'de> for MembersSeed {
    type Value = Vec<Member>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for MembersSeed {
    type Value = Vec<Member>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of flags")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        members(&mut map, self.origin, None)
    }
}

fn members<'de, M: MapAccess<'de>>(
    map: &mut M,
    origin: usize,
    first: Option<Key<'de>>,
) -> Result<Vec<Member>, M::Error> {
    let mut members = Vec::new();
    let mut next = first;
    loop {
        let Some(key) = next.take().map_or_else(|| map.next_key::<Key<'de>>(), |key| Ok(Some(key)))? else {
            return Ok(members);
        };
        let value: &'de RawValue = map.next_value()?;
        if members.len() == MAX_UNITS {
            return Err(M::Error::custom(format!("more than {MAX_UNITS} flags")));
        }
        let (place, decoded) = match key.text {
            Cow::Borrowed(text) => (range(text, origin), None),
            Cow::Owned(text) => (0..0, Some(text.into_boxed_str())),
        };
        members.push(Member { key: place, decoded, value: range(value.get(), origin) });
    }
}

/// Where `part` stands in the document that starts at `origin`.
fn range(part: &str, origin: usize) -> Range<u32> {
    let start = (part.as_ptr() as usize).wrapping_sub(origin) as u32;
    start..start.wrapping_add(part.len() as u32)
}

/// A member's key, borrowed from the document where it has no escapes.
struct Key<'de> {
    text: Cow<'de, str>,
}

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Key { text: Cow::Borrowed(text) })
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Key { text: Cow::Owned(text.to_owned()) })
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(document: &str) -> Vec<(String, String)> {
        let text = |range: &Range<u32>| document[range.start as usize..range.end as usize].to_owned();
        let split = split(document, Form::Either).unwrap();
        let key =
            |member: &Member| member.decoded.as_deref().map_or_else(|| text(&member.key), str::to_owned);
        split.members.iter().map(|member| (key(member), text(&member.value))).collect()
    }

    #[test]
    fn both_forms_of_a_document_are_split() {
        let expected = [("a".to_owned(), "{\"x\": 1}".to_owned()), ("b\n".to_owned(), "null".to_owned())];
        assert_eq!(keys(r#"{"a": {"x": 1}, "b\n":null}"#), expected);
        assert_eq!(keys(r#"{"flags": {"a": {"x": 1}, "b\n":null}}"#), expected);
        assert_eq!(keys("{}"), []);
        let document = r#"{"evaluationContextEnrichment": {"env": 1}, "flags": {"a":{}}}"#;
        let split = split(document, Form::Either).unwrap();
        assert_eq!(split.enrichment.as_deref(), Some("{\"env\": 1}"));
        assert_eq!(&document[split.inside.start as usize..split.inside.end as usize], "\"a\":{}");
    }

    #[test]
    fn a_flag_may_be_named_flags() {
        let flag = r#"{"variations": {"a": 1}, "defaultRule": {"variation": "a"}}"#;
        assert_eq!(keys(&format!("{{\"flags\": {flag}}}")), [("flags".to_owned(), flag.to_owned())]);
        let both = format!("{{\"flags\": {flag}, \"b\": {flag}}}");
        assert_eq!(keys(&both).len(), 2);
    }

    #[test]
    fn what_is_no_object_of_flags_is_refused_with_a_place() {
        for document in ["", "[]", "5", "{\"flags\": 5}", "{\"a\": {}", "{\"a\": tru}", "{} x", "{\"a\":{},}"]
        {
            let error = split(document, Form::Either).unwrap_err();
            assert!(error.contains("line") || error.contains("flags"), "{document}: {error}");
        }
    }

    #[test]
    fn an_answer_of_the_relay_is_nothing_else() {
        let count = |document: &str| split(document, Form::Answer).map(|split| split.members.len());
        assert_eq!(count("{}"), Ok(0));
        assert_eq!(count(r#"{"evaluationContextEnrichment":{"a":1}}"#), Ok(0));
        assert_eq!(count(r#"{"flags":{"a":{}},"more":1}"#), Ok(1));
        assert_eq!(count(r#"{"more":1,"flags":{"a":{}}}"#), Ok(1));
        assert_eq!(count(r#"{"flags":{"variations":{},"defaultRule":{}}}"#), Ok(2));
        for document in
            [r#"{"message":"x"}"#, r#"{"a":{"variations":{}}}"#, "[]", "<html>", r#"{"flags":[]}"#]
        {
            assert!(count(document).is_err(), "{document}");
        }
    }

    #[test]
    fn a_piece_of_a_document_is_split_in_its_place() {
        let document = r#"{"a":{},"b":{"x":1},"c":{}}"#;
        let members = split_members(&document[8..19], document).unwrap();
        assert_eq!(members[0].key, 9..10);
        assert_eq!(&document[members[0].value.start as usize..members[0].value.end as usize], "{\"x\":1}");
        assert!(split_members(&document[8..15], document).is_none());
    }
}
