//! Flagsmith beside the vendor's Python client: the same generated documents, the same identities, in turns.

#![expect(unsafe_code, reason = "reads the thread's CPU clock, which is finer than its figure in /proc")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use pennon::{Client, Context, Options, Service};
use serde_json::{Value, json};

use crate::peer::{Peer, generate, python};
use crate::{Scale, abi, measure, row};

/// Names the document that the process is to hold, and to say what that takes.
pub const HELD: &str = "PENNON_BENCH_HELD";

const SEED: &str = "1";
const MIB: f64 = 1024.0 * 1024.0;

/// Turns that each of the two has; the one in the middle counts.
const TURNS: usize = 5;

/// Documents that a flag changes in, in turn.
const REVISIONS: usize = 32;

/// An environment document, with what is asked about it.
struct Document {
    name: &'static str,
    text: String,
    identities: Vec<Identity>,
    /// Keys of flags, by what is measured of them.
    flags: Value,
}

struct Identity {
    identifier: String,
    context: Context,
    /// The same through the C ABI.
    context_of_c: abi::Context,
}

impl Identity {
    fn new(question: &Value) -> Self {
        let mut attributes = question["traits"].as_object().unwrap().clone();
        attributes.insert("targetingKey".into(), question["identifier"].clone());
        let json = Value::from(attributes).to_string();
        Self {
            identifier: question["identifier"].as_str().unwrap().into(),
            context: Context::from_json(&json).unwrap(),
            context_of_c: abi::Context::from_json(&json),
        }
    }
}

impl Document {
    fn read(directory: &Path, name: &'static str) -> Self {
        let read = |file: String| std::fs::read_to_string(directory.join(file)).unwrap();
        let flags: Value = serde_json::from_str(&read(format!("{name}.questions.json"))).unwrap();
        let identities = flags["identities"].as_array().unwrap().iter().map(Identity::new).collect();
        Self { name, text: read(format!("{name}.json")), identities, flags }
    }

    fn flag(&self, what: &str) -> &str {
        self.flags[what].as_str().unwrap()
    }

    /// The same with another value of one flag, many times.
    fn revisions(&self, flag: &str) -> Vec<Vec<u8>> {
        let mut document: Value = serde_json::from_str(&self.text).unwrap();
        let states = document["feature_states"].as_array().unwrap();
        let position = states.iter().position(|state| state["feature"]["name"] == flag).unwrap();
        let mut revise = |revision: usize| {
            document["feature_states"][position]["feature_state_value"] =
                format!("revision {revision}").into();
            document.to_string().into_bytes()
        };
        (0..REVISIONS).map(&mut revise).collect()
    }

    fn client(&self) -> Client {
        Client::new(options().ruleset(self.text.as_str())).unwrap()
    }
}

fn options() -> Options {
    Options::new(Service::Flagsmith).pool_size(2)
}

/// The keys of `count` flags, from all parts of a document.
fn keys(client: &Client, count: usize) -> Vec<String> {
    let all = client.evaluate_all(&Context::new()).unwrap();
    let step = (all.len() / count).max(1);
    all.iter().step_by(step).take(count).map(|evaluation| evaluation.key().to_owned()).collect()
}

/// CPU time of this thread.
fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the time is a local variable.
    let status = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(status, 0);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Rows of a document.
type Part = fn(Scale, &Document, &mut Peer);

