//! One rule of three conditions, evaluated by Pennon's Rust API and by `eppo_core`, in turns; the median round counts.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use chrono::{TimeZone, Utc};
use eppo_core::eval::get_assignment;
use eppo_core::ufc::{UniversalFlagConfig, VariationType};
use eppo_core::{AttributeValue, Attributes, Configuration, SdkMetadata, Str};
use pennon::{Client, Context, Options, Service};

const ROUNDS: usize = 31;
const EVALUATIONS: u32 = 100_000;

const KEY: &str = "d45e303a-38c2-11ed-a261-000000000001";

const RULESET: &str = r#"{"flag": {"variations": {"on": true, "off": false},
    "targeting": [{"query": "plan eq \"pro\" and age gt 18 and country in [\"DE\",\"FR\",\"IT\"]", "variation": "on"}],
    "defaultRule": {"variation": "off"}}}"#;

const UFC: &str = r#"{"format": "SERVER", "createdAt": "2026-01-01T00:00:00.000Z", "environment": {"name": "Test"},
    "flags": {"flag": {"key": "flag", "enabled": true, "variationType": "BOOLEAN", "totalShards": 10000,
    "variations": {"on": {"key": "on", "value": true}},
    "allocations": [{"key": "rule", "doLog": false, "splits": [{"variationKey": "on", "shards": []}],
    "rules": [{"conditions": [{"attribute": "plan", "operator": "ONE_OF", "value": ["pro"]},
    {"attribute": "age", "operator": "GT", "value": 18},
    {"attribute": "country", "operator": "ONE_OF", "value": ["DE", "FR", "IT"]}]}]}]}}}"#;

const TEXTS: [(&str, &str); 7] = [
    ("email", "john.doe@example.com"),
    ("plan", "pro"),
    ("country", "IT"),
    ("version", "2.3.4"),
    ("agent", "Mozilla/5.0 (X11; Linux) Gecko/20100101 Firefox/120.0"),
    ("id", "id-0250"),
    ("company", "acme"),
];
const NUMBERS: [(&str, i64); 3] = [("age", 31), ("size", 120), ("rank", 7)];

fn main() {
    let client = Client::new(Options::new(Service::Goff).ruleset(RULESET)).expect("a client");
    let mut user = Context::new();
    user.set_targeting_key(KEY).expect("a key");
    let mut attributes = Attributes::new();
    for (name, text) in TEXTS {
        user.set(name, pennon::AttributeValue::String(text)).expect("an attribute");
        attributes.insert(name.into(), AttributeValue::from(text));
    }
    for (name, number) in NUMBERS {
        user.set(name, pennon::AttributeValue::Int(number)).expect("an attribute");
        attributes.insert(name.into(), AttributeValue::from(number as f64));
    }
    let metadata = SdkMetadata { name: "peers", version: "0" };
    let flags = UniversalFlagConfig::from_json(metadata, UFC.into()).expect("a configuration");
    let configuration = Configuration::from_server_response(flags, None);
    let (key, attributes) = (Str::from(KEY), Arc::new(attributes));
    // The time is an argument of theirs; ours is read only by flags that depend on it.
    let now = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap();

    let ours = || client.get_bool(black_box("flag"), black_box(&user), false);
    let theirs = || {
        let kind = Some(VariationType::Boolean);
        get_assignment(Some(&configuration), black_box("flag"), &key, black_box(&attributes), kind, now)
            .is_ok_and(|assignment| assignment.is_some())
    };
    assert!(ours() && theirs(), "both evaluate the rule");
    let (mut our_times, mut their_times) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        our_times.push(nanoseconds(ours));
        their_times.push(nanoseconds(theirs));
    }
    let (ours, theirs) = (median(our_times), median(their_times));
    println!("{:<34} {ours:9.0} ns      1.0x", "pennon, Client::get_bool");
    println!("{:<34} {theirs:9.0} ns  {:7.1}x", "eppo_core, get_assignment", theirs / ours);
}

fn nanoseconds(evaluate: impl Fn() -> bool) -> f64 {
    let start = Instant::now();
    for _ in 0..EVALUATIONS {
        black_box(evaluate());
    }
    start.elapsed().as_nanos() as f64 / f64::from(EVALUATIONS)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}
