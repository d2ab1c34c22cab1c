//! Flag files in YAML and TOML: the same file read by the relay and by Pennon.

use std::fs;

use serde_json::{Value, json};

use crate::exclusion::{self, Exclusion};
use crate::outcome::Outcome;
use crate::pennon::{self, Question, Scratch};
use crate::relay::Relay;
use crate::report::Report;
use crate::rng::{Rng, seed};
use crate::{contexts, fixtures, flags, toml, yaml};

const DOCUMENTS: u64 = 12;
const FLAGS_PER_DOCUMENT: usize = 60;

/// Where a scalar is put: everywhere in a flag that shows how it was read.
#[rustfmt::skip]
const YAML_POSITIONS: &[&str] = &[
    "one:\n  variations:\n    A: {}\n    B: {}\n  defaultRule: {variation: A}\n",
    "one:\n  variations: {A: 1, B: 2}\n  defaultRule: {variation: A}\n  metadata:\n    m: {}\n    n: [1]\n",
    "one:\n  variations: {A: 1, B: 2}\n  defaultRule: {variation: A}\n  disable: {}\n",
    "one:\n  variations: {A: 1, B: 2}\n  defaultRule: {variation: A}\n  version: {}\n",
    "one:\n  variations: {A: 1, B: 2}\n  defaultRule:\n    percentage:\n      A: {}\n      B: 3\n",
    "one:\n  variations: {A: 1, B: 2}\n  defaultRule: {variation: A}\n  bucketingKey: {}\n",
    "one:\n  variations: {A: 1, B: 2}\n  defaultRule: {variation: A}\n  scheduledRollout:\n    - date: {}\n      defaultRule: {variation: B}\n",
    "one:\n  variations: {A: 1, B: 2}\n  defaultRule: {variation: A}\n  targeting:\n    - variation: B\n      query: {}\n",
    "one:\n  variations:\n    {}: 1\n  defaultRule:\n    variation: {}\n",
];

#[rustfmt::skip]
const TOML_POSITIONS: &[&str] = &[
    "[one]\ndefaultRule = { variation = \"A\" }\n[one.variations]\nA = {}\nB = {}\n",
    "[one]\nvariations = { A = 1, B = 2 }\ndefaultRule = { variation = \"A\" }\n[one.metadata]\nm = {}\n",
    "[one]\nvariations = { A = 1, B = 2 }\ndefaultRule = { variation = \"A\" }\ndisable = {}\n",
    "[one]\nvariations = { A = 1, B = 2 }\ndefaultRule = { variation = \"A\" }\nversion = {}\n",
    "[one]\nvariations = { A = 1, B = 2 }\n[one.defaultRule.percentage]\nA = {}\nB = 3\n",
    "[one]\nvariations = { A = 1, B = 2 }\ndefaultRule = { variation = \"A\" }\n[[one.scheduledRollout]]\ndate = {}\ndefaultRule = { variation = \"B\" }\n",
];

#[test]
fn yaml_files_are_read_as_the_relay_reads_them() {
    let mut format = Format::start("yaml");
    format.compare_scalars(YAML_POSITIONS, fixtures::YAML_SCALARS);
    fixtures::YAML_DOCUMENTS.iter().for_each(|document| format.compare_text(document));
    format.compare_random(yaml::write);
    format.report.finish();
}

#[test]
fn toml_files_are_read_as_the_relay_reads_them() {
    let mut format = Format::start("toml");
    format.compare_scalars(TOML_POSITIONS, fixtures::TOML_SCALARS);
    fixtures::TOML_DOCUMENTS.iter().for_each(|document| format.compare_text(document));
    format.compare_random(toml::write);
    format.report.finish();
}

/// What hand-written documents are asked with.
fn contexts() -> [Value; 2] {
    [json!({"targetingKey": "user-1", "a": 1}), json!({"targetingKey": "user-3", "b": 1, "5": "x"})]
}

/// A relay that reads files of one format, and what was compared with it.
struct Format {
    name: &'static str,
    folder: Scratch,
    relay: Relay,
    report: Report,
}

impl Format {
    fn start(name: &'static str) -> Self {
        let folder = Scratch::new(name);
        let relay = Relay::start(&folder, name, &json!({}));
        Self { name, folder, relay, report: Report::default() }
    }

    /// Compares documents with each scalar at each position.
    fn compare_scalars(&mut self, positions: &[&str], scalars: &[&str]) {
        let question = [Question::new("one", &contexts()[0])];
        for position in positions {
            for scalar in scalars {
                let reason = if position.contains("percentage") { exclusion::of_share(scalar) } else { None };
                match reason {
                    Some(reason) => self.report.exclude(reason),
                    None => self.compare(&position.replace("{}", scalar), &question),
                }
            }
        }
    }

    /// Compares a hand-written document: its flags are called one, two and three.
    fn compare_text(&mut self, document: &str) {
        let keys = ["one", "two", "three"];
        let ask = |context: &Value| keys.map(|key| Question::new(key, context));
        self.compare(document, &contexts().iter().flat_map(ask).collect::<Vec<_>>());
    }

    /// Compares documents of the generators, written by `write`.
    fn compare_random(&mut self, write: impl Fn(&mut Rng, &serde_json::Map<String, Value>) -> String) {
        let seed = seed();
        for number in seed..seed + DOCUMENTS {
            let mut rng = Rng::new(number);
            let mut flags = flags::document(&mut rng, FLAGS_PER_DOCUMENT);
            flags.retain(|_, flag| {
                exclusion::of_flag(flag).is_none() && exclusion::of_repetition(flag).is_none()
            });
            let document = write(&mut rng, &flags);
            let questions: Vec<Question> = flags
                .iter()
                .map(|(key, flag)| (key, flag, contexts::context(&mut rng)))
                .filter(|(_, flag, context)| exclusion::of_question(flag, context).is_none())
                .map(|(key, _, context)| Question::new(key, &context))
                .collect();
            self.compare(&document, &questions);
        }
    }

    fn compare(&mut self, document: &str, questions: &[Question]) {
        if !self.relay.load(document) {
            return self.report.exclude(Exclusion::RefusedDocument);
        }
        let ruleset = self.folder.file(&format!("document.{}", self.name));
        fs::write(&ruleset, document).expect("writing the flags file");
        let ours = pennon::ask(&ruleset, questions);
        for (question, ours) in questions.iter().zip(&ours) {
            let relay: Outcome = self.relay.ask(question);
            self.report.compare(&relay, ours, || {
                format!("  {question:?} of\n{}", excerpt(document, &question.flag))
            });
        }
    }
}

/// The document if it is short, else the part about the flag.
fn excerpt<'a>(document: &'a str, flag: &str) -> &'a str {
    const LONGEST: usize = 1500;
    let start = if document.len() < LONGEST { 0 } else { document.find(flag).unwrap_or(0) };
    let end = document[start..].char_indices().map(|(at, _)| start + at).nth(LONGEST);
    &document[start..end.unwrap_or(document.len())]
}
