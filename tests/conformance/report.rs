//! Counts what was compared and what was not, and shows the first differences in full.

use std::collections::BTreeMap;
use std::fmt;

use crate::outcome::{Outcome, agree};

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

    pub fn compared(&self) -> usize {
        self.compared
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
