//! Evaluation by Flagsmith: `flags/` for the environment, `identities/` for an identity (reference 3.3, 3.4).

use pennon_wire::Reason;
use pennon_wire::report::Outcome;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::api::KEY_HEADER;
use super::fields::text;
use crate::json::{members, quoted};
use crate::service::remote::{RemoteAnswer, RemoteQuestion, RemoteRequest};
use crate::service::{DefaultFlag, ValueOptions};

/// Attributes that are no traits.
pub(super) const NO_TRAITS: [&str; 3] = ["targetingKey", "traits", "transient"];

/// The request for the flags of a context.
pub(crate) fn request(question: &RemoteQuestion<'_>) -> Result<RemoteRequest, String> {
    let attributes = members(question.context).map_err(|error| error.to_string())?;
    let attribute =
        |name: &str| attributes.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.get());
    let identifier = attribute("targetingKey").and_then(text).filter(|key| !key.is_empty());
    let headers = question.key.map(|key| (KEY_HEADER, key.to_owned())).into_iter().collect();
    let endpoint = question.endpoint;
    let Some(identifier) = identifier else {
        return Ok(RemoteRequest { url: format!("{endpoint}/flags/"), headers, body: None });
    };
    let own = attributes.iter().filter(|(name, _)| !NO_TRAITS.contains(&name.as_str()));
    let mut traits: Vec<(&str, &str)> = own.map(|(name, value)| (name.as_str(), value.get())).collect();
    let nested = match attribute("traits") {
        None => Vec::new(),
        Some(json) => members(json).map_err(|_| "attribute `traits` is not an object")?,
    };
    // Those of `traits` come before attributes of the same name.
    traits.retain(|(name, _)| nested.iter().all(|(other, _)| other != name));
    traits.extend(nested.iter().map(|(name, value)| (name.as_str(), value.get())));
    let traits = traits.into_iter().map(written).collect::<Result<Vec<_>, _>>()?;
    let transient = if attribute("transient") == Some("true") { ",\"transient\":true" } else { "" };
    let body =
        format!("{{\"identifier\":{},\"traits\":[{}]{transient}}}", quoted(&identifier), traits.join(","));
    Ok(RemoteRequest { url: format!("{endpoint}/identities/"), headers, body: Some(body) })
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    value: &'a RawValue,
    #[serde(default)]
    transient: bool,
}

/// A trait as the API takes it: its value, or that of its envelope `{"value", "transient"}`.
fn written((name, json): (&str, &str)) -> Result<String, String> {
    let (value, transient) = if json.starts_with('{') {
        let envelope: Envelope<'_> =
            serde_json::from_str(json).map_err(|_| format!("trait `{name}` is an object without `value`"))?;
        (envelope.value.get(), envelope.transient)
    } else {
        (json, false)
    };
    let transient = if transient { ",\"transient\":true" } else { "" };
    Ok(format!("{{\"trait_key\":{},\"trait_value\":{value}{transient}}}", quoted(name)))
}

#[derive(Deserialize)]
struct Feature<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
    name: String,
}

#[derive(Deserialize)]
struct Flag<'a> {
    #[serde(borrow)]
    feature: Feature<'a>,
    enabled: bool,
    #[serde(borrow, default)]
    feature_state_value: Option<&'a RawValue>,
    #[serde(default)]
    variant: Option<String>,
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Identity<'a> {
    #[serde(borrow)]
    flags: Vec<Flag<'a>>,
}

/// Reads the flags of an identity, or of the environment.
pub(crate) fn answers(body: &[u8], values: ValueOptions) -> Result<Vec<RemoteAnswer>, String> {
    let is_identity = body.trim_ascii_start().starts_with(b"{");
    let flags = if is_identity {
        serde_json::from_slice::<Identity<'_>>(body).map(|identity| identity.flags)
    } else {
        serde_json::from_slice(body)
    };
    let flags: Vec<Flag<'_>> = flags.map_err(|error| error.to_string())?;
    Ok(flags.into_iter().map(|flag| mapped(flag, is_identity, values)).collect())
}

