//! One condition of a segment: where its value is from, and what it must be (reference 2.3, 2.4).

mod compare;
mod items;
mod property;
mod test;

use pennon_wire::Value as Raw;
use pennon_wire::report::{Diagnostic, Severity};

pub use self::items::hash_of;
pub use self::property::{Member, Place, Property};
use self::test::Test;
use crate::hash::Prefix;
use crate::json::Node;
use crate::scope::{Scope, open};
use crate::tree::World;
use crate::value::{Raised, Value, looks_numeric};

/// A compiled condition.
#[derive(Debug)]
pub struct Condition {
    /// Where its value is from.
    pub property: Property,
    test: Test,
}

/// What is worth saying about a condition.
#[derive(Debug)]
pub struct Note {
    /// How grave it is.
    pub severity: Severity,
    /// The kind of fault.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
}

impl Note {
    fn error(code: &'static str, message: String) -> Self {
        Self { severity: Severity::Error, code, message }
    }

    fn warning(code: &'static str, message: String) -> Self {
        Self { severity: Severity::Warning, code, message }
    }

    /// As a diagnostic about a place.
    pub fn at(self, rule: &str) -> Diagnostic {
        Diagnostic {
            severity: self.severity,
            code: self.code.into(),
            rule: rule.into(),
            column: 0,
            message: self.message,
            suggestion: String::new(),
        }
    }
}

/// How a document writes conditions.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'j> {
    /// How a condition's property is called: documents have an underscore behind it, contexts do not.
    pub property: &'static str,
    /// The characters that patterns call by their names, by name.
    pub characters: Option<Node<'j>>,
}

/// The parts of a condition as a document has them.
#[derive(Clone, Copy, Debug)]
pub struct Source<'j> {
    /// The property; empty where there is none.
    pub property: &'j str,
    /// The operator; none where it is no text, which no operator is.
    pub operator: Option<&'j str>,
    /// The value that the context's is compared with.
    pub value: Node<'j>,
    /// As in [`Terms`].
    pub characters: Option<Node<'j>>,
}

impl<'j> Source<'j> {
    /// Reads a condition of a document.
    pub fn read(condition: Node<'j>, terms: Terms<'j>) -> Self {
        Self {
            property: condition.get(terms.property).and_then(Node::text).unwrap_or_default(),
            operator: condition.get("operator").and_then(Node::text),
            value: condition.get("value").unwrap_or(condition.absent()),
            characters: terms.characters,
        }
    }
}

impl Condition {
    /// Compiles a condition of the segment that hashes as `segment`.
    pub fn new(source: Source<'_>, segment: &Prefix, notes: &mut Vec<Note>) -> Self {
        let is_split = source.operator == Some("PERCENTAGE_SPLIT");
        let property = if is_split && source.property.is_empty() {
            Property::Key
        } else {
            Property::new(source.property, notes)
        };
        let test = Test::new(source, segment, notes);
        Self { property, test }
    }

    /// Whether it holds. Where Python raises, it does not.
    #[inline]
    pub fn holds(&self, scope: &Scope<'_>, world: &World<'_>) -> bool {
        if let (Property::Key, Test::Split(split)) = (&self.property, &self.test) {
            return split.holds_for_key(scope);
        }
        let held = match &self.property {
            // Most look at a trait that is a text, which then need not pass through memory as a value of any type.
            Property::Trait(name) => match scope.raw(name).unwrap_or_default() {
                Raw::String(text) if !looks_numeric(text) => self.test.holds(&Value::Text(text)),
                other => open(other).and_then(Value::of).and_then(|value| self.test.holds(&value)),
            },
            _ => self.value(scope, world).and_then(|value| self.test.holds(&value)),
        };
        match held {
            Ok(holds) => holds,
            Err(Raised) => {
                // What raises for every context is said when the unit is loaded.
                if !matches!(self.property, Property::Raises) {
                    scope.raise();
                }
                false
            }
        }
    }

    /// The value that it looks at.
    #[inline]
    pub fn value<'v>(&'v self, scope: &'v Scope<'v>, world: &'v World<'v>) -> Result<Value<'v>, Raised> {
        self.property.value(scope, world)
    }

    /// The percentage of the identity, or of a value, that a split compares; none of any other condition.
    pub fn percentage(&self, scope: &Scope<'_>, world: &World<'_>) -> Option<f64> {
        let Test::Split(split) = &self.test else { return None };
        match self.property {
            Property::Key => Some(split.percentage_of_key(scope.identity?)),
            _ => self
                .value(scope, world)
                .ok()
                .filter(|value| *value != Value::Null)
                .map(|value| split.percentage(&value)),
        }
    }

    /// Whether it is plain that it never holds.
    pub fn never_holds(&self) -> bool {
        matches!(self.test, Test::Never) || matches!(self.property, Property::Raises)
    }
}
