//! Evaluation by the service.

use std::time::Duration;

use pennon::{Client, Context, FlagType, Mode, Reason, State};
use serde_json::json;

use crate::server::{Server, document, own, state, until};

fn server() -> Server {
    let mut document =
        document(&[state(1, "checkout", false, json!("v1")), state(2, "plain", true, json!(7))]);
    document["identity_overrides"] = json!([own("vip", state(1, "checkout", true, json!("own")))]);
    Server::with(&document)
}

fn client(server: &Server, more: &[(&str, &str)]) -> Client {
    let mut options = server.options().mode(Mode::Remote).api_key("client").start_wait(Duration::ZERO);
    options.set_named("poll_interval_ms", "600000").unwrap();
    for (name, value) in more {
        options.set_named(name, value).unwrap();
    }
    let client = Client::new(options).unwrap();
    // With its first turn the thread forgets what has been answered.
    std::thread::sleep(Duration::from_millis(200));
    client
}

#[test]
fn one_request_answers_for_all_flags_of_a_context() {
    let server = server();
    let client = client(&server, &[]);
    let pro = Context::from_json(
        r#"{"targetingKey": "u", "plan": "pro", "traits": {"n": 1.5}, "transient": true}"#,
    )
    .unwrap();
    let checkout = client.evaluate("checkout", FlagType::String, &pro);
    assert_eq!((checkout.value_json(), checkout.reason()), ("\"v2\"", Reason::TargetingMatch));
    assert_eq!(client.evaluate("plain", FlagType::Integer, &pro).reason(), Reason::Cached);
    assert_eq!(
        client.evaluate("missing", FlagType::Any, &pro).error_code().unwrap().name(),
        "FLAG_NOT_FOUND"
    );
    let asked = server.requests("/api/v1/identities/");
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0]["headers"]["x-environment-key"], "client");
    assert_eq!(server.get("identities"), json!({}), "nothing is kept of a transient identity");
    let nobody = Context::new();
    assert!(!client.get_bool("checkout", &nobody, true));
    assert_eq!(server.requests("/api/v1/flags/").len(), 1);
    assert_eq!(client.evaluate_all(&pro).unwrap().len(), 2);
    let vip = Context::from_json(r#"{"targetingKey": "vip"}"#).unwrap();
    assert_eq!(client.evaluate("checkout", FlagType::Any, &vip).value_json(), "\"own\"");
}

#[test]
fn answers_are_asked_for_anew_without_a_cache() {
    let server = server();
    let client = client(&server, &[("cache_size", "0")]);
    let user = Context::from_json(r#"{"targetingKey": "u"}"#).unwrap();
    for _ in 0..3 {
        client.get_bool("plain", &user, false);
    }
    assert_eq!(server.requests("/api/v1/identities/").len(), 3);
}

#[test]
fn a_service_that_does_not_answer_gives_the_default() {
    let server = server();
    let client = client(&server, &[("cache_size", "0"), ("timeout_ms", "300")]);
    let user = Context::from_json(r#"{"targetingKey": "u"}"#).unwrap();
    for kind in ["status", "close", "garbage", "truncate", "hang"] {
        server.fault(json!({"path_prefix": "/api/v1/identities", "kind": kind}));
        let evaluation = client.evaluate("plain", FlagType::Integer, &user);
        assert_eq!(evaluation.error_code().map(|code| code.name()), Some("GENERAL"), "{kind}");
        server.delete("fault");
    }
    until("ERROR", || client.state() == State::Error);
    assert_eq!(client.evaluate("plain", FlagType::Integer, &user).value_json(), "7");
    assert_eq!(client.state(), State::Ready);
    client.set_api_key(Some("unknown".into()));
    client.evaluate("plain", FlagType::Integer, &user);
    assert_eq!(client.state(), State::Fatal);
}
