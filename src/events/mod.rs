//! What is reported to the service: kept in a bounded queue that evaluations never wait on, and sent by a thread of its own.

mod ahead;
mod backlog;
mod counts;
mod event;
mod progress;
mod sender;
mod spool;
mod store;
mod stripes;

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use pennon_wire::ErrorCode;

pub(crate) use self::event::{Event, Exposure, Fallback, Small};
use self::progress::Progress;
pub(crate) use self::sender::{Carrier, Sender, Verdict, Voice};
use self::stripes::Stripes;
pub(crate) use self::stripes::{Counted, ERRORS};
use crate::engine::UnitKey;
use crate::evaluation::Loaded;
use crate::options::{EventOptions, Reporting};
use crate::worker::Alarm;

/// Events of a client, and its counts of evaluations, which are taken on the same way.
#[derive(Debug)]
pub(crate) struct Events {
    options: EventOptions,
    stripes: Stripes,
    /// Whether events are taken: there is somewhere to send them, and the client has not been shut down.
    is_open: AtomicBool,
    /// Whether what is pending at the end is dropped.
    is_abandoned: AtomicBool,
    /// Wakes the sender.
    pub(crate) alarm: Arc<Alarm>,
    /// Wakes who writes the spool.
    bell: Alarm,
    /// Whether what the service refused may be taken now.
    has_hope: AtomicBool,
    progress: Progress,
    tally: Tally,
    /// Units that are gone and may have events.
    retained: Mutex<Vec<Retained>>,
}

/// What became of events after they left the stripes.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) sent: AtomicU64,
    pub(crate) dropped: AtomicU64,
    pub(crate) spooled: AtomicU64,
    /// Numbers of evaluations that were added to others: they are not recorded twice.
    pub(crate) merged: AtomicU64,
    pub(crate) batches: AtomicU64,
    pub(crate) failures: AtomicU64,
    pub(crate) spool_bytes: AtomicU64,
    /// Events of earlier runs that were found in the spool; they are none of `recorded`.
    pub(crate) recovered: AtomicU64,
}

/// Calls back with a flag that was loaded; not with one that is gone.
pub(crate) type Find<'c> = dyn Fn(UnitKey, &mut dyn FnMut(&Loaded)) + Sync + 'c;

/// Anything that only has to live on.
pub(crate) type Kept = dyn fmt::Debug + Send + Sync;

/// Units of a snapshot that are not in the next one.
#[derive(Debug)]
struct Retained {
    /// The snapshot: while it is alive, evaluations may still use it and add events.
    snapshot: Weak<Kept>,
    _units: Box<Kept>,
    is_gone: bool,
}

/// Figures about events, as they are now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct EventFigures {
    pub(crate) recorded: u64,
    pub(crate) sent: u64,
    pub(crate) dropped: u64,
    pub(crate) pending: u64,
    pub(crate) spooled: u64,
}

impl Events {
    /// Takes events where they `can_be_sent`.
    pub(crate) fn new(options: EventOptions, can_be_sent: bool) -> Self {
        Self {
            stripes: Stripes::new(options.max_pending),
            is_open: AtomicBool::new(can_be_sent && !options.is_disabled),
            options,
            is_abandoned: AtomicBool::new(false),
            alarm: Arc::default(),
            bell: Alarm::default(),
            has_hope: AtomicBool::new(false),
            progress: Progress::default(),
            tally: Tally::default(),
            retained: Mutex::default(),
        }
    }

