//! Instances that are busy, and flags that use up their CPU time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use pennon::{Client, ErrorCode, FlagType};

use crate::flags::{FINE, heavy, ruleset};
use crate::support::{Ending, context, cpu_of, eventually, options};

const PRO: &str = r#"{"plan": "pro"}"#;

#[test]
fn a_busy_pool_gives_an_error_that_names_pool_wait_ms() {
    let document = ruleset([("fine", FINE), ("heavy", &heavy())]);
    let options =
        options(&document).pool_size(1).pool_wait(Duration::from_millis(5)).deadline(Duration::from_secs(60));
    let client = Client::new(options).expect("a client");
    let (context, free) = (context(PRO), context(r#"{"plan": "free"}"#));
    // Loaded before it is needed, so that the only thing that takes long is the evaluation.
    assert_eq!(client.get_string("heavy", &free, "", str::to_owned), "no");
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            client.evaluate("heavy", FlagType::Any, &context);
            ended.store(true, Ordering::SeqCst);
        });
        eventually("an evaluation finds the only instance busy", || {
            let evaluation = client.evaluate("fine", FlagType::Any, &context);
            match evaluation.error_code() {
                None => assert!(!ended.load(Ordering::SeqCst), "the heavy flag ended before it was met"),
                Some(code) => {
                    assert_eq!(code, ErrorCode::General);
                    assert!(
                        evaluation.error_message().contains("pool_wait_ms"),
                        "{}",
                        evaluation.error_message()
                    );
                }
            }
            evaluation.error_code().is_some()
        });
    });
    assert_eq!(
        client.get_string("fine", &context, "default", str::to_owned),
        "yes",
        "and works when it is free again"
    );
    let stats = client.stats();
    assert!(stats.busy > 0 && stats.instances_failed == 0 && stats.deadlines == 0, "{stats:?}");
}

#[test]
fn a_flag_that_uses_up_its_cpu_time_errs_and_the_others_go_on() {
    let document = ruleset([("fine", FINE), ("heavy", &heavy())]);
    let client = Client::new(options(&document).pool_size(2)).expect("a client");
    let context = context(PRO);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let others = scope.spawn(|| {
            let mut count = 0;
            while !done.load(Ordering::Relaxed) {
                let evaluation = client.evaluate("fine", FlagType::Any, &context);
                assert_eq!(evaluation.error_code(), None, "{}", evaluation.error_message());
                count += 1;
            }
            count
        });
        let ending = Ending(&done);
        for round in 1..=10 {
            let (evaluation, cost) = cpu_of(|| client.evaluate("heavy", FlagType::Any, &context));
            assert_eq!(evaluation.error_code(), Some(ErrorCode::General));
            assert!(evaluation.error_message().contains("deadline_ms"), "{}", evaluation.error_message());
            assert_eq!(client.stats().deadlines, round);
            println!("figure: a deadline of 50 ms ended an evaluation after {cost:.1?} of CPU time");
        }
        drop(ending);
        let count: u64 = others.join().expect("the others");
        assert!(count > 0);
    });
    let stats = client.stats();
    assert_eq!(
        (stats.deadlines, stats.instances_failed, stats.busy, stats.traps),
        (10, 10, 0, 0),
        "{stats:?}"
    );
    assert!(stats.instances <= 2, "{stats:?}");
}

#[test]
fn a_longer_deadline_lets_a_heavy_flag_end() {
    let document = ruleset([("heavy", heavy().as_str())]);
    let client = Client::new(options(&document).deadline(Duration::from_secs(60))).expect("a client");
    let (evaluation, cost) = cpu_of(|| client.evaluate("heavy", FlagType::Any, &context(PRO)));
    println!("figure: the heavy flag takes {cost:.1?}");
    assert_eq!((evaluation.error_code(), evaluation.value_json()), (None, "\"no\""));
    assert!(cost > Duration::from_secs(1), "too light for the tests beside this one: {cost:?}");
}
