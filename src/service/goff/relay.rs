//! GO Feature Flag's relay proxy: its URLs, how it is asked, and what its answers mean (reference section 4).

use crate::json::text_list;
use crate::limits::MAX_RULESET_BYTES;
use crate::service::{Access, Fetched, Refusal, escaped};

/// The headers that carry the key; none without a key.
pub(crate) struct KeyHeaders(Option<[(&'static str, String); 2]>);

impl KeyHeaders {
    /// Two names, which old and new relays read (the second since 1.49), and a gateway before them may.
    pub(crate) fn of(key: Option<&str>) -> Self {
        Self(key.map(|key| [("Authorization", format!("Bearer {key}")), ("X-API-Key", key.to_owned())]))
    }

    /// The headers themselves.
    pub(crate) fn into_iter(self) -> impl Iterator<Item = (&'static str, String)> {
        self.0.into_iter().flatten()
    }

    pub(crate) fn each(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().flatten().map(|(name, value)| (*name, value.as_str()))
    }
}

/// Where flags are.
pub(crate) fn configuration_url(endpoint: &str) -> String {
    format!("{endpoint}/v1/flag/configuration")
}

/// The question for these flags; for all where there is none.
pub(crate) fn configuration_question(flags: &[String]) -> String {
    format!("{{\"flags\":{}}}", text_list(flags))
}

/// Asks for the flags of a question, unless they are those that `etag` is of.
///
/// # Errors
/// When they cannot be had.
pub(crate) fn fetch(access: &Access<'_>, question: &str, etag: Option<&str>) -> Result<Fetched, Refusal> {
    let keys = KeyHeaders::of(access.key);
    let mut headers: Vec<(&str, &str)> = vec![("Accept", "application/json")];
    headers.extend(keys.each());
    headers.extend(etag.map(|etag| ("If-None-Match", etag)));
    let url = configuration_url(access.endpoint);
    let answer = access.http.post(&url, &headers, question.as_bytes(), MAX_RULESET_BYTES as u64);
    let response = answer.map_err(|cause| access.unreachable(cause))?;
    match response.status {
        200 => Ok(Fetched::Changed { document: response.body, validator: response.etag }),
        304 if etag.is_some() => Ok(Fetched::Unchanged),
        status => {
            let refuses = refuses_key(status, &response.excerpt());
            Err(access.refused(&response, "api_key", refuses))
        }
    }
}

/// Where events go.
pub(crate) fn collector_url(endpoint: &str) -> String {
    format!("{endpoint}/v1/data/collector")
}

/// Where server-sent events about changes come from. The key is in it: not for a message.
pub(crate) fn sse_url(endpoint: &str, key: Option<&str>) -> String {
    with_key(format!("{endpoint}/stream/v1/sse/flag/change"), key)
}

/// Where a WebSocket tells of changes: since 1.53, and before. The key is in them: not for a message.
pub(crate) fn websocket_urls(endpoint: &str, key: Option<&str>) -> [String; 2] {
    ["/stream/v1/ws/flag/change", "/ws/v1/flag/change"].map(|path| with_key(format!("{endpoint}{path}"), key))
}

fn with_key(url: String, key: Option<&str>) -> String {
    match key {
        Some(key) => format!("{url}?apiKey={}", escaped(key, "")),
        None => url,
    }
}

/// Where a flag is evaluated over OFREP. A path that is not escaped as Go would do it names another flag (reference A6).
pub(crate) fn evaluation_url(endpoint: &str, flag: &str) -> String {
    format!("{endpoint}/ofrep/v1/evaluate/flags/{}", escaped(flag, "$&+,/:;=@"))
}

/// Where all flags are evaluated over OFREP.
pub(crate) fn bulk_url(endpoint: &str) -> String {
    format!("{endpoint}/ofrep/v1/evaluate/flags")
}

/// Whether an answer says that the key is wrong. With flagsets the relay says so by 400 (reference 4.1).
pub(crate) fn refuses_key(status: u16, body: &str) -> bool {
    matches!(status, 401 | 403) || (status == 400 && body.contains("error while getting flagset"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_keep_the_prefix_and_escape_as_go_does() {
        assert_eq!(configuration_url("http://h/goff"), "http://h/goff/v1/flag/configuration");
        assert_eq!(
            evaluation_url("http://h", "a+b:c/é %"),
            "http://h/ofrep/v1/evaluate/flags/a+b:c/%C3%A9%20%25"
        );
        assert_eq!(
            sse_url("http://h", Some("k&=é")),
            "http://h/stream/v1/sse/flag/change?apiKey=k%26%3D%C3%A9"
        );
        assert_eq!(websocket_urls("http://h", None)[1], "http://h/ws/v1/flag/change");
    }

    #[test]
    fn a_wrong_key_is_told_from_a_wrong_question() {
        assert!(refuses_key(401, "") && refuses_key(403, ""));
        assert!(refuses_key(400, "error while getting flagset: flagset not found for API key"));
        assert!(!refuses_key(400, "impossible to read request body") && !refuses_key(500, ""));
    }
}
