//! Hostile flags: each is answered, with a value or with an error that says why, within bounded CPU time; the others go on.

use std::time::Duration;

use pennon::{Client, ErrorCode, Evaluation, FlagType};
use serde_json::json;

use crate::flags::{FINE, conditions, constant, ruleset, targeted};
use crate::support::{client, context, cpu_of, options};

/// CPU time in which any first evaluation ends: the bound of a load, that of an evaluation, and the host's own work.
const FIRST: Duration = Duration::from_millis(1500);

/// What a flag has to answer.
enum Answer {
    /// This value, as JSON.
    Value(&'static str),
    /// This error, with this in its message.
    Error(ErrorCode, &'static str),
    /// Any error with a message.
    AnyError,
}
use Answer::{AnyError, Error, Value};

/// Evaluates the flag `hostile` for `context` beside a good one and checks what is promised of every flag.
fn check(name: &str, flag: &str, context_json: &str, expected: &Answer) {
    // A deadline so long that it is the guest's own bounds that hold; tests/integration/pool.rs has the deadline.
    let options = options(&ruleset([("fine", FINE), ("hostile", flag)])).deadline(FIRST);
    let client = Client::new(options).expect("a client");
    let context = context(context_json);
    let fine = |when: &str| {
        let value = client.get_string("fine", &context, "default", str::to_owned);
        assert_eq!(value, "yes", "{name}: the other flag {when}");
    };
    fine("before");
    let (first, cost) = cpu_of(|| client.evaluate("hostile", FlagType::Any, &context));
    let shown: String = match first.error_code() {
        Some(code) => format!("{} {}", code.name(), first.error_message()).chars().take(100).collect(),
        None => first.value_json().chars().take(30).collect(),
    };
    fine("after");
    let (second, again) = cpu_of(|| client.evaluate("hostile", FlagType::Any, &context));
    fine("at the end");
    let stats = client.stats();
    println!(
        "figure: {name}: {shown}; CPU {cost:.1?}, then {again:.1?}; {} of {} instances failed",
        stats.instances_failed, stats.instances_created
    );
    meets(name, &first, expected);
    meets(name, &second, expected);
    assert!(cost < FIRST && again < FIRST, "{name}: CPU {cost:?}, {again:?}");
    assert!(
        stats.instances <= 1 && stats.instances_created <= stats.instances_failed + 1,
        "{name}: {stats:?}"
    );
    assert_eq!(stats.busy, 0);
}

fn meets(name: &str, evaluation: &Evaluation, expected: &Answer) {
    match expected {
        Value(json) => {
            let fault = evaluation.error_message();
            assert_eq!((evaluation.error_code(), evaluation.value_json()), (None, *json), "{name}: {fault}");
        }
        AnyError => {
            assert!(
                evaluation.error_code().is_some() && !evaluation.error_message().is_empty(),
                "{name}: {evaluation:?}"
            );
        }
        Error(code, message) => {
            let value = evaluation.value_json();
            assert_eq!(
                (evaluation.error_code(), value),
                (Some(*code), ""),
                "{name}: {}",
                evaluation.error_message()
            );
            assert!(evaluation.error_message().contains(message), "{name}: {}", evaluation.error_message());
        }
    }
}

const PRO: &str =
    r#"{"targetingKey": "user", "plan": "pro", "email": "user-1@example.com", "list": [1, 2, 3]}"#;

#[test]
fn json_nested_deeply_is_answered() {
    for levels in [100, 1000, 100_000] {
        let nested = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let client = client(&ruleset([("fine", FINE), ("deep", &constant(&nested))]));
        let context = context(PRO);
        let (evaluation, cost) = cpu_of(|| client.evaluate("deep", FlagType::Object, &context));
        assert!(cost < FIRST, "{levels}: {cost:?}");
        match evaluation.error_code() {
            None => assert_eq!(evaluation.value_json(), nested),
            Some(code) => {
                assert!(!evaluation.error_message().is_empty(), "{levels}: {code:?} without a message")
            }
        }
        println!(
            "figure: a value of {levels} levels: {:?} {}",
            evaluation.error_code(),
            evaluation.error_message()
        );
        assert_eq!(client.get_string("fine", &context, "", str::to_owned), "yes");
    }
    let objects = format!("{}1{}", r#"{"a":"#.repeat(50_000), "}".repeat(50_000));
    check(
        "a flag that is objects all the way down",
        &objects,
        PRO,
        &Error(ErrorCode::FlagConfig, "no variation"),
    );
}

#[test]
fn a_flag_over_the_bound_of_a_unit_is_an_error_of_its_own() {
    let large = constant(&format!("\"{}\"", "x".repeat(4 << 20)));
    check("a flag over 4 MiB", &large, PRO, &Error(ErrorCode::General, "too large"));
    let largest = constant(&format!("\"{}\"", "x".repeat((4 << 20) - 1000)));
    let client = client(&ruleset([("largest", largest.as_str())]));
    let length = client.get_string("largest", &context("{}"), "", str::len);
    assert_eq!(length, (4 << 20) - 1000, "a flag just below the bound works");
}

#[test]
fn an_allow_list_of_conditions_can_be_loaded() {
    check("1,000 conditions", &targeted(&conditions(1000)), PRO, &Value("true"));
    check("10,000 conditions", &targeted(&conditions(10_000)), PRO, &Value("true"));
}

#[test]
fn a_query_of_a_hundred_thousand_conditions_can_be_loaded() {
    check("100,000 conditions", &targeted(&conditions(100_000)), PRO, &Value("true"));
}

#[test]
fn a_list_of_a_hundred_thousand_items_can_be_loaded() {
    let items: Vec<_> = (0..100_000).map(|n| format!("\"user-{n}@example.com\"")).collect();
    let query = format!("email in [{}]", items.join(","));
    check("a list of 100,000 texts", &targeted(&query), PRO, &Value("true"));
    let logic = format!(r#"{{"in": [{{"var": "email"}}, [{}]]}}"#, items.join(","));
    check("a JSONLogic list of 100,000 texts", &targeted(&logic), PRO, &Value("true"));
    let numbers: Vec<_> = (0..100_000).map(|n| n.to_string()).collect();
    let query = format!("size in [{}]", numbers.join(","));
    check(
        "a list of 100,000 numbers",
        &targeted(&query),
        r#"{"plan": "pro", "size": 99999}"#,
        &Value("true"),
    );
}

#[test]
fn queries_full_of_faults_are_answered() {
    check(
        "10,000 parentheses",
        &targeted(&format!("{}plan eq \"pro\"{}", "(".repeat(10_000), ")".repeat(10_000))),
        PRO,
        &Error(ErrorCode::FlagConfig, "nested deeper than 64"),
    );
    check(
        "10,000 open parentheses",
        &targeted(&"(".repeat(10_000)),
        PRO,
        &Error(ErrorCode::FlagConfig, "nested deeper"),
    );
    check("10,000 times not", &targeted(&"not ".repeat(10_000)), PRO, &Error(ErrorCode::FlagConfig, ""));
    check("100,000 characters that are none", &targeted(&"& ".repeat(100_000)), PRO, &AnyError);
    // Each leaves a doubled space, which opens a parenthesis in the service.
    let dropped = format!("plan eq \"pro\"{}", " or @ plan eq \"x\"".repeat(5000));
    check("5,000 dropped characters", &targeted(&dropped), PRO, &AnyError);
    let tail = format!("plan eq \"pro\" AND {}", "x".repeat(2 << 20));
    check("an ignored tail of 2 MiB", &targeted(&tail), PRO, &Value("true"));
    check(
        "a path of 100,000 segments",
        &targeted(&format!("a{} eq 1", ".b".repeat(100_000))),
        PRO,
        &Value("false"),
    );
    let stale = format!("plan eq \"pro\"{}", " or a.b eq 1".repeat(20_000));
    check("20,000 stale operands", &targeted(&stale), PRO, &Value("true"));
}

#[test]
fn jsonlogic_that_is_deep_or_grows_without_bound_is_answered() {
    let deep = format!("{}1{}", r#"{"!":["#.repeat(10_000), "]}".repeat(10_000));
    check("10,000 times !", &targeted(&deep), PRO, &Error(ErrorCode::FlagConfig, "deeper than 48"));
    let numbers: Vec<_> = (0..100).collect();
    let doubling =
        json!({"reduce": [numbers, {"cat": [{"var": "accumulator"}, {"var": "accumulator"}]}, "xxxxxxxx"]});
    check("a text that doubles 100 times", &targeted(&doubling.to_string()), PRO, &Value("false"));
    let nested = (0..8).fold(json!({"+": [1, 1]}), |body, _| json!({"map": [numbers, body]}));
    check("100 to the power of 8 steps", &targeted(&nested.to_string()), PRO, &Value("false"));
    let wide = (0..8).fold(json!({"<": [{"var": ""}, 5000]}), |body, _| json!({"all": [numbers, body]}));
    check("100 to the power of 8 comparisons", &targeted(&wide.to_string()), PRO, &Value("false"));
    let merged = (0..12).fold(json!({"var": "list"}), |body, _| json!({"merge": [body, body]}));
    check("a list that doubles 12 times", &targeted(&merged.to_string()), PRO, &Value("true"));
}

#[test]
fn rules_that_come_with_the_context_are_bounded_too() {
    let query = targeted(r#"{"some": [{"var": "list"}, {"var": "rule"}]}"#);
    let attributes =
        |rule: &serde_json::Value| json!({"plan": "pro", "list": vec![1; 1000], "rule": rule}).to_string();
    let numbers: Vec<_> = (0..100).collect();
    let loop_in_loop = (0..6).fold(json!({"<": [1, 2]}), |body, _| json!({"map": [numbers, body]}));
    check("loops in the context", &query, &attributes(&loop_in_loop), &Value("false"));
    let itself = json!({"some": [numbers, {"var": "rule"}]});
    check("a rule in the context that names itself", &query, &attributes(&itself), &Value("false"));
    let doubling =
        json!({"reduce": [numbers, {"cat": [{"var": "accumulator"}, {"var": "accumulator"}]}, "xxxxxxxx"]});
    check("texts that double in the context", &query, &attributes(&doubling), &Value("false"));
}

#[test]
fn ten_thousand_scheduled_steps_are_answered() {
    let date = |n: u32| {
        format!("2020-01-{:02}T{:02}:{:02}:{:02}Z", n / 86_400 + 1, n / 3600 % 24, n / 60 % 60, n % 60)
    };
    let flag = |step: &dyn Fn(u32) -> serde_json::Value| {
        let steps: Vec<_> = (0..10_000).map(step).collect();
        json!({"variations": {"a": 1, "b": 2}, "defaultRule": {"variation": "a"}, "scheduledRollout": steps})
            .to_string()
    };
    let plain =
        flag(&|n| json!({"date": date(n), "defaultRule": {"variation": if n % 2 == 0 { "a" } else { "b" }}}));
    check("10,000 scheduled steps", &plain, PRO, &Value("2"));
    let ruled = flag(
        &|n| json!({"date": date(n), "targeting": [{"name": format!("r{n}"), "query": "a eq 1", "variation": "b"}]}),
    );
    check(
        "10,000 scheduled steps with a rule each",
        &ruled,
        PRO,
        &Error(ErrorCode::FlagConfig, "10000 scheduled steps are too many"),
    );
}

#[test]
fn a_hundred_thousand_variations_are_answered() {
    let variations: serde_json::Map<_, _> = (0..100_000).map(|n| (format!("v{n}"), json!(n))).collect();
    let flag = json!({"variations": variations, "defaultRule": {"variation": "v99999"}}).to_string();
    check("100,000 variations", &flag, PRO, &Value("99999"));
    let shares: serde_json::Map<_, _> = (0..100_000).map(|n| (format!("v{n}"), json!(0.001))).collect();
    let flag = json!({"variations": variations, "defaultRule": {"percentage": shares}}).to_string();
    check("100,000 shares", &flag, PRO, &Error(ErrorCode::FlagConfig, "too many for one flag"));
}

#[test]
fn a_flag_that_cannot_be_loaded_says_the_same_at_every_evaluation() {
    let large = constant(&format!("\"{}\"", "x".repeat(4 << 20)));
    let client = client(&ruleset([("large", large.as_str())]));
    let message = || client.evaluate("large", FlagType::Any, &context("{}")).error_message().to_owned();
    let (first, second) = (message(), message());
    assert_eq!(first, second);
}

#[test]
fn evaluating_all_flags_does_not_cost_an_instance_for_each_flag_that_is_too_large() {
    let large = constant(&format!("\"{}\"", "x".repeat(4 << 20)));
    let document = ruleset([("fine", FINE), ("large", &large)]);
    let client = Client::new(options(&document).pool_size(1)).expect("a client");
    let context = context(PRO);
    for _ in 0..10 {
        let all = client.evaluate_all(&context).expect("a ruleset");
        assert_eq!(
            all.iter().map(Evaluation::error_code).collect::<Vec<_>>(),
            [None, Some(ErrorCode::General)]
        );
        assert_eq!(client.get_string("fine", &context, "", str::to_owned), "yes");
    }
    let stats = client.stats();
    println!(
        "figure: 10 evaluate-all over a flag that is too large: {} instances made, {} loads of the other flag",
        stats.instances_created, stats.loads
    );
    assert!(stats.instances_created <= 2, "{stats:?}");
}
