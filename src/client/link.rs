//! The way to the service: where it is, by which key, and what its answers mean.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::events::{Carrier, Verdict};
use crate::http::{Http, Response, Transport};
use crate::limits::MAX_RULESET_BYTES;
use crate::options::{Mode, Network, Options};
use crate::sealed::digits;
use crate::service::goff::{collector, relay, relay::KeyHeaders};
use crate::sync::stream::Line;

/// The service as a client knows it.
pub(super) struct Link {
    /// Where rulesets are from; none where only events are sent.
    pub(super) endpoint: Option<String>,
    collector: Option<String>,
    pub(super) transport: Transport,
    key: Arc<ArcSwapOption<String>>,
    /// Of a ruleset as the service sent it, with the generation of its snapshot: another one has none.
    etag: ArcSwapOption<(u64, String)>,
    question: String,
    meta: Arc<str>,
    /// Connections of whoever fetches.
    http: Http,
    /// Connections of the sender.
    events_http: Http,
    /// By which the change stream is interrupted.
    pub(super) line: Arc<Line>,
    /// Held while the service is asked.
    pub(super) fetching: Mutex<()>,
    pub(super) traffic: Traffic,
}

/// Without the key.
impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// What was fetched.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    /// Bytes of rulesets.
    pub(super) bytes: AtomicU64,
    /// Answers that nothing has changed.
    pub(super) unchanged: AtomicU64,
}

/// An answer to the question for the ruleset.
#[derive(Debug)]
pub(super) enum Fetched {
    Unchanged,
    Changed { document: Vec<u8>, etag: Option<String> },
}

/// Why there is none.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) error: Error,
    /// How long the service wants to be left alone.
    pub(super) pause: Option<Duration>,
}

impl Link {
    /// The way that the options name, if they do.
    ///
    /// # Errors
    /// When an option of it cannot be used.
    pub(super) fn new(options: &Options) -> Result<Option<Self>, Error> {
        let network = &options.network;
        if network.endpoint.is_none() && network.collector_endpoint.is_none() {
            return Ok(None);
        }
        let key = network.api_key.clone().map(Arc::new);
        let transport = Transport::new(network)?;
        Ok(Some(Self::with(options, network, transport, ArcSwapOption::new(key))))
    }

    fn with(options: &Options, network: &Network, transport: Transport, key: ArcSwapOption<String>) -> Self {
        // In remote mode too: the relay records what it evaluates, but not what the host tracks.
        let collects = !options.events.is_disabled;
        let collector = network.collector_endpoint.clone().or_else(|| network.endpoint.clone());
        Self {
            endpoint: network.endpoint.clone(),
            collector: collector.filter(|_| collects),
            http: transport.connect(),
            events_http: transport.connect(),
            transport,
            key: Arc::new(key),
            etag: ArcSwapOption::empty(),
            question: relay::configuration_question(&network.flag_list),
            meta: collector::meta(options.events.exporter_metadata.as_deref()).into(),
            line: Arc::default(),
            fetching: Mutex::new(()),
            traffic: Traffic::default(),
        }
    }

    /// The same in the child of a fork: with connections of its own.
    pub(super) fn in_child(&self, options: &Options) -> Self {
        let key = ArcSwapOption::new(self.key.load_full());
        let child = Self::with(options, &options.network, self.transport.clone(), key);
        child.etag.store(self.etag.load_full());
        child
    }

    /// Whether it is asked for rulesets.
    pub(super) fn has_rulesets(&self, mode: Mode) -> bool {
        self.endpoint.is_some() && mode == Mode::InProcess
    }

    /// Whether there is somewhere to send events.
    pub(super) fn has_collector(&self) -> bool {
        self.collector.is_some()
    }

    pub(super) fn key(&self) -> Option<Arc<String>> {
        self.key.load_full()
    }

    pub(super) fn set_key(&self, key: Option<String>) {
        self.key.store(key.map(Arc::new));
    }

    /// What the service is asked for.
    pub(super) fn question(&self) -> &str {
        &self.question
    }

    pub(super) fn forget_etag(&self) {
        self.etag.store(None);
    }

