//! The relay's checks of a flag at load (reference 2.3): it drops a flag that fails one; we answer it with an error.

use std::collections::BTreeSet;

use crate::flag::{Flag, Rule, Values};
use crate::query::Query;

/// Why the relay refuses a flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// Which rule, as diagnostics name it; empty for the flag itself.
    pub rule: String,
    /// The relay's words, where it has any.
    pub message: String,
    /// What was probably meant; may be empty.
    pub suggestion: String,
}

/// A fault of a rule or query: what is wrong, and what was probably meant (may be empty).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub message: String,
    /// What was probably meant; may be empty.
    pub suggestion: String,
}

impl<T: Into<String>> From<T> for Fault {
    fn from(message: T) -> Self {
        Self { message: message.into(), suggestion: String::new() }
    }
}

impl Invalid {
    fn new(rule: &str, fault: impl Into<Fault>) -> Self {
        let Fault { message, suggestion } = fault.into();
        Self { rule: rule.into(), message, suggestion }
    }
}

/// How diagnostics name the targeting rule at `index`.
pub fn rule_name(index: usize, rule: &Rule) -> String {
    match rule.name.as_deref() {
        Some(name) if !name.is_empty() => format!("targeting[{index}] \"{name}\""),
        _ => format!("targeting[{index}]"),
    }
}

/// Checks a flag in the relay's order. `query` compiles (or finds) a rule's query.
///
/// # Errors
/// With the first fault.
pub fn validate<Q: AsRef<Query>>(flag: &Flag<'_>, mut query: impl FnMut(&str) -> Q) -> Result<(), Invalid> {
    let empty = Values::new();
    let variations = flag.variations.as_ref().unwrap_or(&empty);
    validate_variations(variations)?;
    let default = flag.default_rule.as_ref().ok_or_else(|| Invalid::new("", "missing default rule"))?;
    validate_selection(default, variations).map_err(|message| Invalid::new("defaultRule", message))?;
    let mut names = BTreeSet::new();
    for (index, rule) in flag.targeting.iter().flatten().enumerate() {
        let place = rule_name(index, rule);
        if rule.disable != Some(true) {
            validate_query(rule, &mut query)
                .and_then(|()| Ok(validate_selection(rule, variations)?))
                .map_err(|fault| Invalid::new(&place, fault))?;
        }
        let name = rule.name.as_deref().unwrap_or_default();
        if !name.is_empty() && !names.insert(name) {
            return Err(Invalid::new(&place, format!("duplicated rule name: {name}")));
        }
    }
    Ok(())
}

fn validate_variations(variations: &Values<'_>) -> Result<(), Invalid> {
    if variations.is_empty() {
        return Err(Invalid::new("", "no variation available"));
    }
    if let Some((name, _)) = variations.iter().find(|(_, value)| **value == "null") {
        return Err(Invalid::new("", format!("nil value for variation: {name}")));
    }
    let mut kinds = variations.iter().map(|(name, value)| (name, kind(value)));
    let Some((first, first_kind)) = kinds.next() else { return Ok(()) };
    match kinds.find(|(_, kind)| *kind != first_kind) {
        None => Ok(()),
        Some((other, other_kind)) => Err(Invalid::new(
            "",
            format!(
                "all variations should have the same type: {first} is {first_kind}, {other} is {other_kind}"
            ),
        )),
    }
}

fn kind(value: &str) -> &'static str {
    match value.as_bytes().first() {
        Some(b'"') => "a string",
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b't' | b'f') => "a boolean",
        _ => "a number",
    }
}

fn validate_query<Q: AsRef<Query>>(rule: &Rule, query: &mut impl FnMut(&str) -> Q) -> Result<(), Fault> {
    if rule.percentage.is_none() && rule.progressive.is_none() && rule.variation.is_none() {
        return Err("impossible to return value".into());
    }
    match &rule.query {
        None => Err("each targeting should have a query".into()),
        Some(text) => query(text).as_ref().validity(),
    }
}

fn validate_selection(rule: &Rule, variations: &Values<'_>) -> Result<(), String> {
    let exists = |name: &Option<String>| name.as_ref().is_some_and(|name| variations.contains_key(name));
    let unknown = |name: &Option<String>| match name {
        Some(name) => format!("invalid variation: variation {name} does not exist"),
        None => "a variation is missing".into(),
    };
    if let Some(shares) = &rule.percentage {
        if shares.is_empty() {
            return Err("invalid percentages: no percentage is given".into());
        }
        if let Some(name) = shares.keys().find(|name| !variations.contains_key(*name)) {
            return Err(format!("invalid percentage: variation {name} does not exist"));
        }
        if shares.values().sum::<f64>() == 0.0 {
            return Err("invalid percentages: they add up to 0".into());
        }
    }
    if let Some(rollout) = &rule.progressive {
        let (Some(initial), Some(end)) = (&rollout.initial, &rollout.end) else {
            return Err("invalid progressive rollout: it needs both initial and end".into());
        };
        if end.percentage.unwrap_or_default() < initial.percentage.unwrap_or_default() {
            return Err(
                "invalid progressive rollout, initial percentage should be lower than end percentage".into(),
            );
        }
        if let Some(milestone) = [end, initial].into_iter().find(|milestone| !exists(&milestone.variation)) {
            return Err(unknown(&milestone.variation));
        }
    }
    if rule.percentage.is_none() && rule.progressive.is_none() {
        if rule.variation.is_none() {
            return Err("impossible to return value".into());
        }
        if !exists(&rule.variation) {
            return Err(unknown(&rule.variation));
        }
    }
    Ok(())
}
