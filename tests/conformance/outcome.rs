//! What one side answered to one question, and whether two answers agree.

use serde_json::{Map, Value};

/// An answer of the relay or of Pennon, brought to one form.
#[derive(Debug)]
pub enum Outcome {
    /// A variation was served, or the flag is disabled.
    Served { value: Value, variant: String, reason: String, metadata: Map<String, Value> },
    /// An OpenFeature error code.
    Error { code: String },
    /// The relay has no answer: it dropped the flag at load (404), or failed while evaluating it (500).
    /// Pennon never gives this one.
    Unanswered { status: u16 },
}

impl Outcome {
    /// Reads the body of a single OFREP answer, which is also the line that `pennon eval --batch` writes.
    pub fn from_answer(answer: Value) -> Self {
        let Value::Object(mut answer) = answer else { panic!("an answer that is no object: {answer}") };
        if let Some(code) = answer.get("errorCode") {
            return Self::Error { code: text(code) };
        }
        Self::Served {
            value: answer.get("value").cloned().unwrap_or(Value::Null),
            variant: answer.get("variant").map(text).unwrap_or_default(),
            reason: answer.get("reason").map(text).unwrap_or_default(),
            metadata: match answer.remove("metadata") {
                Some(Value::Object(metadata)) => metadata,
                _ => Map::new(),
            },
        }
    }

    /// The line of the histogram that this answer counts for.
    pub fn label(&self) -> String {
        match self {
            Self::Served { reason, .. } => reason.clone(),
            Self::Error { code } => format!("error {code}"),
            Self::Unanswered { status: 404 } => "flag dropped at load (404)".into(),
            Self::Unanswered { status } => format!("relay failed ({status})"),
        }
    }

    pub fn is_error(&self) -> bool {
        !matches!(self, Self::Served { .. })
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Whether `ours` is the answer that the relay's asks for. An error that the relay cannot tell is any error of ours.
pub fn agree(relay: &Outcome, ours: &Outcome) -> bool {
    use Outcome::{Error, Served, Unanswered};
    match (relay, ours) {
        (Unanswered { .. }, ours) => ours.is_error(),
        (Error { code: theirs }, Error { code }) => theirs == code,
        (
            Served { value: v, variant: n, reason: r, metadata: m },
            Served { value, variant, reason, metadata },
        ) => n == variant && r == reason && same(v, value) && same_members(m, metadata),
        _ => false,
    }
}

/// JSON equality, with numbers compared as the f64 that Go's decoder makes of them.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => same_members(a, b),
        _ => a == b,
    }
}

fn same_members(a: &Map<String, Value>, b: &Map<String, Value>) -> bool {
    a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
}
