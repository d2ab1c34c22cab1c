//! Python's pattern language, read into a [`Tree`].
//!
//! What Python refuses is refused here, by the same rules; messages are mostly Python's, and columns are those of the part
//! at fault. Open groups are kept in a list instead of on the stack.

mod escape;
mod flags;
mod group;
mod name;
mod repeat;
mod scanner;
mod set;

use std::collections::HashMap;

use super::syntax::{Assertion, Item, Mode, Node, NodeId, Set, Tree};
use super::{MAX_GROUP_DEPTH, Refusal};
use scanner::{Scanner, Token, invalid};

/// Reads a pattern.
pub(super) fn parse(pattern: &str) -> Result<Tree, Refusal> {
    let mut parser = Parser::new(pattern)?;
    while let Some(token) = parser.scanner.get() {
        parser.token(token)?;
    }
    parser.finish()
}

/// What a group is, and with it what becomes of its body.
#[derive(Debug)]
enum Kind {
    Whole,
    Group {
        index: Option<usize>,
        scoped: bool,
    },
    Atomic,
    /// `outermost` is true for a look-behind that is in no other.
    Look {
        behind: bool,
        negated: bool,
        outermost: bool,
    },
    Conditional {
        group: usize,
    },
}

/// A group that is open.
#[derive(Debug)]
struct Frame {
    kind: Kind,
    /// Where it starts.
    at: usize,
    /// The flags inside it.
    mode: Mode,
    /// Alternatives that are complete.
    alternatives: Vec<NodeId>,
    /// The items of the one that is being read.
    items: Vec<NodeId>,
}

#[derive(Debug)]
struct Parser {
    scanner: Scanner,
    tree: Tree,
    /// The groups around the current one.
    outer: Vec<Frame>,
    frame: Frame,
    names: HashMap<String, usize>,
    /// Groups that conditionals name by number and that may come later: the highest, and where it is named.
    awaited: Option<(usize, usize)>,
    /// How many groups there were at the start of the outermost look-behind.
    look_behind: Option<usize>,
    /// The flag `t`, which makes all repeats errors.
    template: bool,
    /// The flags `a` and `u`, where given for the whole pattern.
    types: u16,
}

impl Frame {
    fn new(kind: Kind, at: usize, mode: Mode) -> Self {
        Self { kind, at, mode, alternatives: Vec::new(), items: Vec::new() }
    }
}

impl Parser {
    fn new(pattern: &str) -> Result<Self, Refusal> {
        Ok(Self {
            scanner: Scanner::new(pattern)?,
            tree: Tree::new(),
            outer: Vec::new(),
            frame: Frame::new(Kind::Whole, 0, Mode::default()),
            names: HashMap::new(),
            awaited: None,
            look_behind: None,
            template: false,
            types: 0,
        })
    }

    /// Reads what starts with `token`, which has been passed.
    fn token(&mut self, token: Token) -> Result<(), Refusal> {
        let mode = self.frame.mode;
        if mode.verbose && self.skip(token) {
            return Ok(());
        }
        if token.escaped {
            let node = self.escape(token, mode)?;
            self.push(node);
            return Ok(());
        }
        match token.character {
            '|' => self.alternative(token)?,
            ')' => self.close(token)?,
            '(' => self.open(token.at)?,
            '[' => {
                let set = self.set(token.at, mode)?;
                self.push(set);
            }
            '*' | '+' | '?' | '{' => self.repeat(token, mode)?,
            '.' => self.push(Node::Any { mode }),
            '^' if mode.multiline => self.push(Node::Assertion(Assertion::LineStart)),
            '^' => self.push(Node::Assertion(Assertion::Start)),
            '$' if mode.multiline => self.push(Node::Assertion(Assertion::LineEnd)),
            '$' => self.push(Node::Assertion(Assertion::EndOrFinalBreak)),
            character => self.push(Node::Code { code: u32::from(character), negated: false, mode }),
        }
        Ok(())
    }

    /// Passes the white space and comments of verbose patterns.
    fn skip(&mut self, token: Token) -> bool {
        if token.is('#') {
            while self.scanner.get().is_some_and(|token| !token.is('\n')) {}
            return true;
        }
        token.is_one_of(" \t\n\r\u{b}\u{c}")
    }

    fn push(&mut self, node: Node) {
        let id = self.tree.add(node);
        self.frame.items.push(id);
    }

    fn last_item(&self) -> Option<NodeId> {
        self.frame.items.last().copied()
    }

