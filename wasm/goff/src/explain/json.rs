//! JSON whose members stand in the order in which they were added.

use pennon_wire::Value;

/// A JSON object under construction.
#[derive(Debug, Default)]
pub struct Object {
    text: String,
}

impl Object {
    /// Adds a member; `json` is JSON already.
    pub fn json(mut self, name: &str, json: &str) -> Self {
        self.text.push(if self.text.is_empty() { '{' } else { ',' });
        self.text.push_str(&quoted(name));
        self.text.push(':');
        self.text.push_str(json);
        self
    }

    /// Adds a text.
    pub fn text(self, name: &str, text: &str) -> Self {
        self.json(name, &quoted(text))
    }

    /// Adds a text, unless it is empty.
    pub fn note(self, name: &str, text: &str) -> Self {
        if text.is_empty() { self } else { self.text(name, text) }
    }

    /// Adds a list, unless it is empty; its items are JSON already.
    pub fn list(self, name: &str, items: &[String]) -> Self {
        if items.is_empty() { self } else { self.json(name, &format!("[{}]", items.join(","))) }
    }

    /// The object.
    pub fn finish(mut self) -> String {
        if self.text.is_empty() {
            self.text.push('{');
        }
        self.text.push('}');
        self.text
    }
}

/// A JSON string.
pub fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// Levels of a value that are shown.
const MAX_SHOWN_DEPTH: usize = 8;

/// A value of a context.
pub fn value(value: Value<'_>, depth: usize) -> String {
    let text = |bytes| quoted(std::str::from_utf8(bytes).unwrap_or_default());
    match value {
        Value::Null => "null".into(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => serde_json::to_string(&value).unwrap_or_default(),
        Value::Number(number) => std::str::from_utf8(number).unwrap_or("null").into(),
        Value::String(bytes) => text(bytes),
        Value::List(_) | Value::Map(_) if depth >= MAX_SHOWN_DEPTH => quoted("..."),
        Value::List(list) => {
            let items: Vec<_> = list.iter().map(|item| self::value(item, depth + 1)).collect();
            format!("[{}]", items.join(","))
        }
        Value::Map(map) => {
            let mut members: Vec<_> = map
                .iter()
                .map(|(name, member)| format!("{}:{}", text(name), self::value(member, depth + 1)))
                .collect();
            // A context's maps have no order; an explanation is the same every time.
            members.sort();
            format!("{{{}}}", members.join(","))
        }
    }
}
