//! Evaluation by the relay: remote mode, and the fallback.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use pennon::{Client, Context, ErrorCode, FlagType, Mode, Options, Reason, Service};

use crate::flags;
use crate::heard::Heard;
use crate::relay::Relay;
use crate::server::{Reply, Server, answer};
use crate::support::{context, eventually};

fn document(answer: &str) -> String {
    flags([
        (
            "plan",
            format!(
                r#"{{"variations":{{"yes":"{answer}","no":"for others"}},"targeting":[{{"query":"plan eq \"pro\"","variation":"yes"}}],"defaultRule":{{"variation":"no"}},"metadata":{{"team":"x"}}}}"#
            ),
        ),
        ("split", r#"{"variations":{"a":1,"b":2},"defaultRule":{"percentage":{"a":50,"b":50}}}"#.into()),
        ("off", r#"{"variations":{"on":true},"defaultRule":{"variation":"on"},"disable":true}"#.into()),
        ("a b/c+é", r#"{"variations":{"on":true},"defaultRule":{"variation":"on"}}"#.into()),
    ])
}

fn set(mut options: Options, given: &[(&str, &str)]) -> Options {
    for (name, value) in given {
        options.set_named(name, value).expect("an option");
    }
    options
}

fn remote(relay: &Relay, given: &[(&str, &str)]) -> Client {
    Client::new(set(relay.options(), given).mode(Mode::Remote)).expect("a client")
}

#[test]
fn answers_are_those_of_an_evaluation_in_process() {
    let relay = Relay::start(&document("for you"));
    let (remote, here) = (remote(&relay, &[]), Client::new(relay.options()).expect("a client"));
    assert!(here.wait_ready(Duration::from_secs(10)) && remote.wait_ready(Duration::ZERO));
    let contexts = [r#"{"targetingKey":"ann","plan":"pro"}"#, r#"{"targetingKey":"bob"}"#, "{}"].map(context);
    for context in &contexts {
        for key in ["plan", "split", "off", "a b/c+é", "nowhere"] {
            let (theirs, ours) =
                (remote.evaluate(key, FlagType::Any, context), here.evaluate(key, FlagType::Any, context));
            assert_eq!(theirs.error_code(), ours.error_code(), "{key}");
            assert_eq!((theirs.variant(), theirs.reason()), (ours.variant(), ours.reason()), "{key}");
            assert_eq!(theirs.value(), ours.value(), "{key}");
        }
        assert!(remote.get_bool("off", context, true), "a flag that is off gives the default");
        assert_eq!(remote.get_int("plan", context, 7), 7);
        let all = remote.evaluate_all(context).expect("all flags");
        assert_eq!(all.len(), 4);
    }
    let mismatch = remote.evaluate("plan", FlagType::Integer, &contexts[0]);
    assert_eq!(mismatch.error_code(), Some(ErrorCode::TypeMismatch));
    // Relay and client report what they evaluate themselves, and the remote client nothing.
    assert_eq!(remote.stats().events_recorded, 0);
}

#[test]
fn answers_are_kept_until_flags_change() {
    let relay = Relay::start(&document("for you"));
    let pro = context(r#"{"targetingKey":"ann","plan":"pro"}"#);
    let client = remote(&relay, &[("change_stream", "sse"), ("poll_interval_ms", "3600000")]);
    let first = client.evaluate("plan", FlagType::Any, &pro);
    assert_eq!(first.reason(), Reason::TargetingMatch);
    // The stream, once it is open, empties the cache once.
    eventually("the answer is kept", || {
        client.evaluate("plan", FlagType::Any, &pro).reason() == Reason::Cached
    });
    let other = client.evaluate("plan", FlagType::Any, &context(r#"{"targetingKey":"ann"}"#));
    assert_eq!((other.reason(), other.variant()), (Reason::Default, "no"));
    std::thread::sleep(Duration::from_millis(200));
    relay.set(&document("for everybody"));
    let start = Instant::now();
    eventually("the change is seen", || {
        client.evaluate("plan", FlagType::Any, &pro).value_json() == "\"for everybody\""
    });
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn a_cache_is_bounded_in_size_and_time() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let server = Server::start(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        answer(
            200,
            r#"{"key":"f","value":true,"reason":"SPLIT","variant":"a","metadata":{"gofeatureflag_cacheable":true}}"#,
        )
    });
    let options =
        Options::new(Service::Goff).endpoint(&server.url()).expect("an endpoint").mode(Mode::Remote);
    let given = [
        ("cache_size", "2"),
        ("cache_ttl_ms", "300"),
        ("change_stream", "off"),
        ("disable_cache_invalidation", "true"),
    ];
    let client = Client::new(set(options, &given)).expect("a client");
    let ask = |key: &str| client.get_bool(key, &Context::new(), false);
    let asked = || asked.load(Ordering::Relaxed);
    assert!(ask("a") && ask("a") && ask("b") && ask("a"));
    assert_eq!(asked(), 2);
    assert!(ask("c") && ask("a"));
    assert_eq!(asked(), 3);
    assert!(ask("b"), "the one that was used longest ago has gone");
    assert_eq!(asked(), 4);
    std::thread::sleep(Duration::from_millis(350));
    assert!(ask("b"));
    assert_eq!(asked(), 5);
}

#[test]
fn a_relay_in_trouble_gives_the_default_and_is_left_alone_when_it_asks_for_it() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let server = Server::start(move |_| match count.fetch_add(1, Ordering::Relaxed) {
        0 => answer(500, "oops"),
        1 => answer(200, "<html>"),
        2 => answer(401, ""),
        3 => Reply::Hang,
        _ => Reply::Answer(429, "Retry-After: 1\r\n".into(), String::new()),
    });
    let options =
        Options::new(Service::Goff).endpoint(&server.url()).expect("an endpoint").mode(Mode::Remote);
    let client =
        Client::new(set(options, &[("timeout_ms", "300"), ("change_stream", "off"), ("cache_size", "0")]))
            .expect("a client");
    for trouble in ["status 500", "no evaluation", "status 401", "timeout", "status 429"] {
        let evaluation = client.evaluate("f", FlagType::Boolean, &Context::new());
        assert_eq!(evaluation.error_code(), Some(ErrorCode::General), "{trouble}");
        assert!(evaluation.error_message().contains(trouble), "{trouble}: {}", evaluation.error_message());
    }
    assert_eq!(asked.load(Ordering::Relaxed), 5);
    assert!(client.get_bool("f", &Context::new(), true));
    assert!(client.evaluate("f", FlagType::Any, &Context::new()).error_message().contains("left alone"));
    assert_eq!(asked.load(Ordering::Relaxed), 5, "no request before the time that it named");
    std::thread::sleep(Duration::from_millis(1100));
    client.get_bool("f", &Context::new(), true);
    assert_eq!(asked.load(Ordering::Relaxed), 6);
}

#[test]
fn a_flag_that_cannot_be_evaluated_here_is_evaluated_by_the_relay() {
    // A wrong type makes a flag unreadable for us; a relay of another version might read it.
    let broken = r#"{"flags":{"broken":{"variations":{"on":true},"defaultRule":{"variation":5}},"odd":{"variations":{"on":true},"defaultRule":{}}}}"#;
    let server = Server::start(move |request| {
        if request.path.contains("/configuration") {
            return answer(200, broken);
        }
        answer(
            200,
            r#"{"key":"broken","value":true,"reason":"TARGETING_MATCH","variant":"on","metadata":{"team":"x"}}"#,
        )
    });
    let heard = Heard::default();
    let options = Options::new(Service::Goff).endpoint(&server.url()).expect("an endpoint").log(heard.log());
    let client = Client::new(set(options, &[("change_stream", "off"), ("flush_interval_ms", "20")]))
        .expect("a client");
    assert!(client.wait_ready(Duration::from_secs(10)));
    let evaluation = client.evaluate("broken", FlagType::Boolean, &Context::new());
    assert_eq!(
        (evaluation.error_code(), evaluation.variant()),
        (None, "on"),
        "{}",
        evaluation.error_message()
    );
    assert!(evaluation.metadata_json().contains("\"gofeatureflag_evaluated_remotely\":true"));
    assert_eq!(client.stats().events_recorded, 0, "the relay reports it");
    // A flag without an answer has none anywhere: FLAG_CONFIG is not asked about.
    let odd = client.evaluate("odd", FlagType::Boolean, &Context::new());
    assert_eq!(odd.error_code(), Some(ErrorCode::FlagConfig));
    let asked = || server.requests_to("/ofrep/").len();
    assert_eq!(asked(), 1);
    for _ in 0..100 {
        client.get_bool("broken", &Context::new(), false);
    }
    assert!(asked() <= 21, "{} requests for 101 evaluations", asked());
}

#[test]
fn a_relay_that_cannot_help_either_leaves_the_first_error() {
    let broken = r#"{"flags":{"broken":{"variations":{"on":true},"defaultRule":{"variation":5}}}}"#;
    let server = Server::start(move |request| match request.path.contains("/configuration") {
        true => answer(200, broken),
        false => answer(500, "oops"),
    });
    let options = Options::new(Service::Goff).endpoint(&server.url()).expect("an endpoint");
    let client = Client::new(set(options, &[("change_stream", "off")])).expect("a client");
    assert!(client.wait_ready(Duration::from_secs(10)));
    for _ in 0..5 {
        let evaluation = client.evaluate("broken", FlagType::Boolean, &Context::new());
        assert_eq!(evaluation.error_code(), Some(ErrorCode::ParseError));
        assert!(!evaluation.error_message().contains("oops"));
    }
    assert_eq!(server.requests_to("/ofrep/").len(), 1, "after a failure the relay is left alone for a while");
}
