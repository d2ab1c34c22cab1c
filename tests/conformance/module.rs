//! Random flags and contexts, asked of GO Feature Flag's own module in our pool, and of our guest.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pennon::{Client, Options, Service};
use serde_json::{Value, json};

use crate::divergence::{self, Divergence};
use crate::outcome::{Outcome, agree};
use crate::pennon::{self as command, Question, Scratch};
use crate::report::Report;
use crate::rng::{Rng, number_from_environment, seed};
use crate::spelling::{spell, spell_document};
use crate::{contexts, flags};

const DEFAULT_CASES: u64 = 20_000;
const FLAGS_PER_DOCUMENT: usize = 600;
const CONTEXTS_PER_FLAG: usize = 4;

/// Every third document has an enrichment.
const ENRICHED_EVERY: u64 = 3;

#[test]
fn random_flags_and_contexts_get_the_modules_answers() {
    let seed = seed();
    let cases = number_from_environment("PENNON_CASES").unwrap_or(DEFAULT_CASES);
    let comparison = Comparison::new();
    let mut report = Report::against("module");
    for document in seed.. {
        comparison.compare_document(document, &mut report);
        if report.compared() as u64 >= cases {
            break;
        }
    }
    report.finish();
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
    module: PathBuf,
}

impl Comparison {
    fn new() -> Self {
        Self { folder: Scratch::new("module"), module: module() }
    }

    /// Makes the document of the number `seed` and compares all answers about it.
    fn compare_document(&self, seed: u64, report: &mut Report) {
        let mut rng = Rng::new(seed);
        let mut flags = flags::document(&mut rng, FLAGS_PER_DOCUMENT);
        flags.retain(|_, flag| {
            let reason = divergence::of_flag(flag);
            reason.into_iter().for_each(|reason| report.exclude(reason));
            reason.is_none()
        });
        let enrichment = if seed.is_multiple_of(ENRICHED_EVERY) { enrichment() } else { json!({}) };
        let text = spell_document(&mut rng, &flags);
        let ruleset = self.folder.file("document.json");
        let whole = format!("{{\"flags\":{text},\"evaluationContextEnrichment\":{enrichment}}}");
        fs::write(&ruleset, &whole).expect("writing the ruleset");
        let invalid = invalid(&whole);
        flags.retain(|key, _| {
            let is_valid = !invalid.contains(key);
            if !is_valid {
                report.exclude(Divergence::InvalidFlag);
            }
            is_valid
        });

        let flags = Value::Object(flags);
        let asked = questions(&mut rng, &flags);
        let (questions, reasons): (Vec<Question>, Vec<_>) = asked.into_iter().unzip();
        let ours = command::ask(&ruleset, &questions);
        let cache = self.folder.file("cache");
        let arguments =
            [OsStr::new("--module"), self.module.as_os_str(), OsStr::new("--cache-dir"), cache.as_os_str()];
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

/// The module: `PENNON_MODULE`, or what tests/module/fetch.sh fetches (once) and names.
fn module() -> PathBuf {
    if let Some(path) = std::env::var_os("PENNON_MODULE") {
        return path.into();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/module/fetch.sh");
    let output = Command::new("sh")
        .arg(script)
        .stderr(Stdio::inherit())
        .output()
        .expect("running tests/module/fetch.sh");
    assert!(output.status.success(), "tests/module/fetch.sh failed; PENNON_MODULE can name a module 0.2.4");
    let text = String::from_utf8(output.stdout).expect("a path in UTF-8");
    text.lines().last().expect("fetch.sh names the module").into()
}
