//! Flagsmith's API: its URLs, how it is asked, and what its answers mean (reference section 3).

use serde::Deserialize;

use super::fields::{Field, object};
use crate::limits::MAX_RULESET_BYTES;
use crate::service::{Access, Fetched, Refusal};

/// Flagsmith's own service.
pub(crate) const DEFAULT_ENDPOINT: &str = "https://edge.api.flagsmith.com/api/v1";

/// Its change streams.
const DEFAULT_STREAMS: &str = "https://realtime.flagsmith.com";

/// What the path of the API is where an endpoint has none.
pub(crate) const API_PATH: &str = "/api/v1";

/// What begins a key that may fetch documents (reference 3.1).
pub(crate) const SERVER_KEY: &str = "ser.";

/// Pages of one document: of each hundred overrides, more than there is room for.
const MAX_PAGES: usize = 10_000;

/// How often the vendor's client sends a request again.
pub(crate) const RETRIES: u32 = 3;

/// The header that carries the key.
pub(crate) const KEY_HEADER: &str = "X-Environment-Key";

/// The header with the time of the last change, where the server sends it.
const UPDATED_AT: &str = "x-flagsmith-document-updated-at";

/// Whether an answer says that the key is wrong: 403 of the API, 401 of the edge proxy.
pub(crate) fn refuses_key(status: u16) -> bool {
    matches!(status, 401 | 403)
}

/// Scheme and authority of a URL.
pub(super) fn origin(url: &str) -> &str {
    let start = url.find("://").map_or(0, |scheme| scheme + 3);
    let end = url.get(start..).and_then(|rest| rest.find('/')).map_or(url.len(), |path| start + path);
    url.get(..end).unwrap_or(url)
}

/// Where changes of an environment are told of; `environment` is its client-side key (reference 3.7).
pub(crate) fn stream_url(endpoint: &str, streams: Option<&str>, environment: &str) -> String {
    let base = match streams {
        Some(streams) => streams,
        None if endpoint == DEFAULT_ENDPOINT => DEFAULT_STREAMS,
        // Who has a server of their own may have the streams beside it.
        None => origin(endpoint),
    };
    let environment = crate::service::escaped(environment, "");
    format!("{base}/sse/environments/{environment}/stream")
}

/// Fetches the document, with all its pages.
///
/// # Errors
/// When a page cannot be had.
pub(crate) fn fetch(access: &Access<'_>, validator: Option<&str>) -> Result<Fetched, Refusal> {
    let known: Known = validator.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let url = format!("{}/environment-document/", access.endpoint);
    let mut headers = key_headers(access);
    let since = known.last_modified.as_deref();
    headers.extend(since.map(|since| ("If-Modified-Since", since)));
    let limit = MAX_RULESET_BYTES as u64;
    let first = access.http.get(&url, &headers, limit).map_err(|cause| access.unreachable(cause))?;
    match first.status {
        200 => {}
        304 if since.is_some() => return Ok(Fetched::Unchanged),
        status => return Err(access.refused(&first, "environment_key", refuses_key(status))),
    }
    let header = |name| first.header(name).map(str::to_owned);
    let fresh = Known { last_modified: header("last-modified"), updated_at: header(UPDATED_AT) };
    if fresh.updated_at.is_some() && fresh.updated_at == known.updated_at {
        return Ok(Fetched::Unchanged);
    }
    let mut next = first.header("link").and_then(next_page).map(str::to_owned);
    let (mut overrides, mut pages, mut bytes) = (Vec::new(), 1, first.body.len());
    while let Some(link) = next {
        pages += 1;
        let url = if link.starts_with('/') { format!("{}{link}", origin(access.endpoint)) } else { link };
        if origin(&url) != origin(access.endpoint) || pages > MAX_PAGES || bytes > MAX_RULESET_BYTES {
            return Err(
                access.unreachable("a page of the document cannot be asked for, or there are too many")
            );
        }
        let page =
            access.http.get(&url, &key_headers(access), limit).map_err(|cause| access.unreachable(cause))?;
        if page.status != 200 {
            return Err(access.refused(&page, "environment_key", refuses_key(page.status)));
        }
        bytes += page.body.len();
        next = page.header("link").and_then(next_page).map(str::to_owned);
        overrides.push(page.body);
    }
    let document = if overrides.is_empty() {
        first.body
    } else {
        joined(first.body, &overrides).map_err(|cause| access.unreachable(cause))?
    };
    let validator = fresh.last_modified.is_some() || fresh.updated_at.is_some();
    Ok(Fetched::Changed { document, validator: validator.then(|| fresh.to_json()) })
}

