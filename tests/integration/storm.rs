//! Many more threads than instances.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use pennon::{Client, FlagType};

use crate::flags::{FINE, ruleset, targeted};
use crate::support::{context, options};

const THREADS: usize = 64;
const INSTANCES: usize = 2;

#[test]
fn many_threads_on_few_instances_all_get_answers_and_a_fair_share() {
    let seconds = std::env::var("PENNON_STORM_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3);
    let split = r#"{"variations": {"a": 1, "b": 2}, "defaultRule": {"percentage": {"a": 30, "b": 70}}}"#;
    let logic = targeted(r#"{"in": [{"var": "plan"}, ["pro", "team"]]}"#);
    let timed = r#"{"variations": {"a": 1, "b": 2}, "defaultRule": {"variation": "a"}, "experimentation": {"start": "2020-01-01T00:00:00Z"}}"#;
    let document = ruleset([("fine", FINE), ("logic", &logic), ("split", split), ("timed", timed)]);
    let client = Client::new(options(&document).pool_size(INSTANCES)).expect("a client");
    let keys = ["fine", "logic", "split", "timed"];
    let start = Barrier::new(THREADS);
    let mut counts: Vec<u64> = thread::scope(|scope| {
        let work = |thread: usize| {
            let context = context(&format!(r#"{{"targetingKey": "user-{thread}", "plan": "pro"}}"#));
            start.wait();
            let end = Instant::now() + Duration::from_secs(seconds);
            let mut count = 0;
            while Instant::now() < end {
                for key in keys {
                    let evaluation = client.evaluate(key, FlagType::Any, &context);
                    assert_eq!(evaluation.error_code(), None, "{key}: {}", evaluation.error_message());
                    count += 1;
                }
            }
            count
        };
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || work(thread))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a thread without an error")).collect()
    });
    counts.sort_unstable();
    let (least, median, most) = (counts[0], counts[THREADS / 2], counts[THREADS - 1]);
    let total: u64 = counts.iter().sum();
    println!(
        "figure: {THREADS} threads, {INSTANCES} instances, {seconds} s: {total} evaluations; a thread had {least} at \
         least, {median} in the median, {most} at most"
    );
    let stats = client.stats();
    assert_eq!((stats.busy, stats.deadlines, stats.traps, stats.instances_failed), (0, 0, 0, 0), "{stats:?}");
    assert!(stats.instances <= INSTANCES && stats.instances_created <= INSTANCES as u64, "{stats:?}");
    assert!(least > 0, "a thread starved: {counts:?}");
}
