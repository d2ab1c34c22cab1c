//! A parsed path: segments, selectors, and the expressions of filters.

use super::pattern::Compiled;

/// What follows `$` or `@`.
#[derive(Debug, Default)]
pub struct Query {
    pub segments: Vec<Segment>,
}

/// One step: some selectors, applied to each node, or to each node and everything below it.
#[derive(Debug)]
pub struct Segment {
    /// Whether it began with `..`.
    pub descends: bool,
    pub selectors: Vec<Selector>,
}

#[derive(Debug)]
pub enum Selector {
    Name(Box<str>),
    Index(i64),
    Slice(Slice),
    Wildcard,
    Filter(Expression),
}

/// The bounds of a slice, each from -(2^53 - 1) to 2^53 - 1.
#[derive(Clone, Copy, Debug)]
pub struct Slice {
    pub start: Option<i64>,
    pub stop: Option<i64>,
    pub step: Option<i64>,
}

/// An expression of a filter.
#[derive(Debug)]
pub enum Expression {
    Null,
    Bool(bool),
    /// An integer too: the library makes integers from floats, and compares the two alike.
    Number(f64),
    Text(Box<str>),
    /// `@...`
    Relative(Query),
    /// `$...`
    Absolute(Query),
    Not(Box<Expression>),
    /// Two or more with `&&` between them.
    All(Vec<Expression>),
    /// Two or more with `||` between them.
    Any(Vec<Expression>),
    Comparison(Box<Comparison>),
    Call(Box<Call>),
}

#[derive(Debug)]
pub struct Comparison {
    pub left: Expression,
    pub operator: Operator,
    pub right: Expression,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A call whose arguments are as many and of the types that the function wants.
#[derive(Debug)]
pub enum Call {
    Length(Expression),
    Count(Expression),
    Value(Expression),
    /// `match()` and `search()`.
    Pattern(PatternCall),
}

#[derive(Debug)]
pub struct PatternCall {
    pub extent: super::Extent,
    pub text: Expression,
    pub pattern: Expression,
    /// The literal pattern, compiled; none if there is no such, or it is no regular expression.
    pub compiled: Option<Box<dyn Compiled>>,
}

impl Query {
    /// Whether it gives one node at most, by its form.
    pub fn is_singular(&self) -> bool {
        self.segments.iter().all(|segment| {
            !segment.descends
                && matches!(segment.selectors.as_slice(), [Selector::Name(_) | Selector::Index(_)])
        })
    }
}

impl Expression {
    pub fn is_literal(&self) -> bool {
        matches!(self, Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_))
    }

    /// The query, of an expression that is one.
    pub fn query(&self) -> Option<&Query> {
        match self {
            Self::Relative(query) | Self::Absolute(query) => Some(query),
            _ => None,
        }
    }

    /// The call, of an expression that is one.
    pub fn call(&self) -> Option<&Call> {
        match self {
            Self::Call(call) => Some(call),
            _ => None,
        }
    }
}

impl Call {
    /// Whether it gives a value, which must be compared, or a truth, which cannot be.
    pub fn gives_value(&self) -> bool {
        !matches!(self, Self::Pattern(_))
    }
}
