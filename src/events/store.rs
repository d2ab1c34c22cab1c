//! Events that have left the stripes: in memory, or on disk where there is a spool. Whoever drains and whoever sends share it,
//! and neither holds it while the other waits for the network.

use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::backlog::Backlog;
use super::event::{Event, Exposure, Fallback};
use super::sender::Voice;
use super::spool::{Limits, Spool};
use super::{Events, Find};
use crate::evaluation::Loaded;
use crate::listener::ProviderEvent;
use crate::log::LogLevel;
use crate::service::report::{self, Evaluated};

/// How often a sender looks for what processes that are gone have left.
const RECOVER_INTERVAL: Duration = Duration::from_secs(60);

/// What waits to be sent, and the way there from the stripes.
pub(super) struct Store<'c> {
    events: &'c Events,
    find: &'c Find<'c>,
    voice: &'c Voice<'c>,
    held: Mutex<Held>,
}

/// What waits to be sent.
pub(super) struct Held {
    pub(super) backlog: Backlog,
    pub(super) spool: Option<Spool>,
    /// Events dropped in the stripes of which the application has heard.
    dropped_told: u64,
    recovered: Option<Instant>,
}

impl<'c> Store<'c> {
    pub(super) fn new(events: &'c Events, find: &'c Find<'c>, voice: &'c Voice<'c>, collector: &str) -> Self {
        let backlog = Backlog::new(events.options().max_pending);
        let held = Held { backlog, spool: None, dropped_told: 0, recovered: None };
        let store = Self { events, find, voice, held: Mutex::new(held) };
        store.open_spool(collector);
        store
    }

    pub(super) fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open_spool(&self, collector: &str) {
        let options = self.events.options();
        let Some(folder) = &options.spool_dir else { return };
        let limits =
            Limits { bytes: options.spool_max_bytes, events: options.batch_size, fsync: options.spool_fsync };
        match Spool::open(folder, collector, limits) {
            Ok(spool) => self.held().spool = Some(spool),
            Err(error) => {
                let folder = folder.display();
                let message = format!("spool {folder}: {error}; events are kept in memory alone");
                self.voice.say(LogLevel::Error, &message);
            }
        }
    }

    /// Takes over what processes that are gone have left; how many events.
    pub(super) fn recover(&self) -> u64 {
        let mut held = self.held();
        if held.recovered.is_some_and(|since| since.elapsed() < RECOVER_INTERVAL) {
            return 0;
        }
        held.recovered = Some(Instant::now());
        let Some(spool) = &mut held.spool else { return 0 };
        let (events, bytes) = (spool.recover(), spool.bytes());
        drop(held);
        let tally = self.events.tally();
        tally.recovered.fetch_add(events, Ordering::Relaxed);
        tally.spool_bytes.store(bytes, Ordering::Relaxed);
        if events > 0 {
            self.voice.say(LogLevel::Info, &format!("{events} events of an earlier run are in the spool"));
        }
        events
    }

    /// Events that have left the stripes.
    pub(super) fn waiting(&self) -> u64 {
        let held = self.held();
        held.backlog.len() as u64 + held.spool.as_ref().map_or(0, Spool::events)
    }

    /// Fetches events from the stripes, to disk where there is a spool.
    pub(super) fn drain(&self) {
        let mut held = self.held();
        // Looked at before the stripes are emptied: what a snapshot that is gone has left is in them.
        let has_gone = self.events.mark_gone();
        let (mut overflow, mut merged, mut fresh) = (0, 0, Vec::new());
        let has_spool = held.spool.is_some();
        let Held { backlog, .. } = &mut *held;
        self.events.stripes.drain(|event| match has_spool {
            true => fresh.push(event),
            false if backlog.merge(&event) => merged += 1,
            false => overflow += backlog.push(event),
        });
        let (unspooled, trimmed, spooled) = self.write(&mut held, fresh);
        overflow += unspooled;
        if has_gone {
            // Nothing in memory refers to a flag that is gone any more.
            held.backlog.write_out(|event| self.text(event));
            self.events.release_gone();
        }
        let dropped = self.events.stripes.sum().dropped;
        let lost = overflow + dropped.saturating_sub(held.dropped_told);
        held.dropped_told = dropped;
        let tally = self.events.tally();
        tally.dropped.fetch_add(overflow + trimmed, Ordering::Relaxed);
        tally.spooled.fetch_add(spooled, Ordering::Relaxed);
        tally.merged.fetch_add(merged, Ordering::Relaxed);
        if let Some(spool) = &held.spool {
            tally.spool_bytes.store(spool.bytes(), Ordering::Relaxed);
        }
        drop(held);
        if spooled > 0 {
            self.voice.tell(ProviderEvent::EventsSpooled { count: spooled });
        }
        self.voice.dropped(lost, "more events wait than max_pending_events");
        self.voice.dropped(trimmed, "the spool has more than spool_max_bytes");
    }

    /// Writes events to the spool, and keeps them in memory where that fails: how many were dropped, how many the spool gave
    /// up, how many are on disk now.
    fn write(&self, held: &mut Held, fresh: Vec<Event>) -> (u64, u64, u64) {
        let Held { backlog, spool, .. } = held;
        let Some(spool) = spool.as_mut().filter(|_| !fresh.is_empty()) else { return (0, 0, 0) };
        let mut texts: Vec<String> = fresh.iter().map(|event| self.text(event)).collect();
        let count = texts.len() as u64;
        // Of flags that are gone there is nothing to send.
        texts.retain(|text| !text.is_empty());
        let lost = count - texts.len() as u64;
        let trimmed = spool.make_room(&mut texts);
        let written = spool.write(&texts);
        let spooled = match &written {
            Ok(()) => texts.len(),
            Err((count, _)) => *count,
        };
        let Err((_, error)) = written else { return (lost, trimmed, spooled as u64) };
        self.voice.say(LogLevel::Error, &format!("spool: {error}; events are kept in memory"));
        let rest = texts.into_iter().skip(spooled).map(|text| Event::Written(text.into()));
        (lost + rest.map(|event| backlog.push(event)).sum::<u64>(), trimmed, spooled as u64)
    }

    /// An event as the service takes it; empty where its flag is gone.
    pub(super) fn text(&self, event: &Event) -> String {
        let mut text = String::new();
        match event {
            Event::Written(text) => return text.to_string(),
            Event::Exposure(exposure) => {
                (self.find)(exposure.unit, &mut |loaded| {
                    text = written(exposure, loaded).unwrap_or_default()
                });
            }
            Event::Count(unit) => (self.find)(*unit, &mut |loaded| text = report::counted(&loaded.key, 1)),
            Event::Counted(unit, count) => {
                (self.find)(*unit, &mut |loaded| text = report::counted(&loaded.key, *count));
            }
        }
        text
    }
}

/// An evaluation's event; none where the flag has no such outcome.
fn written(exposure: &Exposure, loaded: &Loaded) -> Option<String> {
    let outcome = loaded.outcomes.get(exposure.outcome as usize)?;
    let value = outcome.given_json().unwrap_or_else(|| Fallback::from(exposure.fallback).to_json());
    Some(report::evaluated(Evaluated {
        flag: &loaded.key,
        user: exposure.user.user(),
        seconds: exposure.seconds,
        variation: outcome.variant().unwrap_or_default(),
        value: &value,
        has_failed: false,
        version: &loaded.version,
    }))
}
