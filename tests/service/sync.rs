//! Staying in step with the relay.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use pennon::{Client, Context, Error, FlagType, Options, Service, Source, State};

use crate::heard::Heard;
use crate::relay::Relay;
use crate::server::{Reply, Server, answer};
use crate::support::{Scratch, eventually};
use crate::{flag, flags, rounds};

static EMPTY: Context = Context::new();

fn client(options: Options, heard: &Heard) -> Client {
    Client::new(options.listener(heard.listener()).log(heard.log())).expect("a client")
}

fn set(mut options: Options, given: &[(&str, &str)]) -> Options {
    for (name, value) in given {
        options.set_named(name, value).expect("an option");
    }
    options
}

fn options(url: &str) -> Options {
    let options = Options::new(Service::Goff).endpoint(url).expect("an endpoint");
    set(options, &[("poll_interval_ms", "50"), ("change_stream", "off"), ("disable_data_collection", "true")])
}

fn is_on(client: &Client, key: &str) -> bool {
    client.get_bool(key, &EMPTY, false)
}

#[test]
fn a_change_is_pushed_within_a_second_and_touches_only_what_changed() {
    let relay = Relay::start(&flags([("a", flag("off")), ("b", flag("off")), ("c", flag("on"))]));
    for stream in ["sse", "websocket", "auto"] {
        let heard = Heard::default();
        // Polls are too rare to help: a second is what it takes at most where nothing else runs.
        let given = [("change_stream", stream), ("poll_interval_ms", "3600000")];
        let client = client(set(relay.options(), &given), &heard);
        assert!(client.wait_ready(Duration::from_secs(10)));
        assert!(!is_on(&client, "a") && is_on(&client, "c"));
        // The stream is open once it has made the client look again.
        eventually("the stream is open", || client.stats().unchanged > 0);
        let loads = client.stats().loads;
        relay.set(&flags([("a", flag("on")), ("b", flag("off")), ("c", flag("on"))]));
        let start = Instant::now();
        eventually("the change is seen", || is_on(&client, "a"));
        println!("figure: {stream}: a change was seen after {:?}", start.elapsed());
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        assert!(is_on(&client, "c"));
        assert_eq!(client.stats().loads, loads + 1, "a flag that has not changed is not loaded again");
        eventually("the application is told", || !heard.changes().is_empty());
        assert_eq!(heard.changes(), [["a"]]);
        assert_eq!(heard.states(), [State::Ready]);
        relay.set(&flags([("a", flag("off")), ("b", flag("off")), ("c", flag("on"))]));
    }
}

#[test]
fn polls_find_changes_and_an_unchanged_answer_costs_nothing() {
    let relay = Relay::start(&flags([("a", flag("off"))]));
    let heard = Heard::default();
    let client = client(relay.options(), &heard);
    assert!(client.wait_ready(Duration::from_secs(10)));
    eventually("unchanged answers", || client.stats().unchanged > 2);
    let bytes = client.stats().bytes_received;
    relay.set(&flags([("a", flag("on")), ("new", flag("on"))]));
    eventually("the change is seen", || is_on(&client, "a"));
    assert!(client.stats().bytes_received > bytes);
    assert_eq!((client.stats().refreshes, client.stats().source), (2, Some(Source::Service)));
    relay.set(&flags([("new", flag("on"))]));
    eventually("the application is told", || heard.changes().len() == 2);
    assert_eq!(heard.changes(), [vec!["a", "new"], vec!["a"]]);
}

