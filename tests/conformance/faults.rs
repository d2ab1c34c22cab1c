//! Documents that the relay ends at or refuses whole: here the faulty flag alone is an error, the others work.
//!
//! No relay is asked: it would not survive (reference A1), or answer from its old flags (A3).

use serde_json::{Value, json};

use crate::outcome::Outcome;
use crate::pennon::{self, Question, Scratch};

/// Changes of a good flag that end the relay's process.
const FATAL: &[&str] = &[
    r#"{"defaultRule":{"progressiveRollout":{}}}"#,
    r#"{"defaultRule":{"progressiveRollout":{"initial":{"variation":"A","date":"2024-01-01T00:00:00Z"}}}}"#,
    r#"{"defaultRule":{"progressiveRollout":{"end":{"variation":"A","date":"2024-01-01T00:00:00Z"},"initial":null}}}"#,
    r#"{"targeting":[{"query":"key pr","progressiveRollout":{"initial":{"variation":"A"}}}]}"#,
];

/// Changes of a good flag for which the relay refuses the whole document.
const WRONG_TYPE: &[&str] = &[
    r#"{"defaultRule":{"variation":5}}"#,
    r#"{"version":1}"#,
    r#"{"disable":"true"}"#,
    r#"{"trackEvents":0}"#,
    r#"{"variations":["a"]}"#,
    r#"{"targeting":{"query":"a eq 1","variation":"A"}}"#,
    r#"{"targeting":[{"query":5,"variation":"A"}]}"#,
    r#"{"defaultRule":{"percentage":{"A":"100"}}}"#,
    r#"{"bucketingKey":7}"#,
    r#"{"metadata":"text"}"#,
    r#"{"experimentation":{"start":"2024-01-01"}}"#,
    r#"{"experimentation":{"start":"2024-02-30T00:00:00Z"}}"#,
    r#"{"scheduledRollout":[{"date":"2024-01-01 00:00:00Z"}]}"#,
    r#"{"scheduledRollout":[{"date":1704067200}]}"#,
    r#"{"scheduledRollout":[{"date":"2024-01-01T00:00:00Z","disable":"no"}]}"#,
];

#[test]
fn a_flag_that_ends_the_relay_is_an_error_of_that_flag_alone() {
    assert_all_are_errors_alone("fatal", FATAL);
}

#[test]
fn a_wrong_type_is_an_error_of_that_flag_alone() {
    assert_all_are_errors_alone("wrong-type", WRONG_TYPE);
}

fn assert_all_are_errors_alone(test: &str, changes: &[&str]) {
    let folder = Scratch::new(test);
    let ruleset = folder.file("ruleset.json");
    let mut flags = json!({"good": good()});
    for (number, change) in changes.iter().enumerate() {
        let change: Value = change.parse().expect("a change that is JSON");
        let mut flag = good();
        for (field, value) in change.as_object().expect("a change that is an object") {
            flag[field] = value.clone();
        }
        flags[number.to_string()] = flag;
    }
    std::fs::write(&ruleset, json!({"flags": flags}).to_string()).expect("writing the ruleset");

    let context = json!({"targetingKey": "user-1"});
    let keys = (0..changes.len()).map(|number| number.to_string());
    let questions: Vec<Question> =
        keys.chain(["good".to_owned()]).map(|key| Question::new(&key, &context)).collect();
    let mut answers = pennon::ask(&ruleset, &questions);
    let good = answers.pop().expect("an answer about the good flag");
    assert!(matches!(&good, Outcome::Served { variant, .. } if variant == "A"), "the good flag: {good:?}");
    for (change, answer) in changes.iter().zip(&answers) {
        assert!(answer.is_error(), "{change} gave {answer:?}");
    }
}

fn good() -> Value {
    json!({"variations": {"A": "a", "B": "b"}, "defaultRule": {"variation": "A"}})
}
