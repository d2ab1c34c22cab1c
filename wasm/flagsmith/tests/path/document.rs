//! Documents: JSON as Python's `json` reads it, with integers of any size and members in their order.

use std::fmt::Write;

use pennon_flagsmith::path::{Kind, Tree};

use crate::rng::Rng;

#[derive(Clone, Debug)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Big(&'static str),
    /// A float, and how it is written.
    Float(f64, &'static str),
    Text(&'static str),
    List(Vec<Value>),
    Map(Vec<(&'static str, Value)>),
}

/// Names of members: ordinary ones, hostile ones, and ones that look like syntax.
pub const NAMES: [&str; 22] = [
    "a", "b", "c", "identity", "key", "my-flag", "x1", "_", "é", "", " ", "a b", "'", "\"", "\\", "\u{1}",
    "😀", "日本", "0", "-1", "$", "a.b",
];

/// Texts. None ends with a newline, which `$` means to Python, and not to the engine of this test.
pub const TEXTS: [&str; 20] = [
    "",
    "a",
    "b",
    "ab",
    "aab",
    "A",
    "é",
    "ée",
    "😀",
    "a\nb",
    "1",
    "12",
    "a.b",
    "^a",
    "&",
    "~",
    "a b",
    "x\u{e000}",
    "\u{7f}",
    "日本",
];

/// Regular expressions in the data.
pub const PATTERNS: [&str; 6] = ["a.*", "[a-c]+", "\\p{L}+", "(", "a{1,2}", "[a&&b]"];

const BIGS: [&str; 7] = [
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551616",
    "100000000000000000000000",
    "1000000000000000000000000000000",
    "99999999999999991611392",
    "-18446744073709551617",
];

const FLOATS: [(f64, &str); 11] = [
    (0.0, "-0.0"),
    (1.0, "1.0"),
    (0.5, "0.5"),
    (-1.5, "-1.5"),
    (1e23, "1e23"),
    (18446744073709551616.0, "18446744073709551616.0"),
    (9007199254740992.0, "9007199254740992.0"),
    (f64::INFINITY, "1e999"),
    (f64::NEG_INFINITY, "-1e999"),
    (5e-324, "5e-324"),
    (9_223_372_036_854_775_808.0, "9.2233720368547758e18"),
];

const INTS: [i64; 10] = [0, 1, -1, 2, 12, 9007199254740993, 9007199254740992, i64::MAX, i64::MIN, 3];

pub fn document(rng: &mut Rng) -> Value {
    if rng.chance(2) {
        return deep(rng);
    }
    let depth = rng.between(1, 4);
    container(rng, depth)
}

/// Pairs of scalars, or of small lists and maps of them.
pub fn pairs(rng: &mut Rng) -> Value {
    let pair = |rng: &mut Rng| {
        let left = if rng.chance(25) { container(rng, 1) } else { scalar(rng) };
        let right = match left {
            Value::List(_) | Value::Map(_) => shuffled(left.clone(), rng),
            _ => scalar(rng),
        };
        Value::Map(vec![("a", left), ("b", right)])
    };
    Value::List((0..8).map(|_| pair(rng)).collect())
}

/// Some more or some less than the hundred levels that a descent goes down.
pub fn deep(rng: &mut Rng) -> Value {
    let mut value = scalar(rng);
    for _ in 0..rng.between(96, 104) {
        let name = *rng.pick(&NAMES[..3]);
        value = if rng.chance(50) { Value::List(vec![value]) } else { Value::Map(vec![(name, value)]) };
    }
    Value::Map(vec![("a", scalar(rng)), ("b", value), ("key", scalar(rng))])
}

fn container(rng: &mut Rng, depth: usize) -> Value {
    let count = rng.below(5);
    if rng.chance(45) {
        return Value::List((0..count).map(|_| value(rng, depth - 1)).collect());
    }
    let mut members = Vec::<(&'static str, Value)>::new();
    for _ in 0..count {
        let name = if rng.chance(70) { *rng.pick(&NAMES[..5]) } else { *rng.pick(&NAMES) };
        if members.iter().all(|(other, _)| *other != name) {
            members.push((name, value(rng, depth - 1)));
        }
    }
    // Often two alike, for `==`.
    let last = members.last().filter(|_| rng.chance(30) && members.iter().all(|(other, _)| *other != "b"));
    if let Some((_, last)) = last.cloned() {
        members.push(("b", shuffled(last, rng)));
    }
    Value::Map(members)
}

/// The same value to Python: members in another order, numbers of another type.
fn shuffled(value: Value, rng: &mut Rng) -> Value {
    match value {
        Value::List(items) => Value::List(items.into_iter().map(|item| shuffled(item, rng)).collect()),
        Value::Map(mut members) => {
            rng.shuffle(&mut members);
            Value::Map(members.into_iter().map(|(name, value)| (name, shuffled(value, rng))).collect())
        }
        Value::Int(1) if rng.chance(50) => Value::Bool(true),
        Value::Bool(false) if rng.chance(50) => Value::Float(0.0, "0.0"),
        other => other,
    }
}

fn value(rng: &mut Rng, depth: usize) -> Value {
    if depth > 0 && rng.chance(60) { container(rng, depth) } else { scalar(rng) }
}

fn scalar(rng: &mut Rng) -> Value {
    match rng.below(11) {
        0 => Value::Null,
        1 => Value::Bool(true),
        2 => Value::Bool(false),
        3 | 4 => Value::Int(*rng.common(&INTS)),
        5 => Value::Big(rng.word(&BIGS)),
        6 | 7 => {
            let (value, text) = *rng.pick(&FLOATS);
            Value::Float(value, text)
        }
        8 => Value::Text(rng.word(&PATTERNS)),
        _ => Value::Text(rng.word(&TEXTS)),
    }
}

impl Value {
    pub fn write(&self, text: &mut String) {
        match self {
            Self::Null => text.push_str("null"),
            Self::Bool(value) => write!(text, "{value}").expect("a text takes it"),
            Self::Int(value) => write!(text, "{value}").expect("a text takes it"),
            Self::Big(written) | Self::Float(_, written) => text.push_str(written),
            Self::Text(value) => quote(value, text),
            Self::List(items) => {
                text.push('[');
                for (index, item) in items.iter().enumerate() {
                    text.push_str(if index > 0 { "," } else { "" });
                    item.write(text);
                }
                text.push(']');
            }
            Self::Map(members) => {
                text.push('{');
                for (index, (name, value)) in members.iter().enumerate() {
                    text.push_str(if index > 0 { "," } else { "" });
                    quote(name, text);
                    text.push(':');
                    value.write(text);
                }
                text.push('}');
            }
        }
    }
}

pub fn quote(value: &str, text: &mut String) {
    text.push_str(&serde_json::to_string(value).expect("a text is JSON"));
}

/// A value, and where it is.
#[derive(Clone, Debug)]
pub struct Node<'a> {
    value: &'a Value,
    pub place: Vec<String>,
}

impl<'a> Node<'a> {
    pub fn root(value: &'a Value) -> Self {
        Self { value, place: Vec::new() }
    }

    fn child(&self, value: &'a Value, part: String) -> Self {
        let mut place = self.place.clone();
        place.push(part);
        Self { value, place }
    }
}

fn named(name: &str) -> String {
    let hexadecimal: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("n{hexadecimal}")
}

impl Tree for Node<'_> {
    fn kind(&self) -> Kind<'_> {
        match self.value {
            Value::Null => Kind::Null,
            Value::Bool(value) => Kind::Bool(*value),
            Value::Int(value) => Kind::Int(*value),
            Value::Big(digits) => Kind::Big(digits),
            Value::Float(value, _) => Kind::Float(*value),
            Value::Text(text) => Kind::Text(text),
            Value::List(items) => Kind::List(items.len()),
            Value::Map(members) => Kind::Map(members.len()),
        }
    }

    fn member(&self, name: &str) -> Option<Self> {
        let Value::Map(members) = self.value else { return None };
        let (_, value) = members.iter().find(|(other, _)| *other == name)?;
        Some(self.child(value, named(name)))
    }

    fn item(&self, index: usize) -> Option<Self> {
        match self.value {
            Value::List(items) => Some(self.child(items.get(index)?, format!("i{index}"))),
            Value::Map(members) => {
                let (name, value) = members.get(index)?;
                Some(self.child(value, named(name)))
            }
            _ => None,
        }
    }

    fn name(&self, index: usize) -> Option<&str> {
        let Value::Map(members) = self.value else { return None };
        members.get(index).map(|(name, _)| *name)
    }
}
