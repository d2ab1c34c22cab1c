//! Scheduled steps: what a flag looks like after each of them (reference 2.4).

use std::collections::{BTreeMap, BTreeSet};

use pennon_wire::guest::Time;

use crate::flag::{Flag, Milestone, Progressive, Rule, Step};

/// A step changes what the flag does not have, where the relay ends the request with an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Impossible(pub &'static str);

/// The steps that will happen, oldest first; those of one date in the order of the flag.
pub fn dated<'f, 'a>(flag: &'f Flag<'a>) -> Vec<(Time, &'f Step<'a>)> {
    let steps = flag.scheduled.iter().flatten();
    let mut dated: Vec<_> = steps.filter_map(|step| Some((step.date?, step))).collect();
    dated.sort_by_key(|(date, _)| *date);
    dated
}

/// Applies a step to a flag.
///
/// # Errors
/// When the relay would fail.
pub fn apply<'a>(flag: &mut Flag<'a>, step: &Flag<'a>) -> Result<(), Impossible> {
    targeting(flag.targeting.get_or_insert_default(), step.targeting.as_deref().unwrap_or_default())?;
    replace(&mut flag.disable, &step.disable);
    replace(&mut flag.track_events, &step.track_events);
    replace(&mut flag.version, &step.version);
    if let Some(update) = &step.default_rule {
        let rule = flag
            .default_rule
            .as_mut()
            .ok_or(Impossible("a scheduled step changes a missing default rule"))?;
        merge(rule, update)?;
    }
    if let Some(variations) = &step.variations {
        flag.variations
            .get_or_insert_default()
            .extend(variations.iter().map(|(name, value)| (name.clone(), *value)));
    }
    if let Some(update) = &step.experimentation {
        let experimentation = flag.experimentation.get_or_insert_default();
        replace(&mut experimentation.start, &update.start);
        replace(&mut experimentation.end, &update.end);
    }
    Ok(())
}

fn replace<T: Clone>(field: &mut Option<T>, update: &Option<T>) {
    if update.is_some() {
        field.clone_from(update);
    }
}

/// Updates the rules that have the name of an update (the later of two), and appends the updates whose name none has.
fn targeting(rules: &mut Vec<Rule>, updates: &[Rule]) -> Result<(), Impossible> {
    let by_name: BTreeMap<&str, &Rule> =
        updates.iter().filter_map(|update| Some((update.name.as_deref()?, update))).collect();
    let mut matched = BTreeSet::new();
    for rule in rules.iter_mut() {
        let name = rule.name.clone().unwrap_or_default();
        if let Some(update) = by_name.get(name.as_str()) {
            merge(rule, update)?;
            matched.insert(name);
        }
    }
    let is_new = |update: &&Rule| !matched.contains(update.name.as_deref().unwrap_or_default());
    rules.extend(updates.iter().filter(is_new).cloned());
    Ok(())
}

fn merge(rule: &mut Rule, update: &Rule) -> Result<(), Impossible> {
    replace(&mut rule.disable, &update.disable);
    replace(&mut rule.query, &update.query);
    replace(&mut rule.variation, &update.variation);
    if let Some(update) = &update.progressive {
        let both = || Progressive { initial: Some(Milestone::default()), end: Some(Milestone::default()) };
        let rollout = rule.progressive.get_or_insert_with(both);
        milestone(&mut rollout.initial, &update.initial)?;
        milestone(&mut rollout.end, &update.end)?;
    }
    if let Some(update) = &update.percentage {
        let shares = rule.percentage.get_or_insert_default();
        for (name, share) in update {
            if *share < 0.0 {
                shares.remove(name);
            } else {
                shares.insert(name.clone(), *share);
            }
        }
    }
    Ok(())
}

fn milestone(milestone: &mut Option<Milestone>, update: &Option<Milestone>) -> Result<(), Impossible> {
    let Some(update) = update else { return Ok(()) };
    let milestone = milestone
        .as_mut()
        .ok_or(Impossible("a scheduled step changes a missing half of a progressive rollout"))?;
    replace(&mut milestone.variation, &update.variation);
    replace(&mut milestone.percentage, &update.percentage);
    replace(&mut milestone.date, &update.date);
    Ok(())
}
