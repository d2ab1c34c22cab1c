//! Threads that meet in the pool, in the handle table and at the swap of a snapshot, for a tool that sees races (TSan). The
//! answers are checked too, but what is looked for is what no answer shows.
//!
//! `PENNON_RACES_SECONDS` is how long each test runs.

#![expect(clippy::expect_used, reason = "a test's way to fail is to panic")]
#![expect(unsafe_code, reason = "the handle table is behind the C ABI")]

use std::ffi::CStr;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pennon::ffi::*;
use pennon::{Client, Context, ErrorCode, FlagType, Options, Service};

const PRO: &str = r#"{"targetingKey": "user", "plan": "pro"}"#;

/// A flag that is no constant and answers with this number for `plan` `pro`.
fn flag(number: u64) -> String {
    format!(
        r#"{{"variations": {{"on": {number}, "off": -1}}, "targeting": [{{"query": "plan eq \"pro\"", "variation": "on"}}], "defaultRule": {{"variation": "off"}}}}"#
    )
}

/// A flag that takes longer than its deadline: its instance is thrown away.
fn endless() -> String {
    let numbers: Vec<_> = (0..1000).map(|number| number.to_string()).collect();
    let list = numbers.join(",");
    let inner = format!(r#"{{\"all\": [[{list}], {{\"<\": [{{\"var\": \"\"}}, 5000]}}]}}"#);
    let rule = format!(r#"{{"query": "{{\"all\": [[{list}], {inner}]}}", "variation": "on"}}"#);
    let rules = vec![rule; 20].join(",");
    format!(r#"{{"variations": {{"on": 1}}, "targeting": [{rules}], "defaultRule": {{"variation": "on"}}}}"#)
}

/// Runs `work` again and again on so many threads, each with its number, until the time is up; how often it ran.
fn meet(threads: usize, work: impl Fn(usize) + Sync) -> u64 {
    let seconds = std::env::var("PENNON_RACES_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let end = Instant::now() + Duration::from_secs(seconds);
    let total = AtomicU64::new(0);
    thread::scope(|scope| {
        for number in 0..threads {
            let (work, total) = (&work, &total);
            scope.spawn(move || {
                while Instant::now() < end {
                    work(number);
                    total.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    total.into_inner()
}

fn context() -> Context {
    Context::from_json(PRO).expect("a context")
}

#[test]
fn instances_are_handed_from_thread_to_thread() {
    let document = format!(r#"{{"fine": {}, "endless": {}}}"#, flag(1), endless());
    let options =
        Options::new(Service::Goff).ruleset(document).pool_size(2).deadline(Duration::from_millis(5));
    let client = Client::new(options.pool_wait(Duration::from_secs(20))).expect("a client");
    let context = context();
    let turns = meet(6, |number| {
        if number == 0 {
            let evaluation = client.evaluate("endless", FlagType::Any, &context);
            assert_eq!(evaluation.error_code(), Some(ErrorCode::General), "{evaluation:?}");
        } else if number == 1 {
            client.diagnostics();
        } else {
            assert_eq!(client.get_int("fine", &context, 0), 1);
        }
    });
    let stats = client.stats();
    println!("figure: {turns} turns of 6 threads on 2 instances, {} of which failed", stats.instances_failed);
    assert!(stats.instances_failed > 0 && stats.instances <= 2, "{stats:?}");
}

#[test]
fn snapshots_are_swapped_under_those_who_read_them() {
    let document = |number: u64| format!(r#"{{"first": {}, "second": {}}}"#, flag(number), flag(number));
    let options = Options::new(Service::Goff).ruleset(document(0)).pool_size(2);
    let client = Client::new(options.pool_wait(Duration::from_secs(20))).expect("a client");
    let (context, swaps) = (context(), AtomicU64::new(0));
    let turns = meet(5, |number| match number {
        0 => {
            client.set_ruleset(document(swaps.fetch_add(1, Ordering::Relaxed) + 1)).expect("a good ruleset");
        }
        1 => {
            let all = client.evaluate_all(&context).expect("a ruleset");
            let values: Vec<_> = all.iter().map(|evaluation| evaluation.value_json()).collect();
            assert!(values.len() == 2 && values.first() == values.last(), "of two rulesets: {values:?}");
            client.stats();
        }
        _ => assert!(client.get_int("first", &context, -1) >= 0),
    });
    println!("figure: {turns} turns of 5 threads, {} swaps", swaps.into_inner());
}

/// A Flagsmith environment of two features that a segment turns on together.
fn environment(number: u64) -> String {
    let state = |enabled: bool, name: &str, value: u64| {
        format!(
            r#"{{"enabled": {enabled}, "featurestate_uuid": "{value}", "feature": {{"id": {value}, "name": "{name}", "type": "STANDARD"}},
                "feature_state_value": {number}, "multivariate_feature_state_values": []}}"#
        )
    };
    let both = |enabled: bool| format!("{}, {}", state(enabled, "first", 1), state(enabled, "second", 2));
    let condition = r#"{"operator": "EQUAL", "property_": "plan", "value": "pro"}"#;
    format!(
        r#"{{"api_key": "key", "id": 1, "name": "e", "feature_states": [{}], "identity_overrides": [],
            "project": {{"id": 1, "name": "p", "hide_disabled_flags": false, "organisation": {{"id": 1, "name": "o"}},
            "segments": [{{"id": 1, "name": "pro", "feature_states": [{}],
            "rules": [{{"type": "ALL", "conditions": [{condition}], "rules": []}}]}}]}}}}"#,
        both(false),
        both(true)
    )
}

#[test]
fn environments_are_swapped_under_those_who_read_them() {
    let options = Options::new(Service::Flagsmith).ruleset(environment(0)).pool_size(2);
    let client = Client::new(options.pool_wait(Duration::from_secs(20))).expect("a client");
    let (context, swaps) = (context(), AtomicU64::new(0));
    let turns = meet(6, |number| match number {
        0 => {
            let next = swaps.fetch_add(1, Ordering::Relaxed) + 1;
            client.set_ruleset(environment(next)).expect("a good document");
        }
        1 => {
            let all = client.evaluate_all(&context).expect("a document");
            let values: Vec<_> = all.iter().map(|evaluation| evaluation.value_json()).collect();
            assert!(values.len() == 2 && values.first() == values.last(), "of two documents: {values:?}");
        }
        2 => {
            let segments = client.segments(&context).expect("a document").expect("segments");
            assert_eq!(segments.len(), 1, "{segments:?}");
        }
        _ => {
            let evaluation = client.evaluate("first", FlagType::Integer, &context);
            assert_eq!(evaluation.error_code(), None, "{evaluation:?}");
        }
    });
    println!("figure: {turns} turns of 6 threads, {} swaps", swaps.into_inner());
}

/// A collector that takes every event, on loopback.
fn collector() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    let address = format!("http://{}", listener.local_addr().expect("the port just bound"));
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let mut piece = [0; 4096];
                // Each request ends with the bytes that end its events.
                let mut last = Vec::new();
                while let Ok(length @ 1..) = stream.read(&mut piece) {
                    last.extend_from_slice(piece.get(..length).unwrap_or_default());
                    last.drain(..last.len().saturating_sub(2));
                    if last == b"]}"
                        && stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").is_err()
                    {
                        return;
                    }
                }
            });
        }
    });
    address
}

#[test]
fn events_are_left_drained_spooled_and_sent_while_flags_change() {
    let folder = std::env::temp_dir().join(format!("pennon-races-{}", std::process::id()));
    let json = format!(
        r#"{{"service": "goff", "pool_size": 2, "pool_wait_ms": 20000, "collector_endpoint": "{}", "flush_interval_ms": 1,
            "max_pending_events": 500, "batch_size": 50, "spool_dir": {folder:?}, "spool_interval_ms": 1, "spool_max_bytes": 1048576}}"#,
        collector()
    );
    let client = Client::new(Options::from_json(&json).expect("options")).expect("a client");
    let document = |number: u64| format!(r#"{{"first": {}}}"#, flag(number));
    client.set_ruleset(document(0)).expect("a good ruleset");
    let (context, swaps) = (context(), AtomicU64::new(0));
    let turns = meet(6, |number| match number {
        0 => {
            client.set_ruleset(document(swaps.fetch_add(1, Ordering::Relaxed) + 1)).expect("a good ruleset");
        }
        1 => {
            client.flush(Duration::from_millis(1));
            let stats = client.stats();
            assert!(stats.events_sent + stats.events_dropped <= stats.events_recorded, "{stats:?}");
        }
        2 => client.track("turn", &context, None).expect("tracked"),
        3 => {
            // Contexts are frozen by whoever uses them first.
            let fresh = self::context();
            thread::scope(|scope| {
                scope.spawn(|| client.get_int("first", &fresh, -1));
                client.get_int("nowhere", &fresh, -1);
            });
        }
        _ => assert!(client.get_int("first", &context, -1) >= 0),
    });
    // What the spool has no room for at the end is lost, and said.
    client.shutdown(Duration::from_secs(60));
    let stats = client.stats();
    println!(
        "figure: {turns} turns of 6 threads, {} events sent, {} dropped",
        stats.events_sent, stats.events_dropped
    );
    assert_eq!(stats.events_sent + stats.events_dropped, stats.events_recorded, "{stats:?}");
    assert!(stats.events_sent > 0 && stats.events_pending == 0, "{stats:?}");
    drop(client);
    let _ = std::fs::remove_dir_all(folder);
}

const KEY: &CStr = c"fine";
const ALL: usize = PENNON_ZERO_TERMINATED;

/// A client of one flag through the C ABI.
fn create() -> *mut pennon_client {
    let json = format!(r#"{{"service": "goff", "pool_size": 1, "ruleset": {{"fine": {}}}}}"#, flag(7));
    let (mut options, mut client) = (null_mut(), null_mut());
    // SAFETY: readable for its length.
    let read =
        unsafe { pennon_options_from_json(json.as_ptr().cast(), json.len(), &raw mut options, null_mut()) };
    assert_eq!(read, pennon_status::PENNON_STATUS_OK);
    // SAFETY: options that were just made, consumed.
    let created = unsafe { pennon_client_create(options, &raw mut client, null_mut()) };
    assert_eq!(created, pennon_status::PENNON_STATUS_OK);
    client
}

#[test]
fn clients_are_freed_under_those_who_use_them() {
    let mut context = null_mut();
    // SAFETY: readable for its length.
    let made =
        unsafe { pennon_context_from_json(PRO.as_ptr().cast(), PRO.len(), &raw mut context, null_mut()) };
    assert_eq!(made, pennon_status::PENNON_STATUS_OK);
    let shared = AtomicPtr::new(create());
    let user = AtomicPtr::new(context);
    let (found, gone) = (AtomicU64::new(0), AtomicU64::new(0));
    let turns = meet(4, |number| {
        if number == 0 {
            let old = shared.swap(create(), Ordering::AcqRel);
            // SAFETY: a handle, which others may be using or free too.
            unsafe { pennon_client_free(old) };
            return;
        }
        let client = shared.load(Ordering::Acquire);
        // SAFETY: a handle that may be stale, and a context that lives.
        match unsafe { pennon_client_get_int(client, KEY.as_ptr(), ALL, user.load(Ordering::Relaxed), -1) } {
            7 => found.fetch_add(1, Ordering::Relaxed),
            -1 => gone.fetch_add(1, Ordering::Relaxed),
            other => panic!("the value of no client: {other}"),
        };
        if number == 1 {
            // SAFETY: a handle that may be stale.
            unsafe { pennon_client_wait_ready(client, 0) };
            // SAFETY: a handle, freed by two threads at a time.
            unsafe { pennon_client_free(client) };
        }
    });
    println!("figure: {turns} turns of 4 threads on a handle: {found:?} found it, {gone:?} did not");
    // SAFETY: the last handle and the context, which nobody uses any more.
    unsafe { pennon_client_free(shared.into_inner()) };
    // SAFETY: as above.
    unsafe { pennon_context_free(user.into_inner()) };
    // SAFETY: a handle that is none.
    assert_eq!(unsafe { pennon_client_state(null()) }, pennon_state::PENNON_STATE_FATAL);
}
