//! `pennon eval` for one flag or all: table, JSON, exit codes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::flags::{FINE, constant, ruleset};
use crate::support::Scratch;

const SPLIT: &str = r#"{"variations": {"a": 1, "b": 2}, "defaultRule": {"percentage": {"a": 50, "b": 50}}}"#;

pub fn flags_file(folder: &Scratch) -> PathBuf {
    let number = constant("9007199254740993");
    let flags = [("fine", FINE), ("number", number.as_str()), ("split", SPLIT)];
    folder.file("flags.json", ruleset(flags))
}

pub fn pennon(file: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pennon"));
    command.args(["eval", "--service", "goff", "--ruleset"]).arg(file);
    command
}

/// Exit code, stdout and stderr.
fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("running pennon");
    let text = |bytes| String::from_utf8(bytes).expect("text in UTF-8");
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn all_flags_are_printed_as_a_table() {
    let folder = Scratch::new();
    let (code, out, err) = run(pennon(&flags_file(&folder)).args(["--context", r#"{"plan": "pro"}"#]));
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let lines: Vec<_> = out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    assert_eq!(lines[0], ["FLAG", "VALUE", "VARIANT", "REASON", "METADATA"]);
    assert_eq!(lines[1][..4], ["fine", "\"yes\"", "yes", "TARGETING_MATCH"]);
    assert_eq!(lines[2][..4], ["number", "9007199254740993", "only", "STATIC"]);
    assert_eq!(lines[3][..2], ["split", "(default)"]);
    assert!(out.lines().nth(3).is_some_and(|line| line.contains("TARGETING_KEY_MISSING: ")), "{out}");
    assert_eq!(lines.len(), 4);
    assert!(out.lines().all(|line| line.trim_end() == line), "no white space at the ends of lines");
}

#[test]
fn all_flags_are_printed_as_json() {
    let folder = Scratch::new();
    let (code, out, _) =
        run(pennon(&flags_file(&folder)).args(["--json", "--context", r#"{"plan": "pro"}"#]));
    assert_eq!((code, out.lines().count()), (Some(0), 1));
    assert!(out.contains("9007199254740993"), "{out}");
    let answer: Value = serde_json::from_str(&out).expect("JSON");
    let fine = &answer["flags"]["fine"];
    assert_eq!(
        (&fine["value"], &fine["variant"], &fine["reason"]),
        (&json!("yes"), &json!("yes"), &json!("TARGETING_MATCH"))
    );
    assert_eq!(answer["flags"]["split"]["errorCode"], "TARGETING_KEY_MISSING");
}

#[test]
fn one_flag_is_printed_and_its_type_checked() {
    let folder = Scratch::new();
    let file = flags_file(&folder);
    let (code, out, _) = run(pennon(&file).args(["--flag", "number", "--json"]));
    assert_eq!(code, Some(0));
    assert!(
        out.starts_with(r#"{"key":"number","value":9007199254740993,"variant":"only","reason":"STATIC""#),
        "{out}"
    );
    for (flag_type, code, error) in [
        ("int", 0, None),
        ("double", 0, None),
        ("string", 1, Some("TYPE_MISMATCH")),
        ("bool", 1, Some("TYPE_MISMATCH")),
        ("object", 1, Some("TYPE_MISMATCH")),
    ] {
        let (actual, out, _) = run(pennon(&file).args(["--flag", "number", "--json", "--type", flag_type]));
        let answer: Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!((actual, answer["errorCode"].as_str()), (Some(code), error), "{flag_type}: {out}");
    }
    let (code, out, _) = run(pennon(&file).args(["--flag", "number", "--type", "bool"]));
    assert_eq!(code, Some(1));
    assert!(
        out.contains("(default)") && out.contains("TYPE_MISMATCH: flag is an integer, not a boolean"),
        "{out}"
    );
}

#[test]
fn the_context_may_be_in_a_file() {
    let folder = Scratch::new();
    let context = folder.file("context.json", r#"{"plan": "pro"}"#);
    let at = format!("@{}", context.display());
    let (code, out, _) = run(pennon(&flags_file(&folder)).args(["--flag", "fine", "--context", &at]));
    assert!(code == Some(0) && out.contains("\"yes\""), "{out}");
}

#[test]
fn exit_codes_tell_what_went_wrong() {
    let folder = Scratch::new();
    let file = flags_file(&folder);
    let broken = folder.file("broken.json", "{\"a\": {\n");
    let says = |command: &mut Command, expected: i32, message: &str| {
        let (code, out, err) = run(command);
        assert_eq!(code, Some(expected), "{out}{err}");
        assert!(err.contains(message), "{message}: {err}");
        assert_eq!(out, "", "an error is no answer");
    };
    assert_eq!(run(pennon(&file).args(["--flag", "fine"])).0, Some(0));
    let (code, out, _) = run(pennon(&file).args(["--flag", "absent", "--json"]));
    assert!(code == Some(1) && out.contains("FLAG_NOT_FOUND"), "{out}");
    says(&mut Command::new(env!("CARGO_BIN_EXE_pennon")), 2, "Usage");
    says(pennon(&file).arg("--no-such-option"), 2, "--no-such-option");
    says(pennon(&file).args(["--type", "int"]), 2, "--flag");
    says(pennon(&file).args(["--flag", "fine", "--type", "text"]), 2, "known types");
    says(pennon(&file).args(["--flag", "fine", "--batch"]), 2, "--batch");
    says(
        Command::new(env!("CARGO_BIN_EXE_pennon")).args(["eval", "--service", "x", "--ruleset", "y"]),
        2,
        "goff",
    );
    says(&mut pennon(&folder.path("absent.json")), 3, "absent.json");
    says(&mut pennon(&broken), 3, "line 2");
    says(pennon(&file).args(["--context", "{"]), 3, "context");
    says(pennon(&file).args(["--context", "[]"]), 3, "context");
    says(pennon(&file).args(["--context", "@absent-context.json"]), 3, "absent-context.json");
}
