//! Random flags and contexts, asked of the relay and of Pennon.

use std::fs;

use serde_json::{Value, json};

use crate::exclusion::{self, Exclusion};
use crate::pennon::{self, Question, Scratch};
use crate::relay::Relay;
use crate::report::Report;
use crate::rng::Rng;
use crate::spelling::{spell, spell_document};
use crate::{contexts, flags};

const DEFAULT_CASES: usize = 20_000;
const FLAGS_PER_DOCUMENT: usize = 300;
const CONTEXTS_PER_FLAG: usize = 4;

/// Every third document is asked of a relay that enriches the contexts.
const ENRICHED_EVERY: u64 = 3;

#[test]
fn random_flags_and_contexts_get_the_relays_answers() {
    let folder = Scratch::new("differential");
    let mut plain = Side::start(&folder, json!({}));
    let mut enriched = Side::start(&folder, enrichment());
    Report::default().over_documents(DEFAULT_CASES, |document, report| {
        let side = if document % ENRICHED_EVERY == 0 { &mut enriched } else { &mut plain };
        side.compare_document(&folder, document, report);
    });
}

/// Attributes that win over the caller's: integers, which stay integers here (reference A4), floats, nested ones,
/// and names that the relay itself reads.
fn enrichment() -> Value {
    json!({
        "env": "prod",
        "a": 5,
        "rate": 2.0,
        "n": {"a": 42, "x": 1.5, "y": "x"},
        "t": [1, "x"],
        "teamId": "t1",
        "targetingKey": "from-enrichment",
        "anonymous": true,
        "gofeatureflag": {"currentDateTime": "2024-01-05T00:00:00Z"},
    })
}

/// One relay with what it adds to contexts.
struct Side {
    relay: Relay,
    enrichment: Value,
}

impl Side {
    fn start(folder: &Scratch, enrichment: Value) -> Self {
        Self { relay: Relay::start(folder, "json", &enrichment), enrichment }
    }

    /// Makes the document of the number `seed` and compares all answers about it.
    fn compare_document(&mut self, folder: &Scratch, seed: u64, report: &mut Report) {
        let mut rng = Rng::new(seed);
        let mut flags = flags::document(&mut rng, FLAGS_PER_DOCUMENT);
        report.retain(&mut flags, |_, flag| exclusion::of_flag(flag));
        let text = spell_document(&mut rng, &flags);
        let flags = Value::Object(flags);
        let ruleset = folder.file("document.json");
        let whole = format!("{{\"flags\":{text},\"evaluationContextEnrichment\":{}}}", self.enrichment);
        fs::write(&ruleset, whole).expect("writing the ruleset");
        assert!(
            self.relay.load(&text),
            "the relay refuses {}: a generator made a wrong type",
            ruleset.display()
        );

        let questions = questions(&mut rng, &flags, report);
        let ours = pennon::ask(&ruleset, &questions);
        for (question, ours) in questions.iter().zip(&ours) {
            let relay = self.relay.ask(question);
            report.compare(&relay, ours, || self.describe(seed, &flags, question));
        }
    }

    fn describe(&self, seed: u64, flags: &Value, question: &Question) -> String {
        format!(
            "  repeat with PENNON_SEED={seed} PENNON_CASES=1\n  flag {:?}: {}\n  context: {}\n  enrichment: {}",
            question.flag, flags[&question.flag], question.context, self.enrichment
        )
    }
}

/// Several contexts for each flag, flags interleaved, so that nothing depends on what was asked just before.
fn questions(rng: &mut Rng, flags: &Value, report: &mut Report) -> Vec<Question> {
    let flags = flags.as_object().expect("a document of flags");
    let mut questions = Vec::new();
    for round in 0..CONTEXTS_PER_FLAG {
        for (key, flag) in flags {
            let context = contexts::context(rng);
            if let Some(reason) = refusal(flag, &context, round) {
                report.exclude(reason);
            } else {
                questions.push(Question { flag: key.clone(), context: spell(rng, &context) });
            }
        }
    }
    questions
}

fn refusal(flag: &Value, context: &Value, round: usize) -> Option<Exclusion> {
    let repetition = if round > 0 { exclusion::of_repetition(flag) } else { None };
    repetition.or_else(|| exclusion::of_question(flag, context))
}
