//! JSONPath in the dialect of the Python library `jsonpath-rfc9535` 0.2.0, which Flagsmith's engine reads the properties
//! of conditions with.
//!
//! Exact in what parses, in what is a syntax error (the engine then takes the text for a trait's name), in what raises
//! another error, and in which node comes first. The library is RFC 9535 with a lenient lexer, an unchecked corner here
//! and there, and Python's values underneath; each place where that shows says so.
//!
//! Bounds that the library does not have, because a guest's stack is small and its time is the caller's: [`MAX_DEPTH`] and
//! [`MAX_STEPS`]. Data may be nested as deep as it likes, no walk here recurses over it.

mod compare;
mod evaluate;
mod expression;
mod filter;
mod lexer;
mod literal;
mod parser;
mod pattern;
#[cfg(test)]
mod tests;
mod tree;
mod walk;

use expression::{Query, Selector};
pub use pattern::{Compiled, Extent, Patterns};
pub use tree::{Kind, Tree};

/// Levels of parentheses, negations, calls and comparisons in one path, and of groups in one regular expression. A filter
/// counts as four of them, for that is what it needs of the stack. Python's own bound, of a few hundred, varies with the
/// depth of the caller.
pub const MAX_DEPTH: usize = 64;

/// What a filter counts of [`MAX_DEPTH`].
const FILTER_DEPTH: usize = 4;

/// Steps of one walk and of the walks in its filters; a node takes one or a few. Several `..` in one path, or filters in
/// filters, take more than any machine has.
pub const MAX_STEPS: usize = 4_000_000;

/// A parsed path.
#[derive(Debug)]
pub struct Path {
    query: Query,
    names: Option<Box<[Box<str>]>>,
}

/// Why a text is no path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PathError {
    /// A syntax error: the engine takes the text for the name of a trait.
    Syntax {
        /// What is wrong.
        message: &'static str,
        /// The byte at which it was seen.
        at: usize,
    },
    /// Any other exception of the compilation. It ends the engine's evaluation.
    Raises(Exception),
}

/// An exception that the engine does not catch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Exception {
    /// A filter that is not well-typed, such as a comparison with more than one node.
    Type,
    /// An index or a bound of a slice beyond ±(2^53 - 1).
    Index,
    /// A function that does not exist.
    Name,
    /// An integer that is infinite as a float: `1e400`.
    Overflow,
    /// An index of more than 4,300 digits.
    Value,
    /// `count(@)` or `value(@)` of something that has no length.
    Argument,
    /// `value(@)` of a text of one character.
    Attribute,
    /// More levels than [`MAX_DEPTH`].
    Recursion,
}

/// Why a path has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Raised {
    /// `..` met more than a hundred levels before there was a node: the engine warns and goes on with null.
    TooDeep,
    /// More steps than [`MAX_STEPS`]. Python goes on, possibly for ever.
    TooLong,
    /// An exception that ends the engine's evaluation.
    Exception(Exception),
}

impl Exception {
    /// The name of Python's class.
    pub fn name(self) -> &'static str {
        match self {
            Self::Type => "JSONPathTypeError",
            Self::Index => "JSONPathIndexError",
            Self::Name => "JSONPathNameError",
            Self::Overflow => "OverflowError",
            Self::Value => "ValueError",
            Self::Argument => "TypeError",
            Self::Attribute => "AttributeError",
            Self::Recursion => "RecursionError",
        }
    }
}

impl Path {
    /// Parses a path. The regular expressions that it has as literals are compiled by `patterns`.
    pub fn parse(text: &str, patterns: &dyn Patterns) -> Result<Self, PathError> {
        let query = parser::parse(text, patterns)?;
        let names = names(&query);
        Ok(Self { query, names })
    }

    /// The names of a path that is nothing but names (`$.identity.identifier`, `$['a']["b"]`), for a fast way.
    pub fn names(&self) -> Option<&[Box<str>]> {
        self.names.as_deref()
    }

    /// The first node. What Python would raise after it, it does not raise: the walk stops there.
    ///
    /// `patterns` compiles the regular expressions that are found in the data.
    pub fn first<T: Tree>(&self, root: T, patterns: &dyn Patterns) -> Result<Option<T>, Raised> {
        walk::Walk::new(&self.query, root, &walk::Run::new(patterns)).next()
    }
}

fn names(query: &Query) -> Option<Box<[Box<str>]>> {
    let name = |segment: &expression::Segment| match segment.selectors.as_slice() {
        [Selector::Name(name)] if !segment.descends => Some(name.clone()),
        _ => None,
    };
    query.segments.iter().map(name).collect()
}
