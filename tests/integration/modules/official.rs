//! GO Feature Flag's own module behind the same API: tests/conformance compares its answers with ours.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pennon::{Client, ErrorCode, Evaluation, FlagType, Options, Reason, Value};
use serde_json::json;

use super::{Heard, official, with_official};
use crate::flags::{FINE, ruleset};
use crate::support::{Ending, client, context};

const PRO: &str = r#"{"targetingKey": "ann", "plan": "pro"}"#;

/// The module traps where a path leads through what is no object (reference 3.11, row 3); our guest answers `no`.
const FRAGILE: &str = r#"{"variations": {"a": "yes", "b": "no"}, "defaultRule": {"variation": "b"},
    "targeting": [{"query": "plan.name eq \"x\"", "variation": "a"}]}"#;

const NUMBER: &str = r#"{"variations": {"n": 5.5, "i": 7}, "defaultRule": {"variation": "n"}, "metadata": {"owner": "me"},
    "targeting": [{"name": "whole", "query": "plan eq \"pro\"", "variation": "i"}]}"#;

/// A value and its JSON, which the module writes in its own spelling.
fn parsed(evaluation: &Evaluation) -> (std::mem::Discriminant<Value<'_>>, Option<serde_json::Value>) {
    let value = evaluation.value();
    (std::mem::discriminant(&value), serde_json::from_str(evaluation.value_json()).ok())
}

fn vendor(document: &str) -> Client {
    Client::new(with_official(document)).expect("a client of the official module")
}

#[test]
fn it_answers_behind_the_same_api() {
    let disabled = r#"{"disable": true, "variations": {"a": {"b": [1]}}, "defaultRule": {"variation": "a"}}"#;
    let object = r#"{"variations": {"a": {"b": [1, "<"]}}, "defaultRule": {"variation": "a"}}"#;
    let split =
        r#"{"variations": {"a": true, "b": false}, "defaultRule": {"percentage": {"a": 50, "b": 50}}}"#;
    let document = ruleset([
        ("fine", FINE),
        ("number", NUMBER),
        ("disabled", disabled),
        ("object", object),
        ("split", split),
    ]);
    let (module, ours) = (vendor(&document), client(&document));
    for json in [PRO, "{}", r#"{"targetingKey": "", "plan": null}"#] {
        let context = context(json);
        let flag_types = [
            FlagType::Any,
            FlagType::Boolean,
            FlagType::String,
            FlagType::Integer,
            FlagType::Double,
            FlagType::Object,
        ];
        for key in ["fine", "number", "disabled", "object", "split", "missing"] {
            for flag_type in flag_types {
                let (theirs, ours) =
                    (module.evaluate(key, flag_type, &context), ours.evaluate(key, flag_type, &context));
                let place = format!("{key} as {flag_type:?} for {json}");
                assert_eq!(parsed(&theirs), parsed(&ours), "{place}");
                assert_eq!((theirs.variant(), theirs.reason()), (ours.variant(), ours.reason()), "{place}");
                assert_eq!(theirs.error_code(), ours.error_code(), "{place}");
                assert_eq!(theirs.error_message(), ours.error_message(), "{place}");
                assert_eq!(theirs.metadata_json(), ours.metadata_json(), "{place}");
            }
        }
        assert_eq!(module.get_int("number", &context, -1), ours.get_int("number", &context, -1));
        assert_eq!(module.get_bool("split", &context, true), ours.get_bool("split", &context, true));
        let keys = |client: &Client| -> Vec<_> {
            let all = client.evaluate_all(&context).expect("a ruleset");
            all.iter()
                .map(|evaluation| (evaluation.key().to_owned(), evaluation.reason(), evaluation.error_code()))
                .collect()
        };
        assert_eq!(keys(&module), keys(&ours));
    }
    assert_eq!(module.stats().instances_failed, 0);
}

#[test]
fn options_may_have_the_names_of_the_vendor_s_providers() {
    let options = json!({
        "service": "goff",
        "ruleset": ruleset([("fine", FINE)]),
        "wasm_file_path": official(),
        "wasm_pool_size": 2,
    });
    let options = Options::from_json(&options.to_string()).expect("options");
    let client = Client::new(options).expect("a client");
    assert_eq!(client.get_string("fine", &context(PRO), "", str::to_owned), "yes");
}

#[test]
fn a_trap_is_an_error_that_says_why_and_the_next_answer_is_right() {
    let document = ruleset([("fine", FINE), ("fragile", FRAGILE)]);
    let client = vendor(&document);
    for round in 1..=5 {
        let evaluation = client.evaluate("fragile", FlagType::Any, &context(PRO));
        assert_eq!((evaluation.error_code(), evaluation.reason()), (Some(ErrorCode::General), Reason::Error));
        assert!(evaluation.error_message().contains("panic: "), "{}", evaluation.error_message());
        assert_eq!(client.get_string("fine", &context(PRO), "", str::to_owned), "yes");
        let stats = client.stats();
        assert_eq!((stats.instances_failed, stats.traps), (round, round));
    }
    // The same flag is fine for other contexts.
    assert_eq!(client.get_string("fragile", &context("{}"), "", str::to_owned), "no");
}

