//! Whole flags: every field that a flag can have, and every fault that a flag can have.

use serde_json::{Map, Value, json};

use crate::contexts::any_value;
use crate::rng::Rng;
use crate::rules::{self, Object};
use crate::steps;

/// Beginnings of flag keys. Keys are part of the hash, and characters that an URL escapes are part of the question.
const KEYS: &[&str] =
    &["flag-", "a+b:", "é", "with space ", "percent%2F", "a/b/", "tilde~", "😀", "Q?#", "dot."];

/// What the relay drops a flag for (reference 2.3), and beside it what it lets through. None of this is a wrong type.
#[rustfmt::skip]
const FAULTS: &[(&str, &str)] = &[
    ("variations", "null"),
    ("variations", "{}"),
    ("variations", r#"{"T": null, "F": true, "A": false}"#),
    ("variations", r#"{"T": "text", "F": true, "A": 1}"#),
    ("defaultRule", "null"),
    ("defaultRule", "{}"),
    ("defaultRule", r#"{"variation": "nowhere"}"#),
    ("defaultRule", r#"{"percentage": {}}"#),
    ("defaultRule", r#"{"percentage": {"nowhere": 100}}"#),
    ("defaultRule", r#"{"percentage": {"T": 0, "F": 0}}"#),
    ("targeting", r#"[{"name": "n", "query": "a pr", "variation": "T"}, {"name": "n", "query": "b pr", "variation": "T"}]"#),
    ("targeting", r#"[{"name": "", "query": "a pr", "variation": "T"}, {"name": "", "query": "b pr", "variation": "T"}]"#),
    ("targeting", r#"[{"variation": "T"}]"#),
    ("targeting", r#"[{"query": "", "variation": "T"}]"#),
    ("targeting", r#"[{"query": "a pr"}]"#),
    ("targeting", r#"[{"query": "a eq", "variation": "T"}]"#),
    ("targeting", r#"[{"query": "{\"log\": 1}", "variation": "T"}]"#),
    ("targeting", r#"[{"query": "a eq", "disable": true}]"#),
    ("targeting", r#"[{"query": "a pr", "variation": "nowhere", "percentage": {"T": 1}}]"#),
    ("targeting", r#"[{"query": "a pr", "progressiveRollout": {"initial": {"variation": "T", "percentage": 50},
        "end": {"variation": "T", "percentage": 20}}}]"#),
    ("targeting", r#"[{"query": "a pr", "progressiveRollout": {"initial": {"variation": "T"}, "end": {}}}]"#),
    ("targeting", r#"[{"query": "a pr", "disable": true, "progressiveRollout": {"initial": {"variation": "T"}}}]"#),
];

/// A document of `count` flags.
pub fn document(rng: &mut Rng, count: usize) -> Map<String, Value> {
    (0..count)
        .map(|number| {
            let prefix = if rng.chance(80) { KEYS[0] } else { rng.word(KEYS) };
            (format!("{prefix}{number}"), flag(rng))
        })
        .collect()
}

fn flag(rng: &mut Rng) -> Value {
    let names = variation_names(rng);
    let rule_names: Vec<String> = ["first", "second", "third"].iter().map(|name| (*name).into()).collect();
    let mut flag = Object::new();
    flag.insert("variations".into(), variations(rng, &names));
    if rng.chance(80) {
        flag.insert("targeting".into(), targeting(rng, &names, &rule_names));
    }
    flag.insert("defaultRule".into(), rules::default(rng, &names).into());
    if rng.chance(20) {
        flag.insert("scheduledRollout".into(), steps::schedule(rng, &names, &rule_names));
    }
    if rng.chance(8) {
        flag.insert("experimentation".into(), steps::experimentation(rng));
    }
    if rng.chance(12) {
        let attributes =
            ["teamId", "teamId", "org.id", "targetingKey", "key", "env", "missing", "", "n.x.y", "plan"];
        flag.insert("bucketingKey".into(), json!(rng.word(&attributes)));
    }
    insert_plain_fields(rng, &mut flag);
    if rng.chance(8) {
        spoil(rng, &mut flag);
    }
    flag.into()
}

fn insert_plain_fields(rng: &mut Rng, flag: &mut Object) {
    if rng.chance(40) {
        let metadata = json!({
            "description": "a flag",
            "number": rng.below(9),
            "nested": {"list": [1, 2.5, null, "é"]},
            "any": any_value(rng, 2),
        });
        flag.insert("metadata".into(), metadata);
    }
    if rng.chance(5) {
        flag.insert(
            "metadata".into(),
            rng.pick(&[json!({}), json!({"evaluatedRuleName": "mine"}), Value::Null]).clone(),
        );
    }
    if rng.chance(10) {
        flag.insert("disable".into(), rng.chance(40).into());
    }
    if rng.chance(10) {
        flag.insert("trackEvents".into(), rng.chance(50).into());
    }
    if rng.chance(20) {
        flag.insert("version".into(), json!("1.0.0"));
    }
    if rng.chance(5) {
        flag.insert("unknownField".into(), json!({"ignored": [1]}));
    }
}

fn variation_names(rng: &mut Rng) -> Vec<String> {
    let sets: &[&[&str]] =
        &[&["T", "F"], &["A", "B", "C"], &["on", "off", "é", "Z z"], &["a", "B", "_", "1", "ab"], &["only"]];
    rng.pick(sets).iter().map(|name| (*name).into()).collect()
}

/// One value for each name, all of one JSON kind.
fn variations(rng: &mut Rng, names: &[String]) -> Value {
    let kind = rng.below(6);
    names.iter().enumerate().map(|(number, name)| (name.clone(), variation(kind, number))).collect()
}

fn variation(kind: usize, number: usize) -> Value {
    match kind {
        0 => json!(number == 0),
        1 => json!(format!("value {number} é <&>")),
        2 => json!(number),
        3 => json!([0.1, 1e21, -7.5, 1e-7, 9_007_199_254_740_993_i64 as f64][number % 5]),
        4 => json!({"number": number, "nested": {"b": [true, null], "a": {}}}),
        _ => json!([number, "x", null, [], {"k": 1.5}]),
    }
}

fn targeting(rng: &mut Rng, variations: &[String], names: &[String]) -> Value {
    (0..rng.below(4))
        .map(|number| {
            let name = rng.chance(70).then(|| names[number].clone());
            Value::Object(rules::targeting(rng, variations, name))
        })
        .collect()
}

/// Gives the flag one fault, or something that only looks like one.
fn spoil(rng: &mut Rng, flag: &mut Object) {
    let (field, value) = *rng.pick(FAULTS);
    flag.insert(field.into(), value.parse().expect("a fault that is JSON"));
    if field == "targeting" {
        // The rules speak of these.
        flag.insert("variations".into(), json!({"T": true, "F": false}));
        flag.insert("defaultRule".into(), json!({"variation": "F"}));
    }
}
