//! The query vectors of the reference's appendix A, read where they are.
//!
//! A line is `validity ¦ query ¦ attributes→result ; …`.
//! Validity I: the relay drops the flag, so any error of ours is right.
//! Result T or F: the rule matched or not; before a `/` is the relay's answer, after it that of the vendor's module.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::outcome::Outcome;
use crate::pennon::{self, Question, Scratch};

#[test]
fn query_vectors_of_the_reference_hold() {
    let Some(text) = read_shared("reference/goff.md") else { return };
    let rows: Vec<Row> = appendix(&text).filter_map(Row::parse).collect();
    assert!(rows.len() > 300, "{} rows were found: the appendix has another form now", rows.len());
    let folder = Scratch::new("reference");
    let ruleset = folder.file("vectors.json");
    // The flags have keys of their own, which no row notices: none of them has shares.
    let flags: Map<String, Value> =
        rows.iter().enumerate().map(|(row, vector)| (row.to_string(), vector.flag())).collect();
    fs::write(&ruleset, json!({"flags": flags}).to_string()).expect("writing the vectors");

    let cases: Vec<(usize, &Case)> = rows
        .iter()
        .enumerate()
        .flat_map(|(number, row)| row.cases.iter().map(move |case| (number, case)))
        .collect();
    let questions: Vec<Question> =
        cases.iter().map(|(row, case)| Question::new(&row.to_string(), &case.context)).collect();
    let answers = pennon::ask(&ruleset, &questions);

    let wrong: Vec<String> = cases
        .iter()
        .zip(&answers)
        .filter(|((row, case), answer)| !rows[*row].accepts(case, answer))
        .map(|((row, case), answer)| {
            format!("{:?} {} with {}: {answer:?}", rows[*row].query, case.context, case.matches)
        })
        .collect();
    println!("{} vectors of {} queries", cases.len(), rows.len());
    assert!(wrong.is_empty(), "{} vectors fail:\n{}", wrong.len(), wrong.join("\n"));
}

/// The lines between the fences of appendix A.
fn appendix(text: &str) -> impl Iterator<Item = &str> {
    let start = text.find("## Appendix A").expect("appendix A");
    let end = text.find("## Appendix B").expect("appendix B");
    text[start..end].lines().filter(|line| line.starts_with("V ¦ ") || line.starts_with("I ¦ "))
}

/// One query with the contexts it was asked about.
struct Row {
    valid: bool,
    query: String,
    cases: Vec<Case>,
}

struct Case {
    context: Value,
    matches: bool,
}

impl Row {
    fn parse(line: &str) -> Option<Self> {
        let mut columns = line.splitn(3, " ¦ ");
        let (validity, query, cases) = (columns.next()?, columns.next()?, columns.next()?);
        let query = query.replace("\\n", "\n").replace("\\r", "\r").replace("\\t", "\t");
        Some(Self { valid: validity == "V", query, cases: cases.split(" ; ").map(Case::parse).collect() })
    }

    fn flag(&self) -> Value {
        json!({
            "variations": {"T": true, "F": false},
            "targeting": [{"query": self.query, "variation": "T"}],
            "defaultRule": {"variation": "F"},
        })
    }

    fn accepts(&self, case: &Case, answer: &Outcome) -> bool {
        match answer {
            Outcome::Served { value, variant, reason, .. } => {
                let (name, why) = if case.matches { ("T", "TARGETING_MATCH") } else { ("F", "DEFAULT") };
                self.valid && *value == case.matches && variant == name && reason == why
            }
            error => !self.valid && error.is_error(),
        }
    }
}

impl Case {
    fn parse(text: &str) -> Self {
        let (attributes, result) = text.rsplit_once('→').unwrap_or_else(|| panic!("no result in {text:?}"));
        let attributes = if attributes == "-" { "" } else { attributes };
        let separator = if attributes.is_empty() { "" } else { "," };
        let context = format!("{{\"targetingKey\":\"k\"{separator}{attributes}}}");
        Self {
            context: serde_json::from_str(&context)
                .unwrap_or_else(|error| panic!("attributes {context}: {error}")),
            matches: result.starts_with('T'),
        }
    }
}

/// A file of the material shared beside the checkout; none when there is no such folder, as in a release tarball.
pub fn read_shared(path: &str) -> Option<String> {
    let file: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path);
    let text = fs::read_to_string(&file).ok();
    if text.is_none() {
        println!("skipped: {} is not there", file.display());
    }
    text
}
