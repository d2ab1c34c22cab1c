//! The typed comparisons: the type of the context's value decides how the condition's text is read (reference 2.4.2).

use std::cmp::Ordering;

use pennon_wire::bytes;

use crate::integer::Integer;
use crate::json::{Kind, Node};
use crate::python::{float, int, value_text};
use crate::semver::{SUFFIX, Version, plain};
use crate::value::Value;

/// Which comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
}

impl Comparison {
    /// Whether it holds for this order; none is that of NaN against anything.
    #[inline]
    fn holds(self, order: Option<Ordering>) -> bool {
        match (self, order) {
            (Self::NotEqual, order) => order != Some(Ordering::Equal),
            (_, None) => false,
            (Self::Equal, Some(order)) => order.is_eq(),
            (Self::Greater, Some(order)) => order.is_gt(),
            (Self::GreaterOrEqual, Some(order)) => order.is_ge(),
            (Self::Less, Some(order)) => order.is_lt(),
            (Self::LessOrEqual, Some(order)) => order.is_le(),
        }
    }
}

/// A condition's value, read in every way that a context's value may ask for.
#[derive(Debug)]
pub struct Operand {
    /// What a text is compared with.
    text: Text,
    boolean: bool,
    integer: Option<Integer>,
    float: Option<f64>,
}

#[derive(Debug)]
enum Text {
    Plain(Box<[u8]>),
    /// The text without its suffix, which is a version, or is none; and its numbers where it has no more.
    Version(Box<str>, Option<[u32; 3]>),
    /// The value is none that a text can be compared with.
    Incomparable,
}

impl Operand {
    /// Reads a condition's value; off the schema it may be any JSON (reference M1, M2).
    pub fn new(value: Node<'_>) -> Self {
        let text = match value.kind() {
            Kind::Text(text) => match text.strip_suffix(SUFFIX) {
                Some(version) => Text::Version(version.into(), plain(version.as_bytes())),
                None => Text::Plain(text.as_bytes().into()),
            },
            Kind::Null => Text::Plain(b"None".as_slice().into()),
            // Python takes the last characters of it, which a list has too, though no characters.
            Kind::List => Text::Plain(value_text(value).into_bytes().into()),
            _ => Text::Incomparable,
        };
        let (integer, float) = match value.kind() {
            Kind::Text(text) => (int(text), float(text)),
            Kind::Int(number) => (Some(number.clone()), number.to_f64()),
            Kind::Float(number) => (truncated(number), Some(number)),
            Kind::Bool(value) => (Some(Integer::Small(value.into())), Some(value.into())),
            Kind::Null | Kind::List | Kind::Map => (None, None),
        };
        Self { text, boolean: !matches!(value.kind(), Kind::Text("False" | "false")), integer, float }
    }

    /// Whether `comparison` holds between a value and this. Whatever cannot be compared is false, also for `!=`.
    #[inline]
    pub fn compares(&self, comparison: Comparison, value: &Value<'_>) -> bool {
        match value {
            Value::Text(text) => self.compares_text(comparison, text),
            Value::Made(text) => self.compares_text(comparison, text.as_bytes()),
            Value::Bool(value) => comparison.holds(Some(value.cmp(&self.boolean))),
            Value::Int(value) => {
                self.integer.as_ref().is_some_and(|own| comparison.holds(Some(value.cmp(own))))
            }
            Value::Float(value) => self.float.is_some_and(|own| comparison.holds(value.partial_cmp(&own))),
            Value::Null => false,
        }
    }

    #[inline]
    fn compares_text(&self, comparison: Comparison, value: &[u8]) -> bool {
        match (&self.text, comparison) {
            (Text::Plain(own), Comparison::Equal) => bytes::equal(value, own),
            (Text::Plain(own), Comparison::NotEqual) => !bytes::equal(value, own),
            (Text::Plain(own), _) => comparison.holds(Some(value.cmp(own))),
            (Text::Version(_, Some(own)), _) if let Some(value) = plain(value) => {
                comparison.holds(Some(value.cmp(own)))
            }
            (Text::Version(own, _), _) => match (version(value), Version::parse(own)) {
                (Some(value), Some(own)) => comparison.holds(Some(value.compare(&own))),
                _ => false,
            },
            (Text::Incomparable, _) => false,
        }
    }

    /// CONTAINS: texts that are texts still; a version contains its prerelease and its build (reference C2).
    pub fn is_contained_in(&self, value: &Value<'_>) -> bool {
        let Some(value) = value.text() else { return false };
        match &self.text {
            Text::Plain(own) => contains(value, own),
            Text::Version(own, _) => version(value).is_some_and(|value| value.contains(own)),
            Text::Incomparable => false,
        }
    }
}

/// `int(number)`; none where it raises, as of infinities.
fn truncated(number: f64) -> Option<Integer> {
    Integer::parse(&format!("{:.0}", number.trunc())).filter(|_| number.is_finite())
}

fn version(text: &[u8]) -> Option<Version<'_>> {
    Version::parse(std::str::from_utf8(text).ok()?)
}

/// Whether a text has another within it.
pub fn contains(text: &[u8], part: &[u8]) -> bool {
    part.is_empty() || text.windows(part.len()).any(|window| bytes::equal(window, part))
}
