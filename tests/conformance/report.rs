//! Counts what was compared and what was not, and shows the first differences in full.

use std::collections::BTreeMap;

use crate::exclusion::Exclusion;
use crate::outcome::{Outcome, agree};

/// Differences shown in full; the others are only counted.
const SHOWN: usize = 10;

#[derive(Default)]
pub struct Report {
    compared: usize,
    differences: usize,
    answers: BTreeMap<String, usize>,
    excluded: BTreeMap<Exclusion, usize>,
}

impl Report {
    /// Compares the answers to one question; `describe` tells, on a difference, what was asked.
    pub fn compare(&mut self, relay: &Outcome, ours: &Outcome, describe: impl FnOnce() -> String) {
        self.compared += 1;
        *self.answers.entry(relay.label()).or_default() += 1;
        if agree(relay, ours) {
            return;
        }
        self.differences += 1;
        if self.differences <= SHOWN {
            println!(
                "\nDIFFERENCE {}\n{}\n  relay:  {relay:?}\n  pennon: {ours:?}",
                self.differences,
                describe()
            );
        }
    }

    pub fn exclude(&mut self, reason: Exclusion) {
        *self.excluded.entry(reason).or_default() += 1;
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
            println!("  {count:>7}  not asked: {reason:?}");
        }
        assert_eq!(self.differences, 0, "of {} answers differ from the relay's; seed above", self.compared);
    }
}
