//! What a refresh costs the flags in use: unchanged ones keep what is loaded, changed ones are warm, gone ones are freed.

use std::sync::{Barrier, atomic::AtomicBool, atomic::Ordering};
use std::thread;

use pennon::{Client, Context, FlagType};
use serde_json::json;

use crate::flags::{conditions, ruleset, targeted};
use crate::support::{Ending, client, context, eventually, options};

/// A document of the flags `flag-0`, `flag-1`... of these revisions; none of them is a constant.
fn revisions(revisions: &[u32]) -> String {
    let flags: Vec<_> =
        revisions.iter().enumerate().map(|(number, revision)| flag(number, *revision)).collect();
    ruleset(flags.iter().map(|(key, flag)| (key.as_str(), flag.as_str())))
}

fn flag(number: usize, revision: u32) -> (String, String) {
    (format!("flag-{number}"), targeted(&format!("plan eq \"pro\" and revision eq {revision}")))
}

fn use_flags(client: &Client, numbers: std::ops::Range<usize>, context: &Context) -> usize {
    let on = |number: &usize| client.evaluate(&format!("flag-{number}"), FlagType::Boolean, context);
    numbers.filter(|number| matches!(on(number).value(), pennon::Value::Bool(true))).count()
}

#[test]
fn unchanged_flags_keep_what_is_loaded_and_changed_ones_in_use_are_warm() {
    let mut flags = vec![1; 50];
    let client = Client::new(options(&revisions(&flags)).pool_size(1)).expect("a client");
    let context = context(r#"{"plan": "pro", "revision": 1}"#);
    assert_eq!(use_flags(&client, 0..10, &context), 10);
    let loads = || client.stats().loads;
    assert_eq!((loads(), client.stats().loaded_units), (10, 10));

    flags[3] = 2;
    assert_eq!(client.set_ruleset(revisions(&flags)), Ok(vec!["flag-3".to_owned()]));
    assert_eq!(loads(), 11, "the one changed flag in use is loaded by the refresh");
    assert_eq!(use_flags(&client, 0..10, &context), 9, "and has its new definition");
    assert_eq!(loads(), 11, "so that no evaluation loads anything");

    flags[40] = 2;
    assert_eq!(client.set_ruleset(revisions(&flags)), Ok(vec!["flag-40".to_owned()]));
    assert_eq!((loads(), client.stats().loaded_units), (11, 10), "what nobody uses is not loaded");

    let spaced = revisions(&flags).replace(",\n", "\n ,\n");
    assert_eq!(client.set_ruleset(spaced), Ok(Vec::new()), "white space between flags changes no flag");
    assert_eq!((use_flags(&client, 0..10, &context), loads()), (9, 11));

    let enriched =
        format!(r#"{{"flags": {}, "evaluationContextEnrichment": {{"revision": 2}}}}"#, revisions(&flags));
    assert_eq!(
        client.set_ruleset(enriched).map(|changed| changed.len()),
        Ok(50),
        "enrichment changes every flag"
    );
    assert_eq!((use_flags(&client, 0..10, &context), loads()), (1, 21));
}

#[test]
fn gone_flags_are_unloaded_and_their_places_used_again() {
    const FLAGS: usize = 10;
    let query = conditions(500);
    let generation = |generation: usize| {
        let keys: Vec<_> = (0..FLAGS).map(|number| format!("flag-{generation}-{number}")).collect();
        let flag = targeted(&format!("generation eq {generation} or {query}"));
        (ruleset(keys.iter().map(|key| (key.as_str(), flag.as_str()))), keys)
    };
    // So little memory that the flags of a dozen generations would not fit.
    let client = Client::new(options(&generation(0).0).pool_size(1).memory_limit(6 << 20)).expect("a client");
    for number in 0..200 {
        let (document, keys) = generation(number);
        client.set_ruleset(document).expect("a good ruleset");
        let context = context(&json!({"generation": number}).to_string());
        for key in &keys {
            assert!(client.get_bool(key, &context, false), "{key}");
        }
        assert_eq!(client.stats().loaded_units, FLAGS, "generation {number}");
    }
    let stats = client.stats();
    assert_eq!((stats.instances_created, stats.instances_failed), (1, 0), "{stats:?}");
    client.set_ruleset("{}").expect("the empty ruleset");
    assert_eq!(client.stats().loaded_units, 0);
}

#[test]
fn flags_that_differ_only_in_what_is_not_read_are_loaded_once_each() {
    let client = client(&revisions(&[1; 2000]));
    let context = context(r#"{"plan": "pro", "revision": 1}"#);
    assert_eq!(use_flags(&client, 0..2000, &context), 2000);
    assert_eq!(use_flags(&client, 0..2000, &context), 2000);
    let stats = client.stats();
    assert_eq!(
        (stats.loads, stats.loaded_units, stats.instances),
        (2000, 2000, 1),
        "one thread uses one instance"
    );
}

/// Two threads that evaluate the flag until two instances have it.
#[test]
fn a_changed_flag_in_use_is_warm_in_every_instance() {
    let client = Client::new(options(&revisions(&[1])).pool_size(2)).expect("a client");
    let context = context(r#"{"plan": "pro", "revision": 1}"#);
    let everywhere = |loads: u64| {
        let (start, done) = (Barrier::new(2), AtomicBool::new(false));
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    start.wait();
                    while !done.load(Ordering::Relaxed) {
                        use_flags(&client, 0..1, &context);
                    }
                });
            }
            let _ending = Ending(&done);
            let enough = || client.stats().loads >= loads;
            eventually("both instances have loaded the flag", enough);
        });
    };
    everywhere(2);
    client.set_ruleset(revisions(&[2])).expect("a good ruleset");
    let warm = client.stats().loads;
    println!("figure: 2 instances had the changed flag, the refresh loaded it into {}", warm - 2);
    assert_eq!(warm, 4, "the refresh loads the flag into both instances");
}