    fn replace_last(&mut self, id: NodeId) {
        if let Some(last) = self.frame.items.last_mut() {
            *last = id;
        }
    }

    fn alternative(&mut self, token: Token) -> Result<(), Refusal> {
        if matches!(self.frame.kind, Kind::Conditional { .. }) && !self.frame.alternatives.is_empty() {
            return Err(invalid("conditional backref with more than two branches", token.at));
        }
        self.end_alternative();
        Ok(())
    }

    fn end_alternative(&mut self) {
        let items = std::mem::take(&mut self.frame.items);
        let id = match items.as_slice() {
            [item] => *item,
            _ => self.tree.add(Node::Sequence(items)),
        };
        self.frame.alternatives.push(id);
    }

    /// Opens a group, whose flags are `mode`.
    fn enter(&mut self, kind: Kind, at: usize, mode: Mode) -> Result<(), Refusal> {
        if self.outer.len() >= MAX_GROUP_DEPTH {
            return Err(Refusal::TooLarge(format!("groups nested more than {MAX_GROUP_DEPTH} levels deep")));
        }
        let frame = Frame::new(kind, at, mode);
        self.outer.push(std::mem::replace(&mut self.frame, frame));
        Ok(())
    }

    /// Closes the innermost group.
    fn close(&mut self, token: Token) -> Result<(), Refusal> {
        let Some(outer) = self.outer.pop() else {
            return Err(invalid("unbalanced parenthesis", token.at));
        };
        self.end_alternative();
        let Frame { kind, at, mode, alternatives, .. } = std::mem::replace(&mut self.frame, outer);
        let node = match kind {
            Kind::Conditional { group } => match alternatives.as_slice() {
                [yes, no] => Node::Conditional { group, yes: *yes, no: Some(*no) },
                [yes, ..] => Node::Conditional { group, yes: *yes, no: None },
                [] => return Err(invalid("unbalanced parenthesis", token.at)),
            },
            Kind::Whole => return Err(invalid("unbalanced parenthesis", token.at)),
            Kind::Atomic => Node::Atomic(self.join(alternatives, mode)),
            Kind::Group { index, scoped } => {
                let body = self.join(alternatives, mode);
                if let Some(index) = index {
                    self.tree.close_group(index, body);
                }
                Node::Group { index, scoped, body }
            }
            Kind::Look { behind, negated, outermost } => {
                if outermost {
                    self.look_behind = None;
                }
                let body = self.join(alternatives, mode);
                let behind = behind.then(|| self.look_behind_width(body, at)).transpose()?;
                Node::Look { behind, negated, body }
            }
        };
        self.push(node);
        Ok(())
    }

    /// One of several alternatives. Where each is a character or a set that is not negated, `sre` makes one set of them.
    fn join(&mut self, alternatives: Vec<NodeId>, mode: Mode) -> NodeId {
        if let [only] = alternatives.as_slice() {
            return *only;
        }
        let mut items = Vec::new();
        for id in &alternatives {
            match self.tree.node(self.tree.unwrapped(*id)) {
                Some(Node::Code { code, negated: false, .. }) => items.push(Item::Code(*code)),
                Some(Node::Set(Set { negated: false, items: members, .. })) => items.extend(members),
                _ => return self.tree.add(Node::Alternation(alternatives)),
            }
        }
        // Equal alternatives are one character to `sre`, and stay one.
        match items.split_first() {
            Some((Item::Code(code), rest)) if rest.iter().all(|item| *item == Item::Code(*code)) => {
                self.tree.add(Node::Code { code: *code, negated: false, mode })
            }
            _ => self.tree.add(Node::Set(Set { negated: false, items, mode })),
        }
    }

    fn finish(mut self) -> Result<Tree, Refusal> {
        if !self.outer.is_empty() {
            return Err(invalid("missing ), unterminated subpattern", self.frame.at));
        }
        self.end_alternative();
        let alternatives = std::mem::take(&mut self.frame.alternatives);
        let root = self.join(alternatives, self.frame.mode);
        self.tree.set_root(root);
        if let Some((group, at)) = self.awaited.filter(|(group, _)| *group >= self.tree.group_count()) {
            return Err(invalid(format!("invalid group reference {group}"), at));
        }
        if self.template && self.tree.has_repeats() {
            return Err(invalid("internal: unsupported template operator", 0));
        }
        Ok(self.tree)
    }
}
