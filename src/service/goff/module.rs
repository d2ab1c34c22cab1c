//! GO Feature Flag's own module: what it is asked, and what it answers (reference 1.5 and 1.6).

use std::collections::BTreeMap;

use pennon_wire::answer::{ERROR_CODES, REASONS};
use pennon_wire::report::Outcome;
use pennon_wire::{ErrorCode, Reason};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The member by which the relay says over OFREP that an answer may be cached.
const CACHEABLE: &str = "gofeatureflag_cacheable";

/// Asks about a flag, whose definition, context and enrichment are JSON texts.
pub(crate) fn question(key: &str, flag: &str, context: &str, enrichment: Option<&str>) -> String {
    let key = serde_json::to_string(key).unwrap_or_default();
    let enrichment = enrichment.unwrap_or("null");
    format!(
        "{{\"flagKey\":{key},\"flag\":{flag},\"evalContext\":{context},\
         \"flagContext\":{{\"evaluationContextEnrichment\":{enrichment}}}}}"
    )
}

/// What the module answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub outcome: Outcome,
    pub reason: Reason,
    pub error: Option<ErrorCode>,
    pub message: String,
    /// Whether evaluations of the flag are reported; those of an unknown one are.
    pub tracked: bool,
    /// The flag's version; may be empty.
    pub version: String,
}

type Members<'a> = BTreeMap<String, &'a RawValue>;

impl Answer {
    /// Reads an answer.
    ///
    /// # Errors
    /// When it is none; says why.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let members: Members<'_> =
            serde_json::from_slice(bytes).map_err(|error| format!("it is no JSON object: {error}"))?;
        // What it always says; another object, such as the question itself, is no answer.
        if let Some(missing) =
            ["variationType", "reason", "errorCode"].iter().find(|name| !members.contains_key(**name))
        {
            return Err(format!("it has no {missing}"));
        }
        let code: String = member(&members, "errorCode")?;
        let reason: String = member(&members, "reason")?;
        let error = match code.as_str() {
            "" => None,
            code => Some(known(&ERROR_CODES, ErrorCode::name, code).unwrap_or(ErrorCode::General)),
        };
        let reason = match error {
            Some(_) => Reason::Error,
            None => known(&REASONS, Reason::name, &reason).unwrap_or(Reason::Unknown),
        };
        let cacheable: bool = member(&members, "cacheable")?;
        let value = members.get("value").map(|value| value.get()).filter(|value| *value != "null");
        let outcome = Outcome {
            variant: Some(member(&members, "variationType")?),
            value: value.map(str::to_owned),
            metadata: metadata(&members, cacheable)?,
            switch: None,
        };
        let message = member(&members, "errorDetails")?;
        let tracked = member::<Option<bool>>(&members, "trackEvents")?.unwrap_or(true);
        let version = member::<Option<String>>(&members, "version")?.unwrap_or_default();
        Ok(Self { outcome, reason, error, message, tracked, version })
    }
}

/// A member; what an absent one would be where there is none.
fn member<'a, T: Deserialize<'a> + Default>(members: &Members<'a>, name: &str) -> Result<T, String> {
    let Some(value) = members.get(name) else { return Ok(T::default()) };
    serde_json::from_str(value.get()).map_err(|error| format!("its {name} is of a wrong type: {error}"))
}

fn known<T: Copy>(all: &[T], name: impl Fn(T) -> &'static str, wanted: &str) -> Option<T> {
    all.iter().copied().find(|item| name(*item) == wanted)
}

/// The flag's metadata with what the relay adds to it over OFREP; empty where there is none.
fn metadata(members: &Members<'_>, cacheable: bool) -> Result<String, String> {
    let mut metadata: Members<'_> = member::<Option<_>>(members, "metadata")?.unwrap_or_default();
    let yes = RawValue::TRUE;
    if cacheable {
        metadata.insert(CACHEABLE.into(), yes);
    }
    if metadata.is_empty() {
        return Ok(String::new());
    }
    serde_json::to_string(&metadata).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_mapped_as_the_relay_s_would_be() {
        let answer = Answer::parse(
            br#"{"trackEvents":true,"variationType":"on","failed":false,"version":"","reason":"TARGETING_MATCH",
                "errorCode":"","value":{"a":1},"cacheable":true,"metadata":{"evaluatedRuleName":"r"}}"#,
        )
        .unwrap();
        assert_eq!((answer.reason, answer.error), (Reason::TargetingMatch, None));
        assert_eq!(
            (answer.outcome.variant.as_deref().unwrap_or_default(), answer.outcome.value.as_deref()),
            ("on", Some(r#"{"a":1}"#))
        );
        assert_eq!(answer.outcome.metadata, r#"{"evaluatedRuleName":"r","gofeatureflag_cacheable":true}"#);
    }

    #[test]
    fn errors_and_null_have_no_value() {
        let answer = Answer::parse(
            br#"{"variationType":"","reason":"","errorCode":"PARSE_ERROR","errorDetails":"x","value":null}"#,
        );
        let answer = answer.unwrap();
        assert_eq!((answer.reason, answer.error), (Reason::Error, Some(ErrorCode::ParseError)));
        assert_eq!(
            (answer.message.as_str(), answer.outcome.value, answer.outcome.metadata.as_str()),
            ("x", None, "")
        );
        assert_eq!(
            Answer::parse(br#"{"variationType":"","reason":"","errorCode":"NEW"}"#).unwrap().error,
            Some(ErrorCode::General)
        );
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        for bytes in [
            &b""[..],
            b"[]",
            b"{",
            b"\xff",
            br#"{}"#,
            br#"{"flagKey":"f"}"#,
            br#"{"variationType":"","reason":5,"errorCode":""}"#,
        ] {
            assert!(Answer::parse(bytes).is_err(), "{}", String::from_utf8_lossy(bytes));
        }
    }
}
