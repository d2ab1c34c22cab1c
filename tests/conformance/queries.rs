//! Targeting queries in the relay's own language: drawn from its grammar, then spoiled.

use crate::contexts::{ATTRIBUTES, FLOATS, INTEGERS, Kind, TEXTS, VERSIONS};
use crate::rng::Rng;

const ORDER: &[[&str; 3]] = &[
    ["eq", "EQ", "=="],
    ["ne", "NE", "!="],
    ["gt", "GT", ">"],
    ["lt", "LT", "<"],
    ["ge", "GE", ">="],
    ["le", "LE", "<="],
];
const TEXT_ONLY: &[[&str; 2]] = &[["co", "CO"], ["sw", "SW"], ["ew", "EW"]];

/// Paths beyond the attributes themselves: nested, missing at several depths, through a scalar.
const PATHS: &[&str] = &[
    "n.a",
    "n.x",
    "n.y",
    "n.x.y",
    "n.b",
    "org.role",
    "org.id",
    "missing",
    "missing.x",
    "missing.x.y",
    "a.b",
    "plan.x",
    "targetingKey",
    "key",
    "anonymous",
    "t.x",
    "gofeatureflag.currentDateTime",
];

/// What the spoiling inserts: whatever a hand slips to, and all that the relay's error recovery knows.
const SCRAPS: &[&str] = &[
    " ", "  ", "\t", "\n", "\r\n", "(", ")", "and", "or", "not", "AND", "OR", "NOT", "&&", "||", "!", "=",
    "==", "eq", "pr", "in", "null", "true", "1", "-", ".", ",", "[", "]", "\"", "'", "\\", "e3", "1e+3",
    "1.2.3", "$", "_", "é", "日", ";", "@",
];

/// A query of the grammar: comparisons joined and nested up to `depth`.
pub fn query(rng: &mut Rng, depth: usize) -> String {
    match rng.below(if depth == 0 { 4 } else { 10 }) {
        0..=3 => comparison(rng),
        4..=7 => {
            let logical =
                if rng.chance(4) { rng.word(&["AND", "OR", "&&"]) } else { rng.word(&["and", "or"]) };
            format!("{} {logical} {}", query(rng, depth - 1), query(rng, depth - 1))
        }
        8 => format!("({})", query(rng, depth - 1)),
        _ => format!("{} ({})", rng.word(&["not", "NOT"]), query(rng, depth - 1)),
    }
}

/// A query with one to three slips of the pen. Half of them stand behind a condition that is false for the empty
/// context: the relay runs a query once against that, so the other half is mostly dropped at load.
pub fn spoiled(rng: &mut Rng) -> String {
    let depth = rng.below(3);
    let query = query(rng, depth);
    let spoiled = spoil(rng, &query);
    match rng.below(4) {
        0 => format!("a pr and {spoiled}"),
        1 => format!("c pr and ({spoiled})"),
        _ => spoiled,
    }
}

fn spoil(rng: &mut Rng, query: &str) -> String {
    let mut characters: Vec<char> = query.chars().collect();
    for _ in 0..rng.between(1, 3) {
        let at = rng.below(characters.len() + 1);
        let here = at.min(characters.len().saturating_sub(1));
        match rng.below(6) {
            _ if characters.is_empty() => break,
            0 => drop(characters.remove(here)),
            1 => characters.insert(at, characters[here]),
            2 => characters.swap(here, here.saturating_sub(1)),
            3 => characters[here] = characters[here].to_ascii_uppercase(),
            _ => drop(characters.splice(at..at, rng.word(SCRAPS).chars())),
        }
    }
    characters.into_iter().collect()
}

fn comparison(rng: &mut Rng) -> String {
    let (path, kind) = operand(rng);
    if rng.chance(12) {
        return format!("{path} pr");
    }
    // The literal usually fits the attribute; its own type decides how the relay compares.
    let kind = if rng.chance(15) { ATTRIBUTES[rng.below(ATTRIBUTES.len())].1 } else { kind };
    if rng.chance(6) {
        return format!("{path} {} null", rng.word(&["eq", "ne"]));
    }
    if rng.chance(2) {
        // Operators that the literal's type does not have make the whole query false, if reached.
        return format!(
            "{path} {} {}",
            rng.word(&["gt", "co", "in"]),
            rng.word(&["true", "null", "1.2.3", "5", "[]"])
        );
    }
    match kind {
        Kind::Boolean => format!("{path} {} {}", operator(rng, &ORDER[..2]), rng.word(&["true", "false"])),
        Kind::Version => format!("{path} {} {}", operator(rng, ORDER), version(rng)),
        Kind::Integer if rng.chance(20) => {
            format!("{path} in [{}]", list(rng, |rng| rng.between(0, 10).to_string()))
        }
        Kind::Integer => format!("{path} {} {}", operator(rng, ORDER), rng.common(INTEGERS)),
        Kind::Float if rng.chance(20) => {
            format!("{path} in [{}]", list(rng, |rng| format!("{:?}", rng.pick(&FLOATS[..14]))))
        }
        Kind::Float => format!("{path} {} {}", operator(rng, ORDER), float(rng)),
        Kind::Text | Kind::List | Kind::Object => text_comparison(rng, path),
    }
}

/// An attribute path and the kind of literal that goes with it.
fn operand(rng: &mut Rng) -> (&'static str, Kind) {
    if rng.chance(30) {
        let kinds = [Kind::Integer, Kind::Text, Kind::Float];
        return (rng.word(PATHS), *rng.pick(&kinds));
    }
    *rng.pick(ATTRIBUTES)
}

fn text_comparison(rng: &mut Rng, path: &str) -> String {
    match rng.below(10) {
        0..=5 => format!("{path} {} {}", operator(rng, ORDER), quoted(rng)),
        6..=7 => format!("{path} {} {}", operator(rng, TEXT_ONLY), quoted(rng)),
        _ => format!("{path} {} [{}]", rng.word(&["in", "IN"]), list(rng, quoted)),
    }
}

fn operator<const N: usize>(rng: &mut Rng, spellings: &[[&'static str; N]]) -> &'static str {
    let spelling = rng.pick(spellings);
    if rng.chance(70) { spelling[0] } else { rng.word(spelling) }
}

fn list(rng: &mut Rng, item: impl Fn(&mut Rng) -> String) -> String {
    let items: Vec<String> = (0..rng.between(1, 4)).map(|_| item(rng)).collect();
    items.join(rng.word(&[",", ", ", ",  "]))
}

/// A literal of the language; what needs an escape there is written raw or escaped.
fn quoted(rng: &mut Rng) -> String {
    let text = rng.common(TEXTS);
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{escaped}\"")
}

fn version(rng: &mut Rng) -> String {
    let text = *rng.common(VERSIONS);
    // The others are no literals of the language; one time in twenty that is what is wanted.
    if text.starts_with(|first: char| first.is_ascii_digit()) || rng.chance(5) {
        text.into()
    } else {
        "1.2.3".into()
    }
}

fn float(rng: &mut Rng) -> String {
    match rng.below(6) {
        0 => "1.5e3".into(),
        1 => "1.5E-1".into(),
        2 => "15.0e-1".into(),
        _ => format!("{:?}", rng.pick(&FLOATS[2..14])),
    }
}
