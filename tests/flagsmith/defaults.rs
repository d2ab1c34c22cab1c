//! The option `default_flags`, where the vendor's client asks its `default_flag_handler`.

use std::time::Duration;

use pennon::{Client, Context, FlagType, Mode, Options, Reason, Service, State};
use serde_json::{Value, json};

use crate::server::{KEY, Server, document, state, until};

const FLAGS: &str = r#"{"on": {"enabled": true, "value": "blue"}, "off": {"value": "grey"}, "checkout": {"enabled": true, "value": "default"},
    "number": {"enabled": true, "value": 7}, "json": {"enabled": true, "value": "{\"a\": 1}"}, "bare": {}, "broken": {"value": 1}}"#;

fn with(mut options: Options, more: &[(&str, &str)]) -> Client {
    options.set_named("default_flags", FLAGS).unwrap();
    for (name, value) in more {
        options.set_named(name, value).unwrap();
    }
    Client::new(options).unwrap()
}

fn environment() -> Value {
    let mut broken = state(2, "broken", true, json!(1));
    broken.as_object_mut().unwrap().remove("enabled");
    document(&[state(1, "checkout", false, json!("v1")), broken])
}

fn of_document(more: &[(&str, &str)]) -> Client {
    with(Options::new(Service::Flagsmith).ruleset(environment().to_string()), more)
}

