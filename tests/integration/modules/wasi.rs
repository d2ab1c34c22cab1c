//! What a module is told when it asks for more than to compute: everything at once, and never more than a log can bear.

use std::time::{Duration, Instant};

use pennon::{Client, FlagType, LogLevel};

use super::{Heard, Text};
use crate::support::{Scratch, context, cpu_of};

const PRO: &str = r#"{"plan": "pro"}"#;

/// Imports of what these modules call.
pub const IMPORTS: &str = r#"
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "args_sizes_get" (func $arguments (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
    (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))"#;

/// Sleeps an hour: one subscription to the clock at 2048, its event at 3072, its count at 4096.
pub const SLEEP: &str = "
    (i64.store (i32.const 2048) (i64.const 0x1122334455667788))
    (i32.store8 (i32.const 2056) (i32.const 0))
    (i32.store (i32.const 2064) (i32.const 1))
    (i64.store (i32.const 2072) (i64.const 3600000000000))
    (if (call $poll (i32.const 2048) (i32.const 3072) (i32.const 1) (i32.const 4096)) (then unreachable))
    (if (i32.ne (i32.load (i32.const 4096)) (i32.const 1)) (then unreachable))
    (if (i64.ne (i64.load (i32.const 3072)) (i64.const 0x1122334455667788)) (then unreachable))
    (if (i32.load16_u (i32.const 3080)) (then unreachable))";

/// Writes a line to standard error: text at 5000, its place at 5200.
pub const COMPLAIN: &str = r#"
    (i32.store (i32.const 5200) (i32.const 5000))
    (i32.store (i32.const 5204) (i32.const 13))
    (if (call $write (i32.const 2) (i32.const 5200) (i32.const 1) (i32.const 5300)) (then unreachable))
    (if (i32.ne (i32.load (i32.const 5300)) (i32.const 13)) (then unreachable))"#;

pub fn text(body: &str) -> Text {
    Text {
        imports: IMPORTS,
        more: r#"(data (i32.const 5000) "line\u{1b} of it\0a\0a")"#.into(),
        evaluate: format!("{body} call $answer"),
        ..Text::default()
    }
}

fn works(name: &str, body: &str) {
    let folder = Scratch::new();
    let client = Client::new(text(body).options(&folder)).expect("a client");
    let (evaluation, cost) = cpu_of(|| client.evaluate("fine", FlagType::String, &context(PRO)));
    assert_eq!(evaluation.error_message(), "", "{name}");
    assert_eq!(evaluation.value_json(), "\"yes\"", "{name}");
    assert!(cost < Duration::from_millis(50), "{name}: {cost:?}");
}

#[test]
fn sleeping_an_hour_takes_no_time() {
    let start = Instant::now();
    works("sleep", SLEEP);
    works("yield", "(if (call $yield) (then unreachable))");
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn sleeping_for_ever_ends_at_the_deadline() {
    let folder = Scratch::new();
    let client =
        Client::new(text(&format!("(loop $again {SLEEP} (br $again))")).options(&folder)).expect("a client");
    let evaluation = client.evaluate("fine", FlagType::Any, &context(PRO));
    assert!(evaluation.error_message().contains("deadline_ms"), "{}", evaluation.error_message());
}

#[test]
fn there_is_a_clock_and_randomness_and_nothing_else() {
    works(
        "clocks",
        "
        (if (call $clock (i32.const 0) (i64.const 1) (i32.const 2048)) (then unreachable))
        (if (i64.lt_u (i64.load (i32.const 2048)) (i64.const 1700000000000000000)) (then unreachable))
        (if (call $clock (i32.const 1) (i64.const 1) (i32.const 2048)) (then unreachable))
        (if (i32.eqz (call $clock (i32.const 7) (i64.const 1) (i32.const 2048))) (then unreachable))",
    );
    works(
        "randomness",
        "
        (if (call $random (i32.const 2048) (i32.const 32)) (then unreachable))
        (if (i64.eqz (i64.or (i64.load (i32.const 2048)) (i64.load (i32.const 2056)))) (then unreachable))",
    );
    works(
        "environment",
        "
        (i32.store (i32.const 2048) (i32.const 77)) (i32.store (i32.const 2052) (i32.const 77))
        (if (call $environ (i32.const 2048) (i32.const 2052)) (then unreachable))
        (if (i64.ne (i64.load (i32.const 2048)) (i64.const 0)) (then unreachable))
        (i32.store (i32.const 2048) (i32.const 77)) (i32.store (i32.const 2052) (i32.const 77))
        (if (call $arguments (i32.const 2048) (i32.const 2052)) (then unreachable))
        (if (i64.ne (i64.load (i32.const 2048)) (i64.const 0)) (then unreachable))",
    );
    works("files", "
        (if (i32.ne (i32.const 8) (call $open (i32.const 3) (i32.const 0) (i32.const 5000) (i32.const 4) (i32.const 0)
            (i64.const -1) (i64.const -1) (i32.const 0) (i32.const 2048))) (then unreachable))");
}

#[test]
fn addresses_that_lie_are_answered_with_an_error() {
    let lies = [
        "(call $poll (i32.const -8) (i32.const 0) (i32.const 1) (i32.const 0))",
        "(call $poll (i32.const 0) (i32.const -8) (i32.const 1000) (i32.const 0))",
        "(call $poll (i32.const 0) (i32.const 70000) (i32.const 1000) (i32.const -2))",
        "(call $poll (i32.const 0) (i32.const 0) (i32.const -1) (i32.const 0))",
        "(call $write (i32.const 2) (i32.const -8) (i32.const 1) (i32.const 0))",
        "(call $write (i32.const 2) (i32.const 0) (i32.const -1) (i32.const 0))",
        "(call $write (i32.const 2) (i32.const 131068) (i32.const 1) (i32.const 0))",
        "(call $write (i32.const 9) (i32.const 5200) (i32.const 1) (i32.const 0))",
        "(call $random (i32.const -1) (i32.const 2))",
        "(call $random (i32.const 0) (i32.const -1))",
        "(call $random (i32.const 131071) (i32.const 2))",
        "(call $clock (i32.const 0) (i64.const 0) (i32.const 131065))",
        "(call $environ (i32.const -1) (i32.const 0))",
        "(call $arguments (i32.const 0) (i32.const 131069))",
    ];
    for lie in lies {
        works(lie, &format!("(if (i32.eqz {lie}) (then unreachable))"));
    }
    // A piece whose length is a lie, among others that are none.
    works("lying pieces", "
        (i32.store (i32.const 5200) (i32.const 5000)) (i32.store (i32.const 5204) (i32.const -1))
        (if (i32.eqz (call $write (i32.const 2) (i32.const 5200) (i32.const 1) (i32.const 5300))) (then unreachable))");
}

#[test]
fn what_a_module_writes_goes_to_the_log_and_no_further() {
    let folder = Scratch::new();
    let heard = Heard::default();
    let client = Client::new(text(COMPLAIN).options(&folder).log(heard.log())).expect("a client");
    let context = context(PRO);
    assert_eq!(client.get_string("fine", &context, "", str::to_owned), "yes");
    assert_eq!(heard.lines(), [(LogLevel::Warn, "module stderr: line  of it".to_owned())]);
    let start = Instant::now();
    for _ in 0..2000 {
        assert_eq!(client.get_string("fine", &context, "", str::to_owned), "yes");
    }
    let periods = start.elapsed().as_secs() as usize + 2;
    assert!(heard.lines().len() <= 20 * periods, "{} lines in {periods} s", heard.lines().len());
}

#[test]
fn a_flood_of_output_is_bounded() {
    let folder = Scratch::new();
    let heard = Heard::default();
    let flood = format!("(loop $again {COMPLAIN} (br $again))");
    let client = Client::new(text(&flood).options(&folder).log(heard.log())).expect("a client");
    client.evaluate("fine", FlagType::Any, &context(PRO));
    let (lines, bytes) =
        (heard.lines().len(), heard.lines().iter().map(|(_, line)| line.len()).sum::<usize>());
    assert!(lines > 0 && lines <= 20 && bytes < 4096, "{lines} lines, {bytes} bytes");
}

#[test]
fn the_panic_of_a_module_is_in_its_error() {
    let folder = Scratch::new();
    let module = Text {
        imports: IMPORTS,
        more: r#"(data (i32.const 5000) "panic: a nil thing\0a") (data (i32.const 5200) "\88\13\00\00\13\00\00\00")"#.into(),
        evaluate: "(drop (call $write (i32.const 1) (i32.const 5200) (i32.const 1) (i32.const 5300))) unreachable".into(),
        ..Text::default()
    };
    let client = Client::new(module.options(&folder)).expect("a client");
    let evaluation = client.evaluate("fine", FlagType::Any, &context(PRO));
    assert!(evaluation.error_message().ends_with("(panic: a nil thing)"), "{}", evaluation.error_message());
}
