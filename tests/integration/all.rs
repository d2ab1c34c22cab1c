//! Evaluating all flags at once.

use pennon::{Client, Evaluation, FlagType};
use serde_json::json;

use crate::flags::{constant, ruleset, targeted};
use crate::support::{context, options};

const FLAGS: usize = 4000;

/// Flags of every kind, in no order.
fn document() -> String {
    let key = |number: usize| format!("flag-{}", number * 7919 % FLAGS);
    let flag = |number: usize| {
        match number % 8 {
        0 => constant(&number.to_string()),
        1 => targeted(&format!("age gt {}", number % 80)),
        2 => targeted(&json!({"in": [{"var": "plan"}, ["pro", "team"]]}).to_string()),
        3 => json!({"variations": {"a": "x", "b": "y"}, "defaultRule": {"percentage": {"a": 30, "b": 70}}, "metadata": {"n": number}}).to_string(),
        4 => json!({"variations": {"a": {"n": number}}, "defaultRule": {"variation": "a"}, "disable": number % 16 == 4}).to_string(),
        5 => json!({"variations": {}, "defaultRule": {"variation": "a"}}).to_string(),
        6 => json!({"variations": {"a": 1, "b": 2}, "bucketingKey": "company", "defaultRule": {"percentage": {"a": 50, "b": 50}}}).to_string(),
        _ => json!({"variations": {"a": 1, "b": 2}, "defaultRule": {"variation": "a"}, "scheduledRollout": [
            {"date": "2020-01-01T00:00:00Z", "defaultRule": {"variation": "b"}},
        ]}).to_string(),
    }
    };
    let flags: Vec<_> = (0..FLAGS).map(|number| (key(number), flag(number))).collect();
    ruleset(flags.iter().map(|(key, flag)| (key.as_str(), flag.as_str())))
}

fn fields(evaluation: &Evaluation) -> String {
    format!(
        "{} {:?} {} {} {:?} {:?} {} {}",
        evaluation.key(),
        evaluation.value(),
        evaluation.value_json(),
        evaluation.variant(),
        evaluation.reason(),
        evaluation.error_code(),
        evaluation.error_message(),
        evaluation.metadata_json()
    )
}

#[test]
fn all_flags_answer_as_each_of_them_does_in_the_order_of_their_keys() {
    let client = Client::new(options(&document()).pool_size(1)).expect("a client");
    for attributes in ["{}", r#"{"targetingKey": "user-7", "plan": "pro", "age": 40, "company": "x"}"#] {
        let context = context(attributes);
        let cold = client.evaluate_all(&context).expect("a ruleset");
        let each: Vec<_> =
            cold.iter().map(|all| client.evaluate(all.key(), FlagType::Any, &context)).collect();
        let warm = client.evaluate_all(&context).expect("a ruleset");
        for ((cold, each), warm) in cold.iter().zip(&each).zip(&warm) {
            assert_eq!(fields(cold), fields(each));
            assert_eq!(fields(warm), fields(each));
        }
        assert_eq!(cold.len(), FLAGS);
        assert!(cold.iter().map(Evaluation::key).is_sorted_by(|one, next| one < next), "sorted");
    }
    assert_eq!(client.stats().instances_created, 1);
}

#[test]
fn all_flags_leave_nothing_loaded_behind() {
    let client = Client::new(options(&document()).pool_size(1).memory_limit(4 << 20)).expect("a client");
    let context = context(r#"{"targetingKey": "user-7"}"#);
    client.evaluate("flag-7", FlagType::Any, &context);
    for _ in 0..3 {
        assert_eq!(client.evaluate_all(&context).map(|all| all.len()), Some(FLAGS));
    }
    let stats = client.stats();
    assert_eq!((stats.loaded_units, stats.loads, stats.instances_failed), (1, 1, 0), "{stats:?}");
}

#[test]
fn some_flags_are_those_that_were_selected() {
    let client = Client::new(options(&document())).expect("a client");
    let some = client.evaluate_some(&context("{}"), |key| key.ends_with("77")).expect("a ruleset");
    assert!(some.len() == FLAGS / 100 && some.iter().all(|evaluation| evaluation.key().ends_with("77")));
    assert_eq!(client.evaluate_some(&context("{}"), |_| false).map(|some| some.len()), Some(0));
}
