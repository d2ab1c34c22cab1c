//! A parsed pattern.
//!
//! Nodes lie in one list and name each other by position, so that a deep tree is dropped and walked without recursion. A
//! child always lies before its parent.

/// A node's position.
pub(super) type NodeId = usize;

/// The highest bound of a repeat, which stands for none (`MAXREPEAT` of `sre`).
pub(super) const UNBOUNDED: u32 = u32::MAX;

/// Python's cap for widths, `MAXWIDTH`.
const MAX_WIDTH: u128 = 1 << 64;

/// The flags in force where a node was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Mode {
    pub ignore_case: bool,
    pub multiline: bool,
    pub dot_all: bool,
    pub verbose: bool,
    pub ascii: bool,
}

/// A position that a match must pass, without taking a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Assertion {
    Start,
    LineStart,
    /// At the end, or before a line break that ends the text.
    EndOrFinalBreak,
    LineEnd,
    End,
    Boundary {
        ascii: bool,
        negated: bool,
    },
}

/// A class of characters with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Category {
    Digit,
    Space,
    Word,
}

/// A member of a set. Codes need not be characters: `\ud800` is legal and matches nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Item {
    Code(u32),
    Range(u32, u32),
    Category { category: Category, negated: bool },
}

/// `[...]`, as written.
#[derive(Clone, Debug)]
pub(super) struct Set {
    pub negated: bool,
    pub items: Vec<Item>,
    pub mode: Mode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Greed {
    Greedy,
    Lazy,
    Possessive,
}

#[derive(Clone, Debug)]
pub(super) enum Node {
    /// One character, or (`[^a]`) any but one. No set: `sre` folds the case of the two by different rules.
    Code {
        code: u32,
        negated: bool,
        mode: Mode,
    },
    Set(Set),
    Any {
        mode: Mode,
    },
    Assertion(Assertion),
    /// A group. One that has no index and no flags of its own only binds together.
    Group {
        index: Option<usize>,
        scoped: bool,
        body: NodeId,
    },
    /// Parts one after another; none is the empty pattern.
    Sequence(Vec<NodeId>),
    Alternation(Vec<NodeId>),
    Repeat {
        body: NodeId,
        min: u32,
        max: u32,
        greed: Greed,
    },
    Atomic(NodeId),
    /// Look-around; `behind` is the width of a look-behind.
    Look {
        behind: Option<u32>,
        negated: bool,
        body: NodeId,
    },
    BackReference {
        group: usize,
        mode: Mode,
    },
    Conditional {
        group: usize,
        yes: NodeId,
        no: Option<NodeId>,
    },
}

/// How many characters a node takes, as `sre` counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Width {
    pub least: u128,
    pub most: u128,
}

impl Width {
    fn capped(self) -> Self {
        Self { least: self.least.min(MAX_WIDTH), most: self.most.min(MAX_WIDTH) }
    }

    fn either(self, other: Self) -> Self {
        Self { least: self.least.min(other.least), most: self.most.max(other.most) }
    }
}

/// All nodes of a pattern.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    widths: Vec<Width>,
    /// The widths of closed groups, by index; of the others none. Group 0 is the whole pattern.
    groups: Vec<Option<Width>>,
    root: NodeId,
    irregular: bool,
    repeats: bool,
}

impl Tree {
    /// A tree without nodes.
    pub fn new() -> Self {
        Self { groups: vec![None], ..Self::default() }
    }

    /// Adds a node whose children are there.
    pub fn add(&mut self, node: Node) -> NodeId {
        self.irregular |= matches!(
            node,
            Node::Atomic(_)
                | Node::Look { .. }
                | Node::BackReference { .. }
                | Node::Conditional { .. }
                | Node::Repeat { greed: Greed::Possessive, .. }
        );
        self.repeats |= matches!(node, Node::Repeat { .. });
        let width = self.measure(&node).capped();
        self.widths.push(width);
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    /// The node at `id`; every id came from [`Tree::add`].
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id)
    }

    pub fn width(&self, id: NodeId) -> Width {
        self.widths.get(id).copied().unwrap_or_default()
    }

    pub fn root(&self) -> NodeId {
        self.root
    }

    pub fn set_root(&mut self, root: NodeId) {
        self.root = root;
    }

    /// Whether a finite automaton decides it.
    pub fn is_regular(&self) -> bool {
        !self.irregular
    }

    /// Whether any node is a repeat.
    pub fn has_repeats(&self) -> bool {
        self.repeats
    }

    /// How many groups were opened, and one.
    pub fn group_count(&self) -> usize {
        self.groups.len()
    }

    /// The index of a new group.
    pub fn open_group(&mut self) -> usize {
        self.groups.push(None);
        self.groups.len() - 1
    }

    pub fn close_group(&mut self, index: usize, body: NodeId) {
        let width = self.width(body);
        if let Some(group) = self.groups.get_mut(index) {
            *group = Some(width);
        }
    }

    pub fn is_closed(&self, group: usize) -> bool {
        self.groups.get(group).is_some_and(Option::is_some)
    }

    /// The node inside groups that only bind together.
    pub fn unwrapped(&self, mut id: NodeId) -> NodeId {
        while let Some(Node::Group { index: None, scoped: false, body }) = self.node(id) {
            id = *body;
        }
        id
    }

    /// The node that takes exactly one character, where `id` is such a node in no more than groups without index: what `sre`
    /// repeats by a loop of its own.
    pub fn single(&self, mut id: NodeId) -> Option<NodeId> {
        loop {
            match self.node(id)? {
                Node::Group { index: None, body, .. } => id = *body,
                Node::Code { .. } | Node::Set(_) | Node::Any { .. } => return Some(id),
                _ => return None,
            }
        }
    }

    fn measure(&self, node: &Node) -> Width {
        match node {
            Node::Code { .. } | Node::Set(_) | Node::Any { .. } => Width { least: 1, most: 1 },
            Node::Assertion(_) | Node::Look { .. } => Width::default(),
            Node::Group { body, .. } | Node::Atomic(body) => self.width(*body),
            Node::Sequence(parts) => parts.iter().fold(Width::default(), |sum, part| {
                let width = self.width(*part);
                Width { least: sum.least + width.least, most: sum.most + width.most }
            }),
            Node::Alternation(parts) => {
                parts.iter().map(|part| self.width(*part)).reduce(Width::either).unwrap_or_default()
            }
            Node::Repeat { body, min, max, .. } => {
                let body = self.width(*body);
                let most = match *max {
                    UNBOUNDED if body.most > 0 => MAX_WIDTH,
                    max => body.most * u128::from(max),
                };
                Width { least: body.least * u128::from(*min), most }
            }
            Node::BackReference { group, .. } => {
                self.groups.get(*group).copied().flatten().unwrap_or_default()
            }
            Node::Conditional { yes, no, .. } => {
                let no = no.map_or(Width::default(), |no| self.width(no));
                let yes = self.width(*yes);
                Width { least: yes.least.min(no.least), most: yes.most.max(no.most) }
            }
        }
    }
}
