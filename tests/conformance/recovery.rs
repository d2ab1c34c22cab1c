//! What the relay makes of queries that its grammar does not have: the table of the reference's corrections.

use serde_json::{Value, json};

use crate::pennon::Scratch;
use crate::table::{self, Row};

/// Query, attributes, whether the rule matches.
#[rustfmt::skip]
const QUERIES: &[(&str, &str, bool)] = &[
    // `!` and `=` take the next character with them.
    ("!(a eq 1) and b eq 2", r#"{"a":1,"b":9}"#, true),
    ("a=1 and b eq 2", r#"{"a":1,"b":2}"#, false),
    // A doubled space after and/or opens a conjured parenthesis to the end.
    ("a eq 1 and  b eq 2 or c eq 3", r#"{"a":2,"b":9,"c":3}"#, false),
    // So it does after `(`: the inner one takes the `)`.
    ("not (  a eq 1 ) and b eq 2", r#"{"a":1,"b":9}"#, true),
    // Deletion is tried before insertion: `1` is deleted unless the query or group ends behind it.
    ("a >1 and b eq 2", r#"{"a":2,"b":2}"#, false),
    ("a >1", r#"{"a":2}"#, true),
    ("(a >1)", r#"{"a":2}"#, true),
    ("a eq\t1 and b eq 2", r#"{"a":1,"b":2}"#, false),
    // The `(` is deleted, the first `)` ends the query.
    ("(a eq 1) and( b eq 9) or c eq 3", r#"{"a":1,"b":8,"c":3}"#, false),
    // `e3` is an attribute name, the rest of the query; only `1e+3` is an exponent, and an error.
    ("a eq 1e3", r#"{"a":1}"#, true),
    ("a eq 1e3", r#"{"a":1000}"#, false),
    ("not (a eq 1e+3)", r#"{"a":1}"#, false),
    // A NOT deleted inside a group negates it.
    ("(a eq 1 not)", r#"{"a":1}"#, false),
    // Any one token before a value is deleted.
    (r#"a eq foo"x""#, r#"{"a":"x"}"#, true),
    // A list ends with the element before the fault; text after it is skipped to the next space.
    (r#"a in ["x""#, r#"{"a":"x"}"#, true),
    (r#"a in ["x" ,"y"]"#, r#"{"a":"x"}"#, true),
    (r#"a in ["x" ,"y"]"#, r#"{"a":"y"}"#, false),
    (r#"a in ["x" "y"]"#, r#"{"a":"x"}"#, true),
    (r#"a in ["x" ,"y"] and b eq 2"#, r#"{"a":"x","b":9}"#, true),
    // A bad escape loses everything from the quote through the bad character.
    (r#"b eq 1 or a eq "x\qy" and c eq 3"#, r#"{"b":1,"c":9}"#, true),
    // A DOUBLE that overflows makes its comparison false, an INT that overflows the whole query.
    ("not (a lt 1.0e999)", r#"{"a":1}"#, true),
    ("not (a lt 9999999999999999999)", r#"{"a":1}"#, false),
];

#[test]
fn broken_queries_recover_as_the_reference_says() {
    table::check_pennon(&Scratch::new("recovery"), &rows());
}

#[test]
fn the_recovery_table_is_what_the_relay_does() {
    table::check_relay(&Scratch::new("recovery-relay"), &rows());
}

/// The rule comes in with a scheduled step of the past: the relay checks no query there, so that rows which it would
/// drop a flag for can be asked too.
fn rows() -> Vec<Row> {
    let row = |&(query, attributes, matches): &(&str, &str, bool)| Row {
        name: format!("{query:?} with {attributes}"),
        flag: json!({
            "variations": {"T": true, "F": false},
            "defaultRule": {"variation": "F"},
            "scheduledRollout": [{"date": "2020-01-01T00:00:00Z", "targeting": [{"query": query, "variation": "T"}]}],
        }),
        context: attributes.parse::<Value>().expect("attributes are JSON"),
        enrichment: json!({}),
        expected: if matches { "TARGETING_MATCH T=true" } else { "DEFAULT F=false" }.into(),
    };
    QUERIES.iter().map(row).collect()
}
