//! A YAML tree as JSON: yaml.v3's decoder, with the types of a flag's fields.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::sync::document::fields::{CONFIGURATION, FLAGS, Kind, OF_EVERY_FLAG};
use crate::sync::document::output::Output;
use crate::sync::document::{Fault, MAX_DEPTH, Place};

use super::scalar::{Meaning, Scalar, boolean_word};
use super::tree::{Content, Node, NodeId, Tree};

/// Nodes that are reached through aliases, each time counted: with less, eight lines of YAML fill the memory.
/// The service has a similar bound, of about 400,000 nodes.
const MAX_ALIASED_NODES: usize = 1_000_000;

/// What the JSON may have more bytes than eight times the YAML's, which only aliases of long texts can exceed.
const MAX_ALIASED_BYTES: usize = 64 << 20;

/// A member of an object: its name and its value's node.
type Member<'t> = (Cow<'t, str>, NodeId);

/// How far down a conversion is.
#[derive(Clone, Copy, Default)]
struct Level {
    depth: usize,
    /// Whether it came here through an alias.
    aliased: bool,
}

/// A conversion of a tree.
pub(super) struct Converter<'t> {
    tree: &'t Tree,
    output: Output,
    max_bytes: usize,
    level: Level,
    aliased_nodes: usize,
    /// Whether keys that are no strings become some, as in the service's own configuration.
    any_keys: bool,
}

impl<'t> Converter<'t> {
    /// A conversion of the tree of a text with `length` bytes.
    pub(super) fn new(tree: &'t Tree, length: usize) -> Self {
        Self {
            tree,
            output: Output::default(),
            max_bytes: length.saturating_mul(8).saturating_add(MAX_ALIASED_BYTES),
            level: Level::default(),
            aliased_nodes: 0,
            any_keys: false,
        }
    }

    /// The JSON of the document.
    pub(super) fn document(mut self) -> Result<String, Fault> {
        let node = self.tree.root().and_then(|root| Some((root, self.tree.node(root)?)));
        match node {
            Some((root, Node { content: Content::Mapping, .. })) if self.is_configuration(root) => {
                self.configuration(root)?;
            }
            Some((root, Node { content: Content::Mapping, .. })) => self.value(root, FLAGS)?,
            Some((_, node)) if !is_null(node) => {
                return Err(Fault::document("the document is no object of flags", node.place));
            }
            _ => self.output.raw("{}"),
        }
        Ok(self.output.into_text())
    }

    /// Whether the document has the flags and the enrichment beside each other; a flag may be named `flags`, too.
    fn is_configuration(&self, root: NodeId) -> bool {
        let name = |key| self.scalar(key).map(|scalar| scalar.text.as_str());
        let mut pairs = self.tree.pairs(root).peekable();
        pairs.peek().is_some()
            && pairs.all(|(key, value)| {
                let flag = || {
                    OF_EVERY_FLAG.iter().all(|member| {
                        self.tree.pairs(value).any(|(key, value)| {
                            name(key) == Some(*member)
                                && self
                                    .node(value)
                                    .is_some_and(|node| matches!(node.content, Content::Mapping))
                        })
                    })
                };
                name(key).is_some_and(|name| CONFIGURATION.contains(&name)) && !flag()
            })
    }

    fn configuration(&mut self, root: NodeId) -> Result<(), Fault> {
        self.output.raw("{");
        for (index, (name, value)) in self.members(root)?.into_iter().enumerate() {
            self.output.name(index == 0, &name);
            if name == "flags" {
                self.typed(value, FLAGS)?;
            } else {
                self.any_keys = true;
                self.typed(value, Kind::Free)?;
                self.any_keys = false;
            }
        }
        self.output.raw("}");
        Ok(())
    }

    /// Writes what a node is at a place of some kind. A fault in a typed place stays there; one of a free value is
    /// carried to the field that it belongs to.
    fn typed(&mut self, id: NodeId, kind: Kind) -> Result<(), Fault> {
        let start = self.output.len();
        let outside = self.level;
        self.enter(id)?;
        let result = self.value(self.tree.target(id), kind);
        self.level = outside;
        match kind {
            Kind::Free => result,
            _ => self.output.settle(start, result),
        }
    }