    /// The ETag of the ruleset of this generation.
    pub(super) fn etag(&self, generation: u64) -> Option<String> {
        let etag = self.etag.load();
        etag.as_ref().filter(|etag| etag.0 == generation).map(|etag| etag.1.clone())
    }

    pub(super) fn keep_etag(&self, generation: u64, etag: Option<String>) {
        self.etag.store(etag.map(|etag| Arc::new((generation, etag))));
    }

    /// Asks the service for its ruleset; whether it is another one than that of this generation.
    pub(super) fn fetch(&self, generation: Option<u64>) -> Result<Fetched, Refusal> {
        let Some(endpoint) = &self.endpoint else { return Ok(Fetched::Unchanged) };
        let key = self.key();
        let etag = generation.and_then(|generation| self.etag(generation));
        let keys = KeyHeaders::of(key.as_deref());
        let mut headers: Vec<(&str, &str)> = vec![("Accept", "application/json")];
        headers.extend(keys.each());
        headers.extend(etag.as_deref().map(|etag| ("If-None-Match", etag)));
        let url = relay::configuration_url(endpoint);
        let answer = self.http.post(&url, &headers, self.question.as_bytes(), MAX_RULESET_BYTES as u64);
        let response = answer
            .map_err(|error| Refusal { error: Error::Source(format!("{endpoint}: {error}")), pause: None })?;
        match response.status {
            200 => {
                self.traffic.bytes.fetch_add(response.body.len() as u64, Ordering::Relaxed);
                Ok(Fetched::Changed { document: response.body, etag: response.etag })
            }
            304 if etag.is_some() => {
                self.traffic.unchanged.fetch_add(1, Ordering::Relaxed);
                Ok(Fetched::Unchanged)
            }
            _ => Err(refusal(endpoint, &response)),
        }
    }

    /// The carrier of the sender.
    pub(super) fn carrier(&self) -> Option<Collector> {
        let endpoint = self.collector.clone()?;
        Some(Collector {
            endpoint,
            key: Arc::clone(&self.key),
            http: self.events_http.clone(),
            meta: Arc::clone(&self.meta),
        })
    }

    /// Makes who waits for a ruleset give up.
    pub(super) fn interrupt(&self) {
        self.http.interrupt();
    }

    /// Makes the sender give up.
    pub(super) fn interrupt_events(&self) {
        self.events_http.interrupt();
    }
}

fn refusal(endpoint: &str, response: &Response) -> Refusal {
    let excerpt = response.excerpt();
    let status = response.status;
    if relay::refuses_key(status, &excerpt) {
        let error =
            Error::Unauthorized(format!("{endpoint} refuses the api_key: status {status}: {excerpt}"));
        return Refusal { error, pause: response.retry_after };
    }
    let error = Error::Source(format!("{endpoint} answers with status {status}: {excerpt}"));
    Refusal { error, pause: response.retry_after }
}

/// GO Feature Flag's collector, as the sender knows it.
pub(super) struct Collector {
    endpoint: String,
    key: Arc<ArcSwapOption<String>>,
    http: Http,
    meta: Arc<str>,
}

impl Carrier for Collector {
    fn deliver(&self, events: &[String]) -> Verdict {
        let key = self.key.load_full();
        let keys = KeyHeaders::of(key.as_deref());
        let headers: Vec<_> = keys.each().collect();
        let body = collector::request(&self.meta, events);
        let response = match self.http.deliver(&relay::collector_url(&self.endpoint), &headers, &body) {
            Ok(response) => response,
            Err(error) => return Verdict::Later(format!("{}: {error}", self.endpoint), None),
        };
        let (status, excerpt) = (response.status, response.excerpt());
        let answer = format!("{} answers with status {status}: {excerpt}", self.endpoint);
        match status {
            200..=299 => Verdict::Taken,
            413 => Verdict::TooLarge,
            _ if relay::refuses_key(status, &excerpt) => Verdict::Later(answer, response.retry_after),
            400 | 422 => Verdict::Malformed(answer),
            _ => Verdict::Later(answer, response.retry_after),
        }
    }

    fn collector(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.endpoint.as_bytes());
        let digits = digits(hash);
        format!("goff-{}", digits.get(..16).unwrap_or(&digits))
    }
}
