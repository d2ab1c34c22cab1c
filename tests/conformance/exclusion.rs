//! What is not compared, and why. Everything else is.

use serde_json::{Map, Value};

/// A reason not to ask. Each is counted and printed by the test that meets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exclusion {
    /// Reference A1: half a progressive rollout in a rule that is checked at load ends the relay's process.
    HalfProgressiveRollout,
    /// Reference N4: buckets of negative shares overlap, and the relay walks them in random order.
    NegativeShare,
    /// Infinite shares, and shares whose thousandfold no u32 holds: what becomes of them depends on the processor.
    UnconvertibleShare,
    /// Reference 3.4: shares whose floating-point sum depends on the order of addition; the relay's is random.
    UnorderedSum,
    /// Reference N3: numbers beyond int64 compared with an integer of a query: the relay's answer depends on the
    /// processor. We saturate.
    BeyondInt64,
    /// Reference B4: a rule added by one scheduled step and edited by a later one changes the stored flag, so that
    /// answers depend on earlier questions. Such a flag is asked once, which is before any change.
    StepEditsStep,
    /// Reference A3: the relay refused the whole document for one wrong type.
    RefusedDocument,
}

/// Why the flag must not be in a document for the relay.
pub fn of_flag(flag: &Value) -> Option<Exclusion> {
    let rules = checked_rules(flag);
    if rules.iter().any(|rule| half_progressive(rule)) {
        return Some(Exclusion::HalfProgressiveRollout);
    }
    if rules.iter().any(|rule| negative(rule)) || added_rules(flag).iter().any(|(_, rule)| negative(rule)) {
        return Some(Exclusion::NegativeShare);
    }
    let steps = elements(&flag["scheduledRollout"]);
    let ordered = if steps.is_empty() { rules.iter().all(|rule| order_free(rule)) } else { all_exact(flag) };
    (!ordered).then_some(Exclusion::UnorderedSum)
}

/// Why a scalar of a YAML or TOML file must not stand for a share.
pub fn of_share(scalar: &str) -> Option<Exclusion> {
    let plain = scalar.replace('_', "").to_lowercase();
    let number = match plain.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).map_or(f64::NAN, f64::from),
        // `.inf` and `.nan` are YAML's words, `inf` and `nan` are TOML's and Rust's.
        None => plain.replace(".inf", "inf").replace(".nan", "nan").parse().unwrap_or(0.0),
    };
    if number < 0.0 {
        Some(Exclusion::NegativeShare)
    } else {
        (number.is_nan() || number * 1000.0 > f64::from(u32::MAX)).then_some(Exclusion::UnconvertibleShare)
    }
}

/// Why the flag must not be asked with this context.
pub fn of_question(flag: &Value, context: &Value) -> Option<Exclusion> {
    (beyond_int64(context) && has_integer_query(flag)).then_some(Exclusion::BeyondInt64)
}

/// Why the flag must not be asked a second time.
pub fn of_repetition(flag: &Value) -> Option<Exclusion> {
    let added = added_rules(flag);
    let edited = added.iter().enumerate().any(|(number, (step, rule))| {
        added[number + 1..].iter().any(|(later, other)| later != step && name(other) == name(rule))
    });
    edited.then_some(Exclusion::StepEditsStep)
}

/// The default rule and the targeting rules, which the relay checks at load unless they are disabled.
fn checked_rules(flag: &Value) -> Vec<&Value> {
    let enabled = elements(&flag["targeting"]).iter().filter(|rule| rule["disable"] != true);
    enabled.chain(std::iter::once(&flag["defaultRule"])).collect()
}

/// Rules that steps add, with the number of their step.
fn added_rules(flag: &Value) -> Vec<(usize, &Value)> {
    let known: Vec<&str> = elements(&flag["targeting"]).iter().map(name).collect();
    let steps = elements(&flag["scheduledRollout"]).iter().enumerate();
    steps
        .flat_map(|(number, step)| elements(&step["targeting"]).iter().map(move |rule| (number, rule)))
        .filter(|(_, rule)| rule["name"].is_null() || !known.contains(&name(rule)))
        .collect()
}

fn elements(list: &Value) -> &[Value] {
    list.as_array().map_or(&[], Vec::as_slice)
}

fn name(rule: &Value) -> &str {
    rule["name"].as_str().unwrap_or_default()
}

fn half_progressive(rule: &Value) -> bool {
    let rollout = &rule["progressiveRollout"];
    rollout.is_object() && (rollout["initial"].is_null() || rollout["end"].is_null())
}

fn shares(rule: &Value) -> Vec<f64> {
    let shares = rule["percentage"].as_object();
    shares.into_iter().flat_map(Map::values).filter_map(Value::as_f64).collect()
}

fn negative(rule: &Value) -> bool {
    shares(rule).iter().any(|share| *share < 0.0)
}

/// Whether all orders of addition give the same total in thousandths.
fn order_free(rule: &Value) -> bool {
    fn totals(sum: f64, rest: &[f64], seen: &mut Vec<u64>) {
        if rest.is_empty() {
            seen.push((sum * 1000.0) as u64);
        }
        for taken in 0..rest.len() {
            let mut others = rest.to_vec();
            totals(sum + others.remove(taken), &others, seen);
        }
    }
    let mut seen = Vec::new();
    totals(0.0, &shares(rule), &mut seen);
    seen.windows(2).all(|pair| pair[0] == pair[1])
}

/// Whether all shares anywhere in the flag are multiples of 1/8, which add up exactly in whatever mixture the
/// scheduled steps make of them.
fn all_exact(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            let exact = shares(value).iter().all(|share| (share * 8.0).fract() == 0.0);
            exact && members.values().all(all_exact)
        }
        Value::Array(items) => items.iter().all(all_exact),
        _ => true,
    }
}

fn beyond_int64(value: &Value) -> bool {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    match value {
        // -2^63 itself is an int64.
        Value::Number(number) => number.as_f64().is_some_and(|number| !(-LIMIT..LIMIT).contains(&number)),
        Value::Array(items) => items.iter().any(beyond_int64),
        Value::Object(members) => members.values().any(beyond_int64),
        _ => false,
    }
}

/// Whether any query of the flag is in the relay's own language (and may compare with an integer).
fn has_integer_query(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.iter().any(|(name, member)| match member {
            Value::String(query) if name == "query" => !query.trim_start().starts_with('{'),
            member => has_integer_query(member),
        }),
        Value::Array(items) => items.iter().any(has_integer_query),
        _ => false,
    }
}