/// `PENNON_BENCH_DOCUMENT` and `PENNON_BENCH_PART` leave all others out.
pub fn run(scale: Scale) {
    let Some(python) = python() else {
        row("Flagsmith's client", "absent: tests/flagsmith/peer.sh installs it", "");
        return;
    };
    let directory = directory();
    generate(&python, &directory, SEED);
    let mut peer = Peer::start(&python, &directory);
    let is_left_out = |name: &str, value: &str| std::env::var(name).is_ok_and(|only| only != value);
    let documents = ["A", "B", "C", "D"].map(|name| Document::read(&directory, name));
    let documents: Vec<_> = documents
        .into_iter()
        .filter(|document| !is_left_out("PENNON_BENCH_DOCUMENT", document.name))
        .collect();
    for document in &documents {
        describe(document, &mut peer);
    }
    let parts: [(&str, Part); 6] = [
        ("memory", |_, document, _| memory_rows(document)),
        ("answers", |_, document, peer| same_answers(document, peer)),
        ("flags", flags),
        ("all", all),
        ("segments", segments),
        ("refreshes", |_, document, peer| refreshes(document, peer)),
    ];
    for (name, part) in parts {
        if is_left_out("PENNON_BENCH_PART", name) {
            continue;
        }
        for document in &documents {
            part(scale, document, &mut peer);
        }
    }
    if !is_left_out("PENNON_BENCH_PART", "conditions") {
        conditions(scale);
    }
}

/// What one condition adds to a flag that one segment overrides: what it takes with it and without.
fn conditions(scale: Scale) {
    let accounts: Vec<_> = (0..70).map(|number| format!("acc-{:04}", number * 13)).collect();
    let accounts = accounts.join(",");
    let cases = [
        ("plan", "EQUAL", "pro"),
        ("account", "IN", &*accounts),
        ("", "PERCENTAGE_SPLIT", "50"),
        ("email", "REGEX", r".*@example\.com$"),
        ("email", "REGEX", r"^user-\d*[02468]@"),
        ("version", "LESS_THAN", "2.3.0:semver"),
        ("age", "MODULO", "3|1"),
        ("$.identity.traits.country", "IN", "DE,FR,IT,ES"),
        ("$.identity.identifier", "CONTAINS", "7"),
        ("$.environment.name", "EQUAL", "Production"),
        ("age", "GREATER_THAN", "30"),
        ("score", "GREATER_THAN", "50.5"),
        ("beta", "EQUAL", "true"),
    ];
    let question = |number: usize| {
        json!({"identifier": format!("user-{number:05}"), "traits": {
            "plan": "pro", "age": 31 + number % 7, "country": "IT", "email": format!("user-{number}@example.com"), "version": "2.3.4",
            "account": "acc-0250", "score": 51.25, "beta": true
        }})
    };
    let identities: Vec<_> = (0..64).map(|number| Identity::new(&question(number))).collect();
    let p50 = |conditions: &[Value]| {
        let state = json!({
            "feature": {"id": 1, "name": "f"}, "enabled": true, "feature_state_value": "x", "django_id": 1,
            "feature_segment": {"priority": 1}
        });
        let rules = json!([{"type": "ALL", "conditions": conditions, "rules": []}]);
        let segment = json!({"id": 1, "name": "s", "rules": rules, "feature_states": [state]});
        let document = json!({
            "api_key": "k", "name": "Production", "project": {"segments": [segment]}, "feature_states": [state]
        });
        let client = abi::Client::of("flagsmith", &document.to_string(), "");
        let times = measure::time(scale.calls / 8, scale.timer, |number| {
            black_box(client.get_bool("f", &identities[number % identities.len()].context_of_c));
        });
        times.p50()
    };
    let condition = |(property, operator, value): (&str, &str, &str)| json!({"property_": property, "operator": operator, "value": value});
    // A rule whose one condition holds for all: what is compared beside it comes behind.
    let holds = condition(("plan", "IS_SET", ""));
    let least = p50(std::slice::from_ref(&holds));
    row("one segment, one condition IS_SET, get_bool", &format!("{least:.0} ns"), "");
    for case in cases {
        let more = p50(&[holds.clone(), condition(case)]) - least;
        let value = if case.2.len() > 30 { "(70 values)" } else { case.2 };
        row(&format!("a condition more: {} {} {value}", case.0, case.1), &format!("{more:.0} ns"), "");
    }
}

