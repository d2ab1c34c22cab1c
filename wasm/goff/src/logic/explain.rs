//! A JSONLogic rule, taken apart for its reader.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::{Logic, budget::MAX_RULE_DEPTH};
use crate::explain::{Comparison, Tree, value_json};
use crate::scope::{Attribute, Scope};

/// The rule's parts under `and`, `or` and `!`, each with what it finds in `scope`.
pub fn explain(text: &str, scope: &Scope<'_>) -> Tree {
    part(text, scope, 0)
}

fn part(text: &str, scope: &Scope<'_>, depth: usize) -> Tree {
    let whole = || Tree::Comparison(whole(text, scope));
    let Ok(object) = serde_json::from_str::<BTreeMap<String, &RawValue>>(text) else { return whole() };
    let mut members = object.iter();
    let (Some((operator, arguments)), None) = (members.next(), members.next()) else { return whole() };
    if depth >= MAX_RULE_DEPTH as usize {
        return whole();
    }
    let parts = || -> Vec<Tree> {
        let listed = serde_json::from_str::<Vec<&RawValue>>(arguments.get());
        let arguments = listed.unwrap_or_else(|_| vec![*arguments]);
        arguments.iter().map(|argument| part(argument.get(), scope, depth + 1)).collect()
    };
    match operator.as_str() {
        "and" => Tree::All(parts()),
        "or" => Tree::Any(parts()),
        "!" => match parts().pop() {
            Some(negated) => Tree::Not(Box::new(negated)),
            None => whole(),
        },
        _ => whole(),
    }
}

fn whole(text: &str, scope: &Scope<'_>) -> Comparison {
    let rule = Logic::parse(text);
    let names = rule.as_ref().and_then(Logic::attributes).unwrap_or_default();
    let operand = |name: &str| {
        let value = scope.get(&Attribute::new(name)).unwrap_or_default();
        (name.to_owned(), value_json(value))
    };
    let holds = match &rule {
        Some(rule) => rule.matches(scope).ok(),
        // A literal.
        None => Some(!matches!(text.trim(), "false" | "null" | "0" | "\"\"" | "[]")),
    };
    Comparison {
        text: text.replace(['\n', '\r', '\t'], " "),
        operands: names.into_iter().map(operand).collect(),
        holds,
    }
}