fn mapped(flag: Flag<'_>, is_identity: bool, values: ValueOptions) -> RemoteAnswer {
    let word = flag.reason.as_deref().and_then(|reason| reason.split(';').next()).map(str::trim);
    // As the vendor's provider: servers that say no reason have been asked for an identity, or not.
    let reason = match word {
        _ if !flag.enabled => Reason::Disabled,
        Some("STATIC" | "DEFAULT") => Reason::Static,
        Some("TARGETING_MATCH") => Reason::TargetingMatch,
        Some("SPLIT") => Reason::Split,
        Some(_) => Reason::Unknown,
        None if is_identity && flag.variant.is_some() => Reason::Split,
        None if is_identity => Reason::TargetingMatch,
        None => Reason::Static,
    };
    let mut metadata = format!("{{\"enabled\":{},\"featureId\":{}", flag.enabled, flag.feature.id.get());
    if let Some(reason) = &flag.reason {
        metadata += &format!(",\"reason\":{}", quoted(reason));
    }
    if let Some(variant) = &flag.variant {
        metadata += &format!(
            ",\"experiment.arm\":{},\"experiment.active\":{},\"experiment.unit\":\"user\"",
            quoted(variant),
            flag.enabled
        );
    }
    let value = flag.feature_state_value.map_or("null", RawValue::get);
    RemoteAnswer {
        key: flag.feature.name,
        outcome: Outcome {
            variant: flag.variant,
            value: Some(value.to_owned()),
            metadata: metadata + "}",
            switch: Some(values.switch(flag.enabled)),
        },
        reason,
        error: None,
        message: String::new(),
        is_cacheable: true,
    }
}

/// What the vendor's client calls a default flag: it has no feature behind it.
pub(crate) fn default_outcome(flag: &DefaultFlag, values: ValueOptions) -> Outcome {
    Outcome {
        variant: None,
        value: Some(flag.value.clone()),
        metadata: format!("{{\"enabled\":{},\"isDefault\":true}}", flag.is_on),
        switch: Some(values.switch(flag.is_on)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(context: &str) -> Result<RemoteRequest, String> {
        let question = RemoteQuestion {
            endpoint: "http://h/api/v1",
            key: Some("k"),
            flag: None,
            context,
            metadata: None,
        };
        request(&question)
    }

    #[test]
    fn a_context_is_asked_about_as_the_vendors_client_does() {
        let environment = asked(r#"{"plan": "pro"}"#).unwrap();
        assert_eq!((environment.url.as_str(), environment.body), ("http://h/api/v1/flags/", None));
        let context = r#"{"targetingKey":"a\"b","plan":"free","age":1.0,"transient":true,"traits":{"plan":{"value":"pro","transient":true},"n":null}}"#;
        let identity = asked(context).unwrap();
        assert_eq!(identity.url, "http://h/api/v1/identities/");
        assert_eq!(
            identity.body.unwrap(),
            r#"{"identifier":"a\"b","traits":[{"trait_key":"age","trait_value":1.0},{"trait_key":"plan","trait_value":"pro","transient":true},{"trait_key":"n","trait_value":null}],"transient":true}"#
        );
        assert!(asked(r#"{"targetingKey":"a","traits":[]}"#).is_err());
        assert!(asked(r#"{"targetingKey":"a","t":{"transient":true}}"#).is_err());
    }

    #[test]
    fn flags_are_read_with_and_without_reasons() {
        let body = br#"{"identifier":"x","traits":[],"flags":[{"feature":{"id":7,"name":"f","type":"STANDARD"},"enabled":true,"feature_state_value":1.50,"variant":"a"}]}"#;
        let answers = answers(body, ValueOptions::default()).unwrap();
        assert_eq!(answers[0].outcome.value.as_deref(), Some("1.50"));
        assert_eq!(answers[0].reason, Reason::Split);
        let body = br#"[{"feature":{"id":7,"name":"f","type":"STANDARD"},"enabled":false,"feature_state_value":null,"reason":"DEFAULT"}]"#;
        let answers = super::answers(body, ValueOptions::default()).unwrap();
        assert_eq!(answers[0].reason, Reason::Disabled);
        assert_eq!(answers[0].outcome.metadata, r#"{"enabled":false,"featureId":7,"reason":"DEFAULT"}"#);
        assert!(super::answers(b"{}", ValueOptions::default()).is_err());
    }
}
