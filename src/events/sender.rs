//! The thread that sends events: when, how many at a time, and what it does when the service does not take them.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::Events;
use super::backlog::Backlog;
use super::event::{Event, Exposure, Fallback};
use super::spool::{Limits, Spool};
use crate::engine::UnitKey;
use crate::evaluation::Loaded;
use crate::listener::{Outbox, ProviderEvent};
use crate::log::LogLevel;
use crate::retry::Backoff;
use crate::service::goff::collector::{self, Evaluated};
use crate::worker::{Alarm, Wake};

/// The longest pause between two attempts to send.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// What became of a batch.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// The service has it.
    Taken,
    /// It is too large: smaller ones may pass.
    TooLarge,
    /// The service will never take it.
    Malformed(String),
    /// It has to be sent again, not before a pause that the service asked for.
    Later(String, Option<Duration>),
}

/// Brings events to the service.
pub(crate) trait Carrier {
    /// Sends events, each the JSON that the service takes.
    fn deliver(&self, events: &[String]) -> Verdict;

    /// A name for the collector that may be the name of a folder.
    fn collector(&self) -> String;
}

/// Calls back with a flag that was loaded.
type Find<'c> = dyn Fn(UnitKey, &mut dyn FnMut(&Loaded)) + 'c;

/// Sends the events of a client.
pub(crate) struct Sender<'c, C> {
    pub(crate) events: &'c Events,
    /// Shows a flag that was loaded; shows none where it is gone.
    pub(crate) find: &'c Find<'c>,
    pub(crate) carrier: C,
    pub(crate) outbox: &'c Outbox,
    pub(crate) log: &'c dyn Fn(LogLevel, &str),
}

/// What a sender knows from one turn to the next.
struct Work<'c, C> {
    sender: Sender<'c, C>,
    backlog: Backlog,
    spool: Option<Spool>,
    backoff: Backoff,
    /// Events of the next batch: fewer than the option says where the service found that too many.
    batch: usize,
    /// When the next flush is due; none while there is nothing to send.
    due: Option<Instant>,
    spool_due: Option<Instant>,
    /// Not before then, because the last attempt failed.
    rest_until: Option<Instant>,
    /// Nor before then, because the service asks for it: not even when the application flushes.
    asked_until: Option<Instant>,
    is_failing: bool,
    /// Events dropped in the stripes of which the application has heard.
    dropped_told: u64,
}

impl<'c, C: Carrier> Sender<'c, C> {
    /// Sends until the alarm says stop, and then once more.
    pub(crate) fn run(self, alarm: &Alarm) {
        let options = self.events.options();
        let mut work = Work {
            backlog: Backlog::new(options.max_pending),
            spool: None,
            backoff: Backoff::new(MAX_PAUSE),
            batch: options.batch_size,
            due: None,
            spool_due: None,
            rest_until: None,
            asked_until: None,
            is_failing: false,
            dropped_told: 0,
            sender: self,
        };
        work.open_spool();
        while alarm.wait(work.next()) != Wake::Stop {
            work.turn();
        }
        work.finish();
    }
}

