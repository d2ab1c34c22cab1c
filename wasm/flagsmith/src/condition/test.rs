//! What a condition's value must be: its operator with the other side, read once (reference 2.4).

use super::compare::{Comparison, Operand, contains};
use super::items::Texts;
use super::{Note, Source};
use crate::hash::Prefix;
use crate::json::{Json, Kind, Node};
use crate::python::{float, value_text};
use crate::regex::{Refusal, Regex, with_codes};
use crate::scope::{Identity, Scope};
use crate::value::{Raised, Value};

/// An operator with its other side.
#[derive(Debug)]
pub enum Test {
    IsSet,
    IsNotSet,
    In(Texts),
    Split(Split),
    Compare(Comparison, Operand),
    Contains(Operand),
    NotContains(Box<str>),
    Regex(Box<Regex>),
    Modulo(Modulo),
    /// An unknown operator, or one whose other side makes Python raise or answer false, whatever the value.
    Never,
}

/// A share of all identities.
#[derive(Debug)]
pub struct Split {
    prefix: Prefix,
    /// The greatest percentage that is in.
    threshold: f64,
}

#[derive(Debug)]
pub struct Modulo {
    divisor: f64,
    remainder: f64,
}

impl Test {
    pub fn new(source: Source<'_>, segment: &Prefix, notes: &mut Vec<Note>) -> Self {
        let Source { operator, value, .. } = source;
        let compare = |comparison| Self::Compare(comparison, Operand::new(value));
        match operator.unwrap_or_default() {
            "IS_SET" => Self::IsSet,
            "IS_NOT_SET" => Self::IsNotSet,
            "IN" => items(value, notes).map_or(Self::Never, Self::In),
            "PERCENTAGE_SPLIT" => threshold(value, notes)
                .map_or(Self::Never, |threshold| Self::Split(Split { prefix: segment.clone(), threshold })),
            "EQUAL" => compare(Comparison::Equal),
            "NOT_EQUAL" => compare(Comparison::NotEqual),
            "GREATER_THAN" => compare(Comparison::Greater),
            "GREATER_THAN_INCLUSIVE" => compare(Comparison::GreaterOrEqual),
            "LESS_THAN" => compare(Comparison::Less),
            "LESS_THAN_INCLUSIVE" => compare(Comparison::LessOrEqual),
            "CONTAINS" => Self::Contains(Operand::new(value)),
            "NOT_CONTAINS" => Self::NotContains(value_text(value).into()),
            "REGEX" => regex(source, notes),
            "MODULO" => modulo(value, notes).map_or(Self::Never, Self::Modulo),
            unknown => {
                notes.push(Note::error(
                    "unknown-operator",
                    format!("operator `{unknown}` is unknown, so the condition never matches"),
                ));
                Self::Never
            }
        }
    }

    /// Whether it holds for a value; where Python raises, or a match takes too many steps, that is said.
    #[inline]
    pub fn holds(&self, value: &Value<'_>) -> Result<bool, Raised> {
        Ok(match self {
            Self::Compare(comparison, operand) => operand.compares(*comparison, value),
            Self::In(texts) => match value {
                Value::Int(value) => texts.contains(value.to_string().as_bytes()),
                value => value.text().is_some_and(|text| texts.contains(text)),
            },
            Self::IsSet => *value != Value::Null,
            Self::IsNotSet => *value == Value::Null,
            Self::Split(split) => *value != Value::Null && split.holds(value),
            Self::Contains(operand) => operand.is_contained_in(value),
            Self::NotContains(part) => value.text().is_some_and(|text| !contains(text, part.as_bytes())),
            Self::Regex(regex) if *value != Value::Null => {
                return regex.is_match(&value.to_text()).map_err(|_| Raised);
            }
            Self::Modulo(modulo) => return modulo.holds(value),
            Self::Regex(_) | Self::Never => false,
        })
    }
}

impl Split {
    fn holds(&self, value: &Value<'_>) -> bool {
        self.percentage(value) <= self.threshold
    }

    /// The percentage of a value.
    pub fn percentage(&self, value: &Value<'_>) -> f64 {
        self.prefix.percentage(&[value.to_text().as_bytes()])
    }

    /// The percentage of an identity's key.
    #[inline]
    pub fn percentage_of_key(&self, identity: Identity<'_>) -> f64 {
        self.prefix.percentage(&identity.key)
    }

    /// Whether it holds for the identity's key, which is no number whatever it looks like.
    #[inline]
    pub fn holds_for_key(&self, scope: &Scope<'_>) -> bool {
        scope.identity.is_some_and(|identity| self.percentage_of_key(identity) <= self.threshold)
    }
}

