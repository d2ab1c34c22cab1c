//! Following an environment: pages, validators, streams, faults, the last good document.

use std::time::Duration;

use pennon::{Client, Context, FlagType, State};
use serde_json::{Value, json};

use crate::server::{Server, document, own, state, until};

fn context(json: &str) -> Context {
    Context::from_json(json).unwrap()
}

fn text(client: &Client, key: &str, context: &Context) -> String {
    let evaluation = client.evaluate(key, FlagType::Any, context);
    evaluation.value_json().to_owned()
}

fn checkout(value: &str) -> Value {
    document(&[state(1, "checkout", false, json!(value)), state(2, "plain", true, json!(7))])
}

const DOCUMENT: &str = "/api/v1/environment-document/";

#[test]
fn a_document_is_followed_by_polls_that_cost_nothing_while_it_is_the_same() {
    let server = Server::with(&checkout("v1"));
    let mut options = server.options();
    options.set_named("full_fetch_interval_ms", "60000").unwrap();
    let client = Client::new(options).unwrap();
    let nobody = context("{}");
    assert_eq!((client.state(), text(&client, "checkout", &nobody).as_str()), (State::Ready, "\"v1\""));
    let pro = context(r#"{"targetingKey": "u", "plan": "pro"}"#);
    let evaluation = client.evaluate("checkout", FlagType::Any, &pro);
    assert_eq!(evaluation.value_json(), "\"v2\"");
    assert!(evaluation.metadata_json().contains("\"reason\":\"TARGETING_MATCH; segment=pros\""));
    until("304", || server.requests(DOCUMENT).iter().filter(|request| request["status"] == 304).count() > 3);
    let first = &server.requests(DOCUMENT)[0];
    assert_eq!(first["headers"]["x-environment-key"], "ser.test");
    assert_eq!(first["headers"].get("if-modified-since"), None);
    let generation = client.stats().to_json();
    std::thread::sleep(Duration::from_millis(1100));
    server.set(&checkout("v3"));
    until("the change", || text(&client, "checkout", &nobody) == "\"v3\"");
    assert_ne!(generation, client.stats().to_json());
}

#[test]
fn an_override_that_changes_no_date_is_seen_at_the_next_full_fetch() {
    let server = Server::with(&checkout("v1"));
    let mut options = server.options();
    options.set_named("full_fetch_interval_ms", "700").unwrap();
    let client = Client::new(options).unwrap();
    until("a 304", || server.requests(DOCUMENT).iter().any(|request| request["status"] == 304));
    let mut changed = checkout("v1");
    changed["identity_overrides"] = json!([own("vip", state(1, "checkout", true, json!("own")))]);
    server.put("document?touch=0&event=0", &changed.to_string());
    let vip = context(r#"{"targetingKey": "vip"}"#);
    until("the override", || text(&client, "checkout", &vip) == "\"own\"");
    let other = context(r#"{"targetingKey": "viq"}"#);
    assert_eq!(text(&client, "checkout", &other), "\"v1\"");
}

#[test]
fn every_page_of_the_overrides_is_fetched() {
    let mut paged = checkout("v1");
    let owns =
        (0..25).map(|n| own(&format!("user-{n}"), state(1, "checkout", true, json!(format!("own {n}")))));
    paged["identity_overrides"] = owns.collect();
    let server = Server::with(&paged);
    server.put("config", r#"{"page_size": 10, "gzip": true}"#);
    let client = Client::new(server.options()).unwrap();
    for n in 0..25 {
        let user = context(&format!("{{\"targetingKey\": \"user-{n}\"}}"));
        assert_eq!(text(&client, "checkout", &user), format!("\"own {n}\""));
    }
    // A page that cannot be had leaves the whole document that was.
    server.fault(
        json!({"path_prefix": "/api/v1/environment-document/?page_id", "kind": "status", "status": 500}),
    );
    std::thread::sleep(Duration::from_millis(1100));
    let mut changed = paged.clone();
    changed["feature_states"][0]["feature_state_value"] = json!("v2");
    server.set(&changed);
    until("STALE", || client.state() == State::Stale);
    let user = context(r#"{"targetingKey": "nobody"}"#);
    assert_eq!(text(&client, "checkout", &user), "\"v1\"");
    server.delete("fault");
    until("READY", || client.state() == State::Ready);
    assert_eq!(text(&client, "checkout", &user), "\"v2\"");
}

#[test]
fn a_stream_brings_a_change_at_once_and_asks_for_the_whole() {
    let server = Server::with(&checkout("v1"));
    let mut options = server.options();
    options.set_named("poll_interval_ms", "600000").unwrap();
    options.set_named("change_stream", "auto").unwrap();
    let client = Client::new(options).unwrap();
    until("a stream", || server.get("streams") == 1);
    // Once more after it was opened: what changed meanwhile.
    until("a second fetch", || server.requests(DOCUMENT).len() == 2);
    let mut changed = checkout("v1");
    changed["identity_overrides"] = json!([own("vip", state(1, "checkout", true, json!("own")))]);
    // An override changes no date.
    server.put("document?touch=0", &changed.to_string());
    let vip = context(r#"{"targetingKey": "vip"}"#);
    until("the override", || text(&client, "checkout", &vip) == "\"own\"");
    assert!(
        server.requests(DOCUMENT).iter().all(|request| request["headers"].get("if-modified-since").is_none())
    );
    server.post("cut_streams");
    until("a stream again", || {
        server.get("streams") == 1 && server.requests("/sse/environments/client/stream").len() == 2
    });
    server.set(&checkout("v9"));
    until("the change", || text(&client, "checkout", &vip) == "\"v9\"");
}

#[test]
fn faults_leave_the_last_good_document_in_force() {
    let server = Server::with(&checkout("v1"));
    let client = Client::new(server.options()).unwrap();
    let nobody = context("{}");
    for kind in ["status", "close", "truncate", "garbage", "hang", "retry_after"] {
        server.fault(json!({"path_prefix": DOCUMENT, "kind": kind, "status": if kind == "status" { json!(500) } else { Value::Null }, "retry_after": "1"}));
        let before = server.requests(DOCUMENT).len();
        until("an attempt", || server.requests(DOCUMENT).len() > before);
        assert_eq!(text(&client, "checkout", &nobody), "\"v1\"", "{kind}");
        server.delete("fault");
    }
    // What the vendor's client refuses whole we refuse whole.
    let mut broken = checkout("v2");
    broken["project"]["segments"][0]["rules"][0].as_object_mut().unwrap().remove("type");
    std::thread::sleep(Duration::from_millis(1100));
    server.set(&broken);
    until("a refusal", || {
        client.stats().to_json().contains("`type` is missing") || client.state() == State::Stale
    });
    assert_eq!(text(&client, "checkout", &nobody), "\"v1\"");
    std::thread::sleep(Duration::from_millis(1100));
    server.set(&checkout("v3"));
    until("the repair", || text(&client, "checkout", &nobody) == "\"v3\"");
}

#[test]
fn a_wrong_key_is_fatal_and_another_one_helps() {
    let server = Server::with(&checkout("v1"));
    let client =
        Client::new(server.options().api_key("ser.wrong").start_wait(Duration::from_secs(1))).unwrap();
    until("FATAL", || client.state() == State::Fatal);
    client.set_api_key(Some("ser.test".into()));
    until("READY", || client.state() == State::Ready);
}

#[test]
fn an_edge_proxy_is_followed_to_where_its_document_is() {
    let server = Server::with(&checkout("v1"));
    server.put("config", r#"{"edge_proxy": true}"#);
    let client = Client::new(server.options()).unwrap();
    assert_eq!(text(&client, "checkout", &context("{}")), "\"v1\"");
    let wrong =
        Client::new(server.options().api_key("ser.wrong").start_wait(Duration::from_secs(1))).unwrap();
    until("FATAL", || wrong.state() == State::Fatal);
}

#[test]
fn the_last_good_document_survives_a_restart_without_the_service() {
    let folder = std::env::temp_dir().join(format!("pennon-flagsmith-{}", std::process::id()));
    let server = Server::with(&checkout("v1"));
    let client = Client::new(server.options().cache_dir(&folder)).unwrap();
    until("a file", || std::fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some()));
    drop(client);
    server.fault(json!({"path_prefix": "/api", "kind": "close"}));
    let client = Client::new(server.options().cache_dir(&folder)).unwrap();
    assert_eq!(client.state(), State::Stale);
    assert_eq!(text(&client, "checkout", &context("{}")), "\"v1\"");
    server.delete("fault");
    until("READY", || client.state() == State::Ready);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn the_vendors_own_client_takes_the_server_for_the_real_one() {
    println!("{}", crate::peer::run("faithful.py", &[]));
}