/// Where the documents are.
fn directory() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(target).join("flagsmith-bench")
}

fn describe(document: &Document, peer: &mut Peer) {
    let told = peer.ask(&json!({"do": "describe", "document": document.name}));
    let client = document.client();
    let figure = format!(
        "{} features, {} segments, {} bytes",
        client.evaluate_all(&Context::new()).unwrap().len(),
        told["segments"],
        document.text.len()
    );
    let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
    let what = format!("{}: flagsmith {}, engine {}", document.name, text("version"), text("engine"));
    let overrides =
        format!("overrides: most {}, identities {}", told["most_overridden"], told["of_identities"]);
    row(&what, &figure, &overrides);
}

/// Compares all answers: each flag alone and among all, while no flag is in use and when all are.
fn same_answers(document: &Document, peer: &mut Peer) {
    let expected = peer.ask(&json!({"do": "answers", "document": document.name}));
    let (client, of_c) = (document.client(), abi::Client::of("flagsmith", &document.text, ""));
    let mut compared = 0;
    for round in 0..2 {
        for identity in &document.identities {
            let expected = expected[&identity.identifier].as_object().unwrap();
            let all = client.evaluate_all(&identity.context).unwrap();
            assert_eq!(all.len(), expected.len());
            for evaluation in &all {
                let metadata: Value = serde_json::from_str(evaluation.metadata_json()).unwrap();
                let value: Value = serde_json::from_str(evaluation.value_json()).unwrap();
                let given = json!([metadata["enabled"], value]);
                let key = evaluation.key();
                assert_eq!(given, expected[key], "{}: {key} of {}", document.name, identity.identifier);
                compared += 1;
            }
            for (key, expected) in expected.iter().filter(|_| round == 1) {
                assert_eq!(
                    of_c.get_bool(key, &identity.context_of_c),
                    expected[0],
                    "{}: {key}",
                    document.name
                );
                assert_eq!(
                    client.get_bool(key, &identity.context, false),
                    expected[0],
                    "{}: {key}",
                    document.name
                );
            }
        }
    }
    row(
        &format!("{}: answers compared with the vendor's", document.name),
        &format!("{compared}, all the same"),
        "",
    );
}

/// The turn in the middle: ours and theirs.
fn in_turns(mut ours: impl FnMut() -> f64, mut theirs: impl FnMut() -> f64) -> (f64, f64) {
    let mut pairs: Vec<_> = (0..TURNS).map(|_| (ours(), theirs())).collect();
    pairs.sort_by(|one, other| (one.1 / one.0).total_cmp(&(other.1 / other.0)));
    pairs[TURNS / 2]
}

fn flags(scale: Scale, document: &Document, peer: &mut Peer) {
    let client = abi::Client::of("flagsmith", &document.text, "");
    let rows = [
        ("untouched", "flag of no segment", "p50 <= 80 ns"),
        ("split", "multivariate flag of no segment", ""),
        ("most_overridden", "most-overridden flag", "p50 <= 500 ns; >= 50x"),
        ("of_identities", "flag of many identities' overrides", ""),
    ];
    for (name, what, must) in rows.into_iter().filter(|row| row.0 != "of_identities" || document.name == "D")
    {
        let flag = document.flag(name);
        let request =
            |calls: usize| json!({"do": "flag", "document": document.name, "flag": flag, "calls": calls});
        let calls = if name == "of_identities" { 200 } else { 4000 };
        let ours = || {
            let times = measure::time(scale.calls / 8, scale.timer, |number| {
                let identity = &document.identities[number % document.identities.len()];
                black_box(client.get_bool(flag, &identity.context_of_c));
            });
            times.p50()
        };
        let (ours, theirs) = in_turns(ours, || peer.figure(&request(calls), "p50"));
        let figure = format!("{ours:.0} ns  theirs {:.1} us  {:.0}x", theirs / 1e3, theirs / ours);
        row(&format!("{}: {what}, get_bool", document.name), &figure, must);
    }
}

