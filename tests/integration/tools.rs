//! `pennon lint`, `pennon explain` and `pennon bench`.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::flags::{FINE, ruleset};
use crate::support::Scratch;

const TAIL: &str = r#"{"variations": {"a": 1, "b": 2}, "targeting": [{"query": "plan eq \"pro\" AND age gt 3", "variation": "a"}], "defaultRule": {"variation": "b"}}"#;
const INVALID: &str = r#"{"variations": {"a": 1}, "defaultRule": {"variation": "z"}}"#;

/// Exit code, stdout and stderr of a command about a ruleset file.
fn run(command: &str, file: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_pennon"))
        .args([command, "--service", "goff", "--ruleset"])
        .arg(file)
        .args(arguments)
        .output()
        .expect("running pennon");
    let text = |bytes| String::from_utf8(bytes).expect("text in UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn lint_says_where_what_and_what_was_meant() {
    let folder = Scratch::new();
    let fine = folder.file("fine.json", ruleset([("fine", FINE)]));
    assert_eq!(run("lint", &fine, &[]), (Some(0), "1 flags: 0 errors, 0 warnings\n".into(), String::new()));
    assert_eq!(run("lint", &fine, &["--json"]).1, "[]\n");

    let warned = folder.file("warned.json", ruleset([("tail", TAIL)]));
    let (code, out, _) = run("lint", &warned, &[]);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("warning[ignored-tail] tail targeting[0], column 14"), "{out}");
    assert!(out.contains("probably meant: ") && out.ends_with("1 flags: 0 errors, 1 warnings\n"), "{out}");
    assert_eq!(run("lint", &warned, &["--strict"]).0, Some(1));

    let broken = folder.file("broken.json", ruleset([("tail", TAIL), ("invalid", INVALID)]));
    let (code, out, _) = run("lint", &broken, &["--json"]);
    let list: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((code, list.as_array().map(Vec::len)), (Some(1), Some(2)), "{out}");
    assert_eq!(list[0]["severity"], "error");
    for member in ["flag", "severity", "code", "rule", "column", "message", "suggestion"] {
        assert!(list[0].get(member).is_some(), "{member}: {out}");
    }
    assert_eq!(run("lint", &folder.file("no.json", "["), &[]).0, Some(3));
}

#[test]
fn explain_tells_the_rule_its_comparisons_and_what_would_have_to_differ() {
    let folder = Scratch::new();
    let file = folder.file("flags.json", ruleset([("fine", FINE), ("tail", TAIL)]));
    let arguments = ["--flag", "fine", "--context", r#"{"plan": "free"}"#];
    let (code, out, err) = run("explain", &file, &arguments);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    for part in
        ["decided by defaultRule: no other rule matches", "does not match", "plan is \"free\"", "to match: "]
    {
        assert!(out.contains(part), "{part}: {out}");
    }
    let (_, json, _) = run("explain", &file, &[arguments.as_slice(), &["--json"]].concat());
    let explanation: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json.lines().count(), 1);
    assert_eq!(explanation["key"], "fine");
    assert_eq!(explanation["attributesRead"], serde_json::json!(["plan"]));
    assert_eq!(explanation["rules"][0]["comparisons"][0]["holds"], false);

    let (code, out, _) = run("explain", &file, &["--flag", "none"]);
    assert_eq!((code, out.as_str()), (Some(1), "none: FLAG_NOT_FOUND: no flag has this key\n"));
    assert_eq!(run("explain", &file, &["--flag", "fine", "--context", "["]).0, Some(3));
    assert_eq!(run("explain", &file, &[]).0, Some(2));
}

#[test]
fn bench_measures_flags_with_contexts_of_ones_own() {
    let folder = Scratch::new();
    let file = folder.file("flags.json", ruleset([("fine", FINE), ("tail", TAIL)]));
    let contexts = folder.file("contexts", "{\"plan\": \"pro\"}\n\n{\"plan\": \"free\", \"age\": 5}\n");
    let contexts = contexts.to_str().expect("a path in UTF-8");
    let quick = ["--row-ms", "20", "--threads", "3", "--contexts", contexts];
    let (code, out, err) = run("bench", &file, &quick);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    let threads: Vec<_> =
        out.lines().filter_map(|line| line.split_whitespace().next()?.parse::<u32>().ok()).collect();
    assert_eq!(threads, [1, 2, 3], "{out}");
    for part in ["p99.9", "fine ", "tail ", "create: ", "resident memory: "] {
        assert!(out.contains(part), "{part}: {out}");
    }
    let (code, out, _) = run("bench", &file, &[quick.as_slice(), &["--flag", "tail"]].concat());
    assert!(code == Some(0) && !out.contains("fine"), "{out}");
    let (code, _, err) = run("bench", &file, &["--flag", "none"]);
    assert_eq!((code, err.as_str()), (Some(3), "pennon: the ruleset has no flag \"none\"\n"));
    let broken = folder.file("broken", "{}\n[\n");
    let (code, _, err) = run("bench", &file, &["--contexts", broken.to_str().expect("a path in UTF-8")]);
    assert!(code == Some(3) && err.contains("line 2"), "{err}");
}
