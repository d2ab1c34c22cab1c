//! Evaluation contexts, and the vocabulary of attributes and values that queries share with them.

use serde_json::{Map, Value, json};

use crate::rng::Rng;

/// What an attribute usually holds. One time in five it holds something else.
#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Text,
    Version,
    Integer,
    Float,
    Boolean,
    List,
    Object,
}

/// The attributes that contexts have and queries ask for.
pub const ATTRIBUTES: &[(&str, Kind)] = &[
    ("a", Kind::Integer),
    ("b", Kind::Integer),
    ("c", Kind::Text),
    ("plan", Kind::Text),
    ("email", Kind::Text),
    ("env", Kind::Text),
    ("release", Kind::Version),
    ("rate", Kind::Float),
    ("ts", Kind::Integer),
    ("beta", Kind::Boolean),
    ("t", Kind::List),
    ("n", Kind::Object),
    ("org", Kind::Object),
    ("a-b:c_d", Kind::Text),
    ("e1", Kind::Integer),
];

pub const TEXTS: &[&str] = &[
    "x",
    "X",
    "y",
    "",
    "pro",
    "Pro",
    "free",
    "admin",
    "u@x.com",
    "U@X.COM",
    "1",
    "1.5",
    "true",
    "prod",
    "dev",
    "é",
    "É",
    "İ",
    "i",
    "ΟΔΟΣ",
    "οδοσ",
    "οδος",
    "straße",
    "STRASSE",
    "K",
    "日本",
    "😀",
    "a\tb",
    "a\nb",
    "x\"y",
    "x\\\"y",
    "  pad",
    "<&>",
    "2024-01-05T00:00:00Z",
    "1e400",
    "inf",
    "0x1p4",
    ".5",
    " 5 ",
];

pub const VERSIONS: &[&str] = &[
    "1.2.3",
    "1.2.4",
    "1.10.0",
    "1.2.3-beta.1",
    "1.2.3-beta.2",
    "1.2.3-rc.1+b5",
    "2.0.0",
    "0.9.0",
    "v1.2.3",
    "1.2",
    "01.2.3",
    " 1.2.3",
    "1.2.3-01",
    "99999999999999999999.0.0",
    "1.2.3-",
];

pub const INTEGERS: &[i64] = &[
    1,
    2,
    5,
    0,
    3,
    7,
    9,
    10,
    42,
    -1,
    -5,
    2_147_483_647,
    2_147_483_648,
    4_294_967_301,
    1_700_000_000_000,
    9_007_199_254_740_993,
    9_223_372_036_854_774_784,
    -9_223_372_036_854_775_808,
];

pub const FLOATS: &[f64] =
    &[1.5, 2.0, 0.5, -0.4, 0.0, -0.0, 0.1, 0.4, 1.0, 1.9, 2.5, 3.25, -1.5, -1.7, 42.0, 1e3, 1e15];

/// Numbers that no i64 holds (see `Exclusion::BeyondInt64`).
const HUGE: &[f64] = &[1e19, -1e19, 1e300, 9_223_372_036_854_775_808.0];

/// Dates of schedules, experiments and rollouts. All of them are at least a year away from any day this test
/// will run on, so that two clocks read one second apart give one answer.
pub const DATES: &[&str] = &[
    "2020-02-29T00:00:00Z",
    "2023-12-31T23:59:59Z",
    "2024-01-01T00:00:00Z",
    "2024-01-01T12:00:00+02:00",
    "2024-01-05T00:00:00.5Z",
    "2024-01-05T1:00:00,25Z",
    "2024-01-10T00:00:00Z",
    "2024-06-30T23:00:00-05:00",
    "2098-01-01T00:00:00Z",
    "2099-12-31T00:00:00Z",
];

/// Texts that Go does not take for a date.
const NO_DATES: &[&str] =
    &["2024-01-05", "bad", "", "2024-01-05 00:00:00Z", "2024-01-05t00:00:00z", "2024-02-30T00:00:00Z"];

