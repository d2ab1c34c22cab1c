//! Random JSONLogic rules: every operator of the relay's library, arguments of every type.

use serde_json::{Value, json};

use crate::contexts::{ATTRIBUTES, any_value};
use crate::rng::Rng;

/// Operators that look at their arguments as they are, with the number of arguments they are usually given.
const OPERATORS: &[(&str, usize)] = &[
    ("==", 2),
    ("===", 2),
    ("!=", 2),
    ("!==", 2),
    ("<", 2),
    ("<=", 2),
    (">", 2),
    (">=", 2),
    ("<", 3),
    ("<=", 3),
    ("and", 2),
    ("or", 2),
    ("and", 3),
    ("!", 1),
    ("!!", 1),
    ("if", 3),
    ("?:", 3),
    ("if", 5),
    ("+", 2),
    ("-", 2),
    ("-", 1),
    ("*", 2),
    ("/", 2),
    ("%", 2),
    ("abs", 1),
    ("min", 2),
    ("max", 3),
    ("cat", 2),
    ("cat", 3),
    ("substr", 2),
    ("substr", 3),
    ("in", 2),
    ("merge", 2),
    ("missing", 2),
    ("missing_some", 2),
    ("contains_all", 2),
    ("contains_any", 2),
    ("contains_none", 2),
];

/// Operators whose second argument is a rule that is run for each element of the first.
const EACH: &[&str] = &["some", "all", "none", "filter", "map"];

/// Operators of other libraries: the relay drops a flag that uses one.
const UNKNOWN: &[&str] = &["log", "starts_with", "ends_with", "sem_ver", "fractional", "not"];

/// A rule as the text of a query.
pub fn query(rng: &mut Rng) -> String {
    let rule = match rng.below(10) {
        0 => operation(rng, 1),
        1..=5 => operation(rng, 2),
        _ => operation(rng, 3),
    };
    rule.to_string()
}

/// An operator and its arguments, nested at most `depth` levels.
fn operation(rng: &mut Rng, depth: usize) -> Value {
    if rng.chance(1) {
        return call(rng.word(UNKNOWN), json!([argument(rng, 0)]));
    }
    match rng.below(12) {
        0 => each(rng, depth),
        1 => reduce(rng),
        2 => json!({"in": [variable(rng), list(rng)]}),
        _ => {
            let (name, usual) = *rng.pick(OPERATORS);
            let count = if rng.chance(8) { rng.below(4) } else { usual };
            let arguments: Vec<Value> = (0..count).map(|_| argument(rng, depth.saturating_sub(1))).collect();
            if count == 1 && rng.chance(50) {
                call(name, arguments[0].clone())
            } else {
                call(name, arguments.into())
            }
        }
    }
}

fn argument(rng: &mut Rng, depth: usize) -> Value {
    match rng.below(10) {
        0..=4 => variable(rng),
        5..=7 if depth > 0 => operation(rng, depth),
        8 => list(rng),
        _ => constant(rng),
    }
}

/// A constant without objects: as arguments these are rules of their own.
fn constant(rng: &mut Rng) -> Value {
    let small =
        [json!(0), json!(1), json!(2), json!(5), json!("x"), json!("1"), json!(true), json!(""), json!(1.5)];
    if rng.chance(60) { rng.pick(&small).clone() } else { any_value(rng, 0) }
}

fn list(rng: &mut Rng) -> Value {
    (0..rng.below(4)).map(|_| if rng.chance(10) { json!([-1, 7]) } else { constant(rng) }).collect()
}

fn variable(rng: &mut Rng) -> Value {
    let path = match rng.below(10) {
        0..=5 => json!(ATTRIBUTES[rng.below(ATTRIBUTES.len())].0),
        6 => json!(rng.word(&["n.x", "n.a", "org.role", "t.0", "t.1", "missing", "missing.x", "n..x", ""])),
        7 => json!(rng.word(&["targetingKey", "key", "anonymous"])),
        8 => json!([rng.word(&["a", "missing", "n.y"]), constant(rng)]),
        _ => rng.pick(&[json!(0), json!([]), json!(null), json!(["a"]), json!(true), json!(1.5)]).clone(),
    };
    json!({"var": path})
}

/// `some`, `all`, `none`, `filter`, `map`: the element is `{"var": ""}`, its members are named without a prefix.
fn each(rng: &mut Rng, depth: usize) -> Value {
    let subject = match rng.below(4) {
        0 => list(rng),
        1 => variable(rng),
        _ => json!({"var": "t"}),
    };
    let element = rng
        .pick(&[json!({"var": ""}), json!({"var": "x"}), json!({"var": "b"}), json!({"var": ["b", 7]})])
        .clone();
    let rule = if rng.chance(70) {
        call(rng.word(&["==", ">", "<", "in", "!="]), json!([element, constant(rng)]))
    } else {
        argument(rng, depth.saturating_sub(1))
    };
    call(rng.word(EACH), json!([subject, rule]))
}

fn reduce(rng: &mut Rng) -> Value {
    let step = call(rng.word(&["+", "*", "max", "cat"]), json!([{"var": "current"}, {"var": "accumulator"}]));
    let subject = if rng.chance(50) { json!({"var": "t"}) } else { list(rng) };
    json!({"reduce": [subject, step, constant(rng)]})
}

fn call(operator: &str, arguments: Value) -> Value {
    json!({operator: arguments})
}