#[test]
fn a_relay_that_is_down_at_start_is_found_when_it_comes() {
    let mut relay = Relay::stopped(&flags([("a", flag("on"))]), "");
    let heard = Heard::default();
    let start = Instant::now();
    let client = client(relay.options(), &heard);
    assert!(start.elapsed() < Duration::from_secs(5), "create does not wait for the network");
    assert!(!client.wait_ready(Duration::from_millis(100)));
    heard.states_become(&[State::Error]);
    let evaluation = client.evaluate("a", FlagType::Boolean, &EMPTY);
    assert_eq!(evaluation.error_code(), Some(pennon::ErrorCode::ProviderNotReady));
    assert!(client.stats().last_error.contains("127.0.0.1"), "{}", client.stats().last_error);
    relay.run();
    assert!(client.wait_ready(Duration::from_secs(10)));
    assert!(is_on(&client, "a"));
    heard.states_become(&[State::Error, State::Ready]);
    assert!(heard.changes().is_empty(), "the first ruleset is no change");
}

#[test]
fn a_relay_is_restarted_again_and_again() {
    let mut relay = Relay::start(&flags([("a", flag("off"))]));
    let heard = Heard::default();
    let client = client(set(relay.options(), &[("change_stream", "auto")]), &heard);
    assert!(client.wait_ready(Duration::from_secs(10)));
    let rounds = rounds(4);
    for round in 0..rounds {
        let wanted = round % 2 == 0;
        let next = flags([("a", flag(if wanted { "on" } else { "off" }))]);
        relay.kill();
        if round % 3 == 0 {
            // Long enough for the client to say that it is out of date.
            eventually("the client is stale", || client.state() == State::Stale);
        }
        assert_eq!(is_on(&client, "a"), !wanted, "the last good ruleset stays in force");
        // Changed while it is down, or once it is up again.
        if round % 2 == 0 {
            relay.set(&next);
            relay.run();
        } else {
            relay.run();
            relay.set(&next);
        }
        eventually("the change is seen", || is_on(&client, "a") == wanted);
        eventually("the client is ready", || client.state() == State::Ready);
    }
    eventually("the application is told of all", || heard.changes().len() >= rounds);
    assert_eq!(heard.changes().len(), rounds);
    let states = heard.states();
    assert!(states.windows(2).all(|pair| pair[0] != pair[1]), "{states:?}");
    println!("figure: {rounds} restarts, {} states", states.len());
}

#[test]
fn a_wrong_key_is_fatal_and_another_key_heals_it() {
    let relay = {
        let keys = "authorizedKeys: {admin: [service-admin], evaluation: [right]}";
        let mut relay = Relay::stopped(&flags([("a", flag("on"))]), keys);
        relay.run();
        relay
    };
    let heard = Heard::default();
    let client = client(relay.options().api_key("wrong"), &heard);
    let start = Instant::now();
    assert!(!client.wait_ready(Duration::from_secs(10)));
    assert!(start.elapsed() < Duration::from_secs(5), "whose key is refused does not wait for nothing");
    heard.states_become(&[State::Fatal]);
    assert!(matches!(client.refresh(), Err(Error::Unauthorized(message)) if message.contains("401")));
    assert!(!heard.lines().iter().any(|line| line.contains("wrong")), "a key is not for the log");
    client.set_api_key(Some("right".into()));
    assert!(client.wait_ready(Duration::from_secs(10)));
    heard.states_become(&[State::Fatal, State::NotReady, State::Ready]);
    assert!(is_on(&client, "a"));
}

#[test]
fn flagsets_are_chosen_by_their_keys() {
    let folder = Scratch::new();
    let set = |name: &str, flags: &str| {
        let path = folder.file(name, flags);
        format!("  - {{name: {name}, apiKeys: [key-{name}], retrievers: [{{kind: file, path: {path:?}}}]}}\n")
    };
    let one = set("one", &flags([("a", flag("on"))]));
    let two = set("two", &flags([("b", flag("on"))]));
    let mut relay = Relay::stopped("{}", &format!("flagsets:\n{one}{two}"));
    relay.run();
    let two = client(relay.options().api_key("key-two"), &Heard::default());
    assert!(two.wait_ready(Duration::from_secs(10)));
    assert!(is_on(&two, "b") && two.stats().flags == 1);
    let heard = Heard::default();
    let none = client(relay.options().api_key("key-none"), &heard);
    assert!(!none.wait_ready(Duration::from_secs(10)));
    heard.states_become(&[State::Fatal]);
}

