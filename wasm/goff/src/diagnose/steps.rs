//! Scheduled steps that do nothing, or not what they seem to.

use std::collections::BTreeSet;

use super::Notes;
use super::place::{self, Part, Place};
use crate::flag::{Flag, Rule, Step};

/// Names of variations that a message lists.
const MAX_NAMES: usize = 10;

/// Looks at the steps of a flag.
pub fn check(flag: &Flag<'_>, notes: &mut Notes) {
    let Some(steps) = flag.scheduled.as_deref() else { return };
    let split = Split::new(flag);
    let variations = variations(flag, steps);
    for (number, step) in steps.iter().enumerate() {
        whole(number, step, notes);
        for (place, update) in place::own_rules(Some(number), &step.flag) {
            let mut note = notes.at(place);
            if update.variation.is_some() && !update.needs_key() && split.contains(place.part) {
                note.warn(
                    "step-without-effect",
                    0,
                    "the step sets a variation on a rule that has shares: shares win, so it changes nothing",
                    "set percentage instead, with 100 for the variation and 0 for the others",
                );
            }
            for name in names(update).filter(|name| !variations.contains(name)) {
                note.warn(
                    "unknown-variation",
                    0,
                    format!("variation {name} does not exist: evaluations give null for it"),
                    known(&variations),
                );
            }
        }
    }
}

fn whole(number: usize, step: &Step<'_>, notes: &mut Notes) {
    let mut note = notes.at(Place { step: Some(number), part: Part::Whole });
    if step.date.is_none() {
        note.warn("step-without-date", 0, "a step without a date never happens", "give it a date");
    }
    for (field, present) in [
        ("bucketingKey", step.flag.bucketing_key.is_some()),
        ("metadata", step.flag.metadata.is_some()),
        ("scheduledRollout", step.flag.scheduled.is_some()),
    ] {
        if present {
            note.warn("ignored-step-field", 0, format!("{field} is ignored in a scheduled step"), "");
        }
    }
}

/// The rules of a flag that have shares or a progressive rollout, which win over a variation.
struct Split<'f> {
    default: bool,
    /// By name, as steps find them.
    targeting: BTreeSet<&'f str>,
}

impl<'f> Split<'f> {
    fn new(flag: &'f Flag<'_>) -> Self {
        let targeting = flag.targeting.iter().flatten().filter(|rule| rule.needs_key());
        Self {
            default: flag.default_rule.as_ref().is_some_and(Rule::needs_key),
            targeting: targeting.map(|rule| rule.name.as_deref().unwrap_or_default()).collect(),
        }
    }

    /// Whether the rule that this part of a step changes is one of them.
    fn contains(&self, part: Part<'_>) -> bool {
        match part {
            Part::Whole => false,
            Part::Default => self.default,
            // A rule without a name is new even where another has none.
            Part::Targeting(_, rule) => {
                rule.name.as_deref().is_some_and(|name| self.targeting.contains(name))
            }
        }
    }
}

/// The variations of a flag and those that its steps add.
fn variations<'f>(flag: &'f Flag<'_>, steps: &'f [Step<'_>]) -> BTreeSet<&'f str> {
    let all = std::iter::once(flag).chain(steps.iter().map(|step| &step.flag));
    all.filter_map(|flag| flag.variations.as_ref()).flat_map(|all| all.keys()).map(String::as_str).collect()
}

/// The variations that a rule names.
fn names(rule: &Rule) -> impl Iterator<Item = &str> {
    let shares = rule.percentage.iter().flat_map(|shares| shares.keys());
    rule.variation.iter().chain(shares).map(String::as_str)
}

fn known(variations: &BTreeSet<&str>) -> String {
    let first: Vec<_> = variations.iter().take(MAX_NAMES).copied().collect();
    let more = match variations.len() - first.len() {
        0 => String::new(),
        more => format!(" or one of {more} more"),
    };
    format!("use {}{more}", first.join(", "))
}
