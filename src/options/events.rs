//! Options of what is reported to the service.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::value::RawValue;

use super::network::endpoint;
use super::read::Given;
use crate::error::Error;
use crate::limits::{MAX_BATCH_SIZE, MAX_PENDING_EVENTS, MAX_SPOOL_BYTES, MIN_SPOOL_BYTES};
use crate::service::Service;

/// What is reported of evaluations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reporting {
    /// Each, with who and what.
    Exposures,
    /// How many there were of each flag.
    Counts,
    /// Nothing.
    Nothing,
}

/// How events are kept and sent.
#[derive(Clone, Debug)]
pub(crate) struct EventOptions {
    pub(crate) is_disabled: bool,
    pub(crate) reporting: Reporting,
    /// Whether events of the application's own are reported.
    pub(crate) tracks: bool,
    /// Where those go, where it is elsewhere.
    pub(crate) events_endpoint: Option<String>,
    pub(crate) flush_interval: Duration,
    pub(crate) max_pending: usize,
    pub(crate) batch_size: usize,
    /// A JSON object, sent with every batch.
    pub(crate) exporter_metadata: Option<String>,
    pub(crate) spool_dir: Option<PathBuf>,
    pub(crate) spool_interval: Duration,
    pub(crate) spool_max_bytes: u64,
    pub(crate) spool_fsync: bool,
}

impl Default for EventOptions {
    fn default() -> Self {
        Self {
            is_disabled: false,
            reporting: Reporting::Exposures,
            tracks: true,
            events_endpoint: None,
            flush_interval: Duration::from_secs(60),
            max_pending: 10_000,
            batch_size: 1000,
            exporter_metadata: None,
            spool_dir: None,
            spool_interval: Duration::from_millis(100),
            spool_max_bytes: 64 << 20,
            spool_fsync: false,
        }
    }
}

impl EventOptions {
    /// The defaults for a service.
    pub(super) fn of(service: Service) -> Self {
        match service {
            Service::Goff => Self::default(),
            Service::Flagsmith => Self { reporting: Reporting::Nothing, tracks: false, ..Self::default() },
        }
    }

    /// Whether anything is reported.
    pub(crate) fn reports(&self) -> bool {
        !self.is_disabled && (self.tracks || self.reporting != Reporting::Nothing)
    }

    /// Sets an option; whether `name` is one of these.
    pub(super) fn set(&mut self, name: &str, value: Given<'_>) -> Result<bool, Error> {
        match name {
            "flush_interval_ms" => self.flush_interval = value.milliseconds(1)?,
            "max_pending_events" => self.max_pending = value.integer(1, MAX_PENDING_EVENTS)? as usize,
            "batch_size" => self.batch_size = value.integer(1, MAX_BATCH_SIZE)? as usize,
            "disable_data_collection" => self.is_disabled = value.bool()?,
            "enable_analytics" => {
                self.reporting = if value.bool()? { Reporting::Counts } else { Reporting::Nothing };
            }
            "enable_events" => self.tracks = value.bool()?,
            "events_endpoint" => self.events_endpoint = Some(endpoint(name, &value.string()?)?),
            "exporter_metadata" => self.exporter_metadata = Some(metadata(value)?),
            "spool_dir" => self.spool_dir = Some(value.string()?.into()),
            "spool_interval_ms" => self.spool_interval = value.milliseconds(1)?,
            "spool_max_bytes" => self.spool_max_bytes = value.integer(MIN_SPOOL_BYTES, MAX_SPOOL_BYTES)?,
            "spool_fsync" => self.spool_fsync = value.bool()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// An object of texts, numbers and truth values, which is all that the collector takes.
fn metadata(value: Given<'_>) -> Result<String, Error> {
    let allowed = "an object of strings, numbers, true and false";
    let members: BTreeMap<String, Box<RawValue>> = value.parse(allowed)?;
    let is_plain =
        |json: &RawValue| !matches!(json.get().as_bytes().first(), Some(b'{' | b'[' | b'n') | None);
    if members.values().all(|member| is_plain(member)) {
        Ok(value.json())
    } else {
        Err(value.not_allowed(allowed))
    }
}
