//! Writing the encoded context; the format is described in [`crate::context`].

use std::fmt;

use crate::context::{
    ENTRY_BYTES, HAS_TARGETING_KEY, HEADER_BYTES, MAP_HEADER_BYTES, SLOT_BYTES, VACANT, hash, places,
    places_bytes, tag,
};
use crate::limits::{MAX_CONTEXT_BYTES, MAX_CONTEXT_DEPTH, MAX_CONTEXT_ITEMS};

/// The attribute that holds the targeting key.
pub const TARGETING_KEY: &str = "targetingKey";

/// A value before it is encoded.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Null.
    Null,
    /// True or false.
    Bool(bool),
    /// An integer of 64 bits.
    Int(i64),
    /// A finite number that was written with a fraction or exponent.
    Float(f64),
    /// The text of a JSON number that is neither exactly.
    Number(String),
    /// Text.
    String(String),
    /// A list.
    List(Vec<Node>),
    /// A map; of two members with one name the later counts.
    Map(Vec<(String, Node)>),
}

/// Why a context cannot be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodeError {
    /// Over [`MAX_CONTEXT_BYTES`].
    TooLarge,
    /// A value nested over [`MAX_CONTEXT_DEPTH`].
    TooDeep,
    /// A list or map with over [`MAX_CONTEXT_ITEMS`] members.
    TooManyItems,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => write!(f, "context is larger than {MAX_CONTEXT_BYTES} bytes"),
            Self::TooDeep => write!(f, "context is nested deeper than {MAX_CONTEXT_DEPTH} levels"),
            Self::TooManyItems => {
                write!(f, "context has a list or map of more than {MAX_CONTEXT_ITEMS} members")
            }
        }
    }
}

impl std::error::Error for EncodeError {}

/// Encodes attributes as a context. An attribute named `targetingKey` that is a string becomes the targeting key too.
///
/// # Errors
/// When a bound of [`crate::limits`] is passed.
pub fn encode(attributes: &[(String, Node)]) -> Result<Vec<u8>, EncodeError> {
    let mut writer = Writer { bytes: vec![0; HEADER_BYTES] };
    writer.map(attributes, 0)?;
    let key = attributes.iter().rev().find(|(name, _)| name == TARGETING_KEY);
    if let Some((_, Node::String(key))) = key {
        let offset = writer.text(key.as_bytes())?;
        writer.put_u32(4, HAS_TARGETING_KEY);
        writer.put_u32(8, offset);
        writer.put_u32(12, key.len() as u32);
    }
    let length = writer.bytes.len();
    if length > MAX_CONTEXT_BYTES {
        return Err(EncodeError::TooLarge);
    }
    writer.put_u32(0, length as u32);
    Ok(writer.bytes)
}

struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// Reserves `length` zeroed bytes at a multiple of eight and returns where they start.
    fn reserve(&mut self, length: usize) -> Result<usize, EncodeError> {
        let start = self.bytes.len().next_multiple_of(8);
        if start + length > MAX_CONTEXT_BYTES {
            return Err(EncodeError::TooLarge);
        }
        self.bytes.resize(start + length, 0);
        Ok(start)
    }

    fn text(&mut self, text: &[u8]) -> Result<u32, EncodeError> {
        let start = self.bytes.len();
        if text.len() > MAX_CONTEXT_BYTES - start.min(MAX_CONTEXT_BYTES) {
            return Err(EncodeError::TooLarge);
        }
        self.bytes.extend_from_slice(text);
        Ok(start as u32)
    }

    fn put(&mut self, offset: usize, bytes: &[u8]) {
        // Every offset lies in what `reserve` made.
        if let Some(target) = self.bytes.get_mut(offset..offset + bytes.len()) {
            target.copy_from_slice(bytes);
        }
    }

    fn put_u32(&mut self, offset: usize, value: u32) {
        self.put(offset, &value.to_le_bytes());
    }

    fn u16(&self, offset: usize) -> u16 {
        let bytes = self.bytes.get(offset..).and_then(|bytes| bytes.first_chunk::<2>());
        bytes.map_or(VACANT, |bytes| u16::from_le_bytes(*bytes))
    }

    /// The name of the entry at `offset`, if it has this hash.
    fn name(&self, offset: usize, hash: u32) -> Option<&[u8]> {
        let word = |at: usize| {
            let bytes = self.bytes.get(offset + at..)?.first_chunk::<4>()?;
            Some(u32::from_le_bytes(*bytes))
        };
        let start = (word(0)? == hash).then(|| word(4))?? as usize;
        self.bytes.get(start..start + word(8)? as usize)
    }

    fn map(&mut self, members: &[(String, Node)], depth: usize) -> Result<u32, EncodeError> {
        if members.len() > MAX_CONTEXT_ITEMS {
            return Err(EncodeError::TooManyItems);
        }
        let places = places(members.len());
        let table = places_bytes(places);
        let start = self.reserve(MAP_HEADER_BYTES + table + members.len() * ENTRY_BYTES)?;
        let (first_place, entries) = (start + MAP_HEADER_BYTES, start + MAP_HEADER_BYTES + table);
        if let Some(table) = self.bytes.get_mut(first_place..entries) {
            table.fill(VACANT as u8);
        }
        let mut count = 0;
        for (name, node) in members {
            let hash = hash(name.as_bytes());
            let mut place = hash as usize & (places - 1);
            // Where it stands already: of two members with one name the later counts, in the place of the earlier.
            let known = loop {
                let number = self.u16(first_place + place * 2);
                if number == VACANT {
                    break None;
                }
                let entry = entries + usize::from(number) * ENTRY_BYTES;
                if self.name(entry, hash) == Some(name.as_bytes()) {
                    break Some(entry);
                }
                place = (place + 1) & (places - 1);
            };
            let entry = match known {
                Some(entry) => entry,
                None => {
                    self.put(first_place + place * 2, &(count as u16).to_le_bytes());
                    let entry = entries + count * ENTRY_BYTES;
                    let name_offset = self.text(name.as_bytes())?;
                    self.put_u32(entry, hash);
                    self.put_u32(entry + 4, name_offset);
                    self.put_u32(entry + 8, name.len() as u32);
                    count += 1;
                    entry
                }
            };
            self.slot(entry + 16, node, depth)?;
        }
        self.put_u32(start, count as u32);
        self.put_u32(start + 4, places as u32 - 1);
        Ok(start as u32)
    }

    fn list(&mut self, items: &[Node], depth: usize) -> Result<u32, EncodeError> {
        if items.len() > MAX_CONTEXT_ITEMS {
            return Err(EncodeError::TooManyItems);
        }
        let start = self.reserve(items.len() * SLOT_BYTES)?;
        for (index, item) in items.iter().enumerate() {
            self.slot(start + index * SLOT_BYTES, item, depth)?;
        }
        Ok(start as u32)
    }

    fn slot(&mut self, offset: usize, node: &Node, depth: usize) -> Result<(), EncodeError> {
        let nested = || if depth < MAX_CONTEXT_DEPTH { Ok(depth + 1) } else { Err(EncodeError::TooDeep) };
        let (tag, length, payload) = match node {
            Node::Null => (tag::NULL, 0, 0),
            Node::Bool(value) => (tag::BOOL, 0, u64::from(*value)),
            Node::Int(value) => (tag::INT, 0, *value as u64),
            Node::Float(value) => (tag::FLOAT, 0, value.to_bits()),
            Node::Number(text) => (tag::NUMBER, text.len(), u64::from(self.text(text.as_bytes())?)),
            Node::String(text) => (tag::STRING, text.len(), u64::from(self.text(text.as_bytes())?)),
            Node::List(items) => (tag::LIST, items.len(), u64::from(self.list(items, nested()?)?)),
            Node::Map(members) => (tag::MAP, members.len(), u64::from(self.map(members, nested()?)?)),
        };
        self.put_u32(offset, tag);
        self.put_u32(offset + 4, length as u32);
        self.put(offset + 8, &payload.to_le_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{Context, Name, Value};

    fn text(text: &str) -> Node {
        Node::String(text.into())
    }

    #[test]
    fn every_kind_of_value_reads_back() {
        let attributes = vec![
            ("targetingKey".to_owned(), text("user-1")),
            ("int".to_owned(), Node::Int(i64::MIN)),
            ("float".to_owned(), Node::Float(5.0)),
            ("number".to_owned(), Node::Number("18446744073709551615".into())),
            ("list".to_owned(), Node::List(vec![Node::Null, Node::Bool(true), text("é")])),
            ("map".to_owned(), Node::Map(vec![("a".into(), Node::Int(1)), ("a".into(), Node::Int(2))])),
        ];
        let bytes = encode(&attributes).unwrap();
        let context = Context::new(&bytes);
        let get = |name: &str| context.attributes().get(&Name::new(name));
        assert_eq!(context.targeting_key(), Some(b"user-1".as_slice()));
        assert!(matches!(get("targetingKey"), Some(Value::String(b"user-1"))));
        assert!(matches!(get("int"), Some(Value::Int(i64::MIN))));
        assert!(matches!(get("float"), Some(Value::Float(5.0))));
        assert!(matches!(get("number"), Some(Value::Number(b"18446744073709551615"))));
        assert!(get("missing").is_none());
        let Some(Value::List(list)) = get("list") else { panic!("not a list") };
        assert!(matches!(list.get(1), Some(Value::Bool(true))));
        assert!(matches!(list.get(2), Some(Value::String(b"\xc3\xa9"))));
        assert!(list.get(3).is_none());
        let Some(Value::Map(map)) = get("map") else { panic!("not a map") };
        assert_eq!(map.len(), 1, "the later of two members with one name counts");
        assert!(matches!(map.get_text(b"a"), Some(Value::Int(2))));
    }

    #[test]
    fn many_attributes_are_found() {
        let attributes: Vec<_> = (0..1000).map(|n| (format!("attribute-{n}"), Node::Int(n))).collect();
        let bytes = encode(&attributes).unwrap();
        for n in 0..1000 {
            let value = Context::new(&bytes).attributes().get(&Name::new(&format!("attribute-{n}")));
            assert!(matches!(value, Some(Value::Int(found)) if found == n), "attribute-{n}: {value:?}");
        }
    }

    #[test]
    fn a_targeting_key_that_is_no_string_is_only_an_attribute() {
        let bytes = encode(&[("targetingKey".to_owned(), Node::Int(5))]).unwrap();
        assert_eq!(Context::new(&bytes).targeting_key(), None);
        assert_eq!(Context::new(&bytes).attributes().len(), 1);
    }

    #[test]
    fn bounds_are_errors() {
        let mut deep = Node::Null;
        for _ in 0..MAX_CONTEXT_DEPTH + 1 {
            deep = Node::List(vec![deep]);
        }
        assert_eq!(encode(&[("a".into(), deep)]), Err(EncodeError::TooDeep));
        assert_eq!(encode(&[("a".into(), text(&"x".repeat(MAX_CONTEXT_BYTES)))]), Err(EncodeError::TooLarge));
        let wide = Node::List(vec![Node::Null; MAX_CONTEXT_ITEMS + 1]);
        assert_eq!(encode(&[("a".into(), wide)]), Err(EncodeError::TooManyItems));
    }

    #[test]
    fn damaged_bytes_never_panic() {
        let attributes = [("a".to_owned(), Node::Map(vec![("b".into(), Node::List(vec![text("c")]))]))];
        let good = encode(&attributes).unwrap();
        for length in 0..good.len() {
            walk(Value::Map(Context::new(&good[..length]).attributes()), 0);
        }
        for offset in 0..good.len() {
            for byte in [0, 1, 7, 0x7f, 0xff] {
                let mut bad = good.clone();
                bad[offset] = byte;
                let _ = Context::new(&bad).targeting_key();
                walk(Value::Map(Context::new(&bad).attributes()), 0);
            }
        }
    }

    fn walk(value: Value<'_>, depth: usize) {
        if depth > 8 {
            return;
        }
        match value {
            Value::List(list) => list.iter().take(64).for_each(|item| walk(item, depth + 1)),
            Value::Map(map) => map.iter().take(64).for_each(|(_, item)| walk(item, depth + 1)),
            _ => {}
        }
    }
}
