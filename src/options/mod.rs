//! What a client is made from: one JSON document says all that data can say.

mod default_flags;
mod events;
mod network;
mod read;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use self::events::{EventOptions, Reporting};
pub use self::network::{ChangeStream, Mode};
pub(crate) use self::network::{Network, TlsFiles};
use crate::error::Error;
use crate::limits::{MAX_MEMORY_BYTES, MAX_POOL_SIZE, MIN_MEMORY_BYTES};
use crate::listener::Listener;
use crate::log::Log;
use crate::service::flagsmith::api;
use crate::service::{DefaultFlag, Service, ValueOptions};
use crate::sync::Format;

/// Every option, its meaning and its default: what error messages list, and what tests compare the documentation with.
pub const OPTION_NAMES: [&str; 48] = [
    "service",
    "endpoint",
    "collector_endpoint",
    "stream_endpoint",
    "api_key",
    "mode",
    "ruleset",
    "ruleset_file",
    "ruleset_format",
    "watch_interval_ms",
    "poll_interval_ms",
    "full_fetch_interval_ms",
    "change_stream",
    "reconnect_interval_ms",
    "flag_list",
    "headers",
    "timeout_ms",
    "retries",
    "start_wait_ms",
    "proxy",
    "ca_file",
    "ca_data",
    "client_cert",
    "client_key",
    "flush_interval_ms",
    "max_pending_events",
    "batch_size",
    "disable_data_collection",
    "exporter_metadata",
    "spool_dir",
    "spool_interval_ms",
    "spool_max_bytes",
    "spool_fsync",
    "cache_size",
    "cache_ttl_ms",
    "disable_cache_invalidation",
    "pool_size",
    "pool_wait_ms",
    "deadline_ms",
    "memory_limit_bytes",
    "module_path",
    "cache_dir",
    "enable_analytics",
    "enable_events",
    "events_endpoint",
    "use_boolean_config_value",
    "return_value_for_disabled_flags",
    "default_flags",
];

/// Options of a client.
#[derive(Clone, Debug)]
pub struct Options {
    pub(crate) service: Service,
    pub(crate) ruleset: Option<String>,
    pub(crate) ruleset_file: Option<PathBuf>,
    pub(crate) ruleset_format: Option<Format>,
    pub(crate) watch_interval: Duration,
    pub(crate) network: Network,
    pub(crate) events: EventOptions,
    pub(crate) values: ValueOptions,
    /// In the order of their names.
    pub(crate) default_flags: Option<Vec<DefaultFlag>>,
    pub(crate) start_wait: Duration,
    pub(crate) pool_size: usize,
    pub(crate) pool_wait: Duration,
    pub(crate) deadline: Duration,
    pub(crate) memory_limit: usize,
    pub(crate) module_path: Option<PathBuf>,
    pub(crate) cache_dir: Option<PathBuf>,
    pub(crate) log: Option<Arc<dyn Log>>,
    pub(crate) listener: Option<Arc<dyn Listener>>,
}

