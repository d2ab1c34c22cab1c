//! Requests that are sent again, as the vendor's client does (`faithful.py`, `failures`).

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use pennon::{Client, Context, FlagType, Mode, Options, Service, State};
use serde_json::{Value, json};

use crate::server::{KEY, Server, document, own, state, until};

const DOCUMENT: &str = "/api/v1/environment-document/";
const FLAGS: &str = "/api/v1/flags/";
const IDENTITIES: &str = "/api/v1/identities/";

fn server() -> Server {
    let mut document = document(&[state(1, "plain", true, json!(7))]);
    document["identity_overrides"] =
        (0..5).map(|n| own(&format!("u{n}"), state(1, "plain", true, json!(n)))).collect();
    Server::with(&document)
}

fn set(mut options: Options, more: &[(&str, &str)]) -> Options {
    for (name, value) in more {
        options.set_named(name, value).unwrap();
    }
    options
}

/// A client that asks for its document once.
fn follower(server: &Server, more: &[(&str, &str)]) -> Client {
    Client::new(set(set(server.options(), &[("poll_interval_ms", "0")]), more)).unwrap()
}

fn remote(options: Options, more: &[(&str, &str)]) -> Client {
    let options = options.mode(Mode::Remote).start_wait(Duration::ZERO);
    Client::new(set(set(options, &[("cache_size", "0")]), more)).unwrap()
}

/// The JSON of the value for nobody (a GET) or somebody (a POST), or the error.
fn answer(client: &Client, context: &str) -> String {
    let context = Context::from_json(context).unwrap();
    let evaluation = client.evaluate("plain", FlagType::Any, &context);
    evaluation.error_code().map_or_else(|| evaluation.value_json().to_owned(), |code| code.name().to_owned())
}

const NOBODY: &str = "{}";
const SOMEBODY: &str = r#"{"targetingKey": "u"}"#;

fn statuses(server: &Server, path: &str) -> Vec<Value> {
    server.requests(path).iter().map(|request| request["status"].clone()).collect()
}