fn key_headers<'a>(access: &Access<'a>) -> Vec<(&'a str, &'a str)> {
    let key = access.key.map(|key| (KEY_HEADER, key));
    [("Accept", "application/json")].into_iter().chain(key).collect()
}

/// By what a document is known when it is asked for again. Neither is to be trusted for long: an edit of an identity's
/// override need not change them (reference 3.2).
#[derive(Debug, Default, Deserialize)]
struct Known {
    last_modified: Option<String>,
    updated_at: Option<String>,
}

impl Known {
    fn to_json(&self) -> String {
        let text = |text: &Option<String>| text.as_deref().map_or_else(|| "null".into(), crate::json::quoted);
        format!(
            "{{\"last_modified\":{},\"updated_at\":{}}}",
            text(&self.last_modified),
            text(&self.updated_at)
        )
    }
}

/// The URL of `<URL>; rel="next"` in a `Link` header.
fn next_page(header: &str) -> Option<&str> {
    header.split(',').find_map(|link| {
        let (url, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        let is_next = parameters
            .split(';')
            .any(|parameter| matches!(parameter.trim().split_once('='), Some(("rel", "next" | "\"next\""))));
        is_next.then_some(url)
    })
}

#[derive(Deserialize)]
struct Page<'d> {
    #[serde(borrow, default)]
    identity_overrides: Field<'d>,
}

/// The first page with the identity overrides of all.
fn joined(first: Vec<u8>, pages: &[Vec<u8>]) -> Result<Vec<u8>, String> {
    let text = |bytes| std::str::from_utf8(bytes).map_err(|_| "a page is not UTF-8".to_owned());
    let first = text(&first)?;
    let page: Page<'_> = object(first, "the document")?;
    let mut overrides: Vec<&str> = page.identity_overrides.list_if_any("identity_overrides")?;
    for bytes in pages {
        let page: Page<'_> = object(text(bytes)?, "a page of the document")?;
        overrides.extend(page.identity_overrides.list_if_any("identity_overrides")?);
    }
    let all = format!("[{}]", overrides.join(","));
    let document = match page.identity_overrides.place_in(first) {
        Some(place) => format!(
            "{}{all}{}",
            first.get(..place.start).unwrap_or_default(),
            first.get(place.end..).unwrap_or_default()
        ),
        None => {
            let end = first.rfind('}').ok_or("the document is no object")?;
            format!("{},\"identity_overrides\":{all}}}", first.get(..end).unwrap_or_default())
        }
    };
    Ok(document.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_found_and_joined() {
        let header = "</api/v1/environment-document/?page_id=identity_override%3A6>; rel=\"next\"";
        assert_eq!(next_page(header), Some("/api/v1/environment-document/?page_id=identity_override%3A6"));
        assert_eq!(
            next_page("<http://h/a>; rel=\"prev\", <http://h/b>; title=x; rel=next"),
            Some("http://h/b")
        );
        assert_eq!(next_page("</a>; rel=\"last\""), None);
        let page = |text: &str| text.as_bytes().to_vec();
        let join = |first: &str| {
            let pages = [
                page("{\"identity_overrides\":[3]}"),
                page("{\"x\":1}"),
                page("{\"identity_overrides\":[4, 5]}"),
            ];
            String::from_utf8(joined(page(first), &pages).unwrap()).unwrap()
        };
        assert_eq!(
            join("{\"a\":1.0,\"identity_overrides\": [1, 2],\"b\":2}"),
            "{\"a\":1.0,\"identity_overrides\": [1,2,3,4,5],\"b\":2}"
        );
        assert_eq!(join("{\"a\":1}"), "{\"a\":1,\"identity_overrides\":[3,4,5]}");
        assert_eq!(join("{\"identity_overrides\":null}"), "{\"identity_overrides\":[3,4,5]}");
    }

    #[test]
    fn streams_are_beside_the_api_unless_it_is_flagsmiths_own() {
        assert_eq!(
            stream_url("http://h:8/api/v1", None, "k/é"),
            "http://h:8/sse/environments/k%2F%C3%A9/stream"
        );
        assert_eq!(
            stream_url(DEFAULT_ENDPOINT, None, "k"),
            "https://realtime.flagsmith.com/sse/environments/k/stream"
        );
        assert_eq!(
            stream_url("http://h/api/v1", Some("http://s"), "k"),
            "http://s/sse/environments/k/stream"
        );
    }
}
