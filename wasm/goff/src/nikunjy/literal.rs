//! A comparison's right-hand side, compiled for its operator: the literal's kind alone decides how operands compare.

use std::cmp::Ordering;

use pennon_wire::bytes;

use super::text;
use super::version::Bound;

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Eq,
    Ne,
    Gt,
    Lt,
    Ge,
    Le,
    Contains,
    Starts,
    Ends,
    In,
}

impl Operator {
    /// The operator that a token's text names.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "eq" | "EQ" | "==" => Self::Eq,
            "ne" | "NE" | "!=" => Self::Ne,
            "gt" | "GT" | ">" => Self::Gt,
            "lt" | "LT" | "<" => Self::Lt,
            "ge" | "GE" | ">=" => Self::Ge,
            "le" | "LE" | "<=" => Self::Le,
            "co" | "CO" => Self::Contains,
            "sw" | "SW" => Self::Starts,
            "ew" | "EW" => Self::Ends,
            "in" | "IN" => Self::In,
            _ => return None,
        })
    }

    /// The six operators of ordered values; none for the others.
    fn relation(self) -> Option<Relation> {
        Some(match self {
            Self::Eq => Relation::Eq,
            Self::Ne => Relation::Ne,
            Self::Gt => Relation::Gt,
            Self::Lt => Relation::Lt,
            Self::Ge => Relation::Ge,
            Self::Le => Relation::Le,
            _ => return None,
        })
    }
}

/// A relation between two ordered values: a bit for each order in which it holds, from less to greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Relation {
    Lt = 0b001,
    Eq = 0b010,
    Le = 0b011,
    Gt = 0b100,
    Ne = 0b101,
    Ge = 0b110,
}

impl Relation {
    /// Whether it holds for values of this order.
    #[inline(always)]
    pub fn holds(self, order: Ordering) -> bool {
        self as u8 >> (order as i8 + 1) & 1 == 1
    }
}

