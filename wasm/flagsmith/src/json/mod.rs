//! JSON as Python's `json.loads` reads it: integers of any size apart from floats, members in their order, of two members
//! with one name the later. Read and held without recursion, since a guest has little stack.

mod parser;

use std::collections::HashMap;

use crate::integer::Integer;

/// Levels of lists and maps, beyond which Python raises (reference M4; its own limit is between 993 and 1,000).
pub const MAX_DEPTH: usize = 993;

/// The number of no part; the next one is a number still.
const ABSENT: u32 = u32::MAX - 1;

/// A JSON value: its parts in the order in which they are written, each container before its members.
#[derive(Debug, Default)]
pub struct Json {
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Null,
    Bool(bool),
    Int(Integer),
    Float(f64),
    Text(Box<str>),
    /// A list, and the number of the part behind its last member.
    List(u32),
    /// A map; names and values take turns.
    Map(u32),
}

/// A value within a [`Json`].
#[derive(Clone, Copy, Debug)]
pub struct Node<'j> {
    json: &'j Json,
    at: u32,
}

/// What a value is.
#[derive(Clone, Copy, Debug)]
pub enum Kind<'j> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number without fraction and exponent.
    Int(&'j Integer),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(&'j str),
    /// A list.
    List,
    /// A map.
    Map,
}

impl Json {
    /// Reads strict JSON.
    ///
    /// # Errors
    /// With what is wrong and where.
    pub fn parse(text: &str) -> Result<Self, String> {
        parser::parse(text, false)
    }

    /// Reads what Python's `json.loads` takes: also `NaN`, `Infinity` and `-Infinity` (reference M4).
    ///
    /// # Errors
    /// With what is wrong and where.
    pub fn parse_lax(text: &str) -> Result<Self, String> {
        parser::parse(text, true)
    }

    /// The whole.
    pub fn root(&self) -> Node<'_> {
        Node { json: self, at: 0 }
    }
}

impl<'j> Node<'j> {
    fn part(self) -> &'j Part {
        self.json.parts.get(self.at as usize).unwrap_or(&Part::Null)
    }

    /// What it is.
    pub fn kind(self) -> Kind<'j> {
        match self.part() {
            Part::Null => Kind::Null,
            Part::Bool(value) => Kind::Bool(*value),
            Part::Int(value) => Kind::Int(value),
            Part::Float(value) => Kind::Float(*value),
            Part::Text(value) => Kind::Text(value),
            Part::List(_) => Kind::List,
            Part::Map(_) => Kind::Map,
        }
    }

    /// The number of the part behind it.
    fn end(self) -> u32 {
        match self.part() {
            Part::List(end) | Part::Map(end) => *end,
            _ => self.at + 1,
        }
    }

    fn is_container(self) -> bool {
        matches!(self.part(), Part::List(_) | Part::Map(_))
    }

    /// Members of a list, or names and values of a map, in turns.
    fn inner(self) -> impl Iterator<Item = Self> {
        let end = if self.is_container() { self.end() } else { self.at };
        let first = Self { at: self.at + 1, ..self };
        let next = move |node: &Self| Some(Self { at: node.end(), ..*node }).filter(|node| node.at < end);
        std::iter::successors(Some(first).filter(|node| node.at < end), next)
    }

    /// The members of a list; none of anything else.
    pub fn items(self) -> impl Iterator<Item = Self> {
        let is_list = matches!(self.part(), Part::List(_));
        self.inner().take_while(move |_| is_list)
    }

    /// The members of a map, by every name the last value, at the place of the first; none of anything else.
    pub fn members(self) -> Vec<(&'j str, Self)> {
        let mut members: Vec<(&str, Self)> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        let is_map = matches!(self.part(), Part::Map(_));
        let mut inner = self.inner().take_while(|_| is_map);
        while let (Some(name), Some(value)) = (inner.next(), inner.next()) {
            let Kind::Text(name) = name.kind() else { continue };
            let place = *places.entry(name).or_insert(members.len());
            match members.get_mut(place) {
                Some(member) => member.1 = value,
                None => members.push((name, value)),
            }
        }
        members
    }

    /// The value of a map's member; none where there is none, or it is no map.
    pub fn get(self, name: &str) -> Option<Self> {
        let is_map = matches!(self.part(), Part::Map(_));
        let mut inner = self.inner().take_while(|_| is_map);
        let mut found = None;
        while let (Some(key), Some(value)) = (inner.next(), inner.next()) {
            if matches!(key.kind(), Kind::Text(key) if key == name) {
                found = Some(value);
            }
        }
        found
    }

    /// Null, in the place of what is not there.
    pub fn absent(self) -> Self {
        Self { at: ABSENT, ..self }
    }

    /// Its text, where it is one.
    pub fn text(self) -> Option<&'j str> {
        match self.kind() {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether Python takes it for true: not null, false, zero, or anything empty.
    pub fn is_truthy(self) -> bool {
        match self.kind() {
            Kind::Null => false,
            Kind::Bool(value) => value,
            Kind::Int(value) => !value.is_zero(),
            Kind::Float(value) => value != 0.0,
            Kind::Text(text) => !text.is_empty(),
            Kind::List | Kind::Map => self.inner().next().is_some(),
        }
    }

    /// Whether it is null.
    pub fn is_null(self) -> bool {
        matches!(self.kind(), Kind::Null)
    }
}

/// Writes a text as JSON.
pub fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}
