//! The thread that sends events: when, how many at a time, and what it does when the service does not take them.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use super::store::Store;
use super::{Events, Find};
use crate::listener::{Outbox, ProviderEvent};
use crate::log::LogLevel;
use crate::retry::Backoff;
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

    /// Which events may go in one batch: those for which this is the same.
    fn kind(&self, _: &str) -> u8 {
        0
    }

    /// A name for the collector that may be the name of a folder.
    fn collector(&self) -> String;
}

/// Where a sender says what happens.
pub(crate) struct Voice<'c> {
    pub(crate) outbox: &'c Outbox,
    pub(crate) log: &'c (dyn Fn(LogLevel, &str) + Sync),
}

impl Voice<'_> {
    pub(super) fn say(&self, level: LogLevel, message: &str) {
        (self.log)(level, message);
    }

    pub(super) fn tell(&self, event: ProviderEvent) {
        self.outbox.tell(event);
    }

    /// Tells of events that will never be sent.
    pub(super) fn dropped(&self, count: u64, reason: &str) {
        if count > 0 {
            self.say(LogLevel::Warn, &format!("{count} events were dropped: {reason}"));
            self.tell(ProviderEvent::EventsDropped { count, reason: reason.into() });
        }
    }
}

/// Sends the events of a client.
pub(crate) struct Sender<'c, C> {
    pub(crate) events: &'c Events,
    pub(crate) find: &'c Find<'c>,
    pub(crate) carrier: C,
    pub(crate) voice: Voice<'c>,
}

/// What a sender knows from one turn to the next.
struct Work<'c, C> {
    events: &'c Events,
    carrier: &'c C,
    voice: &'c Voice<'c>,
    store: &'c Store<'c>,
    backoff: Backoff,
    /// Events of the next batch: fewer than the option says where the service found that too many.
    batch: usize,
    /// When the next flush is due; none while there is nothing to send.
    due: Option<Instant>,
    /// Not before then, because the last attempt failed.
    rest_until: Option<Instant>,
    /// Nor before then, because the service asks for it: not even when the application flushes.
    asked_until: Option<Instant>,
    is_failing: bool,
}

impl<C: Carrier> Sender<'_, C> {
    /// Sends until the alarm says stop, and then once more.
    pub(crate) fn run(self, alarm: &Alarm) {
        let Self { events, find, carrier, voice } = self;
        let store = Store::new(events, find, &voice, &carrier.collector());
        let mut work = Work {
            events,
            carrier: &carrier,
            voice: &voice,
            store: &store,
            backoff: Backoff::new(MAX_PAUSE),
            batch: events.options().batch_size,
            due: None,
            rest_until: None,
            asked_until: None,
            is_failing: false,
        };
        let has_spool = store.held().spool.is_some();
        thread::scope(|scope| {
            if has_spool {
                // Apart from the sender, which may wait for the network.
                let writer = thread::Builder::new().name("pennon-spool".into());
                let started = writer.spawn_scoped(scope, || write(events, &store));
                if let Err(error) = started {
                    voice.say(
                        LogLevel::Error,
                        &format!("spool: {error}; it is written between requests alone"),
                    );
                }
            }
            if store.recover() > 0 {
                work.due = Some(Instant::now());
            }
            while alarm.wait(work.next()) != Wake::Stop {
                work.turn();
            }
            events.bell.stop();
        });
        work.finish();
    }
}

/// Writes events to the spool, no later than the option says after they came.
fn write(events: &Events, store: &Store<'_>) {
    while events.bell.wait(None) != Wake::Stop {
        let end = Instant::now().checked_add(events.options().spool_interval);
        let woken = events.bell.wait(end);
        store.drain();
        // There is something to send now.
        events.alarm.ring();
        if woken == Wake::Stop {
            return;
        }
    }
}