fn all(scale: Scale, document: &Document, peer: &mut Peer) {
    let fresh = document.client();
    let used = document.client();
    for evaluation in &used.evaluate_all(&Context::new()).unwrap() {
        used.get_bool(evaluation.key(), &document.identities[0].context, false);
    }
    for (what, client) in [("no flag in use", &fresh), ("all flags in use", &used)] {
        let ours = || {
            let times = measure::time(10 * measure::BATCH, scale.timer, |number| {
                let identity = &document.identities[number % document.identities.len()];
                for evaluation in &client.evaluate_all(&identity.context).unwrap() {
                    black_box(evaluation.value());
                }
            });
            times.p50()
        };
        let request = json!({"do": "all", "document": document.name, "calls": 60});
        let (ours, theirs) = in_turns(ours, || peer.figure(&request, "p50"));
        let figure = format!("{:.1} us  theirs {:.0} us  {:.1}x", ours / 1e3, theirs / 1e3, theirs / ours);
        row(&format!("{}: evaluate_all and every value read, {what}", document.name), &figure, ">= 30x");
    }
    parts(scale, document, &used);
}

/// What evaluating all is made of: the flags in order, each answer with its texts, and the questions to the guest.
fn parts(scale: Scale, document: &Document, used: &Client) {
    let identity = &document.identities[0].context;
    let time = |client: &Client, selects: fn(&str) -> bool| {
        let times = measure::time(40 * measure::BATCH, scale.timer, |_| {
            black_box(client.evaluate_some(identity, selects));
        });
        times.p50() / 1e3
    };
    // Without segments, own states and variants no answer is the guest's.
    let mut plain: Value = serde_json::from_str(&document.text).unwrap();
    plain["project"]["segments"] = json!([]);
    plain["identity_overrides"] = json!([]);
    for state in plain["feature_states"].as_array_mut().unwrap() {
        state["multivariate_feature_state_values"] = json!([]);
    }
    let constant = Client::new(options().ruleset(plain.to_string())).unwrap();
    let all = constant.evaluate_all(identity).unwrap();
    for evaluation in &all {
        black_box(constant.get_bool(evaluation.key(), identity, false));
    }
    let asked = all.iter().filter(|evaluation| {
        let read = used.attributes_read(evaluation.key()).unwrap().unwrap();
        read.any || !read.names.is_empty()
    });
    let figure = format!(
        "in order {:.1} us; all constant {:.1} us; {} of {} flags ask the guest",
        time(used, |_| false),
        time(&constant, |_| true),
        asked.count(),
        all.len()
    );
    row(&format!("{}: evaluate_all, parts", document.name), &figure, "");
}

fn segments(scale: Scale, document: &Document, peer: &mut Peer) {
    let client = document.client();
    let ours = || {
        let times = measure::time(4 * measure::BATCH, scale.timer, |number| {
            let identity = &document.identities[number % document.identities.len()];
            black_box(client.segments(&identity.context));
        });
        times.p50()
    };
    let request = json!({"do": "segments", "document": document.name, "calls": 60});
    let (ours, theirs) = in_turns(ours, || peer.figure(&request, "p50"));
    let figure = format!("{:.1} us  theirs {:.0} us  {:.1}x", ours / 1e3, theirs / 1e3, theirs / ours);
    row(&format!("{}: segments of an identity", document.name), &figure, "");
}

