//! Where GO Feature Flag's module and its relay differ (reference 3.11 and its continuation), and we side with the relay: what is
//! not compared with the module, and why. Everything else is.
//!
//! Row 10 is about texts of errors, which are never compared. A4 (numbers of the enrichment that are integers) is not asked:
//! the enrichment of this comparison has none. N3 (numbers beyond 64 bits) is a part of row 1.

use serde_json::Value;

use crate::exclusion::{self, Exclusion};
use crate::outcome::Outcome;

/// A reason not to compare. Each is counted and printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Divergence {
    /// Row 1, N2 and N3: the module has integers of 32 bits. Attributes and literals beyond them saturate or wrap; so do texts
    /// that stand for such numbers, and JSONLogic's own literals, where JSONLogic makes an integer of them.
    Integer32,
    /// Rows 2 to 5 and N1: what makes the relay's query false, or fail (A2), ends the module.
    Trap,
    /// Row 6: bounds of the module that the relay does not have.
    Guard,
    /// Row 7: shares whose sum depends on the order of addition, which is random.
    UnorderedSum,
    /// Row 8 and N4: negative shares.
    NegativeShare,
    /// Row 9 and A1: a flag that the relay drops at load, or dies of, is evaluated by the module.
    InvalidFlag,
}

/// Why a flag is not compared.
pub fn of_flag(flag: &Value) -> Option<Divergence> {
    match exclusion::of_flag(flag)? {
        Exclusion::NegativeShare => Some(Divergence::NegativeShare),
        Exclusion::UnorderedSum => Some(Divergence::UnorderedSum),
        // Refused by us, which is seen when it is loaded.
        _ => None,
    }
}

/// Why an answer about a flag may differ: its queries read a number that 32 bits do not hold, or have one.
pub fn of_question(flag: &Value, context: &Value) -> Option<Divergence> {
    let mut queries = Vec::new();
    collect_queries(flag, &mut queries);
    let attributes = context.as_object().into_iter().flatten().filter(|(_, value)| is_wide(value));
    let wide: Vec<&str> = attributes.map(|(name, _)| name.as_str()).collect();
    let reads = |query: &str| {
        let reads_all = query.starts_with('{') && !wide.is_empty() && !names_all_it_reads(query);
        reads_all || wide.iter().any(|name| query.contains(name))
    };
    let texts = context.as_object().into_iter().flatten().filter(|(_, value)| is_wide_text(value));
    let texts: Vec<&str> = texts.map(|(name, _)| name.as_str()).collect();
    let counts_by_text = |query: &str| {
        let counts = ["missing_some", "substr"].iter().any(|name| query.contains(name));
        counts
            && (!texts.is_empty() && !names_all_it_reads(query)
                || texts.iter().any(|name| query.contains(name))
                || query.parse().is_ok_and(|rule: Value| is_wide(&rule) || is_wide_text(&rule)))
    };
    let differs = |query: &&str| reads(query) || has_wide_literal(query) || counts_by_text(query);
    queries.iter().any(differs).then_some(Divergence::Integer32)
}

/// Why the module's answer says nothing about ours.
pub fn of_answer(answer: &Value) -> Option<Divergence> {
    let details = answer["errorDetails"].as_str().unwrap_or_default();
    match Outcome::from_answer(answer.clone()) {
        Outcome::Error { code } if code == "GENERAL" && details.contains("the evaluator trapped: ") => {
            Some(Divergence::Trap)
        }
        Outcome::Error { code } if code == "PARSE_ERROR" && details.contains("exceeds the maximum") => {
            Some(Divergence::Guard)
        }
        _ => None,
    }
}

/// With which words the module gave up, without those that are of the case at hand.
pub fn panic(answer: &Value) -> String {
    let details = answer["errorDetails"].as_str().unwrap_or_default();
    let Some((_, words)) = details.split_once("(panic: ") else { return String::new() };
    let lexer = "LexerNoViableAltException";
    let count = if words.starts_with("The ") { 2 } else { 4 };
    let words: Vec<_> = words.trim_end_matches(')').split_whitespace().take(count).collect();
    let words = if words[0].starts_with(lexer) { lexer.to_owned() } else { words.join(" ") };
    format!(", {words}")
}

fn collect_queries<'a>(value: &'a Value, queries: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(query) if name == "query" => queries.push(query.trim_start()),
                    member => collect_queries(member, queries),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_queries(item, queries)),
        _ => {}
    }
}

fn is_wide(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_f64().is_some_and(beyond_32_bits),
        Value::Array(items) => items.iter().any(is_wide),
        Value::Object(members) => members.values().any(is_wide),
        _ => false,
    }
}

/// Whether a text, or one inside of a list or object, reads as a number that 32 bits do not hold.
fn is_wide_text(value: &Value) -> bool {
    match value {
        Value::String(text) => text.parse().is_ok_and(beyond_32_bits),
        Value::Array(items) => items.iter().any(is_wide_text),
        Value::Object(members) => members.values().any(is_wide_text),
        _ => false,
    }
}

fn beyond_32_bits(number: f64) -> bool {
    !(f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&number)
}

/// Whether a query in the relay's own language has an integer that 32 bits do not hold. JSONLogic's numbers are of 64 bits.
fn has_wide_literal(query: &str) -> bool {
    let digits = query.split(|character: char| !character.is_ascii_digit());
    !query.starts_with('{')
        && digits.filter(|run| !run.is_empty()).any(|run| run.parse().is_ok_and(beyond_32_bits))
}

/// Whether a JSONLogic query reads attributes by their names alone: `{"var": ""}` and the like are the whole context.
fn names_all_it_reads(query: &str) -> bool {
    let Ok(rule) = query.parse::<Value>() else { return false };
    fn names(value: &Value) -> bool {
        match value {
            Value::Object(members) => {
                members.iter().all(|(name, argument)| match (name.as_str(), argument) {
                    ("var", Value::String(path)) => !path.is_empty(),
                    ("var", Value::Array(items)) => {
                        items.first().and_then(Value::as_str).is_some_and(|path| !path.is_empty())
                    }
                    ("var", _) => false,
                    (_, argument) => names(argument),
                })
            }
            Value::Array(items) => items.iter().all(names),
            _ => true,
        }
    }
    names(&rule)
}
