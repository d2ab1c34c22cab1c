//! Values by their types, against the vendor's OpenFeature provider 1.0.0.

use std::collections::BTreeMap;

use pennon::{Client, Context, FlagType, Options, Service};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::peer::{number, run, seed};

const TYPES: [(&str, FlagType); 4] = [
    ("boolean", FlagType::Boolean),
    ("string", FlagType::String),
    ("integer", FlagType::Integer),
    ("object", FlagType::Object),
];

/// To Python a boolean is an integer.
fn plain(value: &Value, flag_type: FlagType) -> Value {
    match (value, flag_type) {
        (Value::Bool(value), FlagType::Integer) => u8::from(*value).into(),
        _ => value.clone(),
    }
}

/// An integer that no 64 bits hold is a number here, and none of them to C.
fn is_beyond_64_bits(value: &Value) -> bool {
    value.as_f64().is_some_and(|value| value.abs() >= 9.3e18)
}

#[test]
fn values_are_of_the_types_that_the_vendors_provider_gives_them() {
    let (seed, count) = (seed(), number("PENNON_CASES", 20_000) / 10);
    println!("seed {seed}, {count} questions");
    let (mut compared, mut wrong) = (0, Vec::new());
    for line in run("provider.py", &[&seed.to_string(), &count.to_string()]).lines() {
        // Numbers are passed on as they are written.
        let parts: BTreeMap<&str, &RawValue> = serde_json::from_str(line).unwrap();
        let part = |name: &str| parts[name].get();
        let options = Options::new(Service::Flagsmith).ruleset(part("environment")).pool_size(1);
        let client = Client::new(options).unwrap();
        let key = match part("identifier") {
            "null" => String::new(),
            identifier => format!(",\"targetingKey\":{identifier}"),
        };
        let context = Context::from_json(&format!("{{\"traits\":{}{key}}}", part("traits"))).unwrap();
        let case: Value = serde_json::from_str(line).unwrap();
        for (feature, answers) in case["answers"].as_object().unwrap() {
            for (name, flag_type) in TYPES {
                let expected = &answers[name];
                let given = client.evaluate(feature, flag_type, &context);
                let is_same = match (expected.get("error").and_then(Value::as_str), given.error_code()) {
                    (Some(expected), Some(given)) => expected == given.name(),
                    (None, None) => {
                        let value: Value = serde_json::from_str(given.value_json()).unwrap();
                        let variant = expected["variant"].as_str();
                        value == plain(&expected["value"], flag_type)
                            && variant == given.has_variant().then(|| given.variant())
                    }
                    _ => is_beyond_64_bits(&expected["value"]),
                };
                compared += 1;
                if !is_same {
                    wrong.push(format!("{feature} as {name}: is {}, must be {expected}", given.to_json()));
                }
            }
        }
    }
    println!("{compared} values");
    let first: Vec<_> = wrong.iter().take(5).cloned().collect();
    assert!(wrong.is_empty(), "{} differ, seed {seed}:\n{}", wrong.len(), first.join("\n"));
}
