//! Values of an evaluation: of the rule, of the context, or made on the way; data and code alike.

use std::cell::Cell;

use pennon_wire::{Name, Value};

use super::json::{Items, Json, Object};
use super::path;
use crate::scope::{Attribute, Scope};

/// A value.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Val<'e> {
    #[default]
    Null,
    Bool(bool),
    Number(f64),
    /// The Go int 0 that `-` and `/` of nothing give, which no operator takes for a number.
    GoZero,
    /// UTF-8.
    Text(&'e [u8]),
    List(List<'e>),
    Map(Map<'e>),
}

/// A list.
#[derive(Clone, Copy, Debug)]
pub(super) enum List<'e> {
    Rule(&'e Items),
    Context(pennon_wire::List<'e>),
    Made(&'e [Val<'e>]),
}

/// A map; as code, a call of the operator that its one member names.
#[derive(Clone, Copy, Debug)]
pub(super) enum Map<'e> {
    Rule(&'e Object),
    Context(pennon_wire::Map<'e>),
    Made(&'e [Member<'e>]),
    /// All that the rule sees.
    Scope(&'e Scope<'e>),
    /// What the body of a `reduce` sees.
    Reduction(&'e Reduction<'e>),
}

/// A member of a map.
pub(super) type Member<'e> = (&'e [u8], Val<'e>);

/// The data of a `reduce`, the same map for every element.
#[derive(Debug)]
pub(super) struct Reduction<'e> {
    pub current: Cell<Val<'e>>,
    pub accumulator: Cell<Val<'e>>,
    /// `bool`, `number` or `string`.
    pub kind: &'static str,
}

impl<'e> Val<'e> {
    /// A member of a rule, not evaluated.
    #[inline]
    pub fn of_rule(json: &'e Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(value) => Self::Number(*value),
            Json::Text(text) => Self::Text(text.as_bytes()),
            Json::List(items) => Self::List(List::Rule(items)),
            Json::Object(object) => Self::Map(Map::Rule(object)),
        }
    }

    /// Whether `and`, `if` and the like take it for true.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Null | Self::GoZero => false,
            Self::Bool(value) => *value,
            Self::Number(value) => *value != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::List(list) => list.len() > 0,
            Self::Map(map) => !map.is_empty(),
        }
    }

    /// Whether it is a boolean, a number or a text.
    pub fn is_primitive(&self) -> bool {
        matches!(self, Self::Bool(_) | Self::Number(_) | Self::Text(_))
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

impl<'e> From<Value<'e>> for Val<'e> {
    #[inline]
    fn from(value: Value<'e>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Int(value) => Self::Number(value as f64),
            Value::Float(value) => Self::Number(value),
            Value::Number(text) => {
                let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
                number.map_or(Self::Null, Self::Number)
            }
            Value::String(text) => Self::Text(text),
            Value::List(list) => Self::List(List::Context(list)),
            Value::Map(map) => Self::Map(Map::Context(map)),
        }
    }
}

impl<'e> List<'e> {
    #[inline]
    pub fn len(self) -> usize {
        match self {
            Self::Rule(items) => items.len(),
            Self::Context(list) => list.len(),
            Self::Made(list) => list.len(),
        }
    }

    #[inline]
    pub fn get(self, index: usize) -> Option<Val<'e>> {
        match self {
            Self::Rule(items) => items.get(index).map(Val::of_rule),
            Self::Context(list) => list.get(index).map(Val::from),
            Self::Made(list) => list.get(index).copied(),
        }
    }

    pub fn iter(self) -> impl Iterator<Item = Val<'e>> {
        (0..self.len()).map_while(move |index| self.get(index))
    }
}

impl<'e> Map<'e> {
    /// How many members it has; the scope counts as three, the injected ones, for at least these it always has.
    pub fn len(self) -> usize {
        match self {
            Self::Rule(object) => object.members().len(),
            Self::Context(map) => map.len(),
            Self::Made(members) => members.len(),
            Self::Scope(_) | Self::Reduction(_) => 3,
        }
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The value under a name, null where there is none.
    pub fn get(self, name: &[u8]) -> Val<'e> {
        match self {
            Self::Rule(object) => {
                let found = object.members().iter().find(|(own, _)| own.as_bytes() == name);
                found.map(|(_, json)| Val::of_rule(json)).unwrap_or_default()
            }
            Self::Context(map) => map.get_text(name).map(Val::from).unwrap_or_default(),
            Self::Made(members) => {
                members.iter().find(|(own, _)| *own == name).map(|(_, value)| *value).unwrap_or_default()
            }
            Self::Scope(scope) => std::str::from_utf8(name)
                .map(|name| path::attribute(scope, &Attribute::new(name)))
                .unwrap_or_default(),
            Self::Reduction(reduction) => reduction.get(name),
        }
    }

    /// The value under a name with its hash, null where there is none.
    #[inline]
    pub fn named(self, name: &Name) -> Val<'e> {
        match self {
            Self::Context(map) => map.get(name).map(Val::from).unwrap_or_default(),
            _ => self.get(name.as_str().as_bytes()),
        }
    }

    /// All members; a rule's in the order in which it writes them.
    pub fn members(self) -> Vec<Member<'e>> {
        match self {
            Self::Rule(object) => {
                object.members().iter().map(|(name, json)| (name.as_bytes(), Val::of_rule(json))).collect()
            }
            Self::Context(map) => map.iter().map(|(name, value)| (name, Val::from(value))).collect(),
            Self::Made(members) => members.to_vec(),
            Self::Scope(scope) => scope.all().map(|(name, _)| (name, self.get(name))).collect(),
            Self::Reduction(reduction) => {
                Reduction::NAMES.map(|name| (name.as_bytes(), reduction.get(name.as_bytes()))).to_vec()
            }
        }
    }

    /// Its only member, where it has one.
    pub fn only(self) -> Option<Member<'e>> {
        if self.len() == 1 { self.members().pop() } else { None }
    }
}

impl<'e> Reduction<'e> {
    const NAMES: [&'static str; 3] = ["current", "accumulator", "valueType"];

    fn get(&self, name: &[u8]) -> Val<'e> {
        match name {
            b"current" => self.current.get(),
            b"accumulator" => self.accumulator.get(),
            b"valueType" => Val::Text(self.kind.as_bytes()),
            _ => Val::Null,
        }
    }
}
