//! Evaluation by the relay proxy over OFREP: what it is asked, and what it answers (reference 4.4).

use pennon_wire::answer::{ERROR_CODES, REASONS};
use pennon_wire::report::Outcome;
use pennon_wire::{ErrorCode, Reason};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::relay;
use crate::service::remote::{RemoteAnswer, RemoteQuestion, RemoteRequest};

/// By which metadata the relay says that an answer may be kept.
const CACHEABLE: &str = "gofeatureflag_cacheable";

/// By which metadata an answer says that the relay gave it, though flags are evaluated in this process (reference 5.2,
/// FALLBACK).
const EVALUATED_REMOTELY: &str = "gofeatureflag_evaluated_remotely";

/// The request for a flag, or for all.
pub(crate) fn request(question: &RemoteQuestion<'_>) -> RemoteRequest {
    let keys = relay::KeyHeaders::of(question.key);
    RemoteRequest {
        url: match question.flag {
            Some(flag) => relay::evaluation_url(question.endpoint, flag),
            None => relay::bulk_url(question.endpoint),
        },
        headers: keys.into_iter().collect(),
        body: Some(self::question(question.context, question.metadata)),
    }
}

/// Asks about a flag, or about all, for a context, a JSON object. The exporter's metadata, another, goes where the relay looks
/// for it, beside what the caller has there.
fn question(context: &str, exporter_metadata: Option<&str>) -> String {
    let context = match exporter_metadata {
        None => context.to_owned(),
        Some(metadata) => enriched(context, metadata).unwrap_or_else(|| context.to_owned()),
    };
    format!("{{\"context\":{context}}}")
}

fn enriched(context: &str, metadata: &str) -> Option<String> {
    let mut members: serde_json::Map<String, Value> = serde_json::from_str(context).ok()?;
    let mut own = match members.remove("gofeatureflag") {
        Some(Value::Object(own)) => own,
        // What is no object is replaced.
        _ => serde_json::Map::new(),
    };
    own.insert("exporterMetadata".into(), serde_json::from_str(metadata).ok()?);
    members.insert("gofeatureflag".into(), Value::Object(own));
    serde_json::to_string(&members).ok()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    #[serde(default)]
    key: Option<String>,
    #[serde(borrow, default)]
    value: Option<&'a RawValue>,
    #[serde(default)]
    variant: Option<String>,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    metadata: Option<serde_json::Map<String, Value>>,
    #[serde(default)]
    error_code: Option<String>,
    #[serde(default)]
    error_details: Option<String>,
}

#[derive(Deserialize)]
struct Answers<'a> {
    #[serde(borrow)]
    flags: Vec<Answer<'a>>,
}

/// Reads an answer about a flag.
///
/// # Errors
/// When it is none.
pub(crate) fn answer(body: &[u8], key: &str) -> Result<RemoteAnswer, String> {
    let answer: Answer<'_> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if answer.error_code.is_none() && answer.reason.is_none() {
        return Err("it has neither reason nor errorCode".into());
    }
    Ok(mapped(answer, key))
}

/// Reads an answer about all flags.
///
/// # Errors
/// When it is none.
pub(crate) fn answers(body: &[u8]) -> Result<Vec<RemoteAnswer>, String> {
    let answers: Answers<'_> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    Ok(answers.flags.into_iter().map(|answer| mapped(answer, "")).collect())
}

fn mapped(answer: Answer<'_>, key: &str) -> RemoteAnswer {
    let known_error = |code: &String| ERROR_CODES.into_iter().find(|known| known.name() == code);
    let error = match &answer.error_code {
        Some(code) if !code.is_empty() => Some(known_error(code).unwrap_or(ErrorCode::General)),
        _ => None,
    };
    let reason = answer.reason.as_deref().unwrap_or_default();
    let reason = REASONS.into_iter().find(|known| known.name() == reason).unwrap_or(Reason::Unknown);
    let metadata = answer.metadata.unwrap_or_default();
    let is_cacheable = error.is_none() && metadata.get(CACHEABLE) == Some(&Value::Bool(true));
    let outcome = Outcome {
        // As an evaluation in this process has it.
        variant: Some(answer.variant.unwrap_or_else(|| match error {
            None | Some(ErrorCode::FlagNotFound) => String::new(),
            Some(_) => "SdkDefault".into(),
        })),
        value: answer.value.map(|value| value.get().to_owned()),
        metadata: if metadata.is_empty() { String::new() } else { Value::Object(metadata).to_string() },
        switch: None,
    };
    RemoteAnswer {
        key: answer.key.unwrap_or_else(|| key.to_owned()),
        outcome,
        reason: if error.is_some() { Reason::Error } else { reason },
        error,
        message: answer.error_details.unwrap_or_default(),
        is_cacheable,
    }
}

/// Metadata that says that the relay evaluated.
pub(crate) fn marked(metadata: &str) -> String {
    let mut members: serde_json::Map<String, Value> = serde_json::from_str(metadata).unwrap_or_default();
    members.insert(EVALUATED_REMOTELY.into(), Value::Bool(true));
    Value::Object(members).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_keeps_what_the_caller_has() {
        assert_eq!(question("{\"a\":1}", None), r#"{"context":{"a":1}}"#);
        let asked = question(r#"{"a":1,"gofeatureflag":{"flagList":["x"]}}"#, Some(r#"{"team":"t"}"#));
        let asked: Value = serde_json::from_str(&asked).unwrap();
        assert_eq!(asked["context"]["gofeatureflag"]["flagList"][0], "x");
        assert_eq!(asked["context"]["gofeatureflag"]["exporterMetadata"]["team"], "t");
    }

    #[test]
    fn answers_are_mapped() {
        let body = br#"{"key":"f","value":true,"reason":"SPLIT","variant":"a","metadata":{"gofeatureflag_cacheable":true}}"#;
        let found = answer(body, "f").unwrap();
        assert_eq!((found.reason, found.error, found.is_cacheable), (Reason::Split, None, true));
        let missing =
            answer(br#"{"errorCode":"FLAG_NOT_FOUND","errorDetails":"no","key":"f"}"#, "f").unwrap();
        assert_eq!((missing.error, missing.message.as_str()), (Some(ErrorCode::FlagNotFound), "no"));
        assert!(answer(b"{}", "f").is_err() && answer(b"<html>", "f").is_err());
        assert_eq!(answers(br#"{"flags":[{"key":"a","value":1,"reason":"STATIC"}]}"#).unwrap()[0].key, "a");
        assert_eq!(marked(""), r#"{"gofeatureflag_evaluated_remotely":true}"#);
    }
}
