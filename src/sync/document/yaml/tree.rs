//! A YAML document as a tree of nodes, aliases not yet followed.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read as _};
use std::panic::{AssertUnwindSafe, catch_unwind};

use libyaml_safer::{EventData, Mark, Parser, ScalarStyle};

use crate::sync::document::{Fault, MAX_DEPTH, Place};

use super::scalar::{Scalar, Tag};

/// Nodes of a document: with 56 bytes each they stay below the size of the largest rulesets' own bytes.
const MAX_NODES: usize = 10_000_000;

/// Where a node stands in its tree.
pub(super) type NodeId = u32;

/// A node.
#[derive(Debug)]
pub(super) struct Node {
    pub place: Place,
    pub content: Content,
    /// The first node behind it and all that is in it.
    pub end: NodeId,
}

/// What a node is.
#[derive(Debug)]
pub(super) enum Content {
    Scalar(Scalar),
    Sequence,
    /// Its nodes are keys and values in turn.
    Mapping,
    /// The node that it stands for, which is no alias.
    Alias(NodeId),
}

/// A document: its nodes in the order of their beginnings.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// Nodes by their anchor; of two with one anchor the later.
    anchors: HashMap<String, NodeId>,
    /// Collections that are not closed.
    open: Vec<NodeId>,
}

impl Tree {
    /// Reads the first document of a stream; what follows is not looked at.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        // The parser panics where a comma follows a tag. What it leaves behind is thrown away.
        catch_unwind(AssertUnwindSafe(|| Self::read(text)))
            .unwrap_or_else(|_| Err(Fault::document("the YAML cannot be parsed", Place::default())))
    }

    fn read(text: &str) -> Result<Self, Fault> {
        let source = Source::new(text);
        let mut tree = Self::default();
        let mut parser = Parser::new();
        // In pieces, because the parser takes four bytes for each character of a piece.
        parser.set_input(BufReader::new(source.reader()));
        for event in parser {
            let event = event.map_err(|error| {
                Fault::document(error.problem(), error.problem_mark().map_or_else(Place::default, place))
            })?;
            let place = place(event.start_mark);
            match event.data {
                EventData::StreamStart { .. } | EventData::DocumentStart { .. } => {}
                EventData::DocumentEnd { .. } | EventData::StreamEnd => break,
                EventData::Alias { anchor } => {
                    let target = tree.anchors.get(&anchor).copied();
                    let unknown = || Fault::document(format!("unknown anchor `{anchor}`"), place);
                    tree.add(Content::Alias(target.ok_or_else(unknown)?), None, place)?;
                }
                EventData::Scalar { anchor, tag, value, style, .. } => {
                    let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                    let text = if is_block { source.block(value, event.end_mark) } else { value };
                    let plain = style == ScalarStyle::Plain;
                    let tag = Tag::of(tag.as_deref().unwrap_or_default());
                    tree.add(Content::Scalar(Scalar { text, plain, tag }), anchor, place)?;
                }
                EventData::SequenceStart { anchor, .. } => tree.open(Content::Sequence, anchor, place)?,
                EventData::MappingStart { anchor, .. } => tree.open(Content::Mapping, anchor, place)?,
                EventData::SequenceEnd | EventData::MappingEnd => tree.close(),
            }
        }
        Ok(tree)
    }

    /// The document's node; none where the stream has no document.
    pub(super) fn root(&self) -> Option<NodeId> {
        (!self.nodes.is_empty()).then_some(0)
    }

    pub(super) fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id as usize)
    }

    /// The nodes right below a node.
    pub(super) fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        let end = self.node(id).map_or(id, |node| node.end);
        let mut next = id + 1;
        std::iter::from_fn(move || {
            let child = (next < end).then_some(next)?;
            next = self.node(child)?.end;
            Some(child)
        })
    }

    /// The keys and values of a mapping.
    pub(super) fn pairs(&self, id: NodeId) -> impl Iterator<Item = (NodeId, NodeId)> {
        let mut children = self.children(id);
        std::iter::from_fn(move || Some((children.next()?, children.next()?)))
    }

    /// The node itself or the one that it is an alias of.
    pub(super) fn target(&self, id: NodeId) -> NodeId {
        match self.node(id) {
            Some(Node { content: Content::Alias(target), .. }) => *target,
            _ => id,
        }
    }

    fn add(&mut self, content: Content, anchor: Option<String>, place: Place) -> Result<(), Fault> {
        if self.nodes.len() >= MAX_NODES {
            return Err(Fault::document(format!("more than {MAX_NODES} nodes"), place));
        }
        let id = self.nodes.len() as NodeId;
        self.nodes.push(Node { place, content, end: id + 1 });
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, id);
        }
        Ok(())
    }

    fn open(&mut self, content: Content, anchor: Option<String>, place: Place) -> Result<(), Fault> {
        if self.open.len() >= MAX_DEPTH {
            return Err(Fault::document(format!("more than {MAX_DEPTH} levels"), place));
        }
        self.open.push(self.nodes.len() as NodeId);
        self.add(content, anchor, place)
    }

    fn close(&mut self) {
        let end = self.nodes.len() as NodeId;
        if let Some(node) = self.open.pop().and_then(|id| self.nodes.get_mut(id as usize)) {
            node.end = end;
        }
    }
}

/// The text as the parser can take it: it panics in a block scalar that ends without a line break.
struct Source<'a> {
    text: &'a str,
    /// The line break that is missing.
    end: &'static str,
}

impl<'a> Source<'a> {
    fn new(text: &'a str) -> Self {
        let is_break = |character| matches!(character, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
        let blanks = text.trim_end_matches([' ', '\t']);
        match blanks.chars().next_back() {
            Some(last) if !is_break(last) => Self { text, end: "\n" },
            _ => Self { text: blanks, end: "" },
        }
    }

    fn reader(&self) -> impl BufRead + use<'a> {
        self.text.as_bytes().chain(self.end.as_bytes())
    }

    /// The value of a block scalar, without the line break that was missing.
    fn block(&self, mut value: String, end: Mark) -> String {
        if !self.end.is_empty() && end.index > self.text.len() as u64 && value.ends_with('\n') {
            value.pop();
        }
        value
    }
}

fn place(mark: Mark) -> Place {
    Place { line: mark.line as u32 + 1, column: mark.column as u32 + 1 }
}
