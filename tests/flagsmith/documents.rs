//! Generated environment documents: each flag alone, all flags together and the segments, against the vendor's client and
//! engine.

use pennon::{Client, Context, FlagType, Options, Segment, Service};
use serde_json::{Map, Value, json};

use crate::peer::{number, run, seed, shared};

fn client(document: &str) -> Client {
    Client::new(Options::new(Service::Flagsmith).ruleset(document).pool_size(1)).unwrap()
}

/// The context of an identity as an application gives it.
fn context(identifier: &Value, traits: &str) -> Context {
    let key = if identifier.is_null() { String::new() } else { format!("\"targetingKey\":{identifier},") };
    Context::from_json(&format!("{{{key}\"traits\":{traits}}}")).unwrap()
}

/// An answer in the form of the engine's.
fn engine_form(answer: &str) -> Value {
    let answer: Value = serde_json::from_str(answer).unwrap();
    let metadata = &answer["metadata"];
    json!({
        "name": answer["key"], "enabled": metadata["enabled"], "value": answer.get("value").unwrap_or(&Value::Null),
        "variant": answer.get("variant").unwrap_or(&Value::Null), "reason": metadata["reason"],
        "metadata": {"id": metadata["featureId"]},
    })
}

/// OpenFeature's reason for an engine's flag, as the vendor's provider has it.
fn openfeature_reason(flag: &Value) -> &str {
    let reason = flag["reason"].as_str().unwrap().split(';').next().unwrap();
    match reason {
        _ if flag["enabled"] == false => "DISABLED",
        "DEFAULT" => "STATIC",
        other => other,
    }
}

/// Whether an explanation fits what the engine gives.
fn is_explained(flag: &Value, explanation: &Value) -> bool {
    let decided_by = explanation["decidedBy"].as_str().unwrap_or_default();
    let reason = flag["reason"].as_str().unwrap();
    let variation = explanation["choice"].get("variation");
    let is_choice =
        variation.is_none_or(|variation| *variation == flag["variant"].as_str().unwrap_or_default());
    is_choice
        && match reason.split_once("; ") {
            Some(("TARGETING_MATCH", segment)) => {
                let name = segment.strip_prefix("segment=").unwrap();
                decided_by == format!("segment {name}") || decided_by == name
            }
            Some(("SPLIT", _)) => variation.is_some(),
            Some(_) => true,
            None => decided_by == "environment",
        }
}

/// Whether the diagnostics have something that makes the engine raise.
fn says_what_raises(client: &Client) -> bool {
    let said: Value = serde_json::from_str(&client.diagnostics_json()).unwrap();
    said.as_array().unwrap().iter().any(|note| {
        note["severity"] == "error" || note["code"] == "evaluation" || note["code"] == "segment-never-matches"
    })
}

#[test]
fn generated_documents_have_the_vendors_answers() {
    let Some(model) = shared("reference/models/flagsmith.py") else { return };
    let (seed, count) = (seed(), number("PENNON_CASES", 20_000));
    println!("seed {seed}, {count} questions");
    let cases =
        run("cases.py", &["documents", &seed.to_string(), &count.to_string(), model.to_str().unwrap()]);
    let (mut wrong, mut flags, mut raised, mut questions) = (Vec::new(), 0, 0, 0);
    let mut last: Option<(String, Client)> = None;
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        raised += u64::from(case["raised"] == true);
        // Numbers are passed on as they are written, so the texts are cut out, not made again.
        let document = document(line);
        let traits = line.split(", \"traits\": ").last().unwrap();
        let traits = traits.split(", \"result\": {\"flags\": ").next().unwrap();
        if last.as_ref().is_none_or(|(known, _)| known != document) {
            last = Some((document.to_owned(), client(document)));
        }
        let client = &last.as_ref().unwrap().1;
        let context = context(&case["identifier"], traits);
        let all = client.evaluate_all(&context).unwrap();
        let mut given = Map::new();
        for evaluation in &all {
            let whole = evaluation.to_json();
            let alone = client.evaluate(evaluation.key(), FlagType::Any, &context).to_json();
            let form = engine_form(&whole);
            if alone != whole || evaluation.reason().name() != openfeature_reason(&form) {
                wrong.push(format!("{document}\n  alone {alone}\n  among all {whole}"));
            }
            given.insert(evaluation.key().to_owned(), form);
            flags += 1;
        }
        let segments: Value =
            serde_json::from_str(&Segment::list_to_json(&client.segments(&context).unwrap().unwrap()))
                .unwrap();
        let given = json!({"flags": given, "segments": segments});
        if let Some(one) = all.get(questions % all.len().max(1)) {
            let explanation: Value = serde_json::from_str(&client.explain(one.key(), &context)).unwrap();
            let form = engine_form(&one.to_json());
            if !is_explained(&form, &explanation) {
                wrong.push(format!("{document}\n  {form}\n  is explained by {explanation}"));
            }
        }
        questions += 1;
        if case["raised"] == true && !says_what_raises(client) {
            wrong.push(format!(
                "{document}\n  of {} {traits}\n  raises, and nothing is said",
                case["identifier"]
            ));
        }
        if given != case["result"] {
            wrong.push(format!(
                "{document}\n  of {} {traits}\n  is       {given}\n  must be  {}",
                case["identifier"], case["result"]
            ));
        }
    }
    println!("{flags} flags, each alone and among all; {raised} questions where the engine raises");
    let first: Vec<_> = wrong.iter().take(2).cloned().collect();
    assert!(wrong.is_empty(), "{} differ, seed {seed}:\n{}", wrong.len(), first.join("\n"));
}

/// The document of a line. Identity overrides have identifiers too; that of the question stands before its traits.
fn document(line: &str) -> &str {
    let (before, _) = line.rsplit_once(", \"traits\": ").unwrap();
    let (document, _) = before.rsplit_once(", \"identifier\": ").unwrap();
    document.strip_prefix("{\"environment\": ").unwrap()
}
