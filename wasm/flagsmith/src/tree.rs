//! The evaluation context as paths see it: `environment`, `features`, `segments`, `identity`, `flags`.

use std::rc::Rc;

use pennon_wire::Value as Raw;

use crate::answers::Fact;
use crate::bulk::Bulk;
use crate::condition::Member;
use crate::integer::Integer;
use crate::json::{Kind as JsonKind, Node};
use crate::path::{self, Kind};
use crate::scope::{Identity, Scope, open};
use crate::unit::Unit;
use crate::value::{Raised, Value};

/// What conditions can ask for beside the identity and its traits.
#[derive(Clone, Copy, Debug)]
pub struct World<'w> {
    /// The unit under evaluation.
    pub unit: &'w Unit,
    /// The flags that other flags depend on.
    pub flags: Flags<'w>,
}

/// Where the answers of other flags are from.
#[derive(Clone, Copy, Debug)]
pub enum Flags<'w> {
    /// Answers that were found before, by number of the flag.
    Resolved(&'w [Option<u32>]),
    /// Found when they are asked for.
    Bulk(&'w Bulk<'w>),
}

impl<'w> World<'w> {
    /// The answer of a flag; none of a flag that does not exist or depends on itself.
    pub fn flag(&self, name: &str) -> Option<&'w Fact> {
        let flag = self.unit.flag_number(name)?;
        let answer = match self.flags {
            Flags::Resolved(answers) => answers.get(flag).copied().flatten(),
            Flags::Bulk(bulk) => bulk.flag(flag),
        };
        self.unit.fact(answer?)
    }

    /// Whether what is read matters, and not only what it gives.
    #[inline]
    pub fn counts_reads(&self) -> bool {
        matches!(self.flags, Flags::Bulk(_)) && self.unit.reads_flags()
    }

    /// The flags that are known by now.
    fn known(&self) -> Vec<u32> {
        match self.flags {
            Flags::Resolved(answers) => answers.iter().copied().flatten().collect(),
            Flags::Bulk(bulk) => bulk.known(),
        }
    }
}

impl Fact {
    /// A member as conditions see it.
    pub fn member(&self, member: Member) -> Result<Value<'_>, Raised> {
        let name = match member {
            Member::Enabled => "enabled",
            Member::Value => "value",
            Member::Variant => "variant",
        };
        self.json.root().get(name).map_or(Ok(Value::Null), value_of)
    }
}

