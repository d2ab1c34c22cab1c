//! Threads of musl and of some runtimes have 128 KiB of stack in all.

use std::thread;

use pennon::{Client, Context, FlagType, Value};

use crate::flags::{FINE, conditions, constant, heavy, ruleset, targeted};
use crate::support::{alone, options};

const STACK: usize = 128 << 10;

fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(STACK).spawn(work).expect("a thread");
    thread.join().expect("the thread's work");
}

#[test]
fn everything_works_on_a_small_stack() {
    // Alone, because a stack that overflows ends the process.
    alone("small_stack::everything_works_on_a_small_stack", || {
        on_a_small_stack(|| {
            let numbers: Vec<_> = (0..10).collect();
            // As deep as rules may be, each level of the most expensive kind.
            let logic = (0..20).fold(
                serde_json::json!({"<": [1, 2]}),
                |body, _| serde_json::json!({"some": [numbers, body]}),
            );
            let nots =
                (0..46).fold(serde_json::json!({"var": "a"}), |body, _| serde_json::json!({"!": [body]}));
            let group = format!("{}plan eq \"pro\"{}", "(".repeat(60), ")".repeat(60));
            let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
            let flags = [
                ("fine", FINE.to_owned(), "\"yes\""),
                ("logic", targeted(&logic.to_string()), "true"),
                ("nots", targeted(&nots.to_string()), "true"),
                ("group", targeted(&group), "true"),
                ("large", targeted(&conditions(5000)), "false"),
                ("deep", constant(&deep), &deep),
                (
                    "too-deep",
                    targeted(&format!("{}1{}", r#"{"!":["#.repeat(10_000), "]}".repeat(10_000))),
                    "",
                ),
                ("parentheses", targeted(&"(".repeat(10_000)), ""),
                ("heavy", heavy(), ""),
            ];
            let document = ruleset(flags.iter().map(|(key, flag, _)| (*key, flag.as_str())));
            let client = Client::new(options(&document).pool_size(1)).expect("a client");
            let nested = format!("{}1{}", "[".repeat(32), "]".repeat(32));
            let context = Context::from_json(&format!(
                r#"{{"targetingKey": "u", "plan": "pro", "a": {nested}, "nested": {nested}}}"#
            ));
            let context = context.expect("a deep context");
            for (key, _, expected) in &flags {
                let evaluation = client.evaluate(key, FlagType::Any, &context);
                assert_eq!(
                    evaluation.value_json().len(),
                    expected.len(),
                    "{key}: {}",
                    evaluation.error_message()
                );
            }
            assert_eq!(client.evaluate_all(&context).map(|all| all.len()), Some(flags.len()));
            client.diagnostics();
            let too_deep = format!("{{\"a\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
            assert!(Context::from_json(&too_deep).is_err());
            client.set_ruleset(too_deep).expect("a flag of lists");
            assert_eq!(client.evaluate("a", FlagType::Any, &context).value(), Value::Default);
            client.set_ruleset(document).expect("the first ruleset");
            assert!(client.set_ruleset(format!("{{\"a\": {}", "[".repeat(100_000))).is_err());
        });
    });
}
