//! Paths of `var`: names and indexes between dots.

use pennon_wire::{Name, Value};

use super::number;
use super::value::{List, Map, Val};
use crate::scope::{Attribute, Scope};

/// A path that the rule's text gives.
#[derive(Debug)]
pub(super) struct Path {
    /// What it reads where the data are the scope; none for the path of all data.
    first: Option<Attribute>,
    segments: Box<[Segment]>,
    /// Whether it is written as one of an element, so that outer variables do not replace it.
    pub relative: bool,
}

#[derive(Debug)]
struct Segment {
    name: Name,
    /// Which element of a list it means.
    index: Option<usize>,
}

impl Path {
    /// Reads a path; empty segments do not count.
    pub fn new(text: &str) -> Self {
        let segments: Box<[Segment]> = names(text.as_bytes())
            .map(|name| Segment {
                name: Name::new(std::str::from_utf8(name).unwrap_or_default()),
                index: index(name),
            })
            .collect();
        Self {
            first: segments.first().map(|segment| Attribute::new(segment.name.as_str())),
            segments,
            relative: is_relative(text.as_bytes()),
        }
    }

    /// The attribute that it reads from the scope; none where it reads all of it.
    pub fn attribute(&self) -> Option<&Attribute> {
        self.first.as_ref()
    }

    /// What `data` holds there, null where nothing.
    #[inline]
    pub fn read<'e>(&self, data: &Val<'e>) -> Val<'e> {
        let (mut value, rest) = match (data, &self.first, self.segments.split_first()) {
            (Val::Map(Map::Scope(scope)), Some(first), Some((_, rest))) => (attribute(scope, first), rest),
            _ => (*data, &*self.segments),
        };
        for segment in rest {
            value = match value {
                Val::Map(map) => map.named(&segment.name),
                Val::List(list) => element(list, segment.index),
                _ => Val::Null,
            };
        }
        value
    }
}

/// What `data` holds at a path that was not known beforehand.
pub(super) fn read<'e>(path: &[u8], data: &Val<'e>) -> Val<'e> {
    names(path).fold(*data, |value, name| match value {
        Val::Map(map) => map.get(name),
        Val::List(list) => element(list, index(name)),
        _ => Val::Null,
    })
}

/// Whether it is a path of an element, that outer variables do not replace.
pub(super) fn is_relative(path: &[u8]) -> bool {
    matches!(path, [] | [b'.', ..])
}

/// What the scope has under an attribute.
#[inline]
pub(super) fn attribute<'e>(scope: &Scope<'e>, attribute: &Attribute) -> Val<'e> {
    let value = Val::from(scope.get(attribute).unwrap_or(Value::Null));
    match (value, attribute) {
        // The relay makes integers of the caller's integral numbers, and an integer has no negative zero.
        (Val::Number(0.0), Attribute::Named(name)) if !scope.enriches(name) => Val::Number(0.0),
        _ => value,
    }
}

fn names(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| *byte == b'.').filter(|name| !name.is_empty())
}

fn index(name: &[u8]) -> Option<usize> {
    let number = number::parse(name);
    // Truncated: `-0.5` would be 0, were there a point in a name; `-1e-1` is.
    let index = number::to_int(number.value);
    if number.valid { usize::try_from(index).ok() } else { None }
}

fn element(list: List<'_>, index: Option<usize>) -> Val<'_> {
    index.and_then(|index| list.get(index)).unwrap_or_default()
}
