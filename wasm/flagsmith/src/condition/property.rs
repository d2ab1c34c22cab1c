//! Where a condition's value is from: a trait, or a path through the whole context (reference 2.3).

use pennon_wire::Value as Raw;

use super::Note;
use crate::json::Node;
use crate::path::{Path, PathError, Raised as PathRaised};
use crate::patterns::Compiler;
use crate::scope::{Scope, TraitName};
use crate::tree::{Tree, World, value_of};
use crate::value::{Raised, Value};

/// What begins a property that may be a path.
const PREFIX: &str = "$.";

/// Where a value is from.
#[derive(Debug)]
pub enum Property {
    /// A trait.
    Trait(TraitName),
    /// The identity's key, of a split without a property: it is no number, whatever it looks like.
    Key,
    /// A path; a trait of its text comes first, unless it is null.
    Path(TraitName, Place),
    /// Python raises before it looks at anything.
    Raises,
}

/// What a path leads to.
#[derive(Debug)]
pub enum Place {
    /// `$.identity.identifier`
    Identifier,
    /// `$.identity.key`
    Key,
    /// `$.identity.traits.NAME`
    Trait(TraitName),
    /// `$.environment.NAME`, with the value once it is known.
    Environment(Box<str>, Result<Value<'static>, Raised>),
    /// `$.flags.NAME.MEMBER`
    Flag(Box<str>, Member),
    /// Any other.
    Any(Box<Path>),
}

/// A member of a flag's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member {
    /// `enabled`
    Enabled,
    /// `value`
    Value,
    /// `variant`
    Variant,
}

impl Property {
    /// Reads a property.
    pub fn new(text: &str, notes: &mut Vec<Note>) -> Self {
        let name = TraitName::new(text);
        if !text.starts_with(PREFIX) {
            return Self::Trait(name);
        }
        match Path::parse(text, &Compiler) {
            Ok(path) => Self::Path(name, Place::new(path)),
            Err(PathError::Syntax { message, .. }) => {
                notes.push(Note::warning(
                    "path-as-trait",
                    format!("`{text}` is no JSONPath ({message}), so it is the name of a trait"),
                ));
                Self::Trait(name)
            }
            Err(PathError::Raises(exception)) => {
                let class = exception.name();
                notes.push(Note::error(
                    "unusable-path",
                    format!("`{text}`: the condition never matches; Flagsmith's engine raises {class}"),
                ));
                Self::Raises
            }
        }
    }

    /// The value.
    #[inline]
    pub fn value<'v>(&'v self, scope: &'v Scope<'v>, world: &'v World<'v>) -> Result<Value<'v>, Raised> {
        match self {
            Self::Trait(name) => scope.trait_value(name),
            Self::Path(name, place) => match scope.plain(name)? {
                Raw::Null => place.value(scope, world),
                value => Value::of(value),
            },
            Self::Key => key(scope),
            Self::Raises => Err(Raised),
        }
    }

    /// Reads what it needs of the environment, which is the same for every evaluation.
    pub fn read(&mut self, environment: Node<'_>) {
        let Self::Path(_, Place::Environment(name, value)) = self else { return };
        if let Some(known) = environment.get(name) {
            *value = value_of(known).map(Value::into_owned);
        }
    }

    /// The names that it looks for among the traits.
    pub fn names_mut(&mut self) -> impl Iterator<Item = &mut TraitName> {
        let (one, other) = match self {
            Self::Trait(name) => (Some(name), None),
            Self::Path(name, Place::Trait(other)) => (Some(name), Some(other)),
            Self::Path(name, _) => (Some(name), None),
            Self::Key | Self::Raises => (None, None),
        };
        one.into_iter().chain(other)
    }

    /// The names of the traits that it reads; none where it may read any.
    pub fn traits(&self) -> Option<Vec<&str>> {
        Some(match self {
            Self::Trait(name) => vec![name.as_str()],
            Self::Key | Self::Raises => Vec::new(),
            Self::Path(name, Place::Trait(other)) => vec![name.as_str(), other.as_str()],
            Self::Path(name, Place::Identifier | Place::Key | Place::Environment(..) | Place::Flag(..)) => {
                vec![name.as_str()]
            }
            Self::Path(name, Place::Any(path)) => match path.names()? {
                [first, ..] if &**first == "environment" => vec![name.as_str()],
                _ => return None,
            },
        })
    }
}

/// The identity's key as conditions see it by its path: a text of digits is a number.
fn key<'a>(scope: &Scope<'a>) -> Result<Value<'a>, Raised> {
    let Some(identity) = scope.identity else { return Ok(Value::Null) };
    match identity.key {
        [[], whole] => Value::of_text(whole),
        parts => {
            let whole = parts.concat();
            Ok(match Value::of_text(&whole)? {
                Value::Int(value) => Value::Int(value),
                Value::Float(value) => Value::Float(value),
                _ => Value::Made(String::from_utf8_lossy(&whole).into()),
            })
        }
    }
}

impl Place {
    fn new(path: Path) -> Self {
        let Some(names) = path.names() else { return Self::Any(Box::new(path)) };
        let texts: Vec<&str> = names.iter().map(|name| &**name).collect();
        let member = |name: &str| match name {
            "enabled" => Some(Member::Enabled),
            "value" => Some(Member::Value),
            "variant" => Some(Member::Variant),
            _ => None,
        };
        match texts.as_slice() {
            ["identity", "identifier"] => Self::Identifier,
            ["identity", "key"] => Self::Key,
            ["identity", "traits", name] => Self::Trait(TraitName::new(name)),
            ["environment", name] => Self::Environment((*name).into(), Ok(Value::Null)),
            ["flags", flag, name] => match member(name) {
                Some(member) => Self::Flag((*flag).into(), member),
                None => Self::Any(Box::new(path)),
            },
            _ => Self::Any(Box::new(path)),
        }
    }

    fn value<'v>(&'v self, scope: &'v Scope<'v>, world: &'v World<'v>) -> Result<Value<'v>, Raised> {
        match self {
            Self::Identifier => match scope.identity {
                Some(identity) => Value::of_text(identity.identifier),
                None => Ok(Value::Null),
            },
            Self::Key => key(scope),
            // By its path, what is no scalar is not set.
            Self::Trait(name) => match scope.plain(name)? {
                Raw::List(_) | Raw::Map(_) => Ok(Value::Null),
                value => Value::of(value),
            },
            Self::Environment(_, value) => value.as_ref().map(Value::borrowed).map_err(|raised| *raised),
            Self::Flag(name, member) => {
                world.flag(name).map_or(Ok(Value::Null), |answer| answer.member(*member))
            }
            Self::Any(path) => match path.first(Tree::root(scope, world), &Compiler) {
                Ok(Some(node)) => node.value(),
                // Deeper than a hundred levels: Python warns, and has no value.
                Ok(None) | Err(PathRaised::TooDeep) => Ok(Value::Null),
                Err(_) => Err(Raised),
            },
        }
    }
}
