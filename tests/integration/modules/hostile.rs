//! Modules that do what they can against the host: errors that say why, within the deadline, and the next call is answered by a
//! new instance.

use std::time::Duration;

use pennon::{Client, ErrorCode, FlagType};

use super::{Text, options_with};
use crate::flags::{FINE, ruleset};
use crate::support::{Scratch, client, context, cpu_of};

const PRO: &str = r#"{"plan": "pro"}"#;

/// CPU time in which an evaluation of a hostile module ends: its deadline of 50 ms, two ticks of 10 ms, and the making of a
/// new instance.
const BOUND: Duration = Duration::from_millis(150);

/// CPU time in which a module is refused: the bound of a start, and compilation.
const START_BOUND: Duration = Duration::from_millis(1500);

const FOREVER: &str = "(loop $again (br $again)) unreachable";
const DEEP: &str = "(func $deep (param i64) (result i64) (i64.add (call $deep (i64.add (local.get 0) (i64.const 1))) (i64.const 1)))";

fn evaluate(body: &str) -> Text {
    Text { evaluate: body.into(), ..Text::default() }
}

fn answer(bytes: &[u8]) -> Text {
    Text { answer: bytes.into(), ..Text::default() }
}

/// What fails at every evaluation, and what its error says.
fn failing() -> Vec<(&'static str, Text, &'static str)> {
    let packed =
        |address: u64, length: u64| evaluate(&format!("i64.const {}", (address << 32 | length) as i64));
    let protocol = "malformed answer";
    vec![
        ("an endless loop", evaluate(FOREVER), "deadline_ms"),
        ("an endless malloc", Text { malloc: FOREVER, ..Text::default() }, "deadline_ms"),
        ("an endless free", Text { free: "(loop $again (br $again))", ..Text::default() }, "deadline_ms"),
        (
            "a memory bomb",
            evaluate(
                "(loop $again (br_if $again (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable",
            ),
            "memory_limit_bytes",
        ),
        (
            "a stubborn memory bomb",
            evaluate("(loop $again (drop (memory.grow (i32.const 60000))) (br $again)) unreachable"),
            "deadline_ms",
        ),
        (
            "a table bomb",
            Text {
                more: "(table $t 1 funcref)".into(),
                ..evaluate(
                    "(loop $again (drop (table.grow $t (ref.null func) (i32.const 50000))) (br $again)) unreachable",
                )
            },
            "deadline_ms",
        ),
        ("an answer past the end", packed(0x1_fff0, 0x20), protocol),
        ("an answer far away", packed(0xffff_ff00, 0x10), protocol),
        ("an answer as long as can be", packed(0, 0xffff_ffff), protocol),
        ("an answer whose end wraps", packed(0xffff_ffff, 0xffff_ffff), protocol),
        ("no answer", evaluate("i64.const 0"), protocol),
        ("an empty answer", packed(1024, 0), protocol),
        ("memory at nowhere", Text { malloc: "i32.const 0", ..Text::default() }, protocol),
        ("memory past the end", Text { malloc: "i32.const 0x1fff0", ..Text::default() }, protocol),
        ("memory far away", Text { malloc: "i32.const -16", ..Text::default() }, protocol),
        ("the question over the answer", Text { malloc: "i32.const 1024", ..Text::default() }, protocol),
        ("a trap in evaluate", evaluate("unreachable"), "trapped"),
        ("a trap in malloc", Text { malloc: "unreachable", ..Text::default() }, "trapped"),
        ("a trap in free", Text { free: "unreachable", ..Text::default() }, "trapped"),
        (
            "a division by zero",
            evaluate("(drop (i32.div_u (i32.const 1) (i32.const 0))) call $answer"),
            "trapped",
        ),
        ("a read past the end", evaluate("(i64.load (i32.const 0x1fffc))"), "trapped"),
        ("a read far away", evaluate("(i64.load offset=0xffffffff (i32.const -1))"), "trapped"),
        (
            "a write past the end",
            evaluate("(i64.store (i32.const -4) (i64.const -1)) call $answer"),
            "trapped",
        ),
        (
            "recursion without end",
            Text { more: DEEP.into(), ..evaluate("(call $deep (i64.const 0))") },
            "trapped",
        ),
        (
            "a call of nothing",
            Text {
                more: "(table 1 funcref) (type $n (func))".into(),
                ..evaluate("(call_indirect (type $n) (i32.const 0)) call $answer")
            },
            "trapped",
        ),
        (
            "a call of what is not there",
            Text {
                more: "(table 1 funcref) (type $n (func))".into(),
                ..evaluate("(call_indirect (type $n) (i32.const 77)) call $answer")
            },
            "trapped",
        ),
        (
            "an exit with success",
            Text {
                imports: r#"(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))"#,
                ..evaluate("(call $exit (i32.const 0)) unreachable")
            },
            "ended itself",
        ),
        ("bytes that are no text", answer(b"\xff\xfe{}"), protocol),
        ("text that is no JSON", answer(b"yes"), protocol),
        ("JSON that is no object", answer(b"[1]"), protocol),
        ("an object that is no answer", answer(b"{}"), protocol),
        ("a reason that is a number", answer(br#"{"variationType":"","errorCode":"","reason":5}"#), protocol),
        ("JSON as deep as can be", answer(&[b"{\"value\":".as_slice(), &[b'['; 50_000]].concat()), protocol),
    ]
}

#[test]
fn what_a_module_does_is_an_error_within_the_deadline() {
    let folder = Scratch::new();
    let beside = client(&ruleset([("fine", FINE)]));
    let context = context(PRO);
    for (name, text, expected) in failing() {
        let client =
            Client::new(text.options(&folder).pool_size(2)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut longest = Duration::ZERO;
        for round in 1..=3 {
            let (evaluation, cost) = cpu_of(|| client.evaluate("fine", FlagType::Any, &context));
            longest = longest.max(cost);
            assert_eq!(evaluation.error_code(), Some(ErrorCode::General), "{name}");
            let message = evaluation.error_message();
            assert!(message.contains(expected), "{name}: {message}");
            assert_eq!(client.stats().instances_failed, round, "{name}");
        }
        assert_eq!(client.get_string("fine", &context, "default", str::to_owned), "default", "{name}");
        assert!(longest < BOUND, "{name}: CPU {longest:?}");
        println!("figure: {name}: CPU {longest:.1?}");
        let value = beside.get_string("fine", &context, "default", str::to_owned);
        assert_eq!(value, "yes", "{name}: a client of our own guest beside it");
    }
}

/// What is refused before it answers anything, and what its error says.
fn refused() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let assemble = |text: &str| wat::parse_str(text).expect("a module");
    let more = |more: &str| Text { more: more.into(), ..Text::default() }.assemble();
    let imports = |imports| Text { imports, ..Text::default() }.assemble();
    let memory = |memory| Text { memory, ..Text::default() }.assemble();
    vec![
        ("an empty file", Vec::new(), "no WebAssembly module"),
        ("text", b"(module)".to_vec(), "no WebAssembly module"),
        ("half a module", Text::default().assemble()[..60].to_vec(), "no WebAssembly module"),
        ("a module without exports", assemble("(module)"), "exports no memory"),
        (
            "a module without functions",
            assemble(r#"(module (memory (export "memory") 1))"#),
            "exports no function malloc(i32) -> i32",
        ),
        (
            "a malloc of another type",
            assemble(
                r#"(module (memory (export "memory") 1) (func (export "malloc") (param i64) (result i32) unreachable))"#,
            ),
            "exports no function malloc(i32) -> i32",
        ),
        (
            "an evaluate that is a memory",
            assemble(
                r#"(module (memory (export "memory") (export "evaluate") 1)
                    (func (export "malloc") (param i32) (result i32) unreachable) (func (export "free") (param i32)))"#,
            ),
            "exports no function evaluate(i32, i32) -> i64",
        ),
        ("a start of another type", more(r#"(func (export "_start") (param i32))"#), "exports _start"),
        (
            "an import of nobody's",
            imports(r#"(import "env" "abort" (func (param i32)))"#),
            "imports env.abort",
        ),
        (
            "an import of JavaScript's",
            imports(r#"(import "gojs" "runtime.ticks" (func (result i64)))"#),
            "imports gojs.runtime.ticks",
        ),
        (
            "a function that WASI does not have",
            imports(r#"(import "wasi_snapshot_preview1" "fork" (func))"#),
            "imports wasi_snapshot_preview1.fork",
        ),
        (
            "a function of WASI of another type",
            imports(r#"(import "wasi_snapshot_preview1" "fd_write" (func (param i64)))"#),
            "fd_write",
        ),
        (
            "a memory of the host's",
            imports(r#"(import "wasi_snapshot_preview1" "memory" (memory 1))"#),
            "multiple memories",
        ),
        ("more memory than it may have", memory("2000"), "memory"),
        ("memory of 64 bits", memory("i64 2"), ""),
        ("two memories", more("(memory 1)"), "no WebAssembly module"),
        (
            "a start that traps",
            more(r#"(func (export "_start") unreachable)"#),
            "cannot be started: the evaluator trapped",
        ),
        (
            "a start that never ends",
            more(&format!(r#"(func (export "_start") {FOREVER})"#)),
            "cannot be started",
        ),
        (
            "an initialization that never ends",
            more(&format!("(func $begin {FOREVER}) (start $begin)")),
            "cannot be started",
        ),
        (
            "a start that ends with an error",
            Text {
                imports: r#"(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))"#,
                more: r#"(func (export "_start") (call $exit (i32.const 3)))"#.into(),
                ..Text::default()
            }
            .assemble(),
            "ended itself with status 3",
        ),
    ]
}

#[test]
fn what_is_no_module_of_ours_is_refused_at_create() {
    let folder = Scratch::new();
    for (name, bytes, expected) in refused() {
        let path = folder.file("module.wasm", bytes);
        let (created, cost) = cpu_of(|| Client::new(options_with(&path)));
        let Err(error) = created else { panic!("{name} is taken") };
        let error = error.to_string();
        println!("figure: {name}: CPU {cost:.1?}; {error}");
        let place = format!("option module_path is \"{}\": ", path.display());
        assert!(error.starts_with(&place) && error.contains(expected), "{name}: {error}");
        assert!(cost < START_BOUND, "{name}: CPU {cost:?}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = Scratch::new();
    for path in [folder.path("missing.wasm"), std::path::PathBuf::from("/")] {
        let error = Client::new(options_with(&path)).expect_err("no module").to_string();
        assert!(error.starts_with(&format!("option module_path is \"{}\": ", path.display())), "{error}");
    }
}

#[test]
fn an_answer_may_lie_in_the_question_s_place() {
    let folder = Scratch::new();
    // Copies the answer over the question and returns that.
    let text = evaluate(&format!(
        "(memory.copy (local.get 0) (i32.const 1024) (i32.const {length}))
         (i64.or (i64.shl (i64.extend_i32_u (local.get 0)) (i64.const 32)) (i64.const {length}))",
        length = super::ANSWER.len()
    ));
    let client = Client::new(text.options(&folder)).expect("a client");
    for _ in 0..1000 {
        assert_eq!(client.get_string("fine", &context(PRO), "default", str::to_owned), "yes");
    }
    assert_eq!((client.stats().instances_created, client.stats().instances_failed), (1, 0));
}
