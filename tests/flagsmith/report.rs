//! What is reported: how often flags were evaluated, and events of experiments.

use std::time::Duration;

use pennon::{Client, Context, FlagType};
use serde_json::{Value, json};

use crate::server::{Server, document, state, until};

fn server() -> Server {
    let mut button = state(2, "button", true, json!("grey"));
    button["multivariate_feature_state_values"] = json!([{
        "id": 1, "mv_fs_value_uuid": "8fc91e55-7dd9-a062-65ac-caec8881a1e3", "percentage_allocation": 100.0,
        "multivariate_feature_option": {"value": "blue", "key": "b"}}]);
    Server::with(&document(&[state(1, "checkout", false, json!("v1")), button]))
}

fn client(server: &Server, more: &[(&str, &str)]) -> Client {
    let mut options = server.options();
    for (name, value) in more {
        options.set_named(name, value).unwrap();
    }
    Client::new(options).unwrap()
}

fn user() -> Context {
    Context::from_json(r#"{"targetingKey": "u", "plan": "pro"}"#).unwrap()
}

const ANALYTICS: &str = "/api/v1/analytics/flags/";

#[test]
fn every_evaluation_is_counted_also_when_a_post_fails() {
    let server = server();
    let client = client(&server, &[("enable_analytics", "true"), ("flush_interval_ms", "50")]);
    let user = user();
    server.fault(json!({"path_prefix": ANALYTICS, "kind": "status", "status": 500}));
    for _ in 0..1000 {
        client.get_bool("checkout", &user, false);
    }
    // Of another type, which is an evaluation of the flag all the same.
    client.evaluate("checkout", FlagType::Integer, &user);
    client.get_bool("missing", &user, false);
    client.evaluate_all(&user);
    until("an attempt", || !server.requests(ANALYTICS).is_empty());
    server.delete("fault");
    assert_eq!(client.flush(Duration::from_secs(5)), 0);
    assert_eq!(server.get("analytics"), json!({"checkout": 1001}));
    client.get_bool("button", &user, false);
    assert_eq!(client.shutdown(Duration::from_secs(5)), 0);
    assert_eq!(server.get("analytics"), json!({"checkout": 1001, "button": 1}));
}

#[test]
fn counts_of_many_threads_add_up() {
    let server = server();
    let client = client(&server, &[("enable_analytics", "true"), ("flush_interval_ms", "5")]);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let user = user();
                for _ in 0..20_000 {
                    client.get_bool("checkout", &user, false);
                }
            });
        }
    });
    assert_eq!(client.shutdown(Duration::from_secs(5)), 0);
    assert_eq!(server.get("analytics"), json!({"checkout": 80_000}));
}

#[test]
fn nothing_is_reported_unless_it_is_asked_for() {
    let server = server();
    let client = client(&server, &[("flush_interval_ms", "10")]);
    client.get_bool("checkout", &user(), false);
    client.track("bought", &user(), None).unwrap();
    client.shutdown(Duration::from_secs(1));
    assert_eq!(server.requests(ANALYTICS), Vec::<Value>::new());
    assert_eq!(server.requests("/v1/events"), Vec::<Value>::new());
}

#[test]
fn exposures_and_events_arrive_as_the_vendors_client_writes_them() {
    let server = server();
    let client = client(&server, &[("enable_events", "true")]);
    let user = user();
    server.fault(json!({"path_prefix": "/v1/events", "kind": "close", "count": 1}));
    client.track("feature_flag.exposure", &user, Some(r#"{"flag_key": "button", "page": "home"}"#)).unwrap();
    client.track("feature_flag.exposure", &user, Some(r#"{"flag_key": "button"}"#)).unwrap();
    client.track("bought", &user, Some(r#"{"value": 99.5, "sku": "a"}"#)).unwrap();
    assert!(client.track("$own", &user, None).is_err());
    assert!(client.track("feature_flag.exposure", &user, Some(r#"{"flag_key": "checkout"}"#)).is_err());
    assert!(
        client.track("feature_flag.exposure", &Context::new(), Some(r#"{"flag_key": "button"}"#)).is_err()
    );
    client.flush(Duration::from_secs(1));
    assert_eq!(client.flush(Duration::from_secs(5)), 0);
    let events = server.get("events");
    let events = events.as_array().unwrap();
    let names: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(names, ["$flag_exposure", "bought"]);
    assert_eq!((&events[0]["feature_name"], &events[0]["value"]), (&json!("button"), &json!("b")));
    assert_eq!((&events[0]["identifier"], &events[0]["traits"]), (&json!("u"), &json!({"plan": "pro"})));
    assert_eq!((&events[1]["value"], &events[1]["metadata"]["sku"]), (&json!("99.5"), &json!("a")));
}