#[test]
fn an_empty_relay_has_no_flags() {
    let relay = Relay::start("{}");
    let heard = Heard::default();
    let client = client(relay.options(), &heard);
    assert!(client.wait_ready(Duration::from_secs(10)));
    assert_eq!(
        client.evaluate("a", FlagType::Any, &EMPTY).error_code(),
        Some(pennon::ErrorCode::FlagNotFound)
    );
    relay.set(&flags([("a", flag("on"))]));
    eventually("a flag comes", || is_on(&client, "a"));
    relay.set("{}");
    eventually("the flag goes", || client.stats().flags == 0);
}

#[test]
fn a_flag_list_asks_for_no_more() {
    let relay = Relay::start(&flags([("a", flag("on")), ("b", flag("on")), ("c", flag("on"))]));
    let options = set(relay.options(), &[("flag_list", r#"["a","c","nowhere"]"#)]);
    let client = client(options, &Heard::default());
    assert!(client.wait_ready(Duration::from_secs(10)));
    assert_eq!(client.stats().flags, 2);
}

/// What the service may answer that is no ruleset; the one in force stays, and recovery is unattended.
#[test]
fn no_bad_answer_replaces_a_good_ruleset() {
    let good = format!("{{\"flags\":{}}}", flags([("a", flag("on"))]));
    let html = "<html>Bad Gateway</html>";
    let bad = [
        answer(200, html),
        answer(200, "{\"message\":\"hello\"}"),
        answer(200, "{\"flags\":5}"),
        answer(200, "{\"flags\":{\"a\":"),
        answer(404, html),
        answer(500, "{\"errorCode\":\"RETRIEVING_FLAGS_ERROR\"}"),
        answer(302, html),
        Reply::Cut(200, good.clone()),
        Reply::Garbage,
        Reply::Close,
        Reply::Slow(good.clone(), Duration::from_millis(50)),
        Reply::Hang,
    ];
    for reply in bad {
        let name = format!("{reply:.80?}");
        let turn = std::sync::Arc::new(Mutex::new(answer(200, &good)));
        let served = std::sync::Arc::clone(&turn);
        let server = Server::start(move |_| served.lock().expect("the turn").clone());
        let heard = Heard::default();
        let client = client(set(options(&server.url()), &[("timeout_ms", "200")]), &heard);
        assert!(client.wait_ready(Duration::from_secs(10)), "{name}");
        *turn.lock().expect("the turn") = reply;
        eventually(&name, || client.state() == State::Stale);
        assert!(is_on(&client, "a"), "{name}");
        let error = client.stats().last_error;
        assert!(!error.is_empty() && error.len() < 600 && !error.contains('\n'), "{name}: {error}");
        *turn.lock().expect("the turn") = answer(200, &good);
        eventually(&name, || client.state() == State::Ready);
        heard.states_become(&[State::Ready, State::Stale, State::Ready]);
        assert!(heard.changes().is_empty(), "{name}");
    }
}

#[test]
fn the_etag_goes_back_as_it_came_and_only_of_what_was_accepted() {
    let good = format!("{{\"flags\":{}}}", flags([("a", flag("on"))]));
    let count = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let turns = std::sync::Arc::clone(&count);
    let server = Server::start(move |_| match turns.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
        0 => Reply::Answer(200, "ETag: W/\"odd \\ one\"\r\n".into(), good.clone()),
        1 => Reply::Answer(200, "ETag: \"of-garbage\"\r\n".into(), "{\"flags\":".into()),
        2 => Reply::Answer(200, "ETag: \"second\"\r\n".into(), good.replace("true", "false")),
        _ => Reply::Answer(304, String::new(), String::new()),
    });
    let options = set(options(&server.url()), &[("headers", r#"{"X-Extra":"1","Authorization":"Basic x"}"#)]);
    let client = client(options.api_key("k"), &Heard::default());
    eventually("answers", || client.stats().unchanged > 1);
    let requests = server.requests();
    let tags: Vec<_> = requests.iter().take(5).map(|request| request.header("if-none-match")).collect();
    let odd = Some("W/\"odd \\ one\"");
    assert_eq!(tags, [None, odd, odd, Some("\"second\""), Some("\"second\"")]);
    let first = &requests[0];
    assert_eq!((first.path.as_str(), first.body.as_str()), ("/v1/flag/configuration", "{\"flags\":[]}"));
    assert_eq!(first.header("content-type"), Some("application/json"));
    assert_eq!((first.header("x-extra"), first.header("x-api-key")), (Some("1"), Some("k")));
    assert_eq!(first.header("authorization"), Some("Basic x"), "the caller's own header is left alone");
    assert!(first.header("accept-encoding").is_some_and(|accepted| accepted.contains("gzip")));
}

#[test]
fn a_service_that_asks_to_be_left_alone_is() {
    let server = Server::start(|_| Reply::Answer(429, "Retry-After: 2\r\n".into(), String::new()));
    let client = client(options(&server.url()), &Heard::default());
    std::thread::sleep(Duration::from_millis(1200));
    assert_eq!(server.requests().len(), 1);
    eventually("it is asked again", || server.requests().len() > 1);
    drop(client);
}

#[test]
fn a_prefix_in_the_endpoint_is_kept_and_the_stream_has_the_key() {
    let good = format!("{{\"flags\":{}}}", flags([("a", flag("on"))]));
    let server = Server::start(move |request| match request.path.as_str() {
        "/goff/v1/flag/configuration" => answer(200, &good),
        path if path.starts_with("/goff/stream/v1/sse/flag/change") => Reply::Stream(": hello\n\n".into()),
        _ => answer(404, ""),
    });
    let url = format!("{}/goff/", server.url());
    let given = [("change_stream", "auto"), ("poll_interval_ms", "3600000")];
    let client = client(set(options(&url), &given).api_key("a&b"), &Heard::default());
    eventually("a stream is asked for", || !server.requests_to("/sse/").is_empty());
    assert_eq!(server.requests_to("/sse/")[0].path, "/goff/stream/v1/sse/flag/change?apiKey=a%26b");
    let start = Instant::now();
    drop(client);
    assert!(start.elapsed() < Duration::from_secs(5), "a stream is interrupted: {:?}", start.elapsed());
}

#[test]
fn ending_a_client_does_not_wait_for_a_service_that_hangs() {
    let server = Server::start(|_| Reply::Hang);
    let client = client(options(&server.url()), &Heard::default());
    eventually("it is asked", || !server.requests().is_empty());
    let start = Instant::now();
    client.shutdown(Duration::from_secs(60));
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn ten_thousand_flags_are_followed() {
    let many = |changed: usize| {
        let value = |number: usize| if number == changed { "on" } else { "off" };
        let padding = "x".repeat(1900);
        let of = |number| {
            flag(value(number))
                .replace("{\"variations\"", &format!("{{\"metadata\":{{\"p\":\"{padding}\"}},\"variations\""))
        };
        let members: Vec<_> = (0..10_000).map(|number| format!("\"f{number:05}\":{}", of(number))).collect();
        format!("{{{}}}", members.join(","))
    };
    let relay = Relay::start(&many(0));
    let heard = Heard::default();
    let given = [("change_stream", "sse"), ("poll_interval_ms", "3600000")];
    let client = client(set(relay.options(), &given), &heard);
    assert!(client.wait_ready(Duration::from_secs(20)));
    assert!(is_on(&client, "f00000") && client.stats().flags == 10_000);
    eventually("the stream is open", || client.stats().unchanged > 0);
    relay.set(&many(9_999));
    eventually("the change is seen", || is_on(&client, "f09999"));
    eventually("the application is told", || !heard.changes().is_empty());
    assert_eq!(heard.changes(), [["f00000", "f09999"]]);
    println!("figure: {} bytes of 10,000 flags", client.stats().ruleset_bytes);
}