    /// Goes a level down, to a node or what it is an alias of.
    fn enter(&mut self, id: NodeId) -> Result<(), Fault> {
        let place = self.place(id);
        let target = self.tree.target(id);
        let aliased = target != id;
        if aliased && self.tree.node(target).is_some_and(|node| (target..node.end).contains(&id)) {
            return Err(Fault::document("the alias is inside of what it stands for", place));
        }
        if self.level.depth >= MAX_DEPTH {
            return Err(Fault::document(format!("more than {MAX_DEPTH} levels"), place));
        }
        self.level = Level { depth: self.level.depth + 1, aliased: aliased || self.level.aliased };
        self.aliased_nodes += usize::from(self.level.aliased);
        if self.aliased_nodes > MAX_ALIASED_NODES || self.output.len() > self.max_bytes {
            return Err(Fault::document("aliases make the document too large", place));
        }
        Ok(())
    }

    fn value(&mut self, id: NodeId, kind: Kind) -> Result<(), Fault> {
        let tree = self.tree;
        let Some(node) = tree.node(id) else { return Ok(()) };
        match (&node.content, kind) {
            (Content::Scalar(scalar), _) => self.scalar_value(scalar, kind, node.place),
            (Content::Mapping, Kind::Struct(fields)) => self.object(id, |name| Kind::field(fields, name)),
            (Content::Mapping, Kind::Map(kind)) => self.object(id, |_| Some(*kind)),
            // A date is a struct without fields to Go, and stays as it is without a value.
            (Content::Mapping, Kind::Date) => {
                self.members(id)?;
                self.output.text("0001-01-01T00:00:00Z");
                Ok(())
            }
            (Content::Mapping, _) => {
                self.check_keys(id)?;
                self.object(id, |_| Some(Kind::Free))
            }
            // A null in a list of structs is left out.
            (Content::Sequence, Kind::List(kind)) => self.list(id, *kind, |node| !is_null(node)),
            (Content::Sequence, _) => self.list(id, Kind::Free, |_| true),
            (Content::Alias(_), _) => Err(Fault::document("the alias stands for an alias", node.place)),
        }
    }

    fn object(&mut self, id: NodeId, kind: impl Fn(&str) -> Option<Kind>) -> Result<(), Fault> {
        let members = self.members(id)?;
        self.output.raw("{");
        let known =
            members.into_iter().filter_map(|(name, value)| kind(&name).map(|kind| (name, value, kind)));
        for (index, (name, value, kind)) in known.enumerate() {
            self.output.name(index == 0, &name);
            self.typed(value, kind)?;
        }
        self.output.raw("}");
        Ok(())
    }

    fn list(&mut self, id: NodeId, kind: Kind, keep: impl Fn(&Node) -> bool) -> Result<(), Fault> {
        let tree = self.tree;
        self.output.raw("[");
        let kept = tree.children(id).filter(|item| self.node(*item).is_some_and(&keep)).collect::<Vec<_>>();
        for (index, item) in kept.into_iter().enumerate() {
            self.output.comma(index == 0);
            self.typed(item, kind)?;
        }
        self.output.raw("]");
        Ok(())
    }

    fn scalar_value(&mut self, scalar: &Scalar, kind: Kind, place: Place) -> Result<(), Fault> {
        let wrong = |message| Fault::value(message, place);
        let meaning = scalar.meaning().map_err(wrong)?;
        match (kind, &meaning) {
            (_, Meaning::Null) => self.output.raw("null"),
            (Kind::Date, Meaning::Timestamp(_)) | (Kind::Free, _) => self.meaning(&meaning, place)?,
            (Kind::Text | Kind::Date, _) => self.output.text(&scalar.string().map_err(wrong)?),
            (Kind::Boolean, Meaning::Text(text)) => match boolean_word(text) {
                Some(word) => self.meaning(&Meaning::Boolean(word), place)?,
                None => self.output.text(text),
            },
            (_, meaning) => self.meaning(meaning, place)?,
        }
        Ok(())
    }

    fn meaning(&mut self, meaning: &Meaning<'_>, place: Place) -> Result<(), Fault> {
        match meaning {
            Meaning::Null => self.output.raw("null"),
            Meaning::Boolean(value) => self.output.raw(if *value { "true" } else { "false" }),
            Meaning::Integer(number) => self.output.raw(&number.to_string()),
            Meaning::Unsigned(number) => self.output.raw(&number.to_string()),
            Meaning::Float(number) => self.output.float(*number, place)?,
            Meaning::Text(text) => self.output.text(text),
            Meaning::Timestamp(moment) => {
                let text = moment.to_rfc3339();
                let text = text.ok_or_else(|| Fault::value("JSON has no date with such an offset", place))?;
                self.output.text(&text);
            }
        }
        Ok(())
    }