impl<C: Carrier> Work<'_, C> {
    fn events(&self) -> &Events {
        self.sender.events
    }

    fn open_spool(&mut self) {
        let options = self.sender.events.options();
        let Some(folder) = &options.spool_dir else { return };
        let limits =
            Limits { bytes: options.spool_max_bytes, events: options.batch_size, fsync: options.spool_fsync };
        match Spool::open(folder, &self.sender.carrier.collector(), limits) {
            Ok(mut spool) => {
                let recovered = spool.recover();
                let tally = self.sender.events.tally();
                tally.recovered.fetch_add(recovered, Ordering::Relaxed);
                tally.spool_bytes.store(spool.bytes(), Ordering::Relaxed);
                if recovered > 0 {
                    self.say(
                        LogLevel::Info,
                        &format!("{recovered} events of an earlier run are in the spool"),
                    );
                    self.due = Some(Instant::now());
                }
                self.spool = Some(spool);
            }
            Err(error) => {
                let folder = folder.display();
                self.say(
                    LogLevel::Error,
                    &format!("spool {folder}: {error}; events are kept in memory alone"),
                );
            }
        }
    }

    fn say(&self, level: LogLevel, message: &str) {
        (self.sender.log)(level, message);
    }

    /// When to wake up though nobody rings.
    fn next(&self) -> Option<Instant> {
        [self.due.map(|due| self.allowed().map_or(due, |allowed| due.max(allowed))), self.spool_due]
            .into_iter()
            .flatten()
            .min()
    }

    /// Before when nothing is to be sent.
    fn allowed(&self) -> Option<Instant> {
        self.rest_until.max(self.asked_until)
    }

    fn turn(&mut self) {
        let is_asked = self.events().progress.was_asked();
        let now = Instant::now();
        let is_due = |time: Option<Instant>| time.is_some_and(|time| time <= now);
        let half = self.events().options().max_pending.div_ceil(2);
        if is_asked || is_due(self.due) || is_due(self.spool_due) || self.events().stripes.longest() >= half {
            self.drain();
            self.spool_due = None;
        }
        self.arm(now);
        let is_pressing = self.waiting() >= half as u64;
        let is_allowed =
            if is_asked { !is_later(self.asked_until, now) } else { !is_later(self.allowed(), now) };
        if (is_asked || is_pressing || is_due(self.due)) && is_allowed {
            self.send_all();
            self.due = None;
            self.arm(Instant::now());
        }
        self.release();
        self.events().progress.step();
    }

    /// Sets the alarms where there is something to wait for.
    fn arm(&mut self, now: Instant) {
        let options = self.sender.events.options();
        let has_new = self.sender.events.stripes.longest() > 0;
        if has_new && self.spool.is_some() {
            self.spool_due.get_or_insert(now + options.spool_interval);
        }
        if has_new || self.waiting() > 0 {
            let interval = if self.is_failing { Duration::ZERO } else { options.flush_interval };
            self.due.get_or_insert(now + interval);
        }
    }

    /// Events that have left the stripes.
    fn waiting(&self) -> u64 {
        self.backlog.len() as u64 + self.spool.as_ref().map_or(0, Spool::events)
    }

    /// Fetches events from the stripes, to disk where there is a spool.
    fn drain(&mut self) {
        let events = self.sender.events;
        // Looked at before the stripes are emptied: what a snapshot that is gone has left is in them.
        let gone: Vec<usize> = {
            let retained = events.retained.lock().unwrap_or_else(PoisonError::into_inner);
            let is_gone = |(_, retained): &(usize, &super::Retained)| retained.snapshot.strong_count() == 0;
            retained.iter().enumerate().filter(is_gone).map(|(index, _)| index).collect()
        };
        let (mut overflow, mut fresh) = (0, Vec::new());
        let has_spool = self.spool.is_some();
        events.stripes.drain(|event| match has_spool {
            true => fresh.push(event),
            false => overflow += u64::from(self.backlog.push(event)),
        });
        overflow += self.write(fresh);
        let end = self.backlog.end();
        let mut retained = events.retained.lock().unwrap_or_else(PoisonError::into_inner);
        for index in gone {
            if let Some(retained) = retained.get_mut(index) {
                retained.until.get_or_insert(end);
            }
        }
        drop(retained);
        let dropped = events.stripes.sum().dropped;
        let lost = overflow + dropped.saturating_sub(self.dropped_told);
        self.dropped_told = dropped;
        events.tally().dropped.fetch_add(overflow, Ordering::Relaxed);
        self.tell_dropped(lost, "more events wait than max_pending_events");
    }

    /// Writes events to the spool; keeps them in memory where that fails. How many were dropped for that.
    fn write(&mut self, fresh: Vec<Event>) -> u64 {
        if fresh.is_empty() {
            return 0;
        }
        let texts: Vec<String> = fresh.iter().map(|event| self.text(event)).collect();
        let Some(spool) = &mut self.spool else { return 0 };
        if let Err(error) = spool.write(&texts) {
            self.say(LogLevel::Error, &format!("spool: {error}; events are kept in memory"));
            return fresh.into_iter().map(|event| u64::from(self.backlog.push(event))).sum();
        }
        let trimmed = spool.trim();
        let bytes = spool.bytes();
        let tally = self.events().tally();
        tally.spooled.fetch_add(texts.len() as u64, Ordering::Relaxed);
        tally.spool_bytes.store(bytes, Ordering::Relaxed);
        tally.dropped.fetch_add(trimmed, Ordering::Relaxed);
        self.sender.outbox.tell(ProviderEvent::EventsSpooled { count: texts.len() as u64 });
        self.tell_dropped(trimmed, "the spool has more than spool_max_bytes");
        0
    }

    /// Sends what there is, until it is gone or the service does not take it.
    fn send_all(&mut self) {
        while self.waiting() > 0 {
            let sent = match self.backlog.len() {
                0 => self.send_segment(),
                _ => self.send_memory(),
            };
            self.events().progress.step();
            if !sent {
                return;
            }
        }
    }

    /// Sends a batch from memory; whether to go on.
    fn send_memory(&mut self) -> bool {
        let texts: Vec<String> = self.backlog.first(self.batch).map(|event| self.text(event)).collect();
        let settled = self.send(&texts);
        if let Some(count) = settled {
            self.backlog.remove(count);
        }
        settled.is_some()
    }

    /// Sends the oldest segment of the spool; whether to go on.
    fn send_segment(&mut self) -> bool {
        let Some(spool) = &mut self.spool else { return false };
        if spool.first().is_none() {
            spool.seal();
        }
        let Some(segment) = spool.first() else { return false };
        let (texts, count) = (segment.read(), segment.events);
        let texts = texts.unwrap_or_else(|error| {
            self.say(LogLevel::Error, &format!("spool: a segment of {count} events cannot be read: {error}"));
            Vec::new()
        });
        let unreadable = count.saturating_sub(texts.len() as u64);
        let mut rest = texts.as_slice();
        while !rest.is_empty() {
            let batch = rest.get(..self.batch.min(rest.len())).unwrap_or(rest);
            let Some(settled) = self.send(batch) else { return false };
            rest = rest.get(settled..).unwrap_or_default();
        }
        if let Some(spool) = &mut self.spool {
            spool.remove_first();
            let bytes = spool.bytes();
            self.events().tally().spool_bytes.store(bytes, Ordering::Relaxed);
        }
        self.give_up(unreadable, "they cannot be read from the spool");
        true
    }

    /// Sends a batch. How many of its events are settled; none where it has to be sent again.
    fn send(&mut self, texts: &[String]) -> Option<usize> {
        let readable: Vec<String> = texts.iter().filter(|text| !text.is_empty()).cloned().collect();
        let lost = (texts.len() - readable.len()) as u64;
        let verdict =
            if readable.is_empty() { Verdict::Taken } else { self.sender.carrier.deliver(&readable) };
        let tally = self.sender.events.tally();
        let settled = match verdict {
            Verdict::Taken => {
                tally.sent.fetch_add(readable.len() as u64, Ordering::Relaxed);
                tally.batches.fetch_add(1, Ordering::Relaxed);
                self.sender.outbox.tell(ProviderEvent::EventsSent { count: readable.len() as u64 });
                self.give_up(lost, "their flags are gone");
                self.batch = (self.batch * 2).min(self.events().options().batch_size);
                texts.len()
            }
            Verdict::TooLarge if texts.len() > 1 => {
                self.batch = texts.len() / 2;
                0
            }
            Verdict::TooLarge => self.give_up(1, "the service finds one alone too large"),
            Verdict::Malformed(cause) => {
                self.give_up(texts.len(), &format!("the service refuses them: {cause}"))
            }
            Verdict::Later(cause, pause) => {
                self.fail(&cause, pause);
                return None;
            }
        };
        self.succeed();
        Some(settled)
    }

    /// Counts events that will never be sent; how many.
    fn give_up<N: TryInto<u64> + Copy>(&self, count: N, reason: &str) -> N {
        let number = count.try_into().unwrap_or_default();
        self.events().tally().dropped.fetch_add(number, Ordering::Relaxed);
        self.tell_dropped(number, reason);
        count
    }

    fn tell_dropped(&self, count: u64, reason: &str) {
        if count > 0 {
            self.say(LogLevel::Warn, &format!("{count} events were dropped: {reason}"));
            self.sender.outbox.tell(ProviderEvent::EventsDropped { count, reason: reason.into() });
        }
    }

    fn succeed(&mut self) {
        if std::mem::take(&mut self.is_failing) {
            self.say(LogLevel::Info, "events are sent again");
        }
        self.backoff.succeed();
        (self.rest_until, self.asked_until) = (None, None);
    }

    fn fail(&mut self, cause: &str, pause: Option<Duration>) {
        self.events().tally().failures.fetch_add(1, Ordering::Relaxed);
        let now = Instant::now();
        self.rest_until = now.checked_add(self.backoff.fail(pause));
        self.asked_until = pause.and(self.rest_until);
        if !std::mem::replace(&mut self.is_failing, true) {
            let waiting = self.waiting();
            self.say(LogLevel::Warn, &format!("events cannot be sent, {waiting} wait: {cause}"));
        }
    }

    /// Lets go of units whose events are settled.
    fn release(&mut self) {
        let start = self.backlog.start();
        let mut retained = self.sender.events.retained.lock().unwrap_or_else(PoisonError::into_inner);
        retained.retain(|retained| retained.until.is_none_or(|until| until > start));
    }

    /// Sends once more; what is left is on disk, or dropped.
    fn finish(&mut self) {
        self.drain();
        if !is_later(self.asked_until, Instant::now()) && !self.events().is_abandoned() {
            self.send_all();
        }
        let left = self.backlog.len();
        self.backlog.remove(left);
        self.give_up(left, "the client was shut down before they could be sent");
        if let Some(spool) = self.spool.take() {
            spool.close();
        }
        self.events().progress.step();
    }

    /// An event as the service takes it; empty where its flag is gone, which is counted.
    fn text(&self, event: &Event) -> String {
        let exposure = match event {
            Event::Written(text) => return text.to_string(),
            Event::Exposure(exposure) => exposure,
        };
        let mut text = String::new();
        (self.sender.find)(exposure.unit, &mut |loaded| text = written(exposure, loaded).unwrap_or_default());
        text
    }
}

/// An evaluation's event; none where the flag has no such outcome.
fn written(exposure: &Exposure, loaded: &Loaded) -> Option<String> {
    let outcome = loaded.outcomes.get(exposure.outcome as usize)?;
    let value = outcome.given_json().unwrap_or_else(|| Fallback::from(exposure.fallback).to_json());
    Some(collector::evaluated(Evaluated {
        flag: &loaded.key,
        user: exposure.user.user(),
        seconds: exposure.seconds,
        variation: outcome.variant(),
        value: &value,
        has_failed: false,
        version: &loaded.version,
    }))
}

fn is_later(time: Option<Instant>, now: Instant) -> bool {
    time.is_some_and(|time| time > now)
}
