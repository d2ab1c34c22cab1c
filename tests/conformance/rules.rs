//! Targeting rules and default rules: what they ask, and which of the three ways they choose a variation.

use serde_json::{Map, Value, json};

use crate::contexts::DATES;
use crate::rng::Rng;
use crate::{logic, queries};

pub type Object = Map<String, Value>;

/// A rule that chooses among `variations`; a targeting rule has a name or none, and a query.
pub fn targeting(rng: &mut Rng, variations: &[String], name: Option<String>) -> Object {
    let mut rule = choice(rng, variations);
    if let Some(name) = name {
        rule.insert("name".into(), name.into());
    }
    rule.insert("query".into(), query(rng).into());
    if rng.chance(8) {
        rule.insert("disable".into(), rng.chance(70).into());
    }
    rule
}

/// A default rule. Its query, name and switch are ignored, so some have them.
pub fn default(rng: &mut Rng, variations: &[String]) -> Object {
    let mut rule = choice(rng, variations);
    if rng.chance(5) {
        rule.insert("query".into(), "in [".into());
        rule.insert("name".into(), "ignored".into());
        rule.insert("disable".into(), true.into());
    }
    rule
}

pub fn query(rng: &mut Rng) -> String {
    match rng.below(100) {
        0..=44 => {
            let depth = rng.below(4);
            queries::query(rng, depth)
        }
        45..=64 => queries::spoiled(rng),
        65..=96 => logic::query(rng),
        _ => multi_line(rng),
    }
}

/// A query on several lines: the relay joins them without their indentation and without a space.
fn multi_line(rng: &mut Rng) -> String {
    let lines: Vec<String> = (0..rng.between(2, 3)).map(|_| queries::query(rng, 0)).collect();
    lines.join(rng.word(&[" and \n  ", " and\n", "\n or ", " \nor "]))
}

/// One of `variation`, `percentage` and `progressiveRollout`, or several of them: the last one wins.
fn choice(rng: &mut Rng, variations: &[String]) -> Object {
    let mut rule = Object::new();
    let way = rng.below(100);
    if way < 50 || rng.chance(10) {
        rule.insert("variation".into(), rng.pick(variations).as_str().into());
    }
    if (50..85).contains(&way) || rng.chance(5) {
        rule.insert("percentage".into(), percentage(rng, variations).into());
    }
    if way >= 85 {
        rule.insert("progressiveRollout".into(), progressive(rng, variations));
    }
    rule
}

/// Shares of the variations. Sums other than 100 are normalised; sums of fractions are drawn so that they mostly do
/// not depend on the order of addition (see `Exclusion::UnorderedSum`).
pub fn percentage(rng: &mut Rng, variations: &[String]) -> Object {
    let mut names: Vec<&String> = variations.iter().collect();
    rng.shuffle(&mut names);
    names.truncate(rng.between(1, variations.len()));
    let style = rng.below(10);
    let mut shares: Vec<Value> = names.iter().map(|_| share(rng, style)).collect();
    if style >= 7 {
        // Exactly 100 in one share changes the reason.
        shares[0] = json!(100);
    }
    names.into_iter().cloned().zip(shares).collect()
}

fn share(rng: &mut Rng, style: usize) -> Value {
    match style {
        0..=3 => json!(rng.between(1, 100)),
        4 => json!(rng.between(1, 400) as f64 / 4.0),
        5 => json!(rng.between(1, 1000) as f64 / 10.0),
        6 => json!(rng.between(1, 50_000) as f64 / 1000.0),
        _ => json!(rng.below(3) * 50),
    }
}

/// Two halves with dates, shares and variations; a half without a date is a fault of the evaluation only.
pub fn progressive(rng: &mut Rng, variations: &[String]) -> Value {
    let first = rng.below(DATES.len() - 1);
    let last = rng.between(first + 1, DATES.len() - 1);
    let mut initial = json!({"variation": rng.pick(variations), "date": DATES[first]});
    let mut end = json!({"variation": rng.pick(variations), "date": DATES[last]});
    if rng.chance(60) {
        let low = rng.between(0, 50);
        initial["percentage"] = json!(low);
        end["percentage"] = json!(rng.between(low, 120));
    } else if rng.chance(50) {
        end["percentage"] = json!(rng.between(0, 400) as f64 / 4.0);
    }
    match rng.below(20) {
        0 => initial["date"] = Value::Null,
        1 => end["date"] = DATES[0].into(),
        _ => {}
    }
    json!({"initial": initial, "end": end})
}