/// A value as the parser read it.
#[derive(Clone, Debug)]
pub enum Literal<'a> {
    /// None could be read.
    Missing,
    Null,
    Boolean(bool),
    /// Sign and digits; none where they are no integer.
    Int(Option<String>),
    Double(&'a str),
    Version(&'a str),
    String(&'a str),
    /// Elements of a list, as their tokens; none where the list could not be read.
    Strings(Option<Vec<&'a str>>),
    Ints(Option<Vec<&'a str>>),
    Doubles(Option<Vec<&'a str>>),
}

/// The texts of a list, by their length and then in order, so that a long list is not read from end to end.
#[derive(Debug)]
pub struct Texts(Box<[bytes::Literal]>);

/// A list that is not longer is read from end to end.
const SHORT_LIST: usize = 8;

impl Texts {
    fn new<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut texts: Box<[_]> = texts.map(|text| bytes::Literal::new(text.as_bytes())).collect();
        texts.sort_unstable_by(|a, b| {
            let (a, b) = (a.as_bytes(), b.as_bytes());
            (a.len(), a).cmp(&(b.len(), b))
        });
        Self(texts)
    }

    /// Whether `text` is one of them, in this very case.
    #[inline]
    pub fn contains(&self, text: &[u8]) -> bool {
        if self.0.len() <= SHORT_LIST {
            let head = bytes::head(text);
            return self.0.iter().any(|other| other.equals_with_head(text, head));
        }
        let before = self.0.partition_point(|other| bytes::before(other.as_bytes(), text));
        self.0.get(before).is_some_and(|other| other.equals(text))
    }
}

/// What a comparison does with its left operand.
#[derive(Debug)]
pub enum Test {
    /// Makes the whole query false.
    Fault,
    /// Is false whatever the operand.
    Never,
    IsNull(bool),
    Bool(bool),
    Int(Relation, i64),
    Double(Relation, f64),
    Version(Relation, Box<Bound>),
    /// Lower-case text.
    Text(Relation, Box<str>),
    /// Whether the operand is this lower-case text (true), or is not (false).
    IsText(bool, bytes::Literal),
    Contains(Box<str>),
    Starts(Box<str>),
    Ends(Box<str>),
    InTexts(Texts),
    InInts(Box<[i64]>),
    InDoubles(Box<[f64]>),
}

impl Test {
    /// Compiles `operator literal` (reference 3.9, table of literals).
    pub fn new(operator: Operator, literal: Literal<'_>) -> Self {
        let text_operator = matches!(operator, Operator::Contains | Operator::Starts | Operator::Ends);
        match literal {
            Literal::Missing => Self::Fault,
            Literal::Null | Literal::Boolean(_) => Self::equality(operator, &literal),
            Literal::Int(digits) => match digits.and_then(|digits| digits.parse().ok()) {
                Some(number) if !text_operator => {
                    operator.relation().map_or(Self::Never, |relation| Self::Int(relation, number))
                }
                _ => Self::Fault,
            },
            Literal::Double(_) if text_operator => Self::Fault,
            Literal::Double(digits) => match (operator.relation(), finite(digits)) {
                (Some(relation), Some(number)) => Self::Double(relation, number),
                _ => Self::Never,
            },
            Literal::Version(version) => match operator.relation() {
                None => Self::Fault,
                Some(relation) => Bound::parse(version)
                    .map_or(Self::Never, |version| Self::Version(relation, Box::new(version))),
            },
            Literal::String(token) => Self::text(operator, token),
            Literal::Strings(None) | Literal::Ints(None) | Literal::Doubles(None) => Self::Fault,
            Literal::Strings(Some(tokens)) => match operator {
                Operator::In => Self::InTexts(Texts::new(tokens.into_iter().map(unquote))),
                _ => Self::Never,
            },
            Literal::Ints(Some(tokens)) => {
                let numbers = tokens.iter().map(|digits| digits.parse().ok()).collect();
                Self::in_numbers(operator, numbers, Self::InInts)
            }
            Literal::Doubles(Some(tokens)) => {
                let numbers = tokens.iter().map(|digits| finite(digits)).collect();
                Self::in_numbers(operator, numbers, Self::InDoubles)
            }
        }
    }

    fn equality(operator: Operator, literal: &Literal<'_>) -> Self {
        let equal = match operator {
            Operator::Eq => true,
            Operator::Ne => false,
            _ => return Self::Fault,
        };
        match literal {
            Literal::Boolean(value) => Self::Bool(*value == equal),
            _ => Self::IsNull(equal),
        }
    }

    fn text(operator: Operator, token: &str) -> Self {
        let lower: Box<str> = text::lower(unquote(token)).into();
        match operator {
            Operator::Eq | Operator::Ne => {
                Self::IsText(operator == Operator::Eq, bytes::Literal::new(lower.as_bytes()))
            }
            Operator::Contains => Self::Contains(lower),
            Operator::Starts => Self::Starts(lower),
            Operator::Ends => Self::Ends(lower),
            _ => operator.relation().map_or(Self::Never, |relation| Self::Text(relation, lower)),
        }
    }

    /// A list of numbers: one that is out of range spoils the query, an operator other than `in` only the comparison.
    fn in_numbers<T>(operator: Operator, numbers: Option<Box<[T]>>, test: impl Fn(Box<[T]>) -> Self) -> Self {
        match (operator, numbers) {
            (_, None) | (Operator::Contains | Operator::Starts | Operator::Ends, _) => Self::Fault,
            (Operator::In, Some(numbers)) => test(numbers),
            _ => Self::Never,
        }
    }
}

/// A double literal's value; none where it is too large for one.
fn finite(digits: &str) -> Option<f64> {
    digits.parse().ok().filter(|number: &f64| number.is_finite())
}

/// The text between a string token's quotes, raw: nothing is unescaped.
fn unquote(token: &str) -> &str {
    token.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default()
}
