//! Counts what was compared and what was not, and shows the first differences in full.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use crate::outcome::{Outcome, agree};
use crate::rng::{number_from_environment, seed};

/// Differences shown in full; the others are only counted.
const SHOWN: usize = 10;

pub struct Report {
    /// Whose answers ours are compared with.
    oracle: &'static str,
    compared: usize,
    differences: usize,
    answers: BTreeMap<String, usize>,
    excluded: BTreeMap<String, usize>,
}

impl Default for Report {
    fn default() -> Self {
        Self::against("relay")
    }
}

impl Report {
    pub fn against(oracle: &'static str) -> Self {
        let (compared, differences, answers, excluded) = Default::default();
        Self { oracle, compared, differences, answers, excluded }
    }

    /// Compares the answers to one question; `describe` tells, on a difference, what was asked.
    pub fn compare(&mut self, theirs: &Outcome, ours: &Outcome, describe: impl FnOnce() -> String) {
        self.compared += 1;
        *self.answers.entry(theirs.label()).or_default() += 1;
        if agree(theirs, ours) {
            return;
        }
        self.differences += 1;
        if self.differences <= SHOWN {
            println!(
                "\nDIFFERENCE {}\n{}\n  {}: {theirs:?}\n  pennon: {ours:?}",
                self.differences,
                describe(),
                self.oracle
            );
        }
    }

    pub fn exclude(&mut self, reason: impl fmt::Debug) {
        *self.excluded.entry(format!("{reason:?}")).or_default() += 1;
    }

    /// Leaves out the flags for which there is a reason not to compare them.
    pub fn retain<R: fmt::Debug>(
        &mut self,
        flags: &mut Map<String, Value>,
        reason: impl Fn(&str, &Value) -> Option<R>,
    ) {
        flags.retain(|key, flag| {
            let reason = reason(key, flag);
            let is_compared = reason.is_none();
            reason.into_iter().for_each(|reason| self.exclude(reason));
            is_compared
        });
    }

    /// Compares documents of one number after another until enough answers have been (`PENNON_CASES`, else `cases`), and
    /// finishes.
    pub fn over_documents(mut self, cases: usize, mut compare_document: impl FnMut(u64, &mut Self)) {
        let seed = seed();
        let cases = number_from_environment("PENNON_CASES").map_or(cases, |cases| cases as usize);
        for document in seed.. {
            compare_document(document, &mut self);
            if self.compared >= cases {
                break;
            }
        }
        self.finish();
    }

    /// Prints the histogram and fails on any difference.
    pub fn finish(self) {
        println!("{} answers compared", self.compared);
        for (label, count) in &self.answers {
            println!("  {count:>7}  {label}");
        }
        for (reason, count) in &self.excluded {
            println!("  {count:>7}  not compared: {reason}");
        }
        assert_eq!(
            self.differences, 0,
            "of {} answers differ from the {}'s; seed above",
            self.compared, self.oracle
        );
    }
}
