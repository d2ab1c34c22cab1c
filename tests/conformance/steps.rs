//! Scheduled steps: every field a step can have, those that the relay ignores there included.

use serde_json::{Value, json};

use crate::contexts::DATES;
use crate::rng::Rng;
use crate::rules::{self, Object};

/// The steps of a flag with these variations and rules.
pub fn schedule(rng: &mut Rng, variations: &[String], rule_names: &[String]) -> Value {
    (0..rng.below(5)).map(|_| step(rng, variations, rule_names)).collect()
}

fn step(rng: &mut Rng, variations: &[String], rule_names: &[String]) -> Value {
    let mut step = Object::new();
    if rng.chance(93) {
        step.insert("date".into(), json!(rng.word(DATES)));
    }
    for _ in 0..rng.between(1, 3) {
        let (field, value) = change(rng, variations, rule_names);
        step.insert(field.into(), value);
    }
    step.into()
}

fn change(rng: &mut Rng, variations: &[String], rule_names: &[String]) -> (&'static str, Value) {
    match rng.below(16) {
        0..=5 => (
            "targeting",
            (0..rng.between(1, 3)).map(|_| Value::Object(update(rng, variations, rule_names))).collect(),
        ),
        6..=9 => ("defaultRule", partial_rule(rng, variations).into()),
        10 => ("variations", json!({rng.pick(variations).as_str(): "changed", "added": "new"})),
        11 => ("disable", rng.chance(60).into()),
        12 => ("experimentation", experimentation(rng)),
        13 => ("version", json!("2")),
        14 => ("trackEvents", rng.chance(50).into()),
        _ => rng
            .pick(&[
                ("bucketingKey", json!("teamId")),
                ("metadata", json!({"ignored": true})),
                ("scheduledRollout", json!([{"date": DATES[0], "disable": true}])),
                ("targeting", Value::Null),
            ])
            .clone(),
    }
}

/// A change of a rule that exists, a new rule, or one without a name, which is always new.
fn update(rng: &mut Rng, variations: &[String], rule_names: &[String]) -> Object {
    let mut update = partial_rule(rng, variations);
    match rng.below(10) {
        0..=5 if !rule_names.is_empty() => {
            update.insert("name".into(), rng.pick(rule_names).as_str().into());
            if rng.chance(40) {
                update.insert("query".into(), rules::query(rng).into());
            }
        }
        6 => {
            update.insert("name".into(), "".into());
        }
        0..=7 => {
            update.insert("name".into(), json!(rng.word(&["added", "added too"])));
            update.insert("query".into(), rules::query(rng).into());
        }
        _ => {
            update.insert("query".into(), rules::query(rng).into());
        }
    }
    update
}

/// Some fields of a rule; a negative share deletes the variation from the rule's shares.
fn partial_rule(rng: &mut Rng, variations: &[String]) -> Object {
    let mut rule = Object::new();
    match rng.below(10) {
        0..=3 => {
            rule.insert("variation".into(), rng.pick(variations).as_str().into());
        }
        4..=6 => {
            let mut shares = rules::percentage(rng, variations);
            if rng.chance(25) {
                shares.insert(rng.pick(variations).clone(), json!(-1));
            }
            rule.insert("percentage".into(), shares.into());
        }
        7 => {
            rule.insert("progressiveRollout".into(), rules::progressive(rng, variations));
        }
        8 => {
            let half = json!({"variation": rng.pick(variations), "percentage": rng.between(0, 100)});
            rule.insert(
                "progressiveRollout".into(),
                if rng.chance(50) { json!({"initial": half}) } else { json!({"end": half}) },
            );
        }
        _ => {
            rule.insert("disable".into(), rng.chance(60).into());
        }
    }
    rule
}

/// A window with both ends, one or none; `{}` still makes the flag uncacheable.
pub fn experimentation(rng: &mut Rng) -> Value {
    let mut window = Object::new();
    if rng.chance(70) {
        window.insert("start".into(), json!(rng.word(&DATES[..6])));
    }
    if rng.chance(70) {
        window.insert("end".into(), json!(rng.word(&DATES[4..])));
    }
    window.into()
}
