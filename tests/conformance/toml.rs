//! Writes flags as the TOML that people write: tables, inline tables, arrays of tables, all kinds of strings.

use serde_json::{Map, Value};

use crate::rng::Rng;

/// The document as TOML, which knows no null: members that are null are left out.
pub fn write(rng: &mut Rng, flags: &Map<String, Value>) -> String {
    let mut out = String::from("# flags\n");
    for (name, flag) in flags {
        if let Value::Object(flag) = without_nulls(flag) {
            let path = key(rng, name);
            table(rng, &path, &flag, &mut out);
        }
    }
    out
}

/// `[path]` with the members that fit on a line, then the tables below it.
fn table(rng: &mut Rng, path: &str, members: &Map<String, Value>, out: &mut String) {
    out.push_str(&format!("\n[{path}]{}\n", rng.word(&["", " # table"])));
    body(rng, path, members, out);
}

fn body(rng: &mut Rng, path: &str, members: &Map<String, Value>, out: &mut String) {
    let mut below = Vec::new();
    for (name, member) in members {
        let tables = match member {
            Value::Object(_) => true,
            Value::Array(items) => !items.is_empty() && items.iter().all(Value::is_object),
            _ => false,
        };
        if tables && rng.chance(60) {
            below.push((name, member));
        } else {
            out.push_str(&format!("{} = {}\n", key(rng, name), inline(rng, member)));
        }
    }
    for (name, member) in below {
        let path = format!("{path}.{}", key(rng, name));
        match member {
            Value::Object(members) => table(rng, &path, members, out),
            items => {
                for item in items.as_array().into_iter().flatten().filter_map(Value::as_object) {
                    out.push_str(&format!("\n[[{path}]]\n"));
                    body(rng, &path, item, out);
                }
            }
        }
    }
}

fn inline(rng: &mut Rng, value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(name, member)| format!("{} = {}", key(rng, name), inline(rng, member)))
                .collect();
            format!("{{ {} }}", members.join(", "))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| inline(rng, item)).collect();
            let separator = rng.word(&[", ", ",\n  ", ", # an item\n  "]);
            format!("[{}]", items.join(separator))
        }
        Value::String(text) => string(rng, text),
        Value::Number(number) => spell_number(rng, &number.to_string()),
        scalar => scalar.to_string(),
    }
}

fn key(rng: &mut Rng, name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    if bare && rng.chance(70) { name.to_owned() } else { Value::from(name).to_string() }
}

fn string(rng: &mut Rng, text: &str) -> String {
    let printable = !text.chars().any(char::is_control);
    let block = text.chars().all(|c| c == '\n' || !c.is_control());
    match rng.below(4) {
        0 if printable && !text.contains('\'') => format!("'{text}'"),
        1 if block && !text.contains('\'') => format!("'''\n{text}'''"),
        2 if block => format!("\"\"\"\n{}\"\"\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        _ => Value::from(text).to_string(),
    }
}

fn spell_number(rng: &mut Rng, plain: &str) -> String {
    match (plain.parse::<u32>(), rng.below(12)) {
        (Ok(number), 0) => format!("0x{number:x}"),
        (Ok(number), 1) => format!("0o{number:o}"),
        (Ok(number), 2) => format!("0b{number:b}"),
        (Ok(number), 3) => format!("+{number}"),
        (Ok(number), 4) if number > 999 => format!("{}_{:03}", number / 1000, number % 1000),
        _ => plain.to_owned(),
    }
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(_, member)| !member.is_null());
            Value::Object(kept.map(|(name, member)| (name.clone(), without_nulls(member))).collect())
        }
        Value::Array(items) => items.iter().filter(|item| !item.is_null()).map(without_nulls).collect(),
        other => other.clone(),
    }
}
