//! What an explanation says is what was evaluated: on random flags and contexts, which the relay answers in `differential`.

use pennon::{Client, Context, FlagType, Options, Service};
use serde_json::{Value, json};

use crate::rng::{Rng, number_from_environment, seed};
use crate::{contexts, flags};

const DEFAULT_CASES: u64 = 6_000;
const FLAGS_PER_DOCUMENT: usize = 300;

#[test]
fn explanations_agree_with_evaluations() {
    let cases = number_from_environment("PENNON_CASES").unwrap_or(DEFAULT_CASES);
    let (mut compared, mut by_rule, mut noted) = (0, 0, 0);
    for document in seed().. {
        let mut rng = Rng::new(document);
        let flags = flags::document(&mut rng, FLAGS_PER_DOCUMENT);
        let text =
            json!({"flags": flags, "evaluationContextEnrichment": {"env": "prod", "a": 5}}).to_string();
        let client = Client::new(Options::new(Service::Goff).ruleset(text)).expect("a client");
        for key in flags.keys() {
            let json = contexts::context(&mut rng).to_string();
            let Ok(context) = Context::from_json(&json) else { continue };
            let evaluation = client.evaluate(key, FlagType::Any, &context);
            let text = client.explain(key, &context);
            let place = || format!("document {document}, flag {key}: {}\n{json}\n{text}", flags[key]);
            let explanation: Value =
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {}", place()));
            assert!(text.starts_with(evaluation.to_json().trim_end_matches('}')), "{}", place());
            if evaluation.error_code().is_some() || evaluation.reason().name() == "DISABLED" {
                assert_eq!(explanation["decidedBy"], "flag", "{}", place());
            } else {
                assert_eq!(explanation["choice"]["variation"], evaluation.variant(), "{}", place());
                by_rule += u64::from(
                    explanation["decidedBy"].as_str().is_some_and(|by| by.starts_with("targeting")),
                );
            }
            let rules = explanation["rules"].as_array().cloned().unwrap_or_default();
            noted += rules.iter().filter(|rule| rule.get("note").is_some()).count();
            for rule in &rules {
                let differ = if rule["result"] == "matches" { "notToMatch" } else { "toMatch" };
                let other = if rule["result"] == "matches" { "toMatch" } else { "notToMatch" };
                assert!(rule.get(other).is_none() || rule.get(differ).is_none(), "{}", place());
            }
            compared += 1;
        }
        if compared >= cases {
            break;
        }
    }
    println!(
        "figure: {compared} explanations agree, {by_rule} of a rule's choice; {noted} rules with a note"
    );
    assert!(by_rule > 0);
}
