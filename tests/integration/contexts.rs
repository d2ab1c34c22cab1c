//! Contexts: numbers and structures as rules see them, targeting keys, freezing, sharing, and bounds.

use std::thread;

use pennon::{AttributeValue, Context, Error, ErrorCode, Evaluation, FlagType};

use crate::flags::{FINE, ruleset, targeted};
use crate::support::{client, context, user};

/// Whether `query` matches `attributes`.
fn matches(query: &str, attributes: &str) -> bool {
    let client = client(&ruleset([("flag", targeted(query).as_str())]));
    let evaluation = client.evaluate("flag", FlagType::Boolean, &context(attributes));
    assert_eq!(evaluation.error_code(), None, "{query}: {}", evaluation.error_message());
    evaluation.value_json() == "true"
}

#[test]
fn integers_are_of_64_bits_and_exact_to_53_of_them() {
    assert!(matches("n eq 1099511627777", r#"{"n": 1099511627777}"#));
    assert!(!matches("n eq 1099511627777", r#"{"n": 1099511627776}"#));
    assert!(matches("n in [9007199254740991]", r#"{"n": 9007199254740991}"#));
    assert!(!matches("n eq 9007199254740991", r#"{"n": 9007199254740990}"#));
    assert!(matches("n eq -9007199254740991", r#"{"n": -9007199254740991}"#));
    // The service reads a context's numbers as floats first.
    assert!(matches("n eq 9007199254740992", r#"{"n": 9007199254740993}"#));
    assert!(matches("n eq 9223372036854775807", r#"{"n": 9223372036854775807}"#));
    assert!(matches("n eq -9223372036854775808", r#"{"n": -9223372036854775808}"#));
    let mut context = Context::new();
    context.set("n", AttributeValue::Int(i64::MAX)).expect("an integer");
    let client = client(&ruleset([("flag", targeted("n eq 9223372036854775807").as_str())]));
    assert!(client.get_bool("flag", &context, false), "set without JSON");
}

#[test]
fn numbers_beyond_64_bits_are_numbers() {
    assert!(matches("n gt 1.5", r#"{"n": 18446744073709551615}"#));
    assert!(matches("n gt 1.5", r#"{"n": 1e300}"#));
    assert!(matches("n pr", r#"{"n": 18446744073709551615}"#));
}

#[test]
fn fractions_and_nested_values_are_seen() {
    assert!(matches("score gt 0.29 and score lt 0.31", r#"{"score": 0.3}"#));
    assert!(matches("score eq 2", r#"{"score": 2.9}"#), "an integer literal truncates");
    assert!(matches("company.address.city eq \"Berlin\"", r#"{"company": {"address": {"city": "berlin"}}}"#));
    assert!(matches(r#"{"in": ["b", {"var": "tags"}]}"#, r#"{"tags": ["a", "b"]}"#));
    assert!(matches(r#"{"==": [{"var": "a.1.b"}, 5]}"#, r#"{"a": [0, {"b": 5}]}"#));
    assert!(!matches("gone pr", r#"{"gone": null}"#));
    assert!(matches("gone eq null", "{}"));
    assert!(matches("empty pr", r#"{"empty": ""}"#));
    assert!(matches("a eq 2", r#"{"a": 1, "a": 2}"#), "the later of two attributes with one name");
}

#[test]
fn a_targeting_key_of_another_type_is_none() {
    let split = r#"{"variations": {"a": 1, "b": 2}, "defaultRule": {"percentage": {"a": 50, "b": 50}}}"#;
    let client = client(&ruleset([("fine", FINE), ("split", split)]));
    for attributes in [
        r#"{"targetingKey": 5}"#,
        r#"{"targetingKey": null}"#,
        r#"{"targetingKey": {}}"#,
        r#"{"targetingKey": ""}"#,
        "{}",
        "null",
    ] {
        let context = context(attributes);
        let evaluation = client.evaluate("split", FlagType::Integer, &context);
        assert_eq!(evaluation.error_code(), Some(ErrorCode::TargetingKeyMissing), "{attributes}");
        assert!(!evaluation.error_message().is_empty());
        assert_eq!(client.get_int("split", &context, -1), -1, "the default");
        assert_eq!(
            client.evaluate("fine", FlagType::String, &context).error_code(),
            None,
            "no other flag needs it"
        );
    }
    let value = client.get_int("split", &user("user-1"), -1);
    assert!(value > 0);
    assert_eq!(client.get_int("split", &context(r#"{"targetingKey": "user-1"}"#), -1), value);
}

#[test]
fn a_context_that_was_used_cannot_be_changed() {
    let client = client(&ruleset([("fine", FINE)]));
    let mut context = Context::new();
    context.set("plan", AttributeValue::String("free")).expect("setting");
    context.set("plan", AttributeValue::String("pro")).expect("setting again");
    assert_eq!(client.get_string("fine", &context, "", str::to_owned), "yes");
    assert_eq!(context.set("plan", AttributeValue::String("free")), Err(Error::ContextFrozen));
    assert_eq!(context.set_targeting_key("user"), Err(Error::ContextFrozen));
    assert_eq!(client.get_string("fine", &context, "", str::to_owned), "yes", "and is what it was");
}

#[test]
fn a_context_from_json_can_be_changed_until_it_is_used() {
    let client = client(&ruleset([("fine", FINE)]));
    let mut context = context(r#"{"plan": "free"}"#);
    assert_eq!(context.set("plan", AttributeValue::String("pro")), Ok(()), "it has not been used");
    assert_eq!(client.get_string("fine", &context, "", str::to_owned), "yes");
    assert_eq!(context.set("plan", AttributeValue::Null), Err(Error::ContextFrozen));
}

#[test]
fn threads_may_share_a_context_from_its_first_use_on() {
    let client = client(&ruleset([("fine", FINE)]));
    for _ in 0..100 {
        let mut shared = Context::new();
        shared.set("plan", AttributeValue::String("pro")).expect("setting");
        let start = std::sync::Barrier::new(8);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    start.wait();
                    assert_eq!(client.get_string("fine", &shared, "", str::to_owned), "yes");
                });
            }
        });
    }
}

#[test]
fn contexts_that_pass_a_bound_are_errors_and_leave_the_client_alone() {
    let client = client(&ruleset([("fine", FINE)]));
    let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    let large = "x".repeat(2 << 20);
    let many: Vec<_> = (0..20_000).map(|number| format!("\"a{number}\": 1")).collect();
    for (json, bound) in [
        (format!(r#"{{"a": "{large}"}}"#), "larger than 1048576 bytes"),
        (format!(r#"{{"a": {}}}"#, nested(33)), "deeper than 32"),
        (format!(r#"{{"a": {}}}"#, nested(100_000)), "deeper than 32"),
        (format!("{{{}}}", many.join(",")), "more than 16384"),
    ] {
        let error = Context::from_json(&json).expect_err("a context that passes a bound").to_string();
        assert!(error.contains(bound), "{error}");
    }
    assert!(Context::from_json(&format!(r#"{{"a": {}}}"#, nested(32))).is_ok(), "at the bound");

    // What is set piece by piece is told by the evaluation.
    let mut contexts: [Context; 2] = Default::default();
    contexts[0].set("a", AttributeValue::String(&large)).expect("setting");
    for number in 0..20_000 {
        contexts[1].set(&format!("a{number}"), AttributeValue::Int(1)).expect("setting");
    }
    for (context, bound) in contexts.iter().zip(["larger than 1048576 bytes", "more than 16384"]) {
        let evaluation = client.evaluate("fine", FlagType::String, context);
        assert_eq!(evaluation.error_code(), Some(ErrorCode::InvalidContext));
        assert!(evaluation.error_message().contains(bound), "{}", evaluation.error_message());
        assert_eq!(client.get_string("fine", context, "default", str::to_owned), "default");
        let all = client.evaluate_all(context).expect("a ruleset");
        assert_eq!(all.get(0).and_then(Evaluation::error_code), Some(ErrorCode::InvalidContext));
    }
    let mut deep = Context::new();
    assert!(deep.set("a", AttributeValue::Json(&nested(100_000))).is_err());
    assert_eq!(client.get_string("fine", &context(r#"{"plan": "pro"}"#), "", str::to_owned), "yes");
}
