//! Everything that a client says of its flags, to be compared.

use pennon::{Client, Context, ErrorCode, FlagType, Reason};

/// Flags of a ruleset that are evaluated; more are only named.
const MOST_EVALUATED: usize = 8;

/// What JSON's parser says of a text that is no JSON; of other texts it says what is missing or of a wrong type.
const BROKEN_JSON: [&str; 8] = [
    "EOF while parsing",
    "expected `",
    "expected value",
    "expected ident",
    "trailing",
    "key must be a string",
    "invalid escape",
    "control character",
];

/// A flag's answer.
#[derive(Debug, PartialEq)]
pub struct Answer {
    pub value: String,
    pub variant: String,
    pub metadata: String,
    pub reason: Reason,
    pub error: Option<ErrorCode>,
    pub message: String,
}

/// The keys of the ruleset in force, in their order; none where there is no ruleset.
pub fn keys(client: &Client) -> Option<Vec<String>> {
    let keys = std::cell::RefCell::new(Vec::new());
    client.evaluate_some(&Context::new(), |key| {
        keys.borrow_mut().push(key.to_owned());
        false
    })?;
    Some(keys.into_inner())
}

/// The answers of the first flags.
pub fn answers(client: &Client, keys: &[String], context: &Context) -> Vec<Answer> {
    keys.iter().take(MOST_EVALUATED).map(|key| answer(client, key, context)).collect()
}

/// The answer of a flag.
pub fn answer(client: &Client, key: &str, context: &Context) -> Answer {
    let evaluation = client.evaluate(key, FlagType::Any, context);
    assert_eq!(evaluation.key(), key);
    Answer {
        value: evaluation.value_json().to_owned(),
        variant: evaluation.variant().to_owned(),
        metadata: evaluation.metadata_json().to_owned(),
        reason: evaluation.reason(),
        error: evaluation.error_code(),
        message: evaluation.error_message().to_owned(),
    }
}

/// Whether a ruleset is refused because it is no JSON.
pub fn is_broken_json(message: &str) -> bool {
    let start = "ruleset is not a JSON object of flags: ";
    message.starts_with(start) && BROKEN_JSON.iter().any(|words| message.contains(words))
}