#[test]
fn many_threads_share_its_instances() {
    let document = ruleset([("fine", FINE), ("fragile", FRAGILE)]);
    let client = Client::new(with_official(&document).pool_size(2).pool_wait(Duration::from_secs(20)))
        .expect("a client");
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|number| {
                let (client, done) = (&client, &done);
                scope.spawn(move || {
                    let mut count = 0_u64;
                    while !done.load(Ordering::Relaxed) {
                        if number == 0 {
                            client.evaluate("fragile", FlagType::Any, &context(PRO));
                        }
                        let evaluation = client.evaluate("fine", FlagType::Any, &context(PRO));
                        assert_eq!((evaluation.error_message(), evaluation.value_json()), ("", "\"yes\""));
                        count += 1;
                    }
                    count
                })
            })
            .collect();
        let ending = Ending(&done);
        thread::sleep(Duration::from_secs(1));
        drop(ending);
        let count: u64 = threads.into_iter().map(|thread| thread.join().expect("a thread")).sum();
        println!(
            "figure: 8 threads on 2 instances, one of which traps all the time: {count} evaluations a second"
        );
    });
    let stats = client.stats();
    assert!(stats.instances <= 2 && stats.busy == 0 && stats.deadlines == 0, "{stats:?}");
}

#[test]
fn an_instance_whose_memory_has_grown_is_replaced() {
    // Each query stays in an instance's cache; all of them together are more than the memory that it may have.
    let flags: Vec<(String, String)> = (0..4000)
        .map(|number| {
            (format!("flag-{number}"), FINE.replace("\\\"pro\\\"", &format!("\\\"pro-{number}\\\"")))
        })
        .collect();
    let document = ruleset(flags.iter().map(|(key, flag)| (key.as_str(), flag.as_str())));
    let client = Client::new(with_official(&document).pool_size(1).memory_limit(16 << 20)).expect("a client");
    let context = context(PRO);
    for (key, _) in &flags {
        let evaluation = client.evaluate(key, FlagType::Any, &context);
        assert_eq!(evaluation.error_message(), "", "{key}");
    }
    let stats = client.stats();
    println!("figure: {} queries took {} instances of 16 MiB", flags.len(), stats.instances_created);
    assert!(stats.instances_created > 1 && stats.instances_failed == 0 && stats.instances <= 1, "{stats:?}");
}

#[test]
fn an_instance_that_has_seen_many_rulesets_is_replaced() {
    let client = Client::new(with_official(&ruleset([("fine", FINE)])).pool_size(1)).expect("a client");
    for round in 0..40 {
        let other = format!(r#"{{"variations": {{"a": {round}}}, "defaultRule": {{"variation": "a"}}}}"#);
        client.set_ruleset(ruleset([("fine", FINE), ("other", other.as_str())])).expect("a ruleset");
        assert_eq!(client.get_int("other", &context(PRO), -1), round);
    }
    let stats = client.stats();
    assert_eq!((stats.instances_created, stats.instances_failed, stats.instances), (3, 0, 1), "{stats:?}");
}

#[test]
fn a_broken_query_is_told_to_the_log() {
    let broken = FINE.replace("plan eq", "plan eqq");
    let heard = Heard::default();
    let client = Client::new(with_official(&ruleset([("broken", broken.as_str())])).log(heard.log()));
    let evaluation = client.expect("a client").evaluate("broken", FlagType::Any, &context(PRO));
    println!("figure: {} {:?}", evaluation.error_message(), heard.lines());
    assert!(heard.lines().iter().any(|(_, line)| line.starts_with("module std")), "{:?}", heard.lines());
}

#[test]
fn the_stack_of_the_calling_thread_may_be_small() {
    const STACK: usize = 128 << 10;
    let document = ruleset([("fine", FINE), ("fragile", FRAGILE)]);
    let client = vendor(&document);
    // The module's decoder calls itself for each of these levels.
    let nested = format!(r#"{{"plan": "pro", "deep": {}{}}}"#, "[".repeat(30), "]".repeat(30));
    thread::scope(|scope| {
        let evaluate = || {
            let evaluation = client.evaluate("fine", FlagType::Any, &context(&nested));
            assert_eq!((evaluation.error_message(), evaluation.value_json()), ("", "\"yes\""));
            assert!(client.evaluate("fragile", FlagType::Any, &context(PRO)).error_code().is_some());
        };
        let thread = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, evaluate);
        thread.expect("a thread").join().expect("the evaluations");
    });
}

#[test]
fn its_speed_is_known() {
    let document = ruleset([("fine", FINE)]);
    let (module, ours, context) = (vendor(&document), client(&document), context(PRO));
    let time = |client: &Client, rounds: u32| {
        assert_eq!(client.get_string("fine", &context, "", str::to_owned), "yes");
        let start = Instant::now();
        (0..rounds).for_each(|_| drop(client.get_string("fine", &context, "", str::to_owned)));
        start.elapsed().as_nanos() as f64 / f64::from(rounds)
    };
    let (theirs, ours) = (time(&module, 5_000), time(&ours, 200_000));
    println!("figure: one condition: the module {:.1} us, our guest {ours:.0} ns", theirs / 1000.0);
}
