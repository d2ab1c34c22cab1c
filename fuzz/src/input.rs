//! What an input says: several texts, or choices that a generator makes of its bytes.

use pennon_wire::{Node, encode};
use serde_json::Value;

/// Stands between the texts of an input: U+001E, the record separator, which no text needs.
const SEPARATOR: char = '\u{1e}';

/// The first texts of an input, empty where there are fewer; none where it is not UTF-8.
pub fn texts<const COUNT: usize>(data: &[u8]) -> Option<[&str; COUNT]> {
    let mut texts = std::str::from_utf8(data).ok()?.split(SEPARATOR);
    Some(std::array::from_fn(|_| texts.next().unwrap_or_default()))
}

/// A context's JSON object, encoded; none where it is no object or passes a bound.
pub fn encoded(json: &str) -> Option<Vec<u8>> {
    encode(&attributes(json)?).ok()
}

/// The same of those attributes alone that are `kept`.
pub fn encoded_some(json: &str, kept: impl Fn(&str) -> bool) -> Option<Vec<u8>> {
    let mut attributes = attributes(json)?;
    attributes.retain(|(name, _)| kept(name));
    encode(&attributes).ok()
}

fn attributes(json: &str) -> Option<Vec<(String, Node)>> {
    match node(&serde_json::from_str(json).ok()?) {
        Node::Map(attributes) => Some(attributes),
        _ => None,
    }
}

fn node(value: &Value) -> Node {
    match value {
        Value::Null => Node::Null,
        Value::Bool(value) => Node::Bool(*value),
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(value), _, _) => Node::Int(value),
            (_, None, Some(value)) => Node::Float(value),
            _ => Node::Number(number.to_string()),
        },
        Value::String(text) => Node::String(text.clone()),
        Value::Array(items) => Node::List(items.iter().map(node).collect()),
        Value::Object(members) => {
            Node::Map(members.iter().map(|(name, value)| (name.clone(), node(value))).collect())
        }
    }
}

/// Bytes as choices: whoever asks past their end gets the first of what there is to choose.
#[derive(Debug)]
pub struct Choices<'a> {
    rest: &'a [u8],
}

impl<'a> Choices<'a> {
    /// All bytes of an input.
    pub fn new(data: &'a [u8]) -> Self {
        Self { rest: data }
    }

    /// Whether all bytes are used up.
    pub fn is_over(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next byte; 0 at the end.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.rest.split_first() else { return 0 };
        self.rest = rest;
        *first
    }

    /// A number below `end`, which is at most 256.
    pub fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end
    }

    /// Eight bytes as a number.
    pub fn long(&mut self) -> u64 {
        (0..8).fold(0, |number, _| number << 8 | u64::from(self.byte()))
    }

    /// One of `items`, which are at most 256.
    pub fn one_of<T: Copy>(&mut self, items: &[T]) -> T {
        let index = self.below(items.len());
        items.get(index).copied().unwrap_or_else(|| unreachable!("the index is below the length"))
    }
}
