//! Random flags and contexts, asked of GO Feature Flag's own module in our pool, and of our guest.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;

use pennon::{Client, Options, Service};
use serde_json::{Value, json};

use crate::divergence::{self, Divergence};
use crate::outcome::{Outcome, agree};
use crate::pennon::{self as command, Question, Scratch};
use crate::report::Report;
use crate::rng::Rng;
use crate::spelling::{spell, spell_document};
use crate::{contexts, flags, official};

const DEFAULT_CASES: usize = 20_000;
const FLAGS_PER_DOCUMENT: usize = 600;
const CONTEXTS_PER_FLAG: usize = 4;

/// Every third document has an enrichment.
const ENRICHED_EVERY: u64 = 3;

#[test]
fn random_flags_and_contexts_get_the_modules_answers() {
    let comparison = Comparison { folder: Scratch::new("module") };
    Report::against("module")
        .over_documents(DEFAULT_CASES, |document, report| comparison.compare_document(document, report));
}

/// What is added to contexts. No integers: the relay reads them from YAML and keeps them (reference A4), the module gets JSON.
fn enrichment() -> Value {
    json!({
        "env": "prod",
        "rate": 2.5,
        "n": {"x": 1.5, "y": "x"},
        "t": ["x", true],
        "teamId": "t1",
        "targetingKey": "from-enrichment",
        "anonymous": true,
        "gofeatureflag": {"currentDateTime": "2024-01-05T00:00:00Z"},
    })
}

struct Comparison {
    folder: Scratch,
}

impl Comparison {
    /// Makes the document of the number `seed` and compares all answers about it.
    fn compare_document(&self, seed: u64, report: &mut Report) {
        let mut rng = Rng::new(seed);
        let mut flags = flags::document(&mut rng, FLAGS_PER_DOCUMENT);
        report.retain(&mut flags, |_, flag| divergence::of_flag(flag));
        let enrichment = if seed.is_multiple_of(ENRICHED_EVERY) { enrichment() } else { json!({}) };
        let text = spell_document(&mut rng, &flags);
        let ruleset = self.folder.file("document.json");
        let whole = format!("{{\"flags\":{text},\"evaluationContextEnrichment\":{enrichment}}}");
        fs::write(&ruleset, &whole).expect("writing the ruleset");
        let invalid = invalid(&whole);
        report.retain(&mut flags, |key, _| invalid.contains(key).then_some(Divergence::InvalidFlag));

        let flags = Value::Object(flags);
        let asked = questions(&mut rng, &flags);
        let (questions, reasons): (Vec<Question>, Vec<_>) = asked.into_iter().unzip();
        let ours = command::ask(&ruleset, &questions);
        let cache = self.folder.file("cache");
        let arguments = [
            OsStr::new("--module"),
            official::official().as_os_str(),
            OsStr::new("--cache-dir"),
            cache.as_os_str(),
        ];
        let theirs = command::ask_with(&ruleset, &questions, &arguments);
        for (((question, reason), ours), theirs) in questions.iter().zip(reasons).zip(&ours).zip(theirs) {
            if let Some(reason) = divergence::of_answer(&theirs) {
                report.exclude(format_args!("{reason:?}{}", divergence::panic(&theirs)));
                continue;
            }
            let theirs = Outcome::from_answer(theirs);
            if let Some(reason) = reason.filter(|_| !agree(&theirs, ours)) {
                report.exclude(reason);
                continue;
            }
            report.compare(&theirs, ours, || {
                format!(
                    "  repeat with PENNON_SEED={seed} PENNON_CASES=1\n  flag {:?}: {}\n  context: {}\n  enrichment: {enrichment}",
                    question.flag, flags[&question.flag], question.context
                )
            });
        }
    }
}

/// Flags that we refuse at load, as the relay does.
fn invalid(document: &str) -> HashSet<String> {
    let client = Client::new(Options::new(Service::Goff).ruleset(document)).expect("a client");
    let all = client.diagnostics().into_iter();
    let refused =
        all.filter(|flag| flag.diagnostics.iter().any(|diagnostic| diagnostic.code == "invalid-flag"));
    refused.map(|flag| flag.key).collect()
}

/// Several contexts for each flag, flags interleaved, so that nothing depends on what was asked just before; with why an answer
/// may differ.
fn questions(rng: &mut Rng, flags: &Value) -> Vec<(Question, Option<Divergence>)> {
    let flags = flags.as_object().expect("a document of flags");
    let mut questions = Vec::new();
    for _ in 0..CONTEXTS_PER_FLAG {
        for (key, flag) in flags {
            let context = contexts::context(rng);
            let question = Question { flag: key.clone(), context: spell(rng, &context) };
            questions.push((question, divergence::of_question(flag, &context)));
        }
    }
    questions
}