impl<C: Carrier> Work<'_, C> {
    /// When to wake up though nobody rings.
    fn next(&self) -> Option<Instant> {
        let due = self.due?;
        Some(self.allowed().map_or(due, |allowed| due.max(allowed)))
    }

    /// Before when nothing is to be sent.
    fn allowed(&self) -> Option<Instant> {
        self.rest_until.max(self.asked_until)
    }

    fn turn(&mut self) {
        let is_asked = self.events.progress.was_asked();
        if self.events.has_hope() {
            // Another key: what the service refused it may take now.
            (self.rest_until, self.asked_until) = (None, None);
        }
        let now = Instant::now();
        let is_due = self.due.is_some_and(|due| due <= now);
        let most = self.events.options().max_pending;
        let half = most.div_ceil(2);
        // While the service takes nothing and as much waits as may, the stripes drop what is oldest by themselves: to fetch it
        // only to drop it would keep a core busy.
        let is_pressing = self.events.stripes.longest() >= half && self.store.waiting() < most as u64;
        if is_asked || is_due || self.events.has_gone() || is_pressing {
            self.store.drain();
        }
        self.arm(now);
        let is_pressing = self.store.waiting() >= half as u64;
        let is_allowed =
            if is_asked { !is_later(self.asked_until, now) } else { !is_later(self.allowed(), now) };
        if (is_asked || is_pressing || is_due) && is_allowed {
            self.store.recover();
            self.send_all();
            self.due = None;
            self.arm(Instant::now());
        }
        self.events.progress.step();
    }

    /// Sets the alarm where there is something to wait for.
    fn arm(&mut self, now: Instant) {
        if self.events.stripes.longest() > 0 || self.store.waiting() > 0 {
            let interval =
                if self.is_failing { Duration::ZERO } else { self.events.options().flush_interval };
            self.due.get_or_insert(now + interval);
        }
    }

    /// Sends what there is, until it is gone or the service does not take it.
    fn send_all(&mut self) {
        loop {
            // Not in the `match`, which would hold the store.
            let in_memory = self.store.held().backlog.len();
            let sent = match in_memory {
                0 => self.send_segment(),
                _ => self.send_memory(),
            };
            self.events.progress.step();
            if !sent {
                return;
            }
        }
    }

    /// Sends a batch from memory; whether to go on.
    fn send_memory(&mut self) -> bool {
        let batch = self.batch;
        let texts: Vec<String> =
            self.store.held().backlog.begin(batch).map(|event| self.store.text(event)).collect();
        let settled = self.send(&texts);
        self.store.held().backlog.settle(settled.unwrap_or(0));
        settled.is_some()
    }

    /// Sends the oldest segment of the spool; whether to go on.
    fn send_segment(&mut self) -> bool {
        let Some(segment) = self.store.held().spool.as_mut().and_then(|spool| spool.begin()) else {
            return false;
        };
        let texts = match segment.read() {
            Ok(texts) => texts,
            Err(error) => {
                let path = segment.path.display();
                self.fail(&format!("spool: {path} cannot be read: {error}"), None);
                self.settle(0, true);
                return false;
            }
        };
        let mut rest = texts.as_slice();
        while !rest.is_empty() {
            let batch = rest.get(..self.batch.min(rest.len())).unwrap_or(rest);
            let Some(settled) = self.send(batch) else {
                self.settle(0, true);
                return false;
            };
            self.settle(settled, false);
            rest = rest.get(settled..).unwrap_or_default();
        }
        let mut held = self.store.held();
        if let Some(spool) = &mut held.spool {
            spool.remove_first();
            self.events.tally().spool_bytes.store(spool.bytes(), Ordering::Relaxed);
        }
        true
    }

    fn settle(&self, events: usize, is_done: bool) {
        if let Some(spool) = &mut self.store.held().spool {
            spool.settle(events, is_done);
        }
    }

    /// Sends a batch. How many of its events are settled; none where it has to be sent again.
    fn send(&mut self, texts: &[String]) -> Option<usize> {
        let kind = texts.first().map(|text| self.carrier.kind(text));
        let same = texts.iter().take_while(|text| Some(self.carrier.kind(text)) == kind).count();
        let texts = texts.get(..same).unwrap_or(texts);
        let readable: Vec<String> = texts.iter().filter(|text| !text.is_empty()).cloned().collect();
        let lost = texts.len() - readable.len();
        let verdict = if readable.is_empty() { Verdict::Taken } else { self.carrier.deliver(&readable) };
        let tally = self.events.tally();
        let settled = match verdict {
            Verdict::Taken => {
                tally.sent.fetch_add(readable.len() as u64, Ordering::Relaxed);
                tally.batches.fetch_add(1, Ordering::Relaxed);
                if !readable.is_empty() {
                    self.voice.tell(ProviderEvent::EventsSent { count: readable.len() as u64 });
                }
                self.give_up(lost, "their flags are gone");
                self.batch = (self.batch * 2).min(self.events.options().batch_size);
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
    fn give_up(&self, count: usize, reason: &str) -> usize {
        self.events.tally().dropped.fetch_add(count as u64, Ordering::Relaxed);
        self.voice.dropped(count as u64, reason);
        count
    }

    fn succeed(&mut self) {
        if std::mem::take(&mut self.is_failing) {
            self.voice.say(LogLevel::Info, "events are sent again");
        }
        self.backoff.succeed();
        (self.rest_until, self.asked_until) = (None, None);
    }

    fn fail(&mut self, cause: &str, pause: Option<Duration>) {
        self.events.tally().failures.fetch_add(1, Ordering::Relaxed);
        let now = Instant::now();
        self.rest_until = now.checked_add(self.backoff.fail(pause));
        self.asked_until = pause.and(self.rest_until);
        if !std::mem::replace(&mut self.is_failing, true) {
            let waiting = self.store.waiting();
            self.voice.say(LogLevel::Warn, &format!("events cannot be sent, {waiting} wait: {cause}"));
        }
    }

    /// Sends once more; what is left is on disk, or dropped.
    fn finish(&mut self) {
        self.store.drain();
        if !is_later(self.asked_until, Instant::now()) && !self.events.is_abandoned() {
            self.send_all();
        }
        let mut held = self.store.held();
        let left = held.backlog.len();
        held.backlog.settle(left);
        let spool = held.spool.take();
        drop(held);
        self.give_up(left, "the client was shut down before they could be sent");
        if let Some(spool) = spool {
            spool.close();
        }
        self.events.progress.step();
    }
}

fn is_later(time: Option<Instant>, now: Instant) -> bool {
    time.is_some_and(|time| time > now)
}
