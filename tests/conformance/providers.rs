//! The fixtures of GO Feature Flag's own providers and module, read where they are: configurations with the canonical
//! context, and the module's test data.

use serde_json::{Value, json};

use crate::outcome::{Outcome, same};
use crate::pennon::{self, Question, Scratch};
use crate::reference::read_shared;

/// Flag, reason, variant and value in `valid-all-types.json`.
const ALL_TYPES: &[(&str, &str, &str, &str)] = &[
    ("bool_targeting_match", "TARGETING_MATCH", "enabled", "true"),
    ("string_key", "STATIC", "color1", "\"CC0002\""),
    ("string_key_with_version", "TARGETING_MATCH", "color1", "\"CC0002\""),
    ("double_key", "TARGETING_MATCH", "medium", "101.25"),
    ("integer_key", "TARGETING_MATCH", "medium", "101"),
    ("object_key", "TARGETING_MATCH", "varB", "{\"test\":\"false\"}"),
    ("disabled_bool", "DISABLED", "SdkDefault", "null"),
    ("disabled_string", "DISABLED", "SdkDefault", "null"),
    ("disabled_float", "DISABLED", "SdkDefault", "null"),
    ("disabled_int", "DISABLED", "SdkDefault", "null"),
    ("disabled_interface", "DISABLED", "SdkDefault", "null"),
    // The enrichment says `env`, the rule wants `environment`.
    ("flag-use-evaluation-context-enrichment", "DEFAULT", "B", "\"B\""),
];

/// The same of `valid-scheduled-rollout.json`.
const SCHEDULED: &[(&str, &str, &str, &str)] = &[
    ("my-flag", "TARGETING_MATCH", "enabled", "true"),
    ("my-flag-scheduled-in-future", "STATIC", "disabled", "false"),
];

/// The same of `valid-flag-config.json`.
const SIMPLE: &[(&str, &str, &str, &str)] =
    &[("TEST", "STATIC", "off", "false"), ("TEST2", "STATIC", "on", "true")];

#[test]
fn the_configurations_of_the_providers_give_their_documented_answers() {
    let folder = Scratch::new("providers");
    for (file, rows) in [
        ("valid-all-types", ALL_TYPES),
        ("valid-scheduled-rollout", SCHEDULED),
        ("valid-flag-config", SIMPLE),
    ] {
        let Some(configuration) = read_shared(&format!("data/goff/config/{file}.json")) else { continue };
        let ruleset = folder.file("configuration.json");
        std::fs::write(&ruleset, configuration).expect("writing the configuration");
        let context = canonical_context();
        let questions: Vec<Question> = rows.iter().map(|row| Question::new(row.0, &context)).collect();
        for ((flag, reason, variant, value), answer) in rows.iter().zip(pennon::ask(&ruleset, &questions)) {
            let expected =
                json!({"reason": reason, "variant": variant, "value": value.parse::<Value>().expect("JSON")});
            assert!(serves(&answer, &expected), "{file} {flag}: {answer:?}, not {expected}");
        }
    }
}

#[test]
fn the_modules_test_data_gives_its_answers() {
    let folder = Scratch::new("module-data");
    for name in ["valid", "missing-targeting-key"] {
        let path = |kind: &str| format!("data/goff/wasm-testdata/local_evaluation_{kind}/{name}.json");
        let (Some(input), Some(output)) = (read_shared(&path("inputs")), read_shared(&path("outputs")))
        else {
            continue;
        };
        let input: Value = input.parse().expect("an input that is JSON");
        let output: Value = output.parse().expect("an output that is JSON");
        let key = input["flagKey"].as_str().expect("a flag key");
        let ruleset = json!({
            "flags": {key: input["flag"]},
            "evaluationContextEnrichment": input["flagContext"]["evaluationContextEnrichment"],
        });
        let answer = pennon::ask_one(&folder, &ruleset, Question::new(key, &input["evalContext"]));
        let holds = match &answer {
            Outcome::Error { code } => output["errorCode"] == code.as_str(),
            served => output["errorCode"] == "" && serves(served, &with_variant(&output)),
        };
        assert!(holds, "{name}: {answer:?}, not {output}");
    }
}

/// The context that the provider specification tests with.
fn canonical_context() -> Value {
    json!({
        "targetingKey": "d45e303a-38c2-11ed-a261-0242ac120002",
        "email": "john.doe@gofeatureflag.org",
        "firstname": "john",
        "lastname": "doe",
        "anonymous": false,
        "professional": true,
        "rate": 3.25, // the specification says 3.14; no flag asks for it
        "age": 30,
        "company_info": {"name": "my_company", "size": 120},
        "labels": ["pro", "beta"],
    })
}

/// The module calls the variant `variationType`.
fn with_variant(output: &Value) -> Value {
    json!({"reason": output["reason"], "variant": output["variationType"], "value": output["value"]})
}

fn serves(answer: &Outcome, expected: &Value) -> bool {
    let Outcome::Served { value, variant, reason, .. } = answer else { return false };
    expected["reason"] == reason.as_str()
        && expected["variant"] == variant.as_str()
        && same(&expected["value"], value)
}