    /// Whether events are taken.
    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Relaxed)
    }

    pub(crate) fn options(&self) -> &EventOptions {
        &self.options
    }

    /// What is reported of evaluations.
    #[inline]
    pub(crate) fn reporting(&self) -> Reporting {
        self.options.reporting
    }

    /// Counts an evaluation and takes its event, waiting for nobody.
    #[inline]
    pub(crate) fn take(&self, counted: Counted, event: Option<Event>) {
        if self.stripes.take(counted, event) {
            self.ring();
        }
    }

    #[cold]
    fn ring(&self) {
        self.alarm.ring();
        if self.options.spool_dir.is_some() {
            self.bell.ring();
        }
    }

    /// Says that the service may take what it refused before.
    pub(crate) fn hope(&self) {
        self.has_hope.store(true, Ordering::SeqCst);
        self.alarm.ring();
    }

    fn has_hope(&self) -> bool {
        self.has_hope.swap(false, Ordering::SeqCst)
    }

    /// Keeps units of a snapshot that is replaced until their events are sent.
    pub(crate) fn retain(&self, snapshot: Weak<Kept>, units: Box<Kept>) {
        self.retained().push(Retained { snapshot, _units: units, is_gone: false });
        // So that those of earlier snapshots go.
        self.alarm.ring();
    }

    fn retained(&self) -> MutexGuard<'_, Vec<Retained>> {
        self.retained.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a snapshot with retained units is not used any more.
    fn has_gone(&self) -> bool {
        self.retained().iter().any(|retained| retained.snapshot.strong_count() == 0)
    }

    /// Marks the snapshots that are not used any more; whether there are any. What evaluations have recorded with them is in
    /// the stripes by now.
    fn mark_gone(&self) -> bool {
        let mut retained = self.retained();
        for retained in retained.iter_mut() {
            retained.is_gone = retained.snapshot.strong_count() == 0;
        }
        retained.iter().any(|retained| retained.is_gone)
    }

    /// Lets go of the units of the snapshots that were marked: no event refers to them any more.
    fn release_gone(&self) {
        self.retained().retain(|retained| !retained.is_gone);
    }

    /// Waits until what was recorded before is sent or dropped, at most until `end`. How many events are pending then.
    pub(crate) fn flush(&self, end: Instant) -> u64 {
        if self.figures().pending == 0 {
            return 0;
        }
        let recorded = self.recorded();
        self.progress.ask();
        self.alarm.ring();
        self.progress.wait(end, || self.settled() >= recorded);
        self.figures().pending
    }

    /// Makes whoever flushes give up.
    pub(crate) fn wake_all(&self) {
        self.progress.close();
    }

    /// Sends nothing more: what is pending is dropped.
    pub(crate) fn abandon(&self) {
        self.is_abandoned.store(true, Ordering::Relaxed);
    }

    fn is_abandoned(&self) -> bool {
        self.is_abandoned.load(Ordering::Relaxed)
    }

    /// Takes no more events.
    pub(crate) fn close(&self) {
        self.is_open.store(false, Ordering::Relaxed);
    }

    fn recorded(&self) -> u64 {
        let merged = self.tally.merged.load(Ordering::Relaxed);
        self.stripes.sum().recorded + self.tally.recovered.load(Ordering::Relaxed) - merged
    }

    fn settled(&self) -> u64 {
        let dropped = self.stripes.sum().dropped + self.tally.dropped.load(Ordering::Relaxed);
        self.tally.sent.load(Ordering::Relaxed) + dropped
    }

    pub(crate) fn figures(&self) -> EventFigures {
        // What is settled is read first: what happens meanwhile makes more pending, not fewer than none.
        let sent = self.tally.sent.load(Ordering::Relaxed);
        let dropped_later = self.tally.dropped.load(Ordering::Relaxed);
        let merged = self.tally.merged.load(Ordering::Relaxed);
        let sum = self.stripes.sum();
        let recorded = sum.recorded + self.tally.recovered.load(Ordering::Relaxed) - merged;
        let dropped = dropped_later + sum.dropped;
        EventFigures {
            recorded,
            sent,
            dropped,
            pending: recorded.saturating_sub(sent + dropped),
            spooled: self.tally.spooled.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Evaluations, and how many gave each error.
    pub(crate) fn evaluations(&self) -> (u64, [u64; ERRORS]) {
        let sum = self.stripes.sum();
        (sum.evaluations, sum.errors)
    }
}

/// Evaluations that gave `error`, among those counted by [`Events::evaluations`].
pub(crate) fn errors_of(errors: &[u64; ERRORS], error: ErrorCode) -> u64 {
    errors.get(error as usize).copied().unwrap_or_default()
}
