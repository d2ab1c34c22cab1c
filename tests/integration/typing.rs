//! Values of the type that is asked for, and what becomes of others, of null, and of disabled flags.

use pennon::{Client, Context, ErrorCode, FlagType, Reason, Value};

use crate::flags::{constant, ruleset};
use crate::support::client;

const TYPES: [FlagType; 5] =
    [FlagType::Boolean, FlagType::String, FlagType::Integer, FlagType::Double, FlagType::Object];

fn flags() -> Client {
    let values = [
        ("bool", "true"),
        ("string", "\"text\""),
        ("int", "9007199254740993"),
        ("whole", "5.0"),
        ("double", "1.5"),
        ("object", "{\"a\": 1}"),
        ("list", "[1]"),
        ("huge", "18446744073709551615"),
    ];
    let flags = values.map(|(key, value)| (key, constant(value)));
    client(&ruleset(flags.iter().map(|(key, flag)| (*key, flag.as_str()))))
}

#[test]
fn a_flag_is_of_the_types_that_hold_its_value_and_of_no_others() {
    let client = flags();
    let context = Context::new();
    for (key, types) in [
        ("bool", &[FlagType::Boolean][..]),
        ("string", &[FlagType::String]),
        ("int", &[FlagType::Integer, FlagType::Double]),
        ("whole", &[FlagType::Integer, FlagType::Double]),
        ("double", &[FlagType::Double]),
        ("huge", &[FlagType::Double]),
        ("object", &[FlagType::Object]),
        ("list", &[FlagType::Object]),
    ] {
        let any = client.evaluate(key, FlagType::Any, &context);
        assert_eq!((any.error_code(), any.reason(), any.variant()), (None, Reason::Static, "only"), "{key}");
        for flag_type in TYPES {
            let evaluation = client.evaluate(key, flag_type, &context);
            if types.contains(&flag_type) {
                assert_eq!(
                    (evaluation.error_code(), evaluation.value_json()),
                    (None, any.value_json()),
                    "{key}"
                );
                continue;
            }
            assert_eq!(evaluation.error_code(), Some(ErrorCode::TypeMismatch), "{key} as {flag_type:?}");
            assert_eq!((evaluation.reason(), evaluation.value()), (Reason::Error, Value::Default), "{key}");
            assert!(evaluation.error_message().contains(", not "), "{}", evaluation.error_message());
        }
    }
    let mismatch = client.evaluate("string", FlagType::Boolean, &context);
    assert_eq!(mismatch.error_message(), "flag is a string, not a boolean");
}

#[test]
fn value_getters_give_the_value_or_the_default() {
    let client = flags();
    let context = Context::new();
    assert!(client.get_bool("bool", &context, false));
    assert!(client.get_bool("int", &context, true) && !client.get_bool("int", &context, false));
    assert_eq!(client.get_int("int", &context, 0), 9_007_199_254_740_993);
    assert_eq!((client.get_int("whole", &context, 0), client.get_int("double", &context, -1)), (5, -1));
    assert_eq!(
        (client.get_double("double", &context, 0.0), client.get_double("whole", &context, 0.0)),
        (1.5, 5.0)
    );
    assert_eq!(client.get_double("huge", &context, 0.0), 18_446_744_073_709_551_615.0);
    assert_eq!(client.get_string("string", &context, "", str::to_owned), "text");
    assert_eq!(client.get_string("bool", &context, "default", str::to_owned), "default");
    assert_eq!(client.get_json("object", &context, "{}", str::to_owned), "{\"a\": 1}");
    assert_eq!(client.get_json("list", &context, "{}", str::to_owned), "[1]");
    assert_eq!(client.get_json("string", &context, "{}", str::to_owned), "{}");
    assert_eq!(client.get_int("missing", &context, -1), -1);
    let missing = client.evaluate("missing", FlagType::Any, &context);
    assert_eq!((missing.error_code(), missing.key()), (Some(ErrorCode::FlagNotFound), "missing"));
}

#[test]
fn null_and_disabled_give_the_default_and_keep_reason_and_variant() {
    let disabled = r#"{"variations": {"a": true}, "defaultRule": {"variation": "a"}, "disable": true, "metadata": {"team": "x"}}"#;
    let null = r#"{"variations": {"a": true}, "defaultRule": {"variation": "a"}, "scheduledRollout": [{"date": "2020-01-01T00:00:00Z", "defaultRule": {"variation": "ghost"}}]}"#;
    let client = client(&ruleset([("disabled", disabled), ("null", null)]));
    let context = Context::new();
    for flag_type in TYPES.into_iter().chain([FlagType::Any]) {
        let evaluation = client.evaluate("disabled", flag_type, &context);
        assert_eq!((evaluation.error_code(), evaluation.value()), (None, Value::Default), "{flag_type:?}");
        assert_eq!((evaluation.reason(), evaluation.variant()), (Reason::Disabled, "SdkDefault"));
        assert!(evaluation.metadata_json().contains("\"team\":\"x\""), "{}", evaluation.metadata_json());
        let evaluation = client.evaluate("null", flag_type, &context);
        assert_eq!((evaluation.error_code(), evaluation.value()), (None, Value::Null), "{flag_type:?}");
        assert_eq!((evaluation.reason(), evaluation.variant()), (Reason::Static, "ghost"));
    }
    for key in ["disabled", "null"] {
        assert!(client.get_bool(key, &context, true) && !client.get_bool(key, &context, false), "{key}");
        assert_eq!(client.get_string(key, &context, "default", str::to_owned), "default");
        assert_eq!(client.get_json(key, &context, "[]", str::to_owned), "[]");
    }
}
