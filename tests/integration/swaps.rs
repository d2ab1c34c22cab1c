//! Replacing the ruleset while flags are evaluated: every answer belongs to one whole ruleset.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use pennon::{Client, Context, Error, Evaluation, FlagType, State, Value};
use serde_json::json;

use crate::flags::{FINE, ruleset};
use crate::support::{client, context, eventually};

const FLAGS: usize = 24;
const THREADS: usize = 8;
const SWAPS: u64 = 300;

/// A ruleset each of whose flags gives `version`, as its value and in its metadata; one flag is there in even versions
/// only, one in odd ones.
fn version(version: u64) -> String {
    let rule = |query: &str| json!([{"query": query, "variation": "a"}]);
    let mut flags = serde_json::Map::new();
    for number in 0..FLAGS {
        let targeting = match number % 4 {
            0 => json!([]),
            1 => rule("plan eq \"pro\" and age gt 30"),
            2 => rule(r#"{"in": [{"var": "plan"}, ["pro", "team"]]}"#),
            _ => json!([{"query": "age lt 99", "percentage": {"a": 50, "b": 50}}]),
        };
        let flag = json!({
            "variations": {"a": version, "b": version},
            "targeting": targeting,
            "defaultRule": {"variation": "b"},
            "metadata": {"version": version},
        });
        flags.insert(format!("flag-{number:02}"), flag);
    }
    let parity = if version.is_multiple_of(2) { "zz-even" } else { "zz-odd" };
    flags.insert(parity.into(), flags["flag-00"].clone());
    json!(flags).to_string()
}

/// The version that an evaluation gives, in its value and its metadata alike.
fn version_of(evaluation: &Evaluation) -> Result<u64, String> {
    let metadata: serde_json::Value = serde_json::from_str(evaluation.metadata_json())
        .map_err(|error| format!("{evaluation:?}: {error}"))?;
    match (evaluation.value(), metadata["version"].as_u64()) {
        (Value::Int(value), Some(metadata)) if value as u64 == metadata => Ok(metadata),
        _ => Err(format!("value and metadata of two rulesets: {evaluation:?}")),
    }
}

/// Evaluates one flag, or all of them; the version of the answers.
fn look(client: &Client, context: &Context, round: usize) -> Result<u64, String> {
    if !round.is_multiple_of(16) {
        let key = format!("flag-{:02}", round % FLAGS);
        return version_of(&client.evaluate(&key, FlagType::Integer, context));
    }
    let all = client.evaluate_all(context).ok_or("no ruleset")?;
    let version = all.get(0).map(version_of).ok_or("no flags")??;
    let keys: Vec<_> = all.iter().map(Evaluation::key).collect();
    let parity = if version.is_multiple_of(2) { "zz-even" } else { "zz-odd" };
    if keys.len() != FLAGS + 1 || keys[FLAGS] != parity {
        return Err(format!("the flags of two rulesets: {keys:?} in version {version}"));
    }
    match all.iter().map(version_of).find(|other| *other != Ok(version)) {
        None => Ok(version),
        Some(other) => Err(format!("the values of two rulesets: {version} and {other:?}")),
    }
}

#[test]
fn every_answer_belongs_to_one_whole_ruleset() {
    let client = client(&version(0));
    let done = AtomicBool::new(false);
    let counts: [AtomicU64; THREADS] = std::array::from_fn(|_| AtomicU64::new(0));
    let count = |thread: usize| counts[thread].load(Ordering::Relaxed);
    thread::scope(|scope| {
        let watch = |thread: usize| {
            let context = context(r#"{"targetingKey": "u", "plan": "pro", "age": 40}"#);
            let mut last = 0;
            for round in thread.. {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                let version = look(&client, &context, round).and_then(|version| {
                    let order = format!("version {version} after version {last}");
                    if version < last { Err(order) } else { Ok(version) }
                });
                match version {
                    Ok(version) => last = version,
                    Err(fault) => {
                        done.store(true, Ordering::Relaxed);
                        return Err(fault);
                    }
                }
                counts[thread].fetch_add(1, Ordering::Relaxed);
            }
            Ok(last)
        };
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || watch(thread))).collect();
        for number in 1..=SWAPS {
            let changed = client.set_ruleset(version(number)).expect("a good ruleset");
            assert_eq!(changed.len(), FLAGS + 2, "every flag changed, one came and one went");
        }
        let before: Vec<_> = (0..THREADS).map(count).collect();
        // Every thread sees the last version: each takes a snapshot anew.
        eventually("all threads go on", || {
            done.load(Ordering::Relaxed) || (0..THREADS).all(|thread| count(thread) > before[thread] + 16)
        });
        done.store(true, Ordering::Relaxed);
        for thread in threads {
            assert_eq!(thread.join().expect("the thread"), Ok(SWAPS));
        }
    });
    let total: u64 = (0..THREADS).map(count).sum();
    println!("figure: {SWAPS} swaps under {total} looks of {THREADS} threads; {:?}", client.stats());
    assert_eq!(client.stats().refreshes, SWAPS + 1);
}

#[test]
fn a_refused_ruleset_leaves_the_last_good_one_in_force_and_says_where_it_is_wrong() {
    let good = ruleset([("fine", FINE)]);
    let client = client(&good);
    let context = context(r#"{"plan": "pro"}"#);
    let refused: &[(&[u8], &str)] = &[
        (b"{\"fine\": {},\n \"b\": }", "line 2 column 7"),
        (b"[]", "column 0"),
        (b"", "line 1 column 0"),
        (b"{\"fine\": {}} x", "column 14"),
        (b"{\"flags\": 5}", "flags"),
        (b"{\"flags\": {}, \"evaluationContextEnrichment\": 5}", "evaluationContextEnrichment"),
        (b"{\"fine\": \"\xff\"}", "index 10"),
    ];
    for (rejected, (document, place)) in refused.iter().enumerate() {
        let error = client.set_ruleset(*document).expect_err("a bad ruleset");
        let shown = String::from_utf8_lossy(document);
        assert!(matches!(error, Error::InvalidRuleset(_)), "{shown}: {error:?}");
        assert!(error.to_string().contains(place), "{shown}: {error}");
        let stats = client.stats();
        assert_eq!((client.state(), stats.last_error), (State::Stale, error.to_string()), "{shown}");
        assert_eq!(stats.rejected, rejected as u64 + 1);
        assert_eq!(client.get_string("fine", &context, "default", str::to_owned), "yes", "{shown}");
    }
    assert_eq!(client.set_ruleset(good), Ok(Vec::new()), "the same ruleset changes nothing");
    assert_eq!((client.state(), client.stats().last_error.as_str()), (State::Ready, ""));
    let next = ruleset([("fine", FINE), ("other", FINE)]);
    assert_eq!(client.set_ruleset(next), Ok(vec!["other".to_owned()]));
    assert_eq!(client.state(), State::Ready);
}