fn refreshes(document: &Document, peer: &mut Peer) {
    let client = document.client();
    let keys = keys(&client, 100);
    let identities = &document.identities;
    for (key, identity) in keys.iter().zip(identities.iter().cycle()) {
        black_box(client.get_bool(key, &identity.context, false));
    }
    let request = json!({"do": "refresh", "document": document.name, "calls": 8});
    let theirs = (0..TURNS).map(|_| peer.figure(&request, "cpu")).fold(f64::MAX, f64::min);
    let print = |what: &str, times: &mut [Duration], must: &str| {
        times.sort();
        let ours = times[times.len() / 2].as_nanos() as f64;
        let figure =
            format!("{:.3} ms CPU  theirs {:.1} ms  {:.1}x", ours / 1e6, theirs / 1e6, theirs / ours);
        row(&format!("{}: refresh, {what}", document.name), &figure, must);
    };
    let mut unchanged: Vec<_> = (0..100)
        .map(|_| {
            let bytes = document.text.clone().into_bytes();
            let start = cpu_time();
            assert!(client.set_ruleset(bytes).unwrap().is_empty());
            cpu_time() - start
        })
        .collect();
    print("nothing changed", &mut unchanged, "<= 0.2 ms CPU");
    let must = |at_a: &'static str| if document.name == "A" { at_a } else { "" };
    for (name, what) in
        [("untouched", "one flag of no segment changed"), ("most_overridden", "most-overridden flag changed")]
    {
        let flag = document.flag(name);
        let mut times: Vec<_> = document
            .revisions(flag)
            .into_iter()
            .map(|bytes| {
                let start = cpu_time();
                let changed = client.set_ruleset(bytes).unwrap();
                let spent = cpu_time() - start;
                assert!(changed.contains(&flag.to_owned()) && changed.len() <= 2, "{changed:?}");
                spent
            })
            .collect();
        print(what, &mut times, must("<= 2 ms CPU"));
    }
}

/// What a document holds in memory, and one without features, each in a process of its own.
fn memory_rows(document: &Document) {
    let held = |text: &str| {
        let path = directory().join("held.json");
        std::fs::write(&path, text).unwrap();
        let output = Command::new(std::env::current_exe().unwrap()).env(HELD, path).output().unwrap();
        let figures = String::from_utf8(output.stdout).unwrap();
        figures.split_whitespace().map(|figure| figure.parse().unwrap()).collect::<Vec<f64>>()
    };
    let figure = |held: &[f64]| format!("{:.1} MiB, {:.1} of it anonymous", held[0] / MIB, held[1] / MIB);
    if document.name == "A" {
        let least = r#"{"api_key":"k","name":"n","project":{"segments":[]},"feature_states":[]}"#;
        row("resident memory, document without features", &figure(&held(least)), "");
    }
    let of_document = held(&document.text);
    let must = format!("<= 2x + 8 MiB = {:.1} MiB", 2.0 * document.text.len() as f64 / MIB + 8.0);
    row(&format!("{}: resident memory, 100 flags in use", document.name), &figure(&of_document), &must);
    row(
        &format!("{}: its peak while a flag changes", document.name),
        &format!("{:.1} MiB", of_document[2] / MIB),
        "",
    );
}

/// Holds a document, and prints the bytes that it takes, those of them that are no file's, and the peak of a refresh.
pub fn hold(path: &Path) {
    let before = ["VmRSS", "RssAnon"].map(measure::memory);
    let text = std::fs::read_to_string(path).unwrap();
    let client = Client::new(options().ruleset(text)).unwrap();
    let context =
        Context::from_json(r#"{"targetingKey":"user-00007","plan":"pro","age":31,"version":"2.3.4"}"#)
            .unwrap();
    let keys: Vec<_> = (0..100).map(|number| format!("feature_{:04}", number * 4)).collect();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for key in keys.iter().cycle().take(10_000) {
                    black_box(client.get_bool(key, &context, false));
                }
            });
        }
    });
    let held = ["VmRSS", "RssAnon"].map(measure::memory);
    measure::reset_peak();
    let changed = std::fs::read_to_string(path).unwrap().replacen("\"enabled\":true", "\"enabled\": true", 1);
    client.set_ruleset(changed).unwrap();
    let peak = measure::memory("VmHWM");
    println!("{} {} {}", held[0] - before[0], held[1] - before[1], peak - before[0]);
}
