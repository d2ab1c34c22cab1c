//! The evaluator against the vendor's engine 11.1.1: its own test data, and generated evaluation contexts.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test's way to fail is to panic")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use pennon_flagsmith::engine::evaluation_result;
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// JSON without the comments that stand on lines of their own.
fn without_comments(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Expected flags of data that is older than engine 11.1.1: `DEFAULT` of features that no segment overrides is `STATIC`.
fn renewed(case: &Value) -> Value {
    let mut result = case["result"].clone();
    let segments = case["context"]["segments"].as_object();
    let targeted: Vec<&str> = segments
        .into_iter()
        .flat_map(|segments| segments.values())
        .flat_map(|segment| segment["overrides"].as_array().into_iter().flatten())
        .filter_map(|own| own["name"].as_str())
        .collect();
    for (name, flag) in result["flags"].as_object_mut().unwrap() {
        if flag["reason"] == "DEFAULT" && !targeted.contains(&name.as_str()) {
            flag["reason"] = "STATIC".into();
        }
    }
    result
}

#[test]
fn the_vendors_test_data_holds() {
    let folder = root().join("../shared/data/flagsmith/engine-test-data");
    let Ok(entries) = fs::read_dir(&folder) else {
        println!("not run: {} is absent", folder.display());
        return;
    };
    let mut seen = 0;
    for entry in entries.flatten() {
        let path = entry.path();
        if !matches!(path.extension().and_then(|ending| ending.to_str()), Some("json" | "jsonc")) {
            continue;
        }
        let text = without_comments(&fs::read_to_string(&path).unwrap());
        let Ok(case) = serde_json::from_str::<Value>(&text) else { panic!("{}: not read", path.display()) };
        if case.get("result").is_none() {
            continue;
        }
        seen += 1;
        let given = evaluation_result(&case["context"].to_string()).unwrap();
        let given: Value = serde_json::from_str(&given).unwrap();
        assert_eq!(given, renewed(&case), "{}", path.display());
    }
    println!("{seen} cases of the vendor's");
    assert!(seen > 100, "only {seen} cases below {}", folder.display());
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap())
}

#[test]
fn generated_contexts_have_the_engines_answers() {
    let model = root().join("../shared/reference/models/flagsmith.py");
    if !model.exists() {
        println!("not run: {} is absent", model.display());
        return;
    }
    let peer = Command::new(root().join("tests/flagsmith/peer.sh")).output().unwrap();
    assert!(peer.status.success(), "{}", String::from_utf8_lossy(&peer.stderr));
    let python = String::from_utf8(peer.stdout).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let (seed, count) = (number("PENNON_SEED", now), number("PENNON_CASES", 20_000));
    println!("seed {seed}, {count} cases");
    let output = Command::new(python.trim())
        .arg(root().join("tests/flagsmith/cases.py"))
        .args(["contexts", &seed.to_string(), &count.to_string()])
        .arg(&model)
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success());
    let (mut raised, mut wrong) = (0, Vec::new());
    let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        raised += u64::from(case["raised"] == true);
        let text = line.strip_prefix("{\"context\": ").unwrap();
        let context = text.split(", \"result\": {\"flags\": ").next().unwrap();
        let given: Value = serde_json::from_str(&evaluation_result(context).unwrap()).unwrap();
        for flag in case["result"]["flags"].as_object().unwrap().values() {
            let reason = flag["reason"].as_str().unwrap().split([';', '=']).next().unwrap();
            *reasons.entry(reason.into()).or_default() += 1;
        }
        if given != case["result"] {
            wrong.push(format!("{context}\n  is       {given}\n  must be  {}", case["result"]));
        }
    }
    println!("{raised} where the engine raises; reasons {reasons:?}");
    assert!(
        wrong.is_empty(),
        "{} differ, seed {seed}:\n{}",
        wrong.len(),
        wrong.into_iter().take(3).collect::<Vec<_>>().join("\n")
    );
}
