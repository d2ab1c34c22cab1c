//! What GO Feature Flag's collector takes (reference 4.3): its field names, seconds, and no others.

use crate::json::quoted;
use crate::service::report::Evaluated;
use crate::user::User;

/// What stands for a targeting key that is missing (reference 5.3).
const NO_KEY: &str = "undefined-targetingKey";

/// What stands for a variation where the flag gave none (reference 4.3).
const NO_VARIATION: &str = "SdkDefault";

/// An event of an evaluation.
pub(crate) fn evaluated(event: Evaluated<'_>) -> String {
    let Evaluated { flag, seconds, value, has_failed, .. } = event;
    let variation = if event.variation.is_empty() { NO_VARIATION } else { event.variation };
    let version = match event.version {
        "" => String::new(),
        version => format!("\"version\":{},", quoted(version)),
    };
    format!(
        "{{\"kind\":\"feature\",{},\"creationDate\":{seconds},\"key\":{},\"variation\":{},\"value\":{value},\
         \"default\":{has_failed},{version}\"source\":\"INPROCESS\"}}",
        subject(event.user),
        quoted(flag),
        quoted(variation)
    )
}

/// An event of the application's own: `context` and `details` are JSON objects.
pub(crate) fn tracked(name: &str, user: User<'_>, seconds: u32, context: &str, details: &str) -> String {
    format!(
        "{{\"kind\":\"tracking\",{},\"creationDate\":{seconds},\"key\":{},\"evaluationContext\":{context},\
         \"trackingEventDetails\":{details}}}",
        subject(user),
        quoted(name)
    )
}

fn subject(user: User<'_>) -> String {
    let kind = if user.is_anonymous { "anonymousUser" } else { "user" };
    let key = user.key.filter(|key| !key.is_empty()).unwrap_or(NO_KEY);
    format!("\"contextKind\":\"{kind}\",\"userKey\":{}", quoted(key))
}

/// What is sent with every batch: who sends it (COLL of reference 5.2), and the caller's metadata, a JSON object.
pub(crate) fn meta(exporter_metadata: Option<&str>) -> String {
    let own = "\"provider\":\"pennon\",\"openfeature\":true";
    let theirs = exporter_metadata.and_then(|json| json.trim().strip_prefix('{')?.strip_suffix('}'));
    // Of two members with one name the collector takes the later.
    match theirs.map(str::trim).filter(|members| !members.is_empty()) {
        Some(members) => format!("{{{own},{members}}}"),
        None => format!("{{{own}}}"),
    }
}

/// The request for a batch.
pub(crate) fn request<T: AsRef<str>>(meta: &str, events: &[T]) -> Vec<u8> {
    let length: usize = events.iter().map(|event| event.as_ref().len() + 1).sum();
    let mut body = Vec::with_capacity(length + meta.len() + 32);
    body.extend_from_slice(b"{\"meta\":");
    body.extend_from_slice(meta.as_bytes());
    body.extend_from_slice(b",\"events\":[");
    for (index, event) in events.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        body.extend_from_slice(event.as_ref().as_bytes());
    }
    body.extend_from_slice(b"]}");
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: User<'_> = User { key: Some("a\""), is_anonymous: false };

    #[test]
    fn events_have_the_collectors_fields() {
        let event = Evaluated {
            flag: "f",
            user: USER,
            seconds: 7,
            variation: "on",
            value: "true",
            has_failed: false,
            version: "1",
        };
        assert_eq!(
            evaluated(event),
            r#"{"kind":"feature","contextKind":"user","userKey":"a\"","creationDate":7,"key":"f","variation":"on","value":true,"default":false,"version":"1","source":"INPROCESS"}"#
        );
        let nobody = User { key: None, is_anonymous: true };
        let failed = Evaluated { user: nobody, variation: "", version: "", has_failed: true, ..event };
        assert_eq!(
            evaluated(failed),
            r#"{"kind":"feature","contextKind":"anonymousUser","userKey":"undefined-targetingKey","creationDate":7,"key":"f","variation":"SdkDefault","value":true,"default":true,"source":"INPROCESS"}"#
        );
        assert_eq!(
            tracked("buy", USER, 7, "{}", r#"{"value":1}"#),
            r#"{"kind":"tracking","contextKind":"user","userKey":"a\"","creationDate":7,"key":"buy","evaluationContext":{},"trackingEventDetails":{"value":1}}"#
        );
    }

    #[test]
    fn a_request_has_the_callers_metadata() {
        assert_eq!(meta(None), r#"{"provider":"pennon","openfeature":true}"#);
        assert_eq!(meta(Some(" { } ")), meta(None));
        let meta = meta(Some(r#"{"team":"x"}"#));
        assert_eq!(meta, r#"{"provider":"pennon","openfeature":true,"team":"x"}"#);
        assert_eq!(request("{}", &["1", "2"]), br#"{"meta":{},"events":[1,2]}"#);
    }
}
