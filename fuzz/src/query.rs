//! Queries, each as the rule of a flag: any text is one.

use pennon_goff::{Goff, Unit};
use pennon_wire::guest::{Evaluator, LoadRequest, Time};
use pennon_wire::report::LoadReport;
use pennon_wire::{Context, ErrorCode};
use serde_json::json;

use super::input::{encoded, encoded_some, texts};

/// Contexts that every query is asked for, beside the input's own.
const CONTEXTS: [&str; 3] = [
    "{}",
    r#"{"targetingKey": "u", "anonymous": true, "a": "x", "b": 2, "c": [1, "x"], "d": {"e": 1.5, "f": null}, "g": "1.2.3"}"#,
    r#"{"targetingKey": 5, "anonymous": "true", "a": 1e300, "b": "2", "c": {}, "d": [], "g": false}"#,
];

/// Queries that never match, and read what others read, too.
const NEVER: [&str; 3] = [
    r#"never eq "x""#,
    r#"(a eq "x" or not (b gt 1)) and never eq 1"#,
    r#"d.e gt 1 and g gt 1.0.0 and never pr"#,
];

/// A query gives one answer for one context, reads nothing that its flag does not name, and answers the same where other
/// queries of its flag come first.
pub fn run(data: &[u8]) {
    let Some([query, context]) = texts(data) else { return };
    let alone = load(&[query]);
    let report = &alone.1;
    let [first, second, third] = NEVER;
    let among = load(&[first, second, query, query, third]);
    for diagnostic in &report.diagnostics {
        assert!(!diagnostic.code.is_empty() && !diagnostic.message.contains('\n'), "{diagnostic:?}");
    }
    for context in CONTEXTS.into_iter().chain([context]) {
        let Some(bytes) = encoded(context) else { continue };
        let given = variant(&alone, &bytes);
        assert_eq!(variant(&alone, &bytes), given, "asked again");
        assert_eq!(variant(&among, &bytes), given, "among other rules");
        if let Some(names) = &report.attributes {
            let read = |name: &str| names.iter().any(|known| known == name);
            let some = encoded_some(context, read).unwrap_or_default();
            let without = variant(&alone, &some);
            assert_eq!(without, given, "it names {names:?} alone, and reads more of {context}");
        }
    }
}

/// A flag with these queries as its rules, one of which makes it `yes`.
fn load(queries: &[&str]) -> (Unit, LoadReport) {
    let rules: Vec<_> = queries.iter().map(|query| json!({"query": query, "variation": "yes"})).collect();
    let flag = json!({
        "variations": {"yes": 1, "no": 2},
        "targeting": rules,
        "defaultRule": {"variation": "no"},
    });
    Goff::default().load(LoadRequest { key: "flag", unit: flag.to_string().as_bytes(), enrichment: &[] })
}

fn variant<'r>((unit, report): &'r (Unit, LoadReport), context: &[u8]) -> (&'r str, Option<ErrorCode>) {
    let answer = Goff::evaluate(unit, Context::new(context), Time::default());
    let outcome = report.outcomes.get(answer.outcome as usize);
    let outcome = outcome.unwrap_or_else(|| panic!("an answer that the report has not: {answer:?}"));
    (outcome.variant.as_deref().unwrap_or_default(), answer.error)
}
