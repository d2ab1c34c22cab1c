//! JSONLogic as the relay evaluates it: diegoholiveira/jsonlogic 3.10.1 and the relay's judgement of its result
//! (reference 3.10 and its corrections).
//!
//! A rule is read once into a tree whose operators and paths are resolved. Evaluating the common operators allocates
//! nothing: strings are lent by the rule and the context. What has to be made (lists, texts) lives until the end of
//! the evaluation. A context can hold rules, which some operators run, so that every evaluation is bounded.

mod attributes;
mod budget;
mod explain;
mod heap;
mod json;
mod machine;
mod number;
mod operator;
mod path;
mod resolve;
mod validity;
mod value;

use std::fmt;

use self::heap::Store;
use self::json::Json;
use self::machine::Machine;
use self::value::{List, Map, Val};
use crate::scope::Scope;

pub use self::budget::{MAX_DEPTH, MAX_MADE_BYTES, MAX_RULE_DEPTH, MAX_STEPS};
pub use self::explain::explain;
pub use self::operator::Operator;
pub use self::validity::InvalidRule;

/// A rule, immutable.
///
/// Threads: shared.
#[derive(Debug)]
pub struct Logic {
    rule: Json,
    /// Whether it is nested deeper than [`MAX_RULE_DEPTH`]; what lies below is not kept.
    too_deep: bool,
}

/// Why a rule has no answer. To the relay it is the same as an answer that does not match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// An operator has arguments that it cannot work with: too few, or of the wrong type.
    Argument(Option<Operator>),
    /// An object names an operator that does not exist. It may be one of the context.
    UnknownOperator,
    /// The result holds a number that JSON cannot write, as that of a division by zero.
    NotFinite,
    /// The rule is nested deeper than [`MAX_RULE_DEPTH`], or its evaluation than [`MAX_DEPTH`].
    TooDeep,
    /// The evaluation took more than [`MAX_STEPS`], or made more than [`MAX_MADE_BYTES`].
    TooLong,
}

impl Logic {
    /// Reads a rule; none where `text` is not one JSON object, so that it is a query of the other language.
    pub fn parse(text: &str) -> Option<Self> {
        let (rule, too_deep) = json::read(text)?;
        matches!(rule, Json::Object(_)).then_some(Self { rule, too_deep })
    }

    /// The relay's check at load: it drops a flag that has an invalid rule.
    ///
    /// # Errors
    /// The first fault of the rule.
    pub fn validity(&self) -> Result<(), InvalidRule> {
        if self.too_deep { Err(InvalidRule::too_deep()) } else { validity::check(&self.rule) }
    }

    /// Whether the rule matches.
    ///
    /// # Errors
    /// Where the rule has no answer, the reason. The relay takes it for one that does not match.
    pub fn matches(&self, scope: &Scope<'_>) -> Result<bool, Fault> {
        if self.too_deep {
            return Err(Fault::TooDeep);
        }
        let store = Store::default();
        let machine = Machine::new(&store);
        let result = machine.rule(&self.rule, &Val::Map(Map::Scope(scope)))?;
        if !machine.is_finite(result)? {
            return Err(Fault::NotFinite);
        }
        Ok(is_match(result))
    }

    /// Names of the attributes that it reads, sorted; none where it may read any.
    pub fn attributes(&self) -> Option<Vec<&str>> {
        attributes::of(&self.rule)
    }
}

/// The relay looks at the result's JSON text: `false`, `null`, `""`, `0` and `[]` do not match, all else does,
/// `{}` and `-0` too.
fn is_match(result: Val<'_>) -> bool {
    match result {
        Val::Null | Val::GoZero => false,
        Val::Bool(value) => value,
        Val::Number(value) => value != 0.0 || value.is_sign_negative(),
        Val::Text(text) => !text.is_empty(),
        Val::List(list) => List::len(list) > 0,
        Val::Map(_) => true,
    }
}

impl Fault {
    /// The same, of `operator` if no operator within it is to blame.
    fn within(self, operator: Operator) -> Self {
        match self {
            Self::Argument(None) => Self::Argument(Some(operator)),
            fault => fault,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument(Some(operator)) => {
                write!(f, "arguments of `{operator}` are too few or of a wrong type")
            }
            Self::Argument(None) => f.write_str("a value is of a wrong type"),
            Self::UnknownOperator => f.write_str("an object names an operator that does not exist"),
            Self::NotFinite => f.write_str("the result is infinite or not a number"),
            Self::TooDeep => write!(f, "evaluation is nested deeper than {MAX_DEPTH} levels"),
            Self::TooLong => {
                write!(f, "evaluation takes more than {MAX_STEPS} steps or {MAX_MADE_BYTES} bytes")
            }
        }
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests;
