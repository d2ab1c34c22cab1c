//! Every event arrives, or is accounted for.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use pennon::{Client, FlagType, Options, Service};
use serde_json::{Value, json};

use crate::flags;
use crate::heard::Heard;
use crate::relay::Relay;
use crate::server::{Reply, Request, Server, answer};
use crate::support::{context, eventually, user};

/// A flag that is told apart by its answer, one that a split decides, one that is not tracked, one that is switched off.
fn four() -> String {
    flags([
        (
            "plan",
            r#"{"variations":{"yes":"for you","no":"for others"},"targeting":[{"query":"plan eq \"pro\"","variation":"yes"}],"defaultRule":{"variation":"no"},"version":"1.2"}"#.into(),
        ),
        ("split", r#"{"variations":{"a":1,"b":2},"defaultRule":{"percentage":{"a":50,"b":50}}}"#.into()),
        ("quiet", r#"{"variations":{"on":true},"defaultRule":{"variation":"on"},"trackEvents":false}"#.into()),
        ("off", r#"{"variations":{"on":true},"defaultRule":{"variation":"on"},"disable":true}"#.into()),
    ])
}

fn ready(options: Options, heard: &Heard) -> Client {
    let client = Client::new(options.listener(heard.listener()).log(heard.log())).expect("a client");
    assert!(client.wait_ready(Duration::from_secs(10)), "{:?}", heard.lines());
    client
}

#[test]
fn events_have_the_relays_exact_shape() {
    let relay = Relay::start(&four());
    let mut options = relay.options();
    options.set_named("exporter_metadata", r#"{"team":"x","beta":true,"n":1}"#).expect("an option");
    let client = ready(options, &Heard::default());
    let pro = context(r#"{"targetingKey":"ann","plan":"pro"}"#);
    let nobody = context(r#"{"anonymous":true}"#);
    let before = seconds();
    client.evaluate("plan", FlagType::Any, &pro);
    client.get_bool("plan", &pro, true);
    client.get_bool("off", &pro, true);
    client.get_string("off", &pro, "mine \"x\"", |_| ());
    client.get_bool("quiet", &pro, false);
    client.evaluate("nowhere", FlagType::Any, &nobody);
    client.get_double("nowhere", &pro, 0.5);
    client.evaluate_all(&pro);
    client.explain("plan", &pro);
    assert_eq!(client.flush(Duration::from_secs(10)), 0);
    let features = relay.features_become(6);
    let after = seconds();
    let meta = json!({"provider": "pennon", "openfeature": true, "team": "x", "beta": true, "n": 1});
    let expected = [
        json!({"userKey": "ann", "contextKind": "user", "key": "plan", "variation": "yes", "value": "for you", "default": false, "version": "1.2"}),
        // Of another type than was asked for.
        json!({"userKey": "ann", "contextKind": "user", "key": "plan", "variation": "SdkDefault", "value": true, "default": true, "version": ""}),
        json!({"userKey": "ann", "contextKind": "user", "key": "off", "variation": "SdkDefault", "value": true, "default": false, "version": ""}),
        json!({"userKey": "ann", "contextKind": "user", "key": "off", "variation": "SdkDefault", "value": "mine \"x\"", "default": false, "version": ""}),
        json!({"userKey": "undefined-targetingKey", "contextKind": "anonymousUser", "key": "nowhere", "variation": "SdkDefault", "value": null, "default": true, "version": ""}),
        json!({"userKey": "ann", "contextKind": "user", "key": "nowhere", "variation": "SdkDefault", "value": 0.5, "default": true, "version": ""}),
    ];
    for (mut feature, mut expected) in features.into_iter().zip(expected) {
        let members = feature.as_object_mut().expect("an event");
        let created = members.remove("creationDate").and_then(|date| date.as_u64()).expect("seconds");
        assert!((before - 1..=after).contains(&created), "{before} {created} {after}");
        let wanted = expected.as_object_mut().expect("an event");
        wanted.insert("kind".into(), "feature".into());
        wanted.insert("source".into(), "INPROCESS".into());
        wanted.insert("metadata".into(), meta.clone());
        assert_eq!(feature, expected);
    }
    assert_eq!(relay.features().len(), 6, "what is not tracked, evaluate-all and explain are not reported");
    assert_eq!(client.stats().evaluations, 7);
}

fn seconds() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs()
}

#[test]
fn tracking_events_arrive_with_context_and_details() {
    let relay = Relay::start(&four());
    let client = ready(relay.options(), &Heard::default());
    let ann = context(r#"{"targetingKey":"ann","plan":"pro","n":{"a":[1,null]}}"#);
    client.track("buy", &ann, Some(r#"{"value": 9.5, "items": ["x"]}"#)).expect("tracked");
    client.track("look", &ann, None).expect("tracked");
    for (name, details) in [("", None), ("x", Some("[]")), ("x", Some("{")), ("x", Some("{} {}"))] {
        assert!(client.track(name, &ann, details).is_err(), "{name} {details:?}");
    }
    assert_eq!(client.flush(Duration::from_secs(10)), 0);
    eventually("two tracking events", || relay.tracking().len() >= 2);
    let mut tracked = relay.tracking();
    let first = tracked[0].as_object_mut().expect("an event");
    assert!(first.remove("creationDate").is_some_and(|date| date.is_u64()));
    assert_eq!(
        tracked[0],
        json!({"kind": "tracking", "contextKind": "user", "userKey": "ann", "key": "buy",
               "evaluationContext": {"targetingKey": "ann", "plan": "pro", "n": {"a": [1, null]}},
               "trackingEventDetails": {"value": 9.5, "items": ["x"]}})
    );
    assert_eq!(tracked[1]["trackingEventDetails"], json!({}));
}

#[test]
fn every_evaluation_of_several_threads_is_exported_once() {
    const THREADS: usize = 4;
    const EACH: usize = 2500;
    let relay = Relay::start(&four());
    let heard = Heard::default();
    let client = ready(relay.options(), &heard);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let client = &client;
            scope.spawn(move || {
                for number in 0..EACH {
                    client.get_int("split", &user(&format!("{thread}-{number}")), 0);
                    // What a burst of all threads would take longer to send than the queue is long is dropped, as it should be.
                    if number % 500 == 0 {
                        client.flush(Duration::from_secs(10));
                    }
                }
            });
        }
        // The definition changes under them: events are of the flag as it was.
        for round in 0..5 {
            thread::sleep(Duration::from_millis(50));
            relay.set(
                &four()
                    .replace("\"1.2\"", &format!("\"{round}\""))
                    .replace("\"a\":1", &format!("\"a\":{}", round + 10)),
            );
        }
    });
    assert_eq!(client.flush(Duration::from_secs(20)), 0);
    let features = relay.features_become(THREADS * EACH);
    let mut users = BTreeMap::new();
    for feature in &features {
        *users.entry(feature["userKey"].as_str().expect("a key").to_owned()).or_insert(0) += 1;
        let is_a = feature["variation"] == "a";
        assert!(is_a || feature["value"] == 2, "{feature}");
    }
    assert_eq!((features.len(), users.len()), (THREADS * EACH, THREADS * EACH));
    let stats = client.stats();
    assert_eq!((stats.events_sent, stats.events_dropped), ((THREADS * EACH) as u64, 0));
    assert_eq!(heard.delivered(), (stats.events_sent, 0, 0));
}

fn good() -> String {
    format!("{{\"flags\":{}}}", four())
}

/// The batches that came: how many events each had, and whether it was taken.
type Batches = Arc<Mutex<Vec<(usize, bool)>>>;

/// A server that has flags, and a collector that does `behave` in turn, and takes everything in the end.
fn with_collector(behave: Vec<Reply>) -> (Server, Batches) {
    let turn = AtomicUsize::new(0);
    let batches = Batches::default();
    let seen = Arc::clone(&batches);
    let server = Server::start(move |request: &Request| {
        if !request.path.contains("/collector") {
            return answer(200, &good());
        }
        let body: Value = serde_json::from_str(&request.body).expect("JSON");
        let count = body["events"].as_array().expect("events").len();
        let reply = behave.get(turn.fetch_add(1, Ordering::Relaxed)).cloned();
        seen.lock().expect("the batches").push((count, reply.is_none()));
        reply.unwrap_or_else(|| answer(200, "{\"ingestedContentCount\":1}"))
    });
    (server, batches)
}

fn options(server: &Server, given: &[(&str, &str)]) -> Options {
    let mut options = Options::new(Service::Goff).endpoint(&server.url()).expect("an endpoint");
    let usual = [("change_stream", "off"), ("flush_interval_ms", "20"), ("timeout_ms", "300")];
    for (name, value) in usual.iter().chain(given) {
        options.set_named(name, value).expect("an option");
    }
    options
}

#[test]
fn what_the_collector_does_not_take_is_sent_again() {
    let troubles = [
        answer(500, "oops"),
        answer(401, ""),
        answer(429, ""),
        answer(503, ""),
        answer(404, ""),
        Reply::Garbage,
        Reply::Close,
        Reply::Hang,
        Reply::Slow("x".repeat(30), Duration::from_millis(5)),
    ];
    for trouble in troubles {
        let name = format!("{trouble:.60?}");
        let is_taken = matches!(trouble, Reply::Slow(..));
        let (server, batches) = with_collector(vec![trouble]);
        let heard = Heard::default();
        let client = ready(options(&server, &[]), &heard);
        for number in 0..10 {
            client.get_int("split", &user(&number.to_string()), 0);
        }
        assert_eq!(client.flush(Duration::from_secs(10)), 0, "{name}: {:?}", heard.lines());
        let stats = client.stats();
        assert_eq!((stats.events_sent, stats.events_dropped, stats.events_pending), (10, 0, 0), "{name}");
        let accepted: usize = batches
            .lock()
            .expect("the batches")
            .iter()
            .filter(|(_, taken)| *taken || is_taken)
            .map(|(count, _)| count)
            .sum();
        assert_eq!(accepted, 10, "{name}");
        assert_eq!(stats.send_failures, u64::from(!is_taken), "{name}");
        if !is_taken {
            heard.line_comes("events cannot be sent");
            heard.line_comes("events are sent again");
        }
    }
}

#[test]
fn an_answer_that_breaks_off_after_its_status_is_an_acknowledgement() {
    let (server, batches) = with_collector(vec![Reply::Cut(200, "{".into())]);
    let client = ready(options(&server, &[]), &Heard::default());
    client.get_int("split", &user("a"), 0);
    assert_eq!(client.flush(Duration::from_secs(10)), 0);
    assert_eq!(client.stats().events_sent, 1);
    assert_eq!(*batches.lock().expect("the batches"), [(1, false)]);
}

#[test]
fn a_batch_that_is_malformed_is_dropped_and_counted_and_the_next_is_sent() {
    let (server, _) = with_collector(vec![answer(400, "{\"message\":\"bad\"}")]);
    let heard = Heard::default();
    let client = ready(options(&server, &[]), &heard);
    for number in 0..7 {
        client.get_int("split", &user(&number.to_string()), 0);
    }
    assert_eq!(client.flush(Duration::from_secs(10)), 0);
    client.get_int("split", &user("later"), 0);
    assert_eq!(client.flush(Duration::from_secs(10)), 0);
    let stats = client.stats();
    assert_eq!((stats.events_sent, stats.events_dropped), (1, 7));
    assert_eq!(heard.delivered(), (1, 7, 0));
    heard.line_comes("7 events were dropped: the service refuses them");
}

#[test]
fn a_batch_that_is_too_large_is_split_down_to_one_event() {
    // All batches of more than 2 events are too large, and so is one single event.
    let huge = "h".repeat(200);
    let server = Server::start(move |request: &Request| {
        if !request.path.contains("/collector") {
            return answer(200, &good());
        }
        let body: Value = serde_json::from_str(&request.body).expect("JSON");
        let events = body["events"].as_array().expect("events");
        let too_large = events.len() > 2 || events.iter().any(|event| event["userKey"] == huge.as_str());
        answer(if too_large { 413 } else { 200 }, "")
    });
    let heard = Heard::default();
    let client = ready(options(&server, &[]), &heard);
    for number in 0..20 {
        let name = if number == 7 { "h".repeat(200) } else { number.to_string() };
        client.get_int("split", &user(&name), 0);
    }
    assert_eq!(client.flush(Duration::from_secs(10)), 0);
    let stats = client.stats();
    assert_eq!((stats.events_sent, stats.events_dropped), (19, 1), "{:?}", heard.lines());
    let taken: Vec<Value> = server
        .requests_to("/collector")
        .iter()
        .map(|r| serde_json::from_str(&r.body).expect("JSON"))
        .collect();
    assert!(taken.iter().all(|body| !body["events"].as_array().expect("events").is_empty()));
}

#[test]
fn batches_are_as_large_as_the_option_says_one_request_each() {
    let (server, batches) = with_collector(Vec::new());
    let client =
        ready(options(&server, &[("batch_size", "40"), ("flush_interval_ms", "60000")]), &Heard::default());
    for number in 0..100 {
        client.get_int("split", &user(&number.to_string()), 0);
    }
    assert_eq!(client.flush(Duration::from_secs(10)), 0);
    assert_eq!(*batches.lock().expect("the batches"), [(40, true), (40, true), (20, true)]);
    assert_eq!(client.stats().batches_sent, 3);
}

#[test]
fn a_queue_is_bounded_drops_the_oldest_and_counts_them() {
    let (server, _) = with_collector(vec![answer(500, ""); 1000]);
    let heard = Heard::default();
    let client =
        ready(options(&server, &[("max_pending_events", "100"), ("flush_interval_ms", "20")]), &heard);
    for number in 0..5000 {
        client.get_int("split", &user(&format!("user-{number}")), 0);
    }
    let stats = client.stats();
    assert_eq!((stats.events_recorded, stats.events_sent), (5000, 0));
    eventually("the queue is trimmed", || client.stats().events_pending <= 100);
    let stats = client.stats();
    assert_eq!(stats.events_dropped + stats.events_pending, 5000, "{stats:?}");
    let left = client.flush(Duration::from_millis(200));
    assert_eq!(left, stats.events_pending);
    let lost = client.shutdown(Duration::from_millis(200));
    assert_eq!(lost, stats.events_pending);
    let stats = client.stats();
    assert_eq!((stats.events_dropped, stats.events_pending), (5000, 0));
    assert_eq!(heard.delivered(), (0, 5000, 0));
    // What is recorded after the end is not taken; the evaluation is.
    assert_ne!(client.get_int("split", &user("late"), 0), 0);
    assert_eq!(client.stats().events_recorded, 5000);
}

#[test]
fn shutdown_is_bounded_though_the_collector_hangs() {
    let (server, _) = with_collector(vec![Reply::Hang; 10]);
    let client = ready(
        options(&server, &[("timeout_ms", "30000"), ("flush_interval_ms", "60000")]),
        &Heard::default(),
    );
    client.get_int("split", &user("a"), 0);
    let start = Instant::now();
    assert_eq!(client.shutdown(Duration::from_millis(300)), 1);
    assert!((250..8000).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
    assert_eq!(client.stats().events_dropped, 1);
}

#[test]
fn a_dropped_client_sends_nothing_more_and_shutdown_sends_what_is_pending() {
    let (server, batches) = with_collector(Vec::new());
    let far = [("flush_interval_ms", "60000")];
    let client = ready(options(&server, &far), &Heard::default());
    client.get_int("split", &user("a"), 0);
    drop(client);
    assert!(batches.lock().expect("the batches").is_empty());
    let client = ready(options(&server, &far), &Heard::default());
    client.get_int("split", &user("a"), 0);
    assert_eq!(client.shutdown(Duration::from_secs(5)), 0);
    assert_eq!(*batches.lock().expect("the batches"), [(1, true)]);
}

#[test]
fn data_collection_can_be_switched_off_and_go_elsewhere() {
    let relay = Relay::start(&four());
    let (server, batches) = with_collector(Vec::new());
    let mut off = relay.options();
    off.set_named("disable_data_collection", "true").expect("an option");
    let client = ready(off, &Heard::default());
    client.get_int("split", &user("a"), 0);
    client.track("x", &user("a"), None).expect("nothing to say against it");
    assert_eq!((client.flush(Duration::from_secs(5)), client.stats().events_recorded), (0, 0));
    assert_eq!(client.stats().evaluations, 1);
    let mut elsewhere = relay.options();
    elsewhere.set_named("collector_endpoint", &format!("{}/prefix", server.url())).expect("an option");
    let client = ready(elsewhere, &Heard::default());
    client.get_int("split", &user("a"), 0);
    assert_eq!(client.flush(Duration::from_secs(5)), 0);
    assert_eq!(batches.lock().expect("the batches").len(), 1);
    assert_eq!(server.requests_to("/collector")[0].path, "/prefix/v1/data/collector");
    assert!(relay.features().is_empty());
}
