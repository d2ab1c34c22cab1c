//! The memory of instances: units that are used least go first, and hostile flags stay within `memory_limit_bytes`.

use pennon::{Client, FlagType};
use serde_json::json;

use crate::flags::{FINE, conditions, ruleset, targeted};
use crate::support::{alone, context, options, peak_memory};

/// Uses `count` flags of so many conditions round robin, in little memory; all answers have to be right.
fn round_robin(count: usize, conditions_each: usize, memory: usize) {
    let query = conditions(conditions_each);
    let keys: Vec<_> = (0..count).map(|number| format!("flag-{number}")).collect();
    let flags: Vec<_> =
        (0..count).map(|number| targeted(&format!("number eq {number} or {query}"))).collect();
    let document = ruleset(keys.iter().map(String::as_str).zip(flags.iter().map(String::as_str)));
    let client = Client::new(options(&document).pool_size(1).memory_limit(memory)).expect("a client");
    let mut wrong = Vec::new();
    for round in 0..3 {
        for (number, key) in keys.iter().enumerate() {
            let context =
                context(&json!({"number": if round == 1 { -1 } else { number as i64 }}).to_string());
            let evaluation = client.evaluate(key, FlagType::Boolean, &context);
            let expected = if round == 1 { "false" } else { "true" };
            if evaluation.value_json() != expected || evaluation.error_code().is_some() {
                wrong.push(format!("{key} in round {round}: {}", evaluation.error_message()));
            }
        }
    }
    let stats = client.stats();
    println!(
        "figure: {count} flags of {} KB round robin in {} MiB: {} wrong, {} loads, {} of {} instances failed",
        flags[0].len() / 1000,
        memory >> 20,
        wrong.len(),
        stats.loads,
        stats.instances_failed,
        stats.instances_created
    );
    assert!(
        wrong.is_empty(),
        "{} of {}: {:#?}; {stats:?}",
        wrong.len(),
        3 * count,
        &wrong[..wrong.len().min(3)]
    );
}

#[test]
fn hundreds_of_small_flags_answer_right_in_little_memory() {
    round_robin(800, 100, 4 << 20);
}

#[test]
fn hundreds_of_large_flags_answer_right_in_little_memory() {
    round_robin(300, 1000, 4 << 20);
}

#[test]
fn hundreds_of_large_flags_answer_right_in_more_memory() {
    round_robin(500, 1000, 16 << 20);
}

#[test]
fn a_flag_that_needs_more_memory_than_there_is_names_memory_limit_bytes() {
    let rules: Vec<_> =
        (0..200).map(|n| json!({"name": format!("r{n}"), "query": "a eq 1", "variation": "a"})).collect();
    let flag = json!({
        "variations": {"a": 1}, "targeting": rules, "defaultRule": {"variation": "a"}, "metadata": {"m": "x".repeat(1 << 20)},
    });
    let client = Client::new(options(&ruleset([("flag", flag.to_string().as_str())]))).expect("a client");
    let evaluation = client.evaluate("flag", FlagType::Any, &context("{}"));
    assert!(evaluation.error_message().contains("memory_limit_bytes"), "{}", evaluation.error_message());
}

#[test]
fn flags_that_take_a_third_of_the_memory_each_answer_right() {
    round_robin(40, 4000, 4 << 20);
}

#[test]
fn flags_of_changing_sizes_answer_right_in_little_memory() {
    let query = |number: usize| format!("number eq {number} or {}", conditions(20 + number * 7919 % 2500));
    let keys: Vec<_> = (0..200).map(|number| format!("flag-{number}")).collect();
    let flags: Vec<_> = (0..200).map(|number| targeted(&query(number))).collect();
    let document = ruleset(keys.iter().map(String::as_str).zip(flags.iter().map(String::as_str)));
    let client = Client::new(options(&document).pool_size(1).memory_limit(4 << 20)).expect("a client");
    let mut wrong = Vec::new();
    for round in 0..5 {
        for number in 0..keys.len() {
            let number = (number * 37 + round) % keys.len();
            let context = context(&json!({"number": number}).to_string());
            let evaluation = client.evaluate(&keys[number], FlagType::Boolean, &context);
            if evaluation.value_json() != "true" {
                wrong.push(format!(
                    "{} ({} bytes): {}",
                    keys[number],
                    flags[number].len(),
                    evaluation.error_message()
                ));
            }
        }
    }
    println!(
        "figure: 200 flags of changing sizes in 4 MiB: {} of 1000 wrong; {:?}",
        wrong.len(),
        client.stats()
    );
    assert!(wrong.is_empty(), "{} of 1000: {:#?}", wrong.len(), &wrong[..wrong.len().min(3)]);
}

#[test]
fn hostile_flags_stay_within_the_memory_limit() {
    alone("memory::hostile_flags_stay_within_the_memory_limit", || {
        const LIMIT: usize = 32 << 20;
        let text = "x".repeat(1 << 20);
        // Every rule's outcome repeats the metadata: 1,000 MiB if nothing bounds it.
        let rules: Vec<_> = (0..1000)
            .map(|n| json!({"name": format!("r{n}"), "query": "a eq 1", "variation": "a"}))
            .collect();
        let repeated = json!({"variations": {"a": 1}, "targeting": rules, "defaultRule": {"variation": "a"}, "metadata": {"m": text}});
        let numbers: Vec<_> = (0..100).collect();
        let doubling = json!({"reduce": [numbers, {"cat": [{"var": "accumulator"}, {"var": "accumulator"}]}, "xxxxxxxx"]});
        let stale = format!("a eq 1{}", " or a.b eq 1".repeat(100_000));
        let flags = [
            ("fine", FINE.to_owned()),
            ("repeated", repeated.to_string()),
            ("doubling", targeted(&doubling.to_string())),
            ("diagnosed", targeted(&stale)),
            ("faults", targeted(&"& ".repeat(1 << 20))),
            ("conditions", targeted(&conditions(90_000))),
        ];
        let document = ruleset(flags.iter().map(|(key, flag)| (*key, flag.as_str())));
        let bytes = document.len();
        let client = Client::new(options(&document).pool_size(1).memory_limit(LIMIT)).expect("a client");
        let context = context(r#"{"plan": "pro"}"#);
        assert_eq!(client.get_string("fine", &context, "", str::to_owned), "yes");
        let before = peak_memory("self");
        for (key, _) in &flags {
            let evaluation = client.evaluate(key, FlagType::Any, &context);
            println!(
                "figure: {key}: {:?} {} {}; peak {} MiB more",
                evaluation.error_code(),
                evaluation.error_message(),
                evaluation.value_json(),
                (peak_memory("self") - before) >> 20
            );
            assert_eq!(client.get_string("fine", &context, "", str::to_owned), "yes", "after {key}");
        }
        let evaluated = peak_memory("self") - before;
        client.diagnostics();
        let diagnosed = peak_memory("self") - before;
        println!(
            "figure: ruleset of {} MiB, limit {} MiB; peak {} MiB more, with diagnostics {} MiB",
            bytes >> 20,
            LIMIT >> 20,
            evaluated >> 20,
            diagnosed >> 20
        );
        // The instance, the host's copy of a report, and as much again while wasmtime moves a memory that grows.
        assert!(evaluated < 3 * LIMIT, "{} MiB", evaluated >> 20);
        assert!(diagnosed < 6 * LIMIT, "{} MiB", diagnosed >> 20);
        println!("figure: {:?}", client.stats());
    });
}