/// A context with most of the attributes.
pub fn context(rng: &mut Rng) -> Value {
    let mut context = Map::new();
    if let Some(key) = targeting_key(rng) {
        context.insert("targetingKey".into(), key);
    }
    for (name, kind) in ATTRIBUTES {
        if rng.chance(70) {
            context.insert((*name).into(), value(rng, *kind));
        }
    }
    if rng.chance(30) {
        let anonymous = if rng.chance(70) { rng.chance(50).into() } else { any_value(rng, 1) };
        context.insert("anonymous".into(), anonymous);
    }
    if rng.chance(10) {
        context.insert("key".into(), value(rng, Kind::Text));
    }
    if rng.chance(60) {
        let team = [json!("t1"), json!("t2"), json!(7), json!(""), Value::Null];
        context.insert("teamId".into(), rng.pick(&team).clone());
    }
    if rng.chance(30) {
        context.insert("gofeatureflag".into(), relay_attributes(rng));
    }
    Value::Object(context)
}

/// Mostly one of 200 users; now and then nothing, an empty key or no string.
fn targeting_key(rng: &mut Rng) -> Option<Value> {
    match rng.below(100) {
        0..=83 => Some(json!(format!("user-{}", rng.below(200)))),
        84..=87 => Some(json!(rng.word(&["k", "admin", "é", "x\"y", "user 1", "😀"]))),
        88..=90 => Some(json!("")),
        91..=93 => Some(any_value(rng, 1)),
        _ => None,
    }
}

/// The attribute that the relay itself reads: the date of the evaluation and others that do no harm.
fn relay_attributes(rng: &mut Rng) -> Value {
    let date = match rng.below(10) {
        0..=7 => json!(rng.word(DATES)),
        8 => json!(rng.word(NO_DATES)),
        _ => return any_value(rng, 1),
    };
    json!({"currentDateTime": date, "exporterMetadata": {"a": 1}})
}

/// A value of the kind, or one time in five of any kind.
pub fn value(rng: &mut Rng, kind: Kind) -> Value {
    if rng.chance(20) {
        return any_value(rng, 2);
    }
    match kind {
        Kind::Text => json!(*rng.common(TEXTS)),
        Kind::Version => json!(*rng.common(VERSIONS)),
        Kind::Integer => json!(*rng.common(INTEGERS)),
        Kind::Float => json!(*rng.common(FLOATS)),
        Kind::Boolean => json!(rng.chance(50)),
        Kind::List => (0..rng.below(4)).map(|_| any_value(rng, 1)).collect(),
        Kind::Object => object(rng, 2),
    }
}

/// Any JSON value, nested at most `depth` levels.
pub fn any_value(rng: &mut Rng, depth: usize) -> Value {
    match rng.below(if depth == 0 { 6 } else { 8 }) {
        0 => Value::Null,
        1 => json!(rng.chance(50)),
        2 => json!(*rng.common(INTEGERS)),
        3 if rng.chance(3) => json!(*rng.pick(HUGE)),
        3 => json!(*rng.common(FLOATS)),
        4 => json!(*rng.common(VERSIONS)),
        5 => json!(*rng.common(TEXTS)),
        6 => (0..rng.below(4)).map(|_| any_value(rng, depth - 1)).collect(),
        _ => object(rng, depth),
    }
}

/// An object whose members queries ask for as `n.x`, `org.role` and the like. One in twelve is a JSONLogic rule,
/// because some operators of the relay execute a caller's attribute (reference N1).
fn object(rng: &mut Rng, depth: usize) -> Value {
    if rng.chance(8) {
        return json!({"==": [1, rng.between(1, 2)]});
    }
    let mut members = Map::new();
    for name in ["a", "x", "y", "role", "id", "b"] {
        if rng.chance(40) {
            let value = if rng.chance(50) {
                json!(*rng.common(INTEGERS))
            } else {
                any_value(rng, depth.saturating_sub(1))
            };
            members.insert(name.into(), value);
        }
    }
    Value::Object(members)
}
