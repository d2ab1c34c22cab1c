//! What the application hears of a client: its states, changed flags, deliveries.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::json::{quoted, text_list};
use crate::state::State;

/// Where a ruleset came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The service.
    Service,
    /// The last known good ruleset on disk, of an earlier run.
    Disk,
    /// The ruleset file.
    File,
    /// The application.
    Application,
}

impl Source {
    pub(crate) fn from_number(number: u8) -> Option<Self> {
        [Self::Service, Self::Disk, Self::File, Self::Application]
            .into_iter()
            .find(|source| *source as u8 == number)
    }

    /// Its name, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Disk => "disk",
            Self::File => "file",
            Self::Application => "application",
        }
    }
}

/// What happened to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProviderEvent {
    /// It is in another state.
    State {
        /// The state it is in now.
        state: State,
        /// Why; empty where there is nothing to say.
        reason: String,
    },
    /// Another ruleset with other content is in force; never the first one.
    ConfigurationChanged {
        /// Keys of the flags that were added, removed or changed, sorted.
        flags: Vec<String>,
        /// Where the ruleset came from.
        source: Source,
        /// How long fetching and publishing it took.
        took: Duration,
    },
    /// A ruleset could not be fetched or was refused; the one in force stays.
    RefreshFailed {
        /// What went wrong.
        error: String,
    },
    /// The service acknowledged events.
    EventsSent {
        /// How many.
        count: u64,
    },
    /// Events will never be sent.
    EventsDropped {
        /// How many.
        count: u64,
        /// Why.
        reason: String,
    },
    /// Events are on disk, and will arrive even if this process is killed.
    EventsSpooled {
        /// How many.
        count: u64,
    },
}

impl ProviderEvent {
    /// Its name, in lower case with underscores.
    pub fn name(&self) -> &'static str {
        match self {
            Self::State { .. } => "state",
            Self::ConfigurationChanged { .. } => "configuration_changed",
            Self::RefreshFailed { .. } => "refresh_failed",
            Self::EventsSent { .. } => "events_sent",
            Self::EventsDropped { .. } => "events_dropped",
            Self::EventsSpooled { .. } => "events_spooled",
        }
    }

    /// As a JSON object: `event` and what else it has (docs/provider-events.md).
    pub fn to_json(&self) -> String {
        let members = match self {
            Self::State { state, reason } => {
                format!("\"state\":\"{}\",\"reason\":{}", state.name(), quoted(reason))
            }
            Self::ConfigurationChanged { flags, source, took } => format!(
                "\"flags\":{},\"source\":\"{}\",\"took_ms\":{:.3}",
                text_list(flags),
                source.name(),
                took.as_secs_f64() * 1e3
            ),
            Self::RefreshFailed { error } => format!("\"error\":{}", quoted(error)),
            Self::EventsSent { count } | Self::EventsSpooled { count } => format!("\"count\":{count}"),
            Self::EventsDropped { count, reason } => {
                format!("\"count\":{count},\"reason\":{}", quoted(reason))
            }
        };
        format!("{{\"event\":\"{}\",{members}}}", self.name())
    }
}

/// Hears what happens to a client. Called one event at a time, in their order, on any thread, with no lock held.
pub trait Listener: Send + Sync + fmt::Debug {
    /// Takes an event. It must return soon: the thread that calls it has other work.
    fn hear(&self, event: &ProviderEvent);
}

/// Events that wait for a listener that is slower than they come; of more, the oldest are left out.
const MAX_WAITING: usize = 1024;

/// Passes events on in their order, though several threads have some to tell.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    listener: Option<Arc<dyn Listener>>,
    /// Whether the client is gone: nobody hears anything any more.
    is_muted: AtomicBool,
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<ProviderEvent>,
    /// Whether a thread is passing events on.
    is_open: bool,
}

impl Outbox {
    pub(crate) fn new(listener: Option<Arc<dyn Listener>>) -> Self {
        Self { listener, is_muted: AtomicBool::new(false), queue: Mutex::default() }
    }

    /// Tells nothing more.
    pub(crate) fn mute(&self) {
        self.is_muted.store(true, Ordering::Release);
    }

    pub(crate) fn is_muted(&self) -> bool {
        self.is_muted.load(Ordering::Acquire)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes an event on; where another thread is at it, that one does.
    pub(crate) fn tell(&self, event: ProviderEvent) {
        let Some(listener) = &self.listener else { return };
        let mut queue = self.queue();
        if queue.waiting.len() >= MAX_WAITING {
            queue.waiting.pop_front();
        }
        queue.waiting.push_back(event);
        if std::mem::replace(&mut queue.is_open, true) {
            return;
        }
        drop(queue);
        while let Some(event) = self.next() {
            // A listener that panics hears the next one, and does not end the thread that tells.
            let _ = catch_unwind(AssertUnwindSafe(|| listener.hear(&event)));
        }
    }

    /// The next event; with the last one the box is closed.
    fn next(&self) -> Option<ProviderEvent> {
        let mut queue = self.queue();
        if self.is_muted() {
            queue.waiting.clear();
        }
        let event = queue.waiting.pop_front();
        queue.is_open = event.is_some();
        event
    }
}
