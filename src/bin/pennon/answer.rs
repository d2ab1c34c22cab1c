//! Answers as JSON, in the form that OFREP gives them; values keep the numbers of the ruleset as they are written there.

use pennon::Evaluation;

fn text(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// `{"flags": {KEY: answer, ...}}`.
pub fn all(evaluations: &[Evaluation]) -> String {
    let members: Vec<_> = evaluations
        .iter()
        .map(|evaluation| format!("{}:{}", text(evaluation.key()), evaluation.to_json()))
        .collect();
    format!("{{\"flags\":{{{}}}}}", members.join(","))
}

/// The answer to a question that could not be read.
pub fn unreadable(key: Option<&str>, code: &str, details: &str) -> String {
    let key = key.map_or_else(String::new, |key| format!("\"key\":{},", text(key)));
    format!("{{{key}\"errorCode\":\"{code}\",\"errorDetails\":{}}}", text(details))
}
