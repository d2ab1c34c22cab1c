//! Random rules and contexts, against the executable model of the reference.
//!
//! `PENNON_CASES` sets how many, `PENNON_SEED` from which seed.

use std::fmt::Debug;
use std::io::Write;
use std::process::{Command, Stdio};
use std::str::FromStr;

use pennon_goff::logic::{Fault, Logic};
use pennon_goff::scope::Scope;
use pennon_wire::Context;
use serde_json::Value;

use crate::random::Random;
use crate::{attributes, encoded, reference};

#[test]
fn random_rules_are_answered_as_by_the_model() {
    let Some(model) = reference("models/goff") else { return };
    let count: usize = setting("PENNON_CASES", 20_000);
    let seed: u64 = setting("PENNON_SEED", 20_260_101);
    println!("seed {seed}, {count} cases");
    let mut random = Random::new(seed);
    let cases: Vec<Value> = (0..count).map(|_| random.case()).collect();
    let answers = answers(&model, &cases);
    assert_eq!(answers.len(), cases.len());

    let (mut crashes, mut bounds, mut matched, mut faults, mut valid) = (0, 0, 0, 0, 0);
    let mut differences = Vec::new();
    for (case, answer) in cases.iter().zip(answers) {
        // The model itself fails where it does not foresee a type.
        if answer.get("crash").is_some() {
            crashes += 1;
            continue;
        }
        let said = |name: &str| answer[name].as_bool().unwrap();
        let (model_matches, model_fails, model_keeps) = (said("matches"), said("error"), said("valid"));
        let context = encoded(case["context"].as_object().unwrap());
        let enrichment = encoded(case["enrichment"].as_object().unwrap());
        let scope = Scope::new(Context::new(&context), Some(attributes(&enrichment)));
        let rule = Logic::parse(case["query"].as_str().unwrap()).expect("a rule is an object");
        let (result, is_valid) = (rule.matches(&scope), rule.validity().is_ok());
        if matches!(result, Err(Fault::TooDeep | Fault::TooLong)) && !model_fails {
            bounds += 1;
            continue;
        }
        matched += usize::from(model_matches);
        faults += usize::from(model_fails);
        valid += usize::from(model_keeps);
        let same = result.is_err() == model_fails
            && result.unwrap_or(false) == model_matches
            && is_valid == model_keeps;
        if !same {
            differences.push(format!("{case}\n  model {answer}\n  here {result:?}, valid {is_valid}"));
        }
    }
    println!(
        "{matched} match, {faults} faults, {valid} valid; excluded: {crashes} crashes of the model, {bounds} bounds"
    );
    let shown = differences.iter().take(10).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(differences.is_empty(), "{} differences\n{shown}", differences.len());
    assert!(crashes + bounds <= count / 100, "too much is excluded");
}

fn setting<T: FromStr<Err: Debug>>(name: &str, default: T) -> T {
    std::env::var(name).map_or(default, |value| value.parse().unwrap())
}

fn answers(model: &std::path::Path, cases: &[Value]) -> Vec<Value> {
    let driver = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/logic/model.py");
    let mut child = Command::new("python3")
        .args([driver.as_ref(), model])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 runs");
    let lines: String = cases.iter().map(|case| format!("{case}\n")).collect();
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    let answers = std::str::from_utf8(&output.stdout).unwrap();
    answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
