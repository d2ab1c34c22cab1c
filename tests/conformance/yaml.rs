//! Writes flags as the YAML that people write: block and flow style, all kinds of quotes, comments, other bases.

use serde_json::{Map, Value};

use crate::rng::Rng;

/// The document as YAML.
pub fn write(rng: &mut Rng, flags: &Map<String, Value>) -> String {
    let start = rng.word(&["", "---\n", "# flags\n---\n", "%YAML 1.1\n---\n"]);
    let end = rng.word(&["\n", "\n...\n", "\n# end\n", ""]);
    format!("{start}{}{end}", block_mapping(rng, flags, 0).trim_start_matches('\n'))
}

/// A value that follows `name:` or `-`, with the space or line break before it.
fn value(rng: &mut Rng, value: &Value, indent: usize) -> String {
    match value {
        Value::Object(members) if !members.is_empty() && !rng.chance(15) => {
            block_mapping(rng, members, indent)
        }
        Value::Array(items) if !items.is_empty() && !rng.chance(25) => block_sequence(rng, items, indent),
        Value::Object(_) | Value::Array(_) => format!(" {}", flow(rng, value)),
        Value::String(text) => format!(" {}", string(rng, text, indent)),
        Value::Number(number) => format!(" {}{}", spell_number(rng, &number.to_string()), comment(rng)),
        Value::Null => rng.word(&["", " ~", " null"]).to_owned(),
        Value::Bool(_) => format!(" {value}{}", comment(rng)),
    }
}

fn block_mapping(rng: &mut Rng, members: &Map<String, Value>, indent: usize) -> String {
    let step = rng.between(1, 4);
    members
        .iter()
        .map(|(name, member)| {
            let member = value(rng, member, indent + step);
            format!("\n{:indent$}{}:{member}", "", key(rng, name))
        })
        .collect()
}

fn block_sequence(rng: &mut Rng, items: &[Value], indent: usize) -> String {
    items
        .iter()
        .map(|item| {
            let nested = value(rng, item, indent + 2);
            // The first member of a mapping may stand on the line of the dash.
            let compact = nested
                .strip_prefix(&format!("\n{:width$}", "", width = indent + 2))
                .filter(|_| item.is_object());
            match compact {
                Some(nested) => format!("\n{:indent$}- {nested}", ""),
                None => format!("\n{:indent$}-{nested}", ""),
            }
        })
        .collect()
}

fn flow(rng: &mut Rng, value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| flow(rng, item)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(name, member)| format!("{}: {}", key(rng, name), flow(rng, member)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
        scalar => scalar.to_string(),
    }
}

fn key(rng: &mut Rng, name: &str) -> String {
    match rng.below(3) {
        0 => Value::from(name).to_string(),
        _ if is_plain(name) => name.to_owned(),
        _ => format!("'{}'", name.replace('\'', "''")),
    }
}

fn string(rng: &mut Rng, text: &str, indent: usize) -> String {
    let printable = !text.chars().any(char::is_control);
    let block = !text.is_empty() && text.chars().all(|c| c == '\n' || !c.is_control());
    let block = block && !text.starts_with([' ', '\n']) && !text.ends_with('\n');
    match rng.below(6) {
        0 | 1 if is_plain(text) => format!("{text}{}", comment(rng)),
        2 if printable => format!("'{}'{}", text.replace('\'', "''"), comment(rng)),
        3 if block && indent > 0 => {
            let header = rng.word(&["|-", "|-  # literal"]);
            format!("{header}\n{:indent$}{}", "", text.replace('\n', &format!("\n{:indent$}", "")))
        }
        4 if block && indent > 0 && printable && !text.contains("  ") && !text.ends_with(' ') => {
            // A fold: some of the spaces become line breaks.
            let words: Vec<&str> = text.split(' ').collect();
            let lines = words.chunks(rng.between(1, 6)).map(|words| words.join(" "));
            format!(">-\n{:indent$}{}", "", lines.collect::<Vec<_>>().join(&format!("\n{:indent$}", "")))
        }
        _ => format!("{}{}", Value::from(text), comment(rng)),
    }
}

/// Whether the text means itself without quotes.
fn is_plain(text: &str) -> bool {
    const WORDS: &[&str] = &["true", "false", "null", "y", "n", "yes", "no", "on", "off"];
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || " _.-@".contains(c))
        && !text.ends_with(' ')
        && !WORDS.contains(&text.to_lowercase().as_str())
}

fn spell_number(rng: &mut Rng, plain: &str) -> String {
    match (plain.parse::<u32>(), rng.below(12)) {
        (Ok(number), 0) => format!("0x{number:X}"),
        (Ok(number), 1) => format!("0o{number:o}"),
        (Ok(number), 2) => format!("0b{number:b}"),
        (Ok(number), 3) => format!("+{number}"),
        (Ok(number), 4) if number > 999 => format!("{}_{:03}", number / 1000, number % 1000),
        _ => plain.to_owned(),
    }
}

fn comment(rng: &mut Rng) -> &'static str {
    if rng.chance(90) { "" } else { rng.word(&[" # a comment", "   ", " # 'quotes\" in it"]) }
}
