//! A query as it was read.

use pennon_wire::Name;

use crate::nikunjy::literal::Test;
use crate::scope::Attribute;

/// Terms joined by `and` and `or`, which bind equally and to the left.
#[derive(Debug)]
pub struct Chain {
    pub first: Term,
    pub rest: Vec<(Logical, Term)>,
}

/// `and` or `or`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logical {
    And,
    Or,
}

/// One operand of `and` and `or`.
#[derive(Debug)]
pub enum Term {
    Comparison(Comparison),
    Group {
        negated: bool,
        chain: Box<Chain>,
    },
    /// What could not be read: the query is false when it comes to it.
    Faulty,
}

/// `path pr` (without a test) or `path operator literal`.
#[derive(Debug)]
pub struct Comparison {
    pub path: Path,
    pub test: Option<Test>,
    /// The byte of the query at which the path starts.
    pub start: usize,
    /// The byte at which what follows it starts.
    pub end: usize,
}

/// An attribute path: the first segment as rules see it at top level, and the segments below.
#[derive(Debug)]
pub struct Path {
    pub first: Attribute,
    /// The first segment as a plain name, where the attribute does not hold it.
    first_name: Option<Box<Name>>,
    pub rest: Box<[Name]>,
}

impl Path {
    /// The path of these segments; none without any.
    pub fn new<'a>(mut segments: impl Iterator<Item = &'a str>) -> Option<Self> {
        let text = segments.next()?;
        let first = Attribute::new(text);
        let first_name = matches!(first, Attribute::TargetingKey).then(|| Box::new(Name::new(text)));
        Some(Self { first, first_name, rest: segments.map(Name::new).collect() })
    }

    /// The name of a segment. The first is needed for walks that start inside a left-over parent.
    pub fn name(&self, segment: usize) -> Option<&Name> {
        match (segment.checked_sub(1), &self.first) {
            (Some(index), _) => self.rest.get(index),
            (None, Attribute::Anonymous(name) | Attribute::Named(name)) => Some(name),
            (None, Attribute::TargetingKey) => self.first_name.as_deref(),
        }
    }

    /// How many segments it has.
    pub fn len(&self) -> usize {
        self.rest.len() + 1
    }
}

impl Chain {
    /// Calls `visit` with every comparison in the order of the text.
    pub fn comparisons<'a>(&'a self, visit: &mut impl FnMut(&'a Comparison)) {
        for term in std::iter::once(&self.first).chain(self.rest.iter().map(|(_, term)| term)) {
            match term {
                Term::Comparison(comparison) => visit(comparison),
                Term::Group { chain, .. } => chain.comparisons(visit),
                Term::Faulty => {}
            }
        }
    }
}
