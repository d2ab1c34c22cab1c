//! The nodes of a query, one by one, in the library's order.
//!
//! The library chains generators; here their states are on a stack of our own, so neither a long path nor deep data needs
//! the guest's.

use std::cell::Cell;

use super::evaluate::{self, Scope};
use super::expression::{Query, Segment, Selector, Slice};
use super::tree::{Kind, Tree};
use super::{MAX_STEPS, Patterns, Raised};

/// How many levels `..` goes down, the one it begins at included.
const MAX_DESCENT: usize = 100;

/// What all the walks of one question share.
pub struct Run<'a> {
    pub patterns: &'a dyn Patterns,
    steps: Cell<usize>,
}

impl<'a> Run<'a> {
    pub fn new(patterns: &'a dyn Patterns) -> Self {
        Self { patterns, steps: Cell::new(0) }
    }

    /// Counts one step.
    fn step(&self) -> Result<(), Raised> {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > MAX_STEPS { Err(Raised::TooLong) } else { Ok(()) }
    }
}

pub struct Walk<'a, T> {
    segments: &'a [Segment],
    /// What `$` means in a filter: where the walk began, even if it began at an `@`.
    root: T,
    run: &'a Run<'a>,
    frames: Vec<Frame<T>>,
    /// The root has been given to the first segment, or out.
    begun: bool,
}

/// A node to which a segment is applied, and how far that is.
struct Frame<T> {
    node: T,
    segment: usize,
    /// Of a descent, how many levels down this node is.
    depth: usize,
    /// The selector whose turn it is. When all have had theirs, a descent goes to the node's items.
    selector: usize,
    /// Where the selector, or the descent, goes on.
    at: usize,
}

impl<'a, T: Tree> Walk<'a, T> {
    pub fn new(query: &'a Query, root: T, run: &'a Run<'a>) -> Self {
        Self { segments: &query.segments, root, run, frames: Vec::new(), begun: false }
    }

    /// The next node.
    pub fn next(&mut self) -> Result<Option<T>, Raised> {
        if !self.begun {
            self.begun = true;
            if let Some(node) = self.arrive(self.root.clone(), 0) {
                return Ok(Some(node));
            }
        }
        while let Some(frame) = self.frames.last_mut() {
            self.run.step()?;
            let Some(segment) = self.segments.get(frame.segment) else { break };
            let next = frame.segment + 1;
            if let Some(selector) = segment.selectors.get(frame.selector) {
                match frame.select(selector, &self.root, self.run)? {
                    Some(node) => {
                        if let Some(node) = self.arrive(node, next) {
                            return Ok(Some(node));
                        }
                    }
                    None => {
                        frame.selector += 1;
                        frame.at = 0;
                    }
                }
            } else if let Some(child) = frame.descend(segment)? {
                self.frames.push(child);
            } else {
                self.frames.pop();
            }
        }
        Ok(None)
    }

    /// Hands a node to the segment, or out if there is none.
    fn arrive(&mut self, node: T, segment: usize) -> Option<T> {
        if segment == self.segments.len() {
            return Some(node);
        }
        self.frames.push(Frame { node, segment, depth: 1, selector: 0, at: 0 });
        None
    }
}

impl<T: Tree> Frame<T> {
    /// The next node that the selector has here.
    fn select(&mut self, selector: &Selector, root: &T, run: &Run<'_>) -> Result<Option<T>, Raised> {
        let kind = self.node.kind();
        let turn = self.at;
        match (selector, kind) {
            (Selector::Name(name), Kind::Map(_)) if turn == 0 => {
                self.at = 1;
                Ok(self.node.member(name))
            }
            (Selector::Index(index), Kind::List(length)) if turn == 0 => {
                self.at = 1;
                Ok(place(*index, length).and_then(|place| self.node.item(place)))
            }
            (Selector::Slice(slice), Kind::List(length)) => {
                self.at += 1;
                Ok(slice.place(turn, length).and_then(|place| self.node.item(place)))
            }
            (Selector::Wildcard, Kind::List(_) | Kind::Map(_)) => {
                self.at += 1;
                Ok(self.node.item(turn))
            }
            (Selector::Filter(expression), Kind::List(length) | Kind::Map(length)) => {
                while self.at < length {
                    let item = self.node.item(self.at);
                    self.at += 1;
                    run.step()?;
                    let Some(item) = item else { continue };
                    if evaluate::holds(expression, Scope { current: &item, root, run })? {
                        return Ok(Some(item));
                    }
                }
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    /// The next of the node's items that a descent goes to.
    fn descend(&mut self, segment: &Segment) -> Result<Option<Self>, Raised> {
        let items = if segment.descends { self.node.kind().items().unwrap_or(0) } else { 0 };
        while self.at < items {
            let item = self.node.item(self.at);
            self.at += 1;
            let Some(item) = item.filter(|item| item.kind().items().is_some()) else { continue };
            if self.depth == MAX_DESCENT {
                return Err(Raised::TooDeep);
            }
            let depth = self.depth + 1;
            return Ok(Some(Self { node: item, segment: self.segment, depth, selector: 0, at: 0 }));
        }
        Ok(None)
    }
}

/// The place of an index, negative ones counted from the end.
fn place(index: i64, length: usize) -> Option<usize> {
    let magnitude = usize::try_from(index.unsigned_abs()).ok()?;
    if index < 0 { length.checked_sub(magnitude) } else { Some(magnitude).filter(|place| *place < length) }
}

impl Slice {
    /// The place that comes as number `turn`.
    fn place(&self, turn: usize, length: usize) -> Option<usize> {
        let (length, turn) = (i64::try_from(length).ok()?, i64::try_from(turn).ok()?);
        let step = self.step.unwrap_or(1);
        // Backwards, "before the first" is an end, and "behind the last" no beginning.
        let (low, high) = if step < 0 { (-1, length - 1) } else { (0, length) };
        let bound = |bound: i64| (if bound < 0 { bound + length } else { bound }).clamp(low, high);
        let (first, last) = if step < 0 { (high, low) } else { (low, high) };
        let start = self.start.map_or(first, bound);
        let stop = self.stop.map_or(last, bound);
        let place = start.checked_add(step.checked_mul(turn)?)?;
        let is_inside = if step < 0 { place > stop } else { place < stop };
        if step != 0 && is_inside { usize::try_from(place).ok() } else { None }
    }
}