fn user() -> Context {
    Context::from_json(r#"{"targetingKey": "u"}"#).unwrap()
}

/// The JSON of the value, or the error.
fn answer(client: &Client, key: &str, flag_type: FlagType) -> String {
    let evaluation = client.evaluate(key, flag_type, &user());
    match evaluation.error_code() {
        Some(code) => code.name().to_owned(),
        None => evaluation.value_json().to_owned(),
    }
}

fn is_default(client: &Client, key: &str) -> bool {
    client.evaluate(key, FlagType::Any, &user()).reason() == Reason::Default
}

#[test]
fn a_default_flag_answers_for_a_feature_that_does_not_exist() {
    let client = of_document(&[]);
    assert_eq!(
        client.evaluate("on", FlagType::String, &user()).to_json(),
        r#"{"key":"on","value":"blue","variant":null,"reason":"DEFAULT","metadata":{"enabled":true,"isDefault":true}}"#
    );
    let off = client.evaluate("off", FlagType::Any, &Context::new());
    assert_eq!((off.value_json(), off.reason(), off.has_variant()), ("\"grey\"", Reason::Default, false));
    assert_eq!(off.metadata_json(), r#"{"enabled":false,"isDefault":true}"#);
    assert!(client.get_bool("on", &user(), false) && !client.get_bool("off", &user(), true));
    assert_eq!(client.get_string("on", &user(), "mine", str::to_owned), "blue");
    assert_eq!(client.get_json("json", &user(), "[]", str::to_owned), "{\"a\": 1}");
    assert_eq!(answer(&client, "missing", FlagType::Any), "FLAG_NOT_FOUND");
    let explained: Value = serde_json::from_str(&client.explain("on", &user())).unwrap();
    assert_eq!(explained["reason"], "DEFAULT");
}

#[test]
fn a_feature_that_exists_keeps_its_answer_and_its_error() {
    let client = of_document(&[]);
    assert_eq!(answer(&client, "checkout", FlagType::Any), "\"v1\"");
    assert_eq!(answer(&client, "broken", FlagType::Any), "PARSE_ERROR");
    let all = client.evaluate_all(&user()).unwrap();
    let keys: Vec<_> = all.iter().map(|evaluation| evaluation.key()).collect();
    assert_eq!(keys, ["broken", "checkout"]);
}

#[test]
fn default_flags_have_the_types_of_all_flags() {
    let client = of_document(&[]);
    assert_eq!(answer(&client, "number", FlagType::Integer), "7");
    assert_eq!(answer(&client, "number", FlagType::String), "TYPE_MISMATCH");
    assert_eq!(answer(&client, "bare", FlagType::Boolean), "false");
    assert_eq!(answer(&client, "bare", FlagType::Any), "null");
    assert_eq!(answer(&client, "off", FlagType::String), "GENERAL");
    assert_eq!(answer(&client, "on", FlagType::Object), "PARSE_ERROR");
    let stats: Value = serde_json::from_str(&client.stats().to_json()).unwrap();
    assert_eq!(stats["evaluations"], 6);
    assert_eq!(stats["errors"], json!({"TYPE_MISMATCH": 1, "GENERAL": 1, "PARSE_ERROR": 1}));
    let client =
        of_document(&[("use_boolean_config_value", "true"), ("return_value_for_disabled_flags", "true")]);
    assert_eq!(answer(&client, "on", FlagType::Boolean), "TYPE_MISMATCH");
    assert_eq!(answer(&client, "off", FlagType::String), "\"grey\"");
}

#[test]
fn default_flags_answer_while_there_is_no_document() {
    let server = Server::with(&environment());
    server.fault(json!({"path_prefix": "/api", "kind": "status", "status": 500}));
    let client = with(server.options().start_wait(Duration::ZERO), &[]);
    assert_eq!(answer(&client, "checkout", FlagType::String), "\"default\"");
    assert_eq!(answer(&client, "missing", FlagType::Any), "PROVIDER_NOT_READY");
    assert!(client.evaluate_all(&user()).is_none());
    until("ERROR", || client.state() == State::Error);
    assert!(is_default(&client, "checkout"));
    server.delete("fault");
    until("READY", || client.state() == State::Ready);
    assert_eq!(answer(&client, "checkout", FlagType::Any), "\"v1\"");
    assert!(is_default(&client, "on"));
    let refused = with(server.options().api_key("ser.wrong").start_wait(Duration::ZERO), &[]);
    until("FATAL", || refused.state() == State::Fatal);
    assert!(is_default(&refused, "on"));
}

#[test]
fn default_flags_answer_where_the_service_does_not() {
    let server = Server::with(&document(&[state(1, "checkout", false, json!("v1"))]));
    let remote = || server.options().mode(Mode::Remote).api_key("client").start_wait(Duration::ZERO);
    let client = with(remote(), &[("poll_interval_ms", "600000")]);
    assert_eq!(answer(&client, "checkout", FlagType::Any), "\"v1\"");
    // Of the answer that is kept, and of one that is asked for.
    assert!(is_default(&client, "on") && is_default(&client, "on"));
    assert_eq!(answer(&client, "missing", FlagType::Any), "FLAG_NOT_FOUND");
    let client = with(remote(), &[("cache_size", "0"), ("timeout_ms", "300")]);
    for kind in ["status", "close", "garbage", "hang"] {
        server.fault(json!({"path_prefix": "/api/v1/identities", "kind": kind}));
        assert_eq!(answer(&client, "checkout", FlagType::String), "\"default\"", "{kind}");
        assert_eq!(answer(&client, "missing", FlagType::Any), "GENERAL", "{kind}");
        server.delete("fault");
    }
    assert_eq!(client.state(), State::Error);
    server.fault(
        json!({"path_prefix": "/api/v1/identities", "kind": "retry_after", "status": 429, "retry_after": "60"}),
    );
    for _ in 0..2 {
        assert!(is_default(&client, "checkout"), "also while the service is left alone");
    }
    let unusable = Context::from_json(r#"{"targetingKey": "u", "traits": []}"#).unwrap();
    let client = with(remote().api_key("unknown"), &[]);
    assert_eq!(client.evaluate("on", FlagType::Any, &unusable).error_code().unwrap().name(), "GENERAL");
    drop(server);
    assert!(is_default(&client, "on"));
}

#[test]
fn default_flags_are_counted_here_and_reported_to_nobody() {
    let server = Server::with(&environment());
    let client = with(
        server.options().api_key(KEY),
        &[("enable_analytics", "true"), ("enable_events", "true"), ("flush_interval_ms", "20")],
    );
    for _ in 0..3 {
        client.get_bool("on", &user(), false);
    }
    client.get_bool("checkout", &user(), false);
    assert_eq!(client.shutdown(Duration::from_secs(5)), 0);
    assert_eq!(server.get("analytics"), json!({"checkout": 1}));
    assert_eq!(server.get("events"), json!([]));
    assert_eq!(client.stats().evaluations, 4);
}