    /// The members of a mapping and of what is merged into it; the mapping's own first.
    fn members(&mut self, id: NodeId) -> Result<Vec<Member<'t>>, Fault> {
        let mut members = Vec::new();
        let merged = self.own_members(id, &mut members, None)?;
        if let Some(merged) = merged {
            // A key that is no string is none here either, and does not keep a merged one out.
            let is_text = |key: NodeId| self.scalar(key).is_some_and(Scalar::is_text);
            let texts: HashSet<&str> = self
                .tree
                .pairs(id)
                .filter(|(key, _)| is_text(*key))
                .filter_map(|(key, _)| Some(self.scalar(key)?.text.as_str()))
                .collect();
            let mut seen = texts.into_iter().map(Cow::Borrowed).collect();
            self.merge(merged, &mut members, &mut seen)?;
        }
        Ok(members)
    }

    /// Adds what is merged: one mapping, or some of which the earlier ones win.
    fn merge(
        &mut self,
        id: NodeId,
        members: &mut Vec<Member<'t>>,
        seen: &mut HashSet<Cow<'t, str>>,
    ) -> Result<(), Fault> {
        let sources = match self.tree.node(id) {
            Some(Node { content: Content::Sequence, .. }) => self.tree.children(id).collect(),
            _ => vec![id],
        };
        for source in sources {
            if !matches!(self.node(source), Some(Node { content: Content::Mapping, .. })) {
                let message = "a merge needs a mapping or a list of mappings";
                return Err(Fault::document(message, self.place(source)));
            }
            let outside = self.level;
            self.enter(source)?;
            let merged = self.own_members(self.tree.target(source), members, Some(seen))?;
            if let Some(merged) = merged {
                self.merge(merged, members, seen)?;
            }
            self.level = outside;
        }
        Ok(())
    }

    /// Adds the members of a mapping that are not seen yet; what it merges is given back.
    fn own_members(
        &mut self,
        id: NodeId,
        members: &mut Vec<Member<'t>>,
        mut seen: Option<&mut HashSet<Cow<'t, str>>>,
    ) -> Result<Option<NodeId>, Fault> {
        let tree = self.tree;
        let mut merged = None;
        let mut keys = HashSet::new();
        for (key, value) in tree.pairs(id) {
            self.aliased_nodes += usize::from(self.level.aliased);
            let place = self.place(key);
            let target = tree.target(key);
            let Some(scalar) = self.scalar(key) else {
                return Err(Fault::value("a key is no scalar", place));
            };
            if !keys.insert((key == target, scalar.text.as_str())) {
                return Err(Fault::document(format!("key `{}` is there twice", scalar.text), place));
            }
            if key == target && scalar.is_merge() {
                merged = Some(value);
                continue;
            }
            let name = scalar.string().map_err(|message| Fault::value(message, place))?;
            if scalar.is_null() && !self.any_keys {
                continue;
            }
            if seen.as_mut().is_none_or(|seen| seen.insert(name.clone())) {
                members.push((name, value));
            }
        }
        Ok(merged)
    }

    /// Checks that a free mapping has string keys only: another has no JSON.
    fn check_keys(&self, id: NodeId) -> Result<(), Fault> {
        let wrong = self
            .tree
            .pairs(id)
            .find(|(key, _)| !self.scalar(*key).is_some_and(|scalar| scalar.is_text() || scalar.is_merge()));
        match wrong {
            Some((key, _)) if !self.any_keys => {
                Err(Fault::value("JSON has no keys that are not strings", self.place(key)))
            }
            _ => Ok(()),
        }
    }

    /// The node or what it is an alias of.
    fn node(&self, id: NodeId) -> Option<&'t Node> {
        self.tree.node(self.tree.target(id))
    }

    fn scalar(&self, id: NodeId) -> Option<&'t Scalar> {
        match &self.node(id)?.content {
            Content::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    fn place(&self, id: NodeId) -> Place {
        self.tree.node(id).map_or_else(Place::default, |node| node.place)
    }
}

fn is_null(node: &Node) -> bool {
    matches!(&node.content, Content::Scalar(scalar) if scalar.is_null())
}
