//! Writes JSON in the spellings that files and clients use: the same value, other bytes.

use serde_json::{Map, Value};

use crate::rng::Rng;

/// Fields of a flag: Go finds them whatever their case, `ſ` and the Kelvin sign included.
const FIELDS: &[&str] = &[
    "variations",
    "targeting",
    "defaultRule",
    "bucketingKey",
    "scheduledRollout",
    "experimentation",
    "disable",
    "metadata",
    "percentage",
    "progressiveRollout",
    "initial",
    "variation",
    "query",
    "name",
    "date",
];

/// Fields that Go merges when an object has them twice; of others the last one wins.
const MERGED: &[&str] = &["variations", "metadata", "percentage", "defaultRule", "initial", "end"];

/// The value as JSON text, with random white space, escapes and number forms.
pub fn spell(rng: &mut Rng, value: &Value) -> String {
    let mut text = String::new();
    write(rng, value, &mut text);
    text
}

/// A document of flags as JSON text; besides, names of fields in other cases and fields that stand twice.
pub fn spell_document(rng: &mut Rng, flags: &Map<String, Value>) -> String {
    let mut text = String::from("{");
    for (position, (key, flag)) in flags.iter().enumerate() {
        separate(rng, position, &mut text);
        write_string(rng, key, &mut text);
        text.push(':');
        let respelled = if rng.chance(15) { respell_fields(rng, flag.clone()) } else { flag.clone() };
        write(rng, &respelled, &mut text);
    }
    text.push('}');
    text
}

/// Changes the case of fields, or splits one in two that mean the same together. A JSON map holds no name twice, so
/// the first half takes the name in upper case.
fn respell_fields(rng: &mut Rng, value: Value) -> Value {
    let members = match value {
        Value::Object(members) => members,
        Value::Array(items) => return items.into_iter().map(|item| respell_fields(rng, item)).collect(),
        scalar => return scalar,
    };
    let mut respelled = Map::new();
    for (name, member) in members {
        match member {
            Value::Object(member) if MERGED.contains(&name.as_str()) && rng.chance(20) => {
                let head = member.keys().next().cloned();
                let (first, second): (Map<_, _>, Map<_, _>) =
                    member.into_iter().partition(|(name, _)| Some(name) == head.as_ref());
                respelled.insert(name.to_uppercase(), first.into());
                respelled.insert(name, second.into());
            }
            member => {
                let name = if FIELDS.contains(&name.as_str()) { recase(rng, name) } else { name };
                respelled.insert(name, respell_fields(rng, member));
            }
        }
    }
    respelled.into()
}

fn recase(rng: &mut Rng, name: String) -> String {
    match rng.below(8) {
        0 => name.to_uppercase(),
        1 => name.to_lowercase(),
        2 => name.replace('s', "ſ").replace('K', "\u{212a}"),
        _ => name,
    }
}

fn write(rng: &mut Rng, value: &Value, out: &mut String) {
    match value {
        Value::String(string) => write_string(rng, string, out),
        Value::Number(number) => out.push_str(&spell_number(rng, &number.to_string())),
        Value::Array(items) => {
            out.push('[');
            for (position, item) in items.iter().enumerate() {
                separate(rng, position, out);
                write(rng, item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (position, (name, member)) in members.iter().enumerate() {
                separate(rng, position, out);
                write_string(rng, name, out);
                out.push(':');
                space(rng, out);
                write(rng, member, out);
            }
            out.push('}');
        }
        Value::Null | Value::Bool(_) => out.push_str(&value.to_string()),
    }
}

fn separate(rng: &mut Rng, position: usize, out: &mut String) {
    if position > 0 {
        out.push(',');
    }
    space(rng, out);
}

fn space(rng: &mut Rng, out: &mut String) {
    if rng.chance(4) {
        out.push_str(rng.word(&[" ", "  ", "\t"]));
    }
}

fn write_string(rng: &mut Rng, string: &str, out: &mut String) {
    let plain = Value::from(string).to_string();
    // Go reads a date from the raw bytes: an escape in one refuses the document.
    if string.starts_with("20") || !rng.chance(5) {
        return out.push_str(&plain);
    }
    // Every character as \uXXXX, pairs of surrogates included.
    out.push('"');
    for unit in string.encode_utf16() {
        out.push_str(&format!("\\u{unit:04x}"));
    }
    out.push('"');
}

/// Integers also as `5.0`, `50e-1` and `5E0`: all the same to Go's decoder.
fn spell_number(rng: &mut Rng, plain: &str) -> String {
    // `0` is left alone: `00e-1` would be no JSON.
    let integer = plain != "0" && plain.bytes().all(|byte| byte.is_ascii_digit());
    match rng.below(20) {
        0 if integer => format!("{plain}.0"),
        1 if integer => format!("{plain}0e-1"),
        2 if integer => format!("{plain}E0"),
        3 if integer => format!("{plain}.000e+0"),
        _ => plain.to_owned(),
    }
}
