//! Rows of hand-written tables: a flag, a context, and the answer, which both Pennon and the relay must give.

use serde_json::{Value, json};

use crate::outcome::Outcome;
use crate::pennon::{self, Question, Scratch};
use crate::relay::Relay;

/// The flag key of all rows. It is part of the hash that shares are given out by.
const KEY: &str = "TEST";

pub struct Row {
    pub name: String,
    pub flag: Value,
    pub context: Value,
    pub enrichment: Value,
    /// `reason variant=value`, `error CODE`, or `error` for whatever the relay has no answer to;
    /// after it `, cacheable` when the answer may be cached.
    pub expected: String,
}

/// Asks Pennon about every row, and fails with a list of those it answers otherwise.
pub fn check_pennon(folder: &Scratch, rows: &[Row]) {
    check(rows.iter(), |row| {
        let ruleset = json!({"flags": {KEY: row.flag}, "evaluationContextEnrichment": row.enrichment});
        pennon::ask_one(folder, &ruleset, Question::new(KEY, &row.context))
    });
}

/// Asks the relay about every row without enrichment: the proof that the table says what the relay does. (Enrichment
/// is in a relay's configuration; `differential` has a relay with some.)
pub fn check_relay(folder: &Scratch, rows: &[Row]) {
    let nothing = json!({});
    let mut relay = Relay::start(folder, "json", &nothing);
    check(rows.iter().filter(|row| row.enrichment == nothing), |row| {
        assert!(relay.load(&json!({KEY: row.flag}).to_string()), "{}: the relay refuses the flag", row.name);
        relay.ask(&Question::new(KEY, &row.context))
    });
}

fn check<'a>(rows: impl Iterator<Item = &'a Row>, mut ask: impl FnMut(&Row) -> Outcome) {
    let mut count = 0;
    let mut wrong = Vec::new();
    for row in rows {
        count += 1;
        let answer = summary(&ask(row));
        let holds = answer == row.expected || row.expected == "error" && answer.starts_with("error ");
        if !holds {
            wrong.push(format!("{}: {answer}, not {}", row.name, row.expected));
        }
    }
    println!("{count} rows");
    assert!(wrong.is_empty(), "{} rows fail:\n{}", wrong.len(), wrong.join("\n"));
}

/// The answer in the form of `Row::expected`.
fn summary(answer: &Outcome) -> String {
    match answer {
        Outcome::Served { value, variant, reason, metadata } => {
            let cacheable = if metadata.contains_key("gofeatureflag_cacheable") { ", cacheable" } else { "" };
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            format!("{reason} {variant}={value}{cacheable}")
        }
        Outcome::Error { code } => format!("error {code}"),
        Outcome::Unanswered { status } => format!("error (HTTP {status})"),
    }
}