/// A value of a document as conditions see it by a path: what is no scalar is not set.
pub fn value_of(node: Node<'_>) -> Result<Value<'_>, Raised> {
    Ok(match node.kind() {
        JsonKind::Null | JsonKind::List | JsonKind::Map => Value::Null,
        JsonKind::Bool(value) => Value::Bool(value),
        JsonKind::Int(value) => Value::Int(value.clone()),
        JsonKind::Float(value) => Value::Float(value),
        JsonKind::Text(text) => return Value::of_text(text.as_bytes()),
    })
}

/// A node of the tree.
#[derive(Clone, Debug)]
pub enum Tree<'w> {
    /// The whole.
    Root(&'w Scope<'w>, &'w World<'w>),
    /// `$.identity`
    Identity(&'w Scope<'w>, Identity<'w>),
    /// `$.identity.traits`
    Traits(&'w Scope<'w>),
    /// `$.identity.key`
    Key(Rc<str>),
    /// `$.flags`
    Flags(&'w World<'w>),
    /// A part of a document.
    Json(Node<'w>),
    /// A part of a context.
    Raw(Raw<'w>),
}

fn utf8(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

impl<'w> Tree<'w> {
    /// The whole tree.
    pub fn root(scope: &'w Scope<'w>, world: &'w World<'w>) -> Self {
        Self::Root(scope, world)
    }

    /// Its value as conditions see it.
    pub fn value(self) -> Result<Value<'w>, Raised> {
        match self {
            Self::Json(node) => value_of(node),
            Self::Raw(Raw::List(_) | Raw::Map(_)) => Ok(Value::Null),
            Self::Raw(value) => Value::of(value),
            Self::Key(key) => Ok(match Value::of_text(key.as_bytes())? {
                Value::Int(value) => Value::Int(value),
                Value::Float(value) => Value::Float(value),
                _ => Value::Made((*key).into()),
            }),
            _ => Ok(Value::Null),
        }
    }

    /// The members of a map, in their order; none of anything else.
    fn members(&self) -> Vec<(&str, Self)> {
        match self {
            Self::Root(scope, world) => root_members(scope, world),
            Self::Identity(scope, identity) => {
                let key = identity.key.concat();
                vec![
                    ("identifier", Self::Raw(Raw::String(identity.identifier))),
                    ("traits", Self::Traits(scope)),
                    ("key", Self::Key(String::from_utf8_lossy(&key).into())),
                ]
            }
            Self::Traits(scope) => {
                let traits = scope.traits().into_iter();
                traits.map(|(name, value)| (utf8(name), Self::Raw(open(value).unwrap_or_default()))).collect()
            }
            Self::Flags(world) => {
                let facts = world.known().into_iter().filter_map(|answer| world.unit.fact(answer));
                facts.map(|fact| (fact.name(), Self::Json(fact.json.root()))).collect()
            }
            Self::Json(node) => {
                node.members().into_iter().map(|(name, node)| (name, Self::Json(node))).collect()
            }
            Self::Raw(Raw::Map(map)) => {
                map.iter().map(|(name, value)| (utf8(name), Self::Raw(value))).collect()
            }
            Self::Raw(_) | Self::Key(_) => Vec::new(),
        }
    }
}

/// What the document has, with the identity and the flags, which are there when it is evaluated.
fn root_members<'w>(scope: &'w Scope<'w>, world: &'w World<'w>) -> Vec<(&'w str, Tree<'w>)> {
    let mut members: Vec<_> = world
        .unit
        .surroundings()
        .members()
        .into_iter()
        .map(|(name, node)| (name, Tree::Json(node)))
        .collect();
    let identity = scope.identity.map(|identity| ("identity", Tree::Identity(scope, identity)));
    for (name, tree) in identity.into_iter().chain([("flags", Tree::Flags(world))]) {
        match members.iter_mut().find(|(known, _)| *known == name) {
            Some(member) => member.1 = tree,
            None => members.push((name, tree)),
        }
    }
    members
}

impl Fact {
    fn name(&self) -> &str {
        self.json.root().get("name").and_then(Node::text).unwrap_or_default()
    }
}

impl path::Tree for Tree<'_> {
    fn kind(&self) -> Kind<'_> {
        match self {
            Self::Key(key) => Kind::Text(key),
            Self::Json(node) => match node.kind() {
                JsonKind::Null => Kind::Null,
                JsonKind::Bool(value) => Kind::Bool(value),
                JsonKind::Int(Integer::Small(value)) => Kind::Int(*value),
                JsonKind::Int(value) => value.digits().map_or(Kind::Null, Kind::Big),
                JsonKind::Float(value) => Kind::Float(value),
                JsonKind::Text(text) => Kind::Text(text),
                JsonKind::List => Kind::List(node.items().count()),
                JsonKind::Map => Kind::Map(node.members().len()),
            },
            Self::Raw(value) => match value {
                Raw::Null => Kind::Null,
                Raw::Bool(value) => Kind::Bool(*value),
                Raw::Int(value) => Kind::Int(*value),
                Raw::Float(value) => Kind::Float(*value),
                Raw::Number(text) if text.iter().all(|byte| matches!(byte, b'-' | b'0'..=b'9')) => {
                    Kind::Big(utf8(text))
                }
                Raw::Number(text) => utf8(text).parse().map_or(Kind::Null, Kind::Float),
                Raw::String(text) => Kind::Text(utf8(text)),
                Raw::List(list) => Kind::List(list.len()),
                Raw::Map(map) => Kind::Map(map.len()),
            },
            map => Kind::Map(map.members().len()),
        }
    }

    fn member(&self, name: &str) -> Option<Self> {
        match self {
            Self::Flags(world) => world.flag(name).map(|fact| Self::Json(fact.json.root())),
            Self::Json(node) => node.get(name).map(Self::Json),
            Self::Raw(Raw::Map(map)) => map.get_text(name.as_bytes()).map(Self::Raw),
            map => map.members().into_iter().find(|(known, _)| *known == name).map(|(_, tree)| tree.clone()),
        }
    }

    fn item(&self, index: usize) -> Option<Self> {
        match self {
            Self::Raw(Raw::List(list)) => list.get(index).map(Self::Raw),
            Self::Json(node) if matches!(node.kind(), JsonKind::List) => {
                node.items().nth(index).map(Self::Json)
            }
            map => map.members().into_iter().nth(index).map(|(_, tree)| tree.clone()),
        }
    }

    fn name(&self, index: usize) -> Option<&str> {
        self.members().into_iter().nth(index).map(|(name, _)| name)
    }
}
