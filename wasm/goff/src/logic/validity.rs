//! The relay's check of a rule at load.

use std::fmt;

use super::budget::MAX_RULE_DEPTH;
use super::json::{Json, Object};
use super::operator::Operator;

/// A rule that the relay does not accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidRule {
    /// The operator that does not exist, where that is the fault.
    pub operator: Option<String>,
    /// The fault, in one line.
    pub message: String,
    /// What to write instead, where that is known.
    pub advice: Option<String>,
}

impl InvalidRule {
    fn new(message: &str) -> Self {
        Self { operator: None, message: message.to_owned(), advice: None }
    }

    pub(super) fn too_deep() -> Self {
        Self::new(&format!("rule is nested deeper than {MAX_RULE_DEPTH} levels"))
    }

    fn unknown(operator: &str) -> Self {
        let message = format!("GO Feature Flag has no operator `{operator}`");
        Self { operator: Some(operator.to_owned()), message, advice: advice(operator) }
    }
}

impl fmt::Display for InvalidRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for InvalidRule {}

/// Checks a rule or a member of one. Objects with several members are data to the relay and not looked into.
pub(super) fn check(rule: &Json) -> Result<(), InvalidRule> {
    match rule {
        Json::Null => Err(InvalidRule::new("an operator has `null` for its arguments; `[null]` is allowed")),
        Json::Object(object) if is_variable(object) => Ok(()),
        Json::Object(object) => match object.members() {
            [] => Err(InvalidRule::new("an empty object is no rule")),
            [(operator, _)] if Operator::new(operator.as_bytes()).is_none() => {
                Err(InvalidRule::unknown(operator))
            }
            [(_, argument)] => check(argument),
            _ => Ok(()),
        },
        Json::List(items) => {
            items.iter().filter(|json| matches!(json, Json::List(_) | Json::Object(_))).try_for_each(check)
        }
        Json::Bool(_) | Json::Number(_) | Json::Text(_) => Ok(()),
    }
}

/// Whether the relay takes it for a variable, whatever other members it has.
fn is_variable(object: &Object) -> bool {
    let variable = object.members().iter().find(|(name, _)| &**name == "var");
    matches!(variable, Some((_, Json::Null | Json::Text(_) | Json::Number(_))))
}

/// What to write instead of an operator of other dialects, or of one that is spelt almost right.
fn advice(operator: &str) -> Option<String> {
    let plain = plain(operator);
    let advice = match plain.as_str() {
        "not" => "use `!`",
        "eq" | "equals" | "equal" => "use `==`",
        "ne" | "neq" | "notequals" => "use `!=`",
        "gt" => "use `>`",
        "gte" | "ge" => "use `>=`",
        "lt" => "use `<`",
        "lte" | "le" => "use `<=`",
        "else" | "elseif" | "then" | "ternary" => "use `if`",
        "contains" | "includes" => "use `in`, with what is looked for as the first argument",
        "notin" => "use `in` within `!`",
        "startswith" => r#"compare the text's start: {"==": [{"substr": [text, 0, 3]}, "abc"]}"#,
        "endswith" => r#"compare the text's end: {"==": [{"substr": [text, -3]}, "abc"]}"#,
        "concat" => "use `cat`",
        "any" => "use `some`",
        "every" => "use `all`",
        "mod" => "use `%`",
        "sum" | "add" => "use `+`",
        "fractional" | "percentage" => "use the flag's `percentage`",
        _ => return similar(&plain).map(|operator| format!("did you mean `{operator}`")),
    };
    Some(advice.to_owned())
}

/// A name in lower case without separators.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect()
}

/// The operator whose name differs in one letter at most.
fn similar(name: &str) -> Option<Operator> {
    let words = || Operator::ALL.iter().filter(|operator| operator.name().len() > 1);
    let same = words().find(|operator| plain(operator.name()) == name);
    let near = || words().find(|operator| name.len() > 2 && is_near(&plain(operator.name()), name));
    same.or_else(near).copied()
}

/// Whether one letter inserted, removed or replaced, or two neighbours exchanged, makes one name the other.
fn is_near(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let (short, long) = if a.len() <= b.len() { (&*a, &*b) } else { (&*b, &*a) };
    let start = short.iter().zip(long).take_while(|(a, b)| a == b).count();
    let (short, long) = (short.get(start..).unwrap_or_default(), long.get(start..).unwrap_or_default());
    match (short, long) {
        (short, [_, long @ ..]) if short == long => true,
        ([a, b, short @ ..], [c, d, long @ ..]) if a == d && b == c => short == long,
        ([_, short @ ..], [_, long @ ..]) => short == long,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logic::Logic;

    fn validity(rule: &str) -> Result<(), InvalidRule> {
        Logic::parse(rule).unwrap().validity()
    }

    #[test]
    fn what_the_relay_keeps_is_valid() {
        for rule in [
            r#"{"and": true}"#,
            r#"{"var": null}"#,
            r#"{"var": true}"#,
            r#"{"var": 1, "x": {"y": 1}}"#,
            r#"{"a": 1, "b": {"c": 2}}"#,
            r#"{"in": [null, {"a": {"no": 1}, "b": 2}]}"#,
            r#"{"endsWith": 1, "endsWith ": 2}"#,
            r#"{"unknown": 1, "or": 2}"#,
        ] {
            assert_eq!(validity(rule), Ok(()), "{rule}");
        }
    }

    #[test]
    fn what_the_relay_drops_is_invalid() {
        for rule in [
            "{}",
            r#"{"!": null}"#,
            r#"{"if": [1, {}]}"#,
            r#"{"var": {"x": 1}}"#,
            r#"{"in": [{"var": "a"}, [{"b": 1}]]}"#,
            r#"{"!": {"!": {"not": 1}}}"#,
        ] {
            assert!(validity(rule).is_err(), "{rule}");
        }
    }

    #[test]
    fn unknown_operators_are_named_with_advice() {
        for (operator, advice) in [
            ("not", "use `!`"),
            ("endsWith", "substr"),
            ("starts_with", "substr"),
            ("missingSome", "did you mean `missing_some`"),
            ("flter", "did you mean `filter`"),
            ("xor", "did you mean `or`"),
            ("mpa", "did you mean `map`"),
            ("AND", "did you mean `and`"),
        ] {
            let fault = validity(&format!(r#"{{"!": {{"{operator}": [1]}}}}"#)).unwrap_err();
            assert_eq!(fault.operator.as_deref(), Some(operator));
            assert!(fault.advice.as_deref().is_some_and(|found| found.contains(advice)), "{fault:?}");
            assert_eq!(fault.message, format!("GO Feature Flag has no operator `{operator}`"));
        }
        let fault = validity(r#"{"sem_ver": ["1.0.0", ">", "0.9.0"]}"#).unwrap_err();
        assert_eq!(fault.advice, None);
    }

    #[test]
    fn a_rule_that_is_too_deep_is_invalid() {
        let rule = |levels: u32| {
            let levels = levels as usize;
            format!("{}1{}", r#"{"!":"#.repeat(levels), "}".repeat(levels))
        };
        assert_eq!(validity(&rule(MAX_RULE_DEPTH)), Ok(()));
        let fault = validity(&rule(MAX_RULE_DEPTH + 1)).unwrap_err();
        assert_eq!(fault.message, "rule is nested deeper than 48 levels");
    }
}
