//! The way to the service: where it is, by which key, and what its answers mean.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::events::{Carrier, Verdict};
use crate::http::{Http, Transport};
use crate::options::{Mode, Network, Options};
use crate::sealed::digits;
use crate::service::report::Batch;
use crate::service::{Access, Fetched, Refusal, Service};
use crate::sync::stream::Line;

/// The service as a client knows it.
pub(super) struct Link {
    /// Where rulesets are from; none where only events are sent.
    pub(super) endpoint: Option<String>,
    collector: Option<String>,
    pub(super) transport: Transport,
    key: Arc<ArcSwapOption<String>>,
    /// Of a ruleset as the service sent it, with the generation of its snapshot: another one has none.
    validator: ArcSwapOption<(u64, String)>,
    /// When the ruleset was fetched without one.
    whole: Mutex<Option<Instant>>,
    full_fetch_interval: Duration,
    service: Service,
    events_endpoint: Option<String>,
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
        let collects = options.events.reports();
        let collector = network.collector_endpoint.clone().or_else(|| network.endpoint.clone());
        Self {
            endpoint: network.endpoint.clone(),
            collector: collector.filter(|_| collects),
            http: transport.connect().retrying(network.retries.unwrap_or_default()),
            events_http: transport.connect(),
            transport,
            key: Arc::new(key),
            validator: ArcSwapOption::empty(),
            whole: Mutex::default(),
            full_fetch_interval: network.full_fetch_interval(),
            service: options.service,
            events_endpoint: options.events.events_endpoint.clone(),
            question: options.service.question(&network.flag_list),
            meta: options.service.report_meta(options.events.exporter_metadata.as_deref()).into(),
            line: Arc::default(),
            fetching: Mutex::new(()),
            traffic: Traffic::default(),
        }
    }

    /// The same in the child of a fork: with connections of its own.
    pub(super) fn in_child(&self, options: &Options) -> Self {
        let key = ArcSwapOption::new(self.key.load_full());
        let child = Self::with(options, &options.network, self.transport.clone(), key);
        child.validator.store(self.validator.load_full());
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

    pub(super) fn forget_validator(&self) {
        self.validator.store(None);
    }

    /// The validator of the ruleset of this generation.
    pub(super) fn validator(&self, generation: u64) -> Option<String> {
        let validator = self.validator.load();
        validator.as_ref().filter(|validator| validator.0 == generation).map(|validator| validator.1.clone())
    }

    pub(super) fn keep_validator(&self, generation: u64, validator: Option<String>) {
        self.validator.store(validator.map(|validator| Arc::new((generation, validator))));
    }

    /// Whether the ruleset has to be fetched whole, because its validator does not tell of every change.
    fn is_due_whole(&self, is_called: bool) -> bool {
        let whole = self.whole.lock().unwrap_or_else(PoisonError::into_inner);
        !self.service.has_sure_validators()
            && (is_called || whole.is_none_or(|since| since.elapsed() >= self.full_fetch_interval))
    }

    /// Asks the service for its ruleset; whether it is another one than that of this generation.
    pub(super) fn fetch(&self, generation: Option<u64>, is_called: bool) -> Result<Fetched, Refusal> {
        let Some(endpoint) = &self.endpoint else { return Ok(Fetched::Unchanged) };
        let key = self.key();
        let access = Access { http: &self.http, endpoint, key: key.as_deref().map(String::as_str) };
        let is_whole = self.is_due_whole(is_called);
        let validator = generation.and_then(|generation| self.validator(generation)).filter(|_| !is_whole);
        let fetched = self.service.fetch(&access, &self.question, validator.as_deref())?;
        match &fetched {
            Fetched::Unchanged => self.traffic.unchanged.fetch_add(1, Ordering::Relaxed),
            Fetched::Changed { document, .. } => {
                self.traffic.bytes.fetch_add(document.len() as u64, Ordering::Relaxed)
            }
        };
        if validator.is_none() {
            *self.whole.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
        Ok(fetched)
    }

    /// The carrier of the sender.
    pub(super) fn carrier(&self) -> Option<Collector> {
        let endpoint = self.collector.clone()?;
        Some(Collector {
            service: self.service,
            endpoint,
            events_endpoint: self.events_endpoint.clone(),
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

/// Where a service takes reports, as the sender knows it.
pub(super) struct Collector {
    service: Service,
    endpoint: String,
    events_endpoint: Option<String>,
    key: Arc<ArcSwapOption<String>>,
    http: Http,
    meta: Arc<str>,
}

impl Carrier for Collector {
    fn deliver(&self, events: &[String]) -> Verdict {
        let key = self.key.load_full();
        let batch = Batch {
            endpoint: &self.endpoint,
            events_endpoint: self.events_endpoint.as_deref(),
            key: key.as_deref().map(String::as_str),
            meta: &self.meta,
            events,
        };
        let request = self.service.report_request(&batch);
        let headers: Vec<_> = request.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let response = match self.http.deliver(&request.url, &headers, &request.body) {
            Ok(response) => response,
            Err(error) => return Verdict::Later(format!("{}: {error}", self.endpoint), None),
        };
        let (status, excerpt) = (response.status, response.excerpt());
        let answer = format!("{} answers with status {status}: {excerpt}", self.endpoint);
        match status {
            200..=299 => Verdict::Taken,
            413 => Verdict::TooLarge,
            _ if self.service.refuses_key(&response) => Verdict::Later(answer, response.retry_after),
            400 | 422 => Verdict::Malformed(answer),
            _ => Verdict::Later(answer, response.retry_after),
        }
    }

    fn kind(&self, event: &str) -> u8 {
        self.service.kind_of_report(event)
    }

    fn collector(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.endpoint.as_bytes());
        let digits = digits(hash);
        format!("{}-{}", self.service.name(), digits.get(..16).unwrap_or(&digits))
    }
}
