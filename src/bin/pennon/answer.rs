//! Answers as JSON, in the form that OFREP gives them; values keep the numbers of the ruleset as they are written there.

use pennon::Evaluation;

fn text(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// `{"key", "value", "variant", "reason", "metadata"}`, or `{"key", "errorCode", "errorDetails"}`.
pub fn one(evaluation: &Evaluation) -> String {
    let key = text(evaluation.key());
    if let Some(code) = evaluation.error_code() {
        let details = text(evaluation.error_message());
        return format!("{{\"key\":{key},\"errorCode\":\"{}\",\"errorDetails\":{details}}}", code.name());
    }
    let value = match evaluation.value_json() {
        "" => "null".to_owned(),
        // A value may hold line breaks; an answer is one line.
        json => json.replace(['\n', '\r'], " "),
    };
    let variant = text(evaluation.variant());
    let reason = evaluation.reason().name();
    let metadata = match evaluation.metadata_json() {
        "" => String::new(),
        json => format!(",\"metadata\":{}", json.replace(['\n', '\r'], " ")),
    };
    format!("{{\"key\":{key},\"value\":{value},\"variant\":{variant},\"reason\":\"{reason}\"{metadata}}}")
}

/// `{"flags": {KEY: answer, ...}}`.
pub fn all(evaluations: &[Evaluation]) -> String {
    let members: Vec<_> = evaluations
        .iter()
        .map(|evaluation| format!("{}:{}", text(evaluation.key()), one(evaluation)))
        .collect();
    format!("{{\"flags\":{{{}}}}}", members.join(","))
}

/// The answer to a question that could not be read.
pub fn unreadable(key: Option<&str>, code: &str, details: &str) -> String {
    let key = key.map_or_else(String::new, |key| format!("\"key\":{},", text(key)));
    format!("{{{key}\"errorCode\":\"{code}\",\"errorDetails\":{}}}", text(details))
}
