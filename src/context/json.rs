//! From JSON to the nodes of a context.

use std::cell::Cell;
use std::fmt;

use pennon_wire::limits::MAX_CONTEXT_DEPTH;
use pennon_wire::{EncodeError, Node};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::Error;
use crate::json::members;

/// The smallest number that may be an integer beyond 64 bits: 2^63.
const SMALLEST_INEXACT: f64 = 9_223_372_036_854_775_808.0;

/// Reads a JSON text as a node.
pub(super) fn parse(json: &str) -> Result<Node, Error> {
    let is_inexact = Cell::new(false);
    let mut deserializer = serde_json::Deserializer::from_str(json);
    NodeSeed { depth: 0, is_inexact: &is_inexact }
        .deserialize(&mut deserializer)
        .and_then(|node| deserializer.end().map(|()| node))
        // Seldom: numbers are read again, as texts.
        .and_then(|node| if is_inexact.get() { exact(json) } else { Ok(node) })
        .map_err(|error| Error::InvalidContext(format!("context is not JSON that can be used: {error}")))
}

/// Reads a JSON value as a node. Integers beyond 64 bits are floats then.
pub(super) fn node<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
    NodeSeed { depth: 0, is_inexact: &Cell::new(false) }.deserialize(deserializer)
}

/// Reads a JSON value as a node, with numbers as they were written and a bound on the depth.
#[derive(Clone, Copy)]
struct NodeSeed<'s> {
    depth: usize,
    /// Set where a number may have been an integer beyond 64 bits, of which serde_json keeps only what a float holds.
    is_inexact: &'s Cell<bool>,
}

impl<'de> DeserializeSeed<'de> for NodeSeed<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl NodeSeed<'_> {
    fn nested<E: serde::de::Error>(self) -> Result<Self, E> {
        // One for the context itself.
        if self.depth > MAX_CONTEXT_DEPTH {
            Err(E::custom(EncodeError::TooDeep))
        } else {
            Ok(Self { depth: self.depth + 1, ..self })
        }
    }
}

impl<'de> Visitor<'de> for NodeSeed<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(i64::try_from(value).map_or_else(|_| Node::Number(value.to_string()), Node::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        if value.abs() >= SMALLEST_INEXACT {
            self.is_inexact.set(true);
        }
        Ok(Node::Float(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::String(text.into()))
    }

    fn visit_string<E>(self, text: String) -> Result<Node, E> {
        Ok(Node::String(text))
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> Result<Node, S::Error> {
        let (seed, mut list) = (self.nested()?, Vec::new());
        while let Some(item) = items.next_element_seed(seed)? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<M: MapAccess<'de>>(self, mut members: M) -> Result<Node, M::Error> {
        let (seed, mut map) = (self.nested()?, Vec::new());
        while let Some(name) = members.next_key()? {
            map.push((name, members.next_value_seed(seed)?));
        }
        Ok(Node::Map(map))
    }
}

/// Reads a JSON value with its numbers as texts. By recursion: that it is not too deep has been seen.
fn exact(json: &str) -> serde_json::Result<Node> {
    let json = json.trim_ascii();
    match json.as_bytes().first() {
        Some(b'{') => {
            let members = members(json)?;
            let node = |(name, raw): (String, &RawValue)| Ok((name, exact(raw.get())?));
            members.into_iter().map(node).collect::<serde_json::Result<_>>().map(Node::Map)
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(json)?;
            items.into_iter().map(|raw| exact(raw.get())).collect::<serde_json::Result<_>>().map(Node::List)
        }
        Some(b'-' | b'0'..=b'9') if json.parse::<i64>().is_err() && !json.contains(['.', 'e', 'E']) => {
            Ok(Node::Number(json.into()))
        }
        _ => node(&mut serde_json::Deserializer::from_str(json)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_any_size_keep_their_digits() {
        let json = r#"{"a": 100000000000000000000, "b": [18446744073709551616, 1e20, {"c": -9223372036854775809}], "d": 5, "e": "1é"}"#;
        let Ok(Node::Map(members)) = parse(json) else { panic!("not read") };
        let number = |text: &str| Node::Number(text.into());
        assert_eq!(members[0].1, number("100000000000000000000"));
        let Node::List(items) = &members[1].1 else { panic!("no list") };
        assert_eq!(items[..2], [number("18446744073709551616"), Node::Float(1e20)]);
        assert_eq!(items[2], Node::Map(vec![("c".into(), number("-9223372036854775809"))]));
        assert_eq!(members[2].1, Node::Int(5));
        assert_eq!(members[3].1, Node::String("1é".into()));
    }
}
