//! Answers as JSON, in the form that OFREP gives them; values keep the numbers of the ruleset as they are written there.

use pennon::{Client, Context, Segment};

fn text(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// `{"flags": {KEY: answer, ...}}`, and `"segments"` where the service tells of any.
pub fn all(client: &Client, context: &Context) -> String {
    let evaluations = client.evaluate_all(context).unwrap_or_default();
    let members: Vec<_> = evaluations
        .iter()
        .map(|evaluation| format!("{}:{}", text(evaluation.key()), evaluation.to_json()))
        .collect();
    // What is wrong with a context is said of each flag.
    let segments = client.segments(context).map(Result::unwrap_or_default);
    let segments = segments.map(|segments| format!(",\"segments\":{}", Segment::list_to_json(&segments)));
    format!("{{\"flags\":{{{}}}{}}}", members.join(","), segments.unwrap_or_default())
}

/// The answer to a question that could not be read.
pub fn unreadable(key: Option<&str>, code: &str, details: &str) -> String {
    let key = key.map_or_else(String::new, |key| format!("\"key\":{},", text(key)));
    format!("{{{key}\"errorCode\":\"{code}\",\"errorDetails\":{}}}", text(details))
}
