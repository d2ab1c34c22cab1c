//! Options of the way to the service.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use ureq::http::{HeaderName, HeaderValue, Uri};

use super::invalid;
use super::read::Given;
use crate::error::Error;
use crate::limits::{MAX_CACHE_ENTRIES, MAX_FLAG_LIST, MAX_RETRIES};
use crate::service::Service;

/// Where flags are evaluated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// In this process, on the service's ruleset.
    #[default]
    InProcess,
    /// By the service, asked for each evaluation.
    Remote,
}

/// How the client hears of changes between two polls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChangeStream {
    /// By what the service offers: server-sent events, else a WebSocket.
    #[default]
    Auto,
    /// By server-sent events alone.
    Sse,
    /// By a WebSocket alone.
    WebSocket,
    /// Not at all.
    Off,
}

impl Mode {
    const ALL: [(&'static str, Self); 2] = [("in_process", Self::InProcess), ("remote", Self::Remote)];
}

impl ChangeStream {
    const ALL: [(&'static str, Self); 4] =
        [("auto", Self::Auto), ("sse", Self::Sse), ("websocket", Self::WebSocket), ("off", Self::Off)];
}

/// What TLS is made from: PEM, or the path of a file with it.
#[derive(Clone, Default)]
pub(crate) struct TlsFiles {
    pub(crate) ca_file: Option<String>,
    pub(crate) ca_data: Option<String>,
    pub(crate) client_cert: Option<String>,
    pub(crate) client_key: Option<String>,
}

/// Where the service is, and how it is reached.
#[derive(Clone)]
pub(crate) struct Network {
    /// Without a slash at its end.
    pub(crate) endpoint: Option<String>,
    pub(crate) collector_endpoint: Option<String>,
    /// Where changes are told of, where it is elsewhere.
    pub(crate) stream_endpoint: Option<String>,
    pub(crate) api_key: Option<String>,
    pub(crate) mode: Mode,
    pub(crate) poll_interval: Duration,
    /// How long a validator is trusted that does not tell of every change; five polls without it.
    pub(crate) full_fetch_interval: Option<Duration>,
    pub(crate) change_stream: ChangeStream,
    pub(crate) reconnect_interval: Duration,
    pub(crate) flag_list: Vec<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) timeout: Duration,
    /// How often a request that was lost is sent again; without it as the service has it.
    pub(crate) retries: Option<u32>,
    pub(crate) proxy: Option<String>,
    pub(crate) tls: TlsFiles,
    pub(crate) cache_size: usize,
    pub(crate) cache_ttl: Duration,
    pub(crate) disable_cache_invalidation: bool,
}

/// Without what may be secret: keys, headers, the proxy's password.
impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network")
            .field("endpoint", &self.endpoint)
            .field("collector_endpoint", &self.collector_endpoint)
            .field("mode", &self.mode)
            .field("poll_interval", &self.poll_interval)
            .field("change_stream", &self.change_stream)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl Default for Network {
    fn default() -> Self {
        Self {
            endpoint: None,
            collector_endpoint: None,
            stream_endpoint: None,
            full_fetch_interval: None,
            api_key: None,
            mode: Mode::default(),
            poll_interval: Duration::from_secs(120),
            change_stream: ChangeStream::default(),
            reconnect_interval: Duration::from_secs(60),
            flag_list: Vec::new(),
            headers: Vec::new(),
            timeout: Duration::from_secs(10),
            retries: None,
            proxy: None,
            tls: TlsFiles::default(),
            cache_size: 10_000,
            cache_ttl: Duration::from_secs(60),
            disable_cache_invalidation: false,
        }
    }
}

impl Network {
    /// The defaults for a service.
    pub(super) fn of(service: Service) -> Self {
        let poll_interval = match service {
            Service::Goff => Duration::from_secs(120),
            Service::Flagsmith => Duration::from_secs(60),
        };
        Self { poll_interval, ..Self::default() }
    }

    /// How long a validator is trusted that does not tell of every change.
    pub(crate) fn full_fetch_interval(&self) -> Duration {
        self.full_fetch_interval.unwrap_or(self.poll_interval.saturating_mul(5))
    }

    /// Sets an option; whether `name` is one of these.
    pub(super) fn set(&mut self, name: &str, value: Given<'_>) -> Result<bool, Error> {
        match name {
            "endpoint" => self.endpoint = Some(endpoint(name, &value.string()?)?),
            "collector_endpoint" => self.collector_endpoint = Some(endpoint(name, &value.string()?)?),
            "stream_endpoint" => self.stream_endpoint = Some(endpoint(name, &value.string()?)?),
            "full_fetch_interval_ms" => self.full_fetch_interval = Some(value.milliseconds(0)?),
            "api_key" => {
                let key = value.string()?;
                HeaderValue::from_str(&key)
                    .map_err(|_| value.not_allowed("text that an HTTP header can hold"))?;
                self.api_key = Some(key);
            }
            "mode" => self.mode = value.one_of(&Mode::ALL)?,
            "poll_interval_ms" => self.poll_interval = value.milliseconds(0)?,
            "change_stream" => self.change_stream = value.one_of(&ChangeStream::ALL)?,
            "reconnect_interval_ms" => self.reconnect_interval = value.milliseconds(1)?,
            "flag_list" => self.flag_list = flag_list(value)?,
            "headers" => self.headers = headers(value)?,
            "timeout_ms" => self.timeout = value.milliseconds(1)?,
            "retries" => self.retries = Some(value.integer(0, MAX_RETRIES)? as u32),
            "proxy" => self.proxy = Some(value.string()?),
            "ca_file" => self.tls.ca_file = Some(value.string()?),
            "ca_data" => self.tls.ca_data = Some(value.string()?),
            "client_cert" => self.tls.client_cert = Some(value.string()?),
            "client_key" => self.tls.client_key = Some(value.string()?),
            "cache_size" => self.cache_size = value.integer(0, MAX_CACHE_ENTRIES)? as usize,
            "cache_ttl_ms" => self.cache_ttl = value.milliseconds(0)?,
            "disable_cache_invalidation" => self.disable_cache_invalidation = value.bool()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// The base of a service's URLs, without the slash at its end.
pub(super) fn endpoint(name: &str, url: &str) -> Result<String, Error> {
    let refused = |cause: &str| {
        // What stands before an `@` may be a password.
        let shown = if url.contains('@') { "" } else { url };
        Err(invalid(format!(
            "option {name} is \"{shown}\": {cause}; allowed: http://HOST[:PORT][/PATH], https://..."
        )))
    };
    let Ok(uri) = url.parse::<Uri>() else { return refused("it is no URL") };
    let (Some("http" | "https"), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return refused("it is no http or https URL");
    };
    if authority.host().is_empty() {
        return refused("it names no host");
    }
    if authority.as_str().contains('@') {
        return refused("credentials belong into option headers or api_key");
    }
    if url.contains(['?', '#']) {
        return refused("it has a query or a fragment");
    }
    Ok(url.trim_end_matches('/').to_owned())
}

fn flag_list(value: Given<'_>) -> Result<Vec<String>, Error> {
    let allowed = format!("a list of at most {MAX_FLAG_LIST} strings");
    let list: Vec<String> = value.parse(&allowed)?;
    if list.len() > MAX_FLAG_LIST { Err(value.not_allowed(&allowed)) } else { Ok(list) }
}

fn headers(value: Given<'_>) -> Result<Vec<(String, String)>, Error> {
    const ALLOWED: &str = "an object of header names and strings that HTTP headers can be";
    let members: BTreeMap<String, String> = value.parse(ALLOWED)?;
    for (name, text) in &members {
        let is_name = HeaderName::from_bytes(name.as_bytes()).is_ok();
        if !is_name || HeaderValue::from_str(text).is_err() {
            return Err(invalid(format!(
                "option headers has {name:?}, which is no HTTP header; allowed: {ALLOWED}"
            )));
        }
    }
    Ok(members.into_iter().collect())
}
