//! What is reported to services, and how.

use super::Service;
use super::flagsmith::api::KEY_HEADER;
use super::flagsmith::report as flagsmith;
use super::goff::{collector, relay};
use crate::clock;
use crate::user::User;

/// An event of the application's own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tracked<'a> {
    pub(crate) name: &'a str,
    pub(crate) user: User<'a>,
    /// JSON objects.
    pub(crate) context: &'a str,
    pub(crate) details: &'a str,
}

/// An evaluation that is reported.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Evaluated<'a> {
    pub(crate) flag: &'a str,
    pub(crate) user: User<'a>,
    pub(crate) seconds: u32,
    /// Empty where there is none.
    pub(crate) variation: &'a str,
    /// JSON.
    pub(crate) value: &'a str,
    /// Whether the evaluation failed, so that the value is the caller's.
    pub(crate) has_failed: bool,
    /// The flag's version; empty where it has none.
    pub(crate) version: &'a str,
}

/// An evaluation, as services take it that are told of each.
pub(crate) fn evaluated(event: Evaluated<'_>) -> String {
    collector::evaluated(event)
}

/// So many evaluations of a flag, as services take them that are told of no more.
pub(crate) fn counted(flag: &str, count: u64) -> String {
    flagsmith::counted(flag, count)
}

/// Reports of one kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch<'b> {
    pub(crate) endpoint: &'b str,
    /// Where the application's own events go, where it is elsewhere.
    pub(crate) events_endpoint: Option<&'b str>,
    pub(crate) key: Option<&'b str>,
    /// What is sent with every batch, a JSON object.
    pub(crate) meta: &'b str,
    /// Each as the service takes it.
    pub(crate) events: &'b [String],
}

/// A request that reports.
#[derive(Debug)]
pub(crate) struct ReportRequest {
    pub(crate) url: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Service {
    /// What is sent with every batch, with the caller's own metadata, a JSON object; empty where nothing is.
    pub(crate) fn report_meta(self, metadata: Option<&str>) -> String {
        match self {
            Self::Goff => collector::meta(metadata),
            Self::Flagsmith => String::new(),
        }
    }

    /// An event of the application's own as the service takes it. `variant` finds the variant of a flag that is switched on.
    ///
    /// # Errors
    /// When the service takes no such event.
    pub(crate) fn tracked(
        self,
        event: Tracked<'_>,
        variant: impl FnOnce(&str) -> Option<String>,
    ) -> Result<String, String> {
        let Tracked { name, user, context, details } = event;
        match self {
            Self::Goff => Ok(collector::tracked(name, user, clock::seconds(), context, details)),
            Self::Flagsmith => flagsmith::tracked(&event, clock::milliseconds(), variant),
        }
    }

    /// Reports of different kinds do not go in one batch.
    pub(crate) fn kind_of_report(self, event: &str) -> u8 {
        match self {
            Self::Goff => 0,
            Self::Flagsmith => flagsmith::is_count(event).into(),
        }
    }

    /// The request for a batch.
    pub(crate) fn report_request(self, batch: &Batch<'_>) -> ReportRequest {
        match self {
            Self::Goff => ReportRequest {
                url: relay::collector_url(batch.endpoint),
                headers: relay::KeyHeaders::of(batch.key).into_iter().collect(),
                body: collector::request(batch.meta, batch.events),
            },
            Self::Flagsmith => {
                let is_counts = batch.events.first().is_some_and(|event| flagsmith::is_count(event));
                let (url, body) = if is_counts {
                    (flagsmith::analytics_url(batch.endpoint), flagsmith::analytics(batch.events))
                } else {
                    let url = flagsmith::events_url(batch.endpoint, batch.events_endpoint);
                    (url, flagsmith::events(batch.events))
                };
                let key = batch.key.map(|key| (KEY_HEADER, key.to_owned()));
                let agent =
                    ("Flagsmith-SDK-User-Agent", concat!("pennon/", env!("CARGO_PKG_VERSION")).to_owned());
                ReportRequest { url, headers: key.into_iter().chain([agent]).collect(), body }
            }
        }
    }
}