#[test]
fn a_document_comes_at_the_third_attempt_and_so_does_each_page() {
    let server = server();
    for kind in ["close", "truncate"] {
        server.put("config", r#"{"page_size": 2, "gzip": true}"#);
        let page = format!("{DOCUMENT}?page_id");
        server.fault(json!({"path_prefix": page, "kind": kind, "count": 3}));
        server.fault(json!({"path_prefix": DOCUMENT, "kind": kind, "count": 2}));
        server.delete("requests");
        let client = follower(&server, &[]);
        assert_eq!(client.state(), State::Ready, "{kind}: {}", client.stats().to_json());
        assert_eq!(answer(&client, r#"{"targetingKey": "u4"}"#), "4");
        // Three attempts for the first page, four for the second, one for the last.
        assert_eq!(server.requests(DOCUMENT).len(), 8, "{kind}");
        assert_eq!(client.stats().rejected, 0);
    }
}

#[test]
fn an_evaluation_survives_two_connections_that_are_dropped() {
    let server = server();
    let client = remote(server.options(), &[]);
    server.fault(json!({"path_prefix": FLAGS, "kind": "close", "count": 2}));
    assert_eq!(answer(&client, NOBODY), "7");
    assert_eq!(statuses(&server, FLAGS), [Value::Null, Value::Null, json!(200)]);
    server.fault(json!({"path_prefix": FLAGS, "kind": "close", "count": 4}));
    assert_eq!(answer(&client, NOBODY), "GENERAL");
    assert_eq!(server.requests(FLAGS).len(), 3 + 4);
}

#[test]
fn a_post_is_sent_again_only_where_nobody_can_have_seen_it() {
    let server = server();
    let client = remote(server.options(), &[]);
    server.fault(json!({"path_prefix": IDENTITIES, "kind": "close", "count": 1}));
    assert_eq!(answer(&client, SOMEBODY), "GENERAL");
    assert_eq!(statuses(&server, IDENTITIES), [Value::Null]);
    server.fault(json!({"path_prefix": IDENTITIES, "kind": "retry_after", "count": 1}));
    assert_eq!(answer(&client, SOMEBODY), "GENERAL");
    assert_eq!(statuses(&server, IDENTITIES), [Value::Null, json!(503)]);

    // Where nobody listens yet.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let options =
        Options::new(Service::Flagsmith).endpoint(&format!("http://{address}")).unwrap().api_key(KEY);
    let client = remote(options, &[("change_stream", "off")]);
    let late = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        let (mut socket, _) = TcpListener::bind(address).unwrap().accept().unwrap();
        let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
        while !request.ends_with(b"}") {
            let length = socket.read(&mut buffer).unwrap();
            request.extend_from_slice(&buffer[..length]);
        }
        let body = r#"{"flags": [{"feature": {"id": 1, "name": "plain"}, "enabled": true, "feature_state_value": 8}]}"#;
        write!(socket, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    });
    assert_eq!(answer(&client, SOMEBODY), "8");
    late.join().unwrap();
}

#[test]
fn a_status_is_an_answer_unless_it_asks_for_another_attempt() {
    let server = server();
    let client = remote(server.options(), &[]);
    for status in [500, 503] {
        server.delete("requests");
        server.fault(json!({"path_prefix": FLAGS, "kind": "status", "status": status, "count": 1}));
        assert_eq!(answer(&client, NOBODY), "GENERAL");
        assert_eq!(statuses(&server, FLAGS), [status]);
    }
    for status in [413, 429, 503] {
        server.delete("requests");
        let fault = json!({"path_prefix": FLAGS, "kind": "retry_after", "status": status, "retry_after": "1", "count": 1});
        server.fault(fault);
        let since = Instant::now();
        assert_eq!(answer(&client, NOBODY), "7");
        assert_eq!(statuses(&server, FLAGS), [status, 200]);
        assert!(since.elapsed() >= Duration::from_secs(1));
    }
}

#[test]
fn all_attempts_together_have_the_time_of_one() {
    let server = server();
    let client = remote(server.options(), &[("timeout_ms", "400")]);
    server.fault(json!({"path_prefix": FLAGS, "kind": "close"}));
    assert_eq!(answer(&client, NOBODY), "GENERAL");
    assert_eq!(server.requests(FLAGS).len(), 3, "the fourth would be too late");
    server.delete("fault");
    server.fault(json!({"path_prefix": FLAGS, "kind": "retry_after", "status": 503, "retry_after": "1"}));
    let since = Instant::now();
    assert_eq!(answer(&client, NOBODY), "GENERAL");
    assert_eq!(server.requests(FLAGS).len(), 4);
    assert!(since.elapsed() < Duration::from_millis(900), "nobody waits for what is too late");
    server.delete("fault");

    // An attempt has what the one before it left.
    let client = remote(server.options(), &[("timeout_ms", "1500")]);
    server.fault(json!({"path_prefix": FLAGS, "kind": "retry_after", "retry_after": "1", "count": 1}));
    server.fault(json!({"path_prefix": "/api/v1/flag", "kind": "hang"}));
    let since = Instant::now();
    assert_eq!(answer(&client, NOBODY), "GENERAL");
    assert!(since.elapsed() < Duration::from_millis(2200), "{:?}", since.elapsed());
    assert_eq!(server.requests(FLAGS).len(), 6);
}

#[test]
fn nothing_is_sent_again_without_retries() {
    let server = server();
    server.fault(json!({"path_prefix": "/api", "kind": "close", "count": 1}));
    let client = follower(&server, &[("retries", "0")]);
    assert_eq!(client.stats().rejected, 1);
    server.delete("requests");
    server.fault(json!({"path_prefix": "/api", "kind": "close", "count": 1}));
    let client = remote(server.options(), &[("retries", "0")]);
    assert_eq!(answer(&client, NOBODY), "GENERAL");
    assert_eq!(server.requests(FLAGS).len(), 1);
}

#[test]
fn whoever_waits_for_another_attempt_gives_up_with_the_client() {
    let server = server();
    server.fault(json!({"path_prefix": "/api", "kind": "retry_after", "retry_after": "30"}));
    let patient = [("timeout_ms", "60000")];
    let client = Client::new(set(server.options().start_wait(Duration::ZERO), &patient)).unwrap();
    until("an answer", || !statuses(&server, DOCUMENT).is_empty());
    // Until the answer has come, and the pause has begun.
    std::thread::sleep(Duration::from_millis(100));
    let since = Instant::now();
    client.shutdown(Duration::ZERO);
    assert!(since.elapsed() < Duration::from_millis(400), "{:?}", since.elapsed());

    let client = remote(server.options(), &patient);
    std::thread::scope(|scope| {
        let evaluation = scope.spawn(|| answer(&client, NOBODY));
        until("an answer", || !statuses(&server, FLAGS).is_empty());
        std::thread::sleep(Duration::from_millis(100));
        assert!(!evaluation.is_finished());
        let since = Instant::now();
        client.shutdown(Duration::ZERO);
        assert_eq!(evaluation.join().unwrap(), "GENERAL");
        assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
    });
}