impl Modulo {
    fn holds(&self, value: &Value<'_>) -> Result<bool, Raised> {
        let value = match value {
            Value::Bool(value) => f64::from(u8::from(*value)),
            // Too large for a double: OverflowError.
            Value::Int(value) => value.to_f64().ok_or(Raised)?,
            Value::Float(value) => *value,
            _ => return Ok(false),
        };
        // By zero Python raises as well, but that is said once and for all.
        Ok(self.divisor != 0.0 && floored(value, self.divisor) == self.remainder)
    }
}

/// Python's `%`: the sign is that of the divisor (reference M3).
fn floored(value: f64, divisor: f64) -> f64 {
    let remainder = value % divisor;
    if remainder != 0.0 && (remainder < 0.0) != (divisor < 0.0) { remainder + divisor } else { remainder }
}

/// The items of an IN condition; none where Python raises.
fn items(value: Node<'_>, notes: &mut Vec<Note>) -> Option<Texts> {
    match value.kind() {
        Kind::List => Some(value.items().map(value_text).collect()),
        Kind::Text(text) => match text.starts_with('[').then(|| Json::parse_lax(text)) {
            Some(Ok(list)) => Some(list.root().items().map(value_text).collect()),
            _ => Some(text.split(',').collect()),
        },
        _ => {
            notes.push(Note::error(
                "unusable-value",
                "IN without a list never matches; Flagsmith's engine raises".into(),
            ));
            None
        }
    }
}

/// The percentage up to which a split goes; none where nobody is in, or Python raises.
fn threshold(value: Node<'_>, notes: &mut Vec<Note>) -> Option<f64> {
    let threshold = match value.kind() {
        Kind::Text(text) => float(text),
        Kind::Int(value) => value.to_f64(),
        Kind::Float(value) => Some(value),
        Kind::Bool(value) => Some(value.into()),
        Kind::Null | Kind::List | Kind::Map => None,
    };
    match threshold {
        None => notes.push(Note::error("unusable-value", "PERCENTAGE_SPLIT without a number never matches".into())),
        Some(threshold) if !(0.0..=100.0).contains(&threshold) => notes.push(Note::warning(
            "odd-percentage",
            format!("PERCENTAGE_SPLIT of {threshold} is no percentage: nobody is in below 0, everybody from 100 on"),
        )),
        Some(_) => {}
    }
    threshold
}

fn regex(source: Source<'_>, notes: &mut Vec<Note>) -> Test {
    let pattern = value_text(source.value);
    let named = |name: &str| source.characters?.get(name)?.text()?.chars().next();
    match Regex::new(&with_codes(&pattern, named)) {
        Ok(regex) => {
            if !regex.is_linear() {
                notes.push(Note::warning(
                    "costly-regex",
                    "look-around, back-references, conditionals, atomic groups and possessive repeats run with a limit of steps, \
                     beyond which the condition does not match"
                        .into(),
                ));
            }
            Test::Regex(Box::new(regex))
        }
        Err(refusal) => {
            let consequence = match refusal {
                Refusal::Invalid { .. } => "the condition never matches; Flagsmith's engine raises",
                _ => "the condition never matches here",
            };
            notes.push(Note::error("unusable-regex", format!("{refusal}: {consequence}")));
            Test::Never
        }
    }
}

/// `divisor|remainder`; none where it is no such text, or the divisor is zero.
fn modulo(value: Node<'_>, notes: &mut Vec<Note>) -> Option<Modulo> {
    let parts = value.text().and_then(|text| text.split_once('|'));
    let numbers = parts.and_then(|(divisor, remainder)| {
        Some(Modulo { divisor: float(divisor)?, remainder: float(remainder)? })
    });
    match &numbers {
        None => notes
            .push(Note::error("unusable-value", "MODULO without `divisor|remainder` never matches".into())),
        Some(Modulo { divisor: 0.0, .. }) => notes.push(Note::error(
            "zero-divisor",
            "MODULO by zero never matches; Flagsmith's engine raises".into(),
        )),
        Some(_) => {}
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modulo_is_floored() {
        let inf = f64::INFINITY;
        assert_eq!(floored(-5.0, 3.0), 1.0);
        assert_eq!(floored(5.0, -3.0), -1.0);
        assert_eq!(floored(5.0, inf), 5.0);
        assert_eq!(floored(-5.0, inf), inf);
        assert_eq!(floored(4.0, -inf), -inf);
        assert!(floored(inf, 2.0).is_nan() && floored(4.0, f64::NAN).is_nan());
    }
}