impl Options {
    /// The default options for a service. Where the ruleset is from has to be given too, here or to the client.
    pub fn new(service: Service) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self {
            service,
            ruleset: None,
            ruleset_file: None,
            ruleset_format: None,
            watch_interval: Duration::from_millis(1000),
            network: Network::of(service),
            events: EventOptions::of(service),
            values: ValueOptions::default(),
            default_flags: None,
            start_wait: Duration::ZERO,
            pool_size: cores.min(8),
            pool_wait: Duration::from_millis(1000),
            deadline: Duration::from_millis(50),
            memory_limit: 64 << 20,
            module_path: None,
            cache_dir: None,
            log: None,
            listener: None,
        }
    }

    /// Fills in what follows from other options.
    pub(crate) fn complete(&mut self) {
        let has_ruleset = self.ruleset.is_some() || self.ruleset_file.is_some();
        let network = &mut self.network;
        if self.service == Service::Flagsmith && network.endpoint.is_none() && !has_ruleset {
            network.endpoint = network.api_key.as_ref().map(|_| api::DEFAULT_ENDPOINT.to_owned());
        }
        if self.service == Service::Flagsmith {
            network.retries.get_or_insert(api::RETRIES);
            for endpoint in network.endpoint.iter_mut().chain(&mut network.collector_endpoint) {
                // The server alone: its API is where it is by default.
                if endpoint.matches('/').count() == 2 {
                    endpoint.push_str(api::API_PATH);
                }
            }
        }
    }

    /// Refuses options that GO Feature Flag has no use for.
    fn refuse_useless(&self) -> Result<(), Error> {
        let useless = [
            (
                "enable_analytics",
                self.events.reporting != Reporting::Exposures,
                "which is told of each evaluation",
            ),
            ("default_flags", self.default_flags.is_some(), "where each call has its own default"),
            ("retries", self.network.retries.is_some(), "which is asked again later"),
        ];
        match useless.into_iter().find(|(_, is_given, _)| *is_given) {
            Some((name, _, why)) => Err(invalid(format!("option {name} has no use for goff, {why}"))),
            None => Ok(()),
        }
    }

    /// Checks what the service says of its options.
    fn validate_service(&self) -> Result<(), Error> {
        if self.service != Service::Flagsmith {
            return self.refuse_useless();
        }
        let network = &self.network;
        if let Some(format) = self.ruleset_format.filter(|format| *format != Format::Json) {
            let name = format.name();
            return Err(invalid(format!("option ruleset_format is \"{name}\"; allowed for flagsmith: json")));
        }
        if self.module_path.is_some() {
            return Err(invalid("option module_path has no use for flagsmith: it has no module".into()));
        }
        if !network.flag_list.is_empty() {
            return Err(invalid("option flag_list has no use for flagsmith: its document is whole".into()));
        }
        if network.change_stream == ChangeStream::WebSocket {
            return Err(invalid(
                "option change_stream is \"websocket\"; allowed for flagsmith: auto, sse, off".into(),
            ));
        }
        if network.endpoint.is_none() {
            return Ok(());
        }
        match network.api_key.as_deref() {
            None => Err(invalid("option environment_key is missing".into())),
            Some(key) if network.mode == Mode::InProcess && !key.starts_with(api::SERVER_KEY) => Err(invalid(
                "option environment_key has a value that is not allowed; allowed: a server-side key, which begins with \"ser.\", \
                 or option mode \"remote\""
                    .into(),
            )),
            Some(_) => Ok(()),
        }
    }

    /// Checks what only all options together tell.
    pub(crate) fn validate(&self) -> Result<(), Error> {
        self.validate_service()?;
        let exclude = |one, other| Err(invalid(format!("options {one} and {other} exclude each other")));
        let file = self.ruleset_file.is_some();
        if self.ruleset.is_some() && file {
            return exclude("ruleset", "ruleset_file");
        }
        if self.network.endpoint.is_some() && (self.ruleset.is_some() || file) {
            return exclude("endpoint", if file { "ruleset_file" } else { "ruleset" });
        }
        if self.network.mode == Mode::Remote {
            if self.network.endpoint.is_none() {
                return Err(invalid("option mode is \"remote\": option endpoint is missing".into()));
            }
            if self.module_path.is_some() {
                return Err(invalid("option mode is \"remote\": option module_path has no use then".into()));
            }
        }
        match (&self.network.tls.client_cert, &self.network.tls.client_key) {
            (Some(_), None) => Err(invalid("option client_cert needs option client_key".into())),
            (None, Some(_)) => Err(invalid("option client_key needs option client_cert".into())),
            _ => Ok(()),
        }
    }

    /// Sets the ruleset: a document in the service's format.
    #[must_use]
    pub fn ruleset(mut self, document: impl Into<String>) -> Self {
        self.ruleset = Some(document.into());
        self
    }

    /// Sets the file that holds the ruleset; its name tells its format unless [`Options::ruleset_format`] does.
    #[must_use]
    pub fn ruleset_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.ruleset_file = Some(path.into());
        self
    }

    /// Sets the format of the ruleset.
    #[must_use]
    pub fn ruleset_format(mut self, format: Format) -> Self {
        self.ruleset_format = Some(format);
        self
    }

    /// Sets how often the ruleset's file is looked at; zero is never.
    #[must_use]
    pub fn watch_interval(mut self, interval: Duration) -> Self {
        self.watch_interval = interval;
        self
    }

    /// Sets how many instances evaluate at one time; at least one.
    #[must_use]
    pub fn pool_size(mut self, size: usize) -> Self {
        self.pool_size = size.clamp(1, MAX_POOL_SIZE as usize);
        self
    }

    /// Sets how long an evaluation waits for an instance.
    #[must_use]
    pub fn pool_wait(mut self, wait: Duration) -> Self {
        self.pool_wait = wait;
        self
    }

    /// Sets how much CPU time an evaluation may take.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets how much memory an instance may take, in bytes.
    #[must_use]
    pub fn memory_limit(mut self, bytes: usize) -> Self {
        self.memory_limit = bytes.clamp(MIN_MEMORY_BYTES as usize, MAX_MEMORY_BYTES as usize);
        self
    }

    /// Sets the vendor's own module, which answers evaluations instead of our guest.
    #[must_use]
    pub fn module_path(mut self, path: impl Into<PathBuf>) -> Self {
        self.module_path = Some(path.into());
        self
    }

    /// Sets the folder in which is kept what would otherwise be missing at a start: the last good ruleset, compiled modules.
    #[must_use]
    pub fn cache_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.cache_dir = Some(path.into());
        self
    }

    /// Sets where the service is: the base of its URLs.
    ///
    /// # Errors
    /// When it is no `http` or `https` URL, or has a query, a fragment or credentials.
    pub fn endpoint(mut self, url: &str) -> Result<Self, Error> {
        self.network.endpoint = Some(network::endpoint("endpoint", url)?);
        Ok(self)
    }

    /// Sets the key that the service asks for.
    #[must_use]
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.network.api_key = Some(key.into());
        self
    }

    /// Sets where flags are evaluated.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.network.mode = mode;
        self
    }

    /// Sets how long making a client waits for its first ruleset from the service.
    #[must_use]
    pub fn start_wait(mut self, wait: Duration) -> Self {
        self.start_wait = wait;
        self
    }

    /// Sets who hears of states, changes and deliveries.
    #[must_use]
    pub fn listener(mut self, listener: Arc<dyn Listener>) -> Self {
        self.listener = Some(listener);
        self
    }

    /// Sets who hears of what goes wrong in the background.
    #[must_use]
    pub fn log(mut self, log: Arc<dyn Log>) -> Self {
        self.log = Some(log);
        self
    }
}

fn invalid(message: String) -> Error {
    Error::InvalidOption(message)
}
