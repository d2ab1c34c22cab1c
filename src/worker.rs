//! A thread in the background, and how it is woken and ended.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    /// The thread is to end.
    Stop,
    /// Somebody rang.
    Rung,
    /// The time has come.
    Due,
}

/// By what a thread is woken.
#[derive(Debug, Default)]
pub(crate) struct Alarm {
    state: Mutex<AlarmState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct AlarmState {
    stopped: bool,
    rung: bool,
}

impl Alarm {
    fn state(&self) -> MutexGuard<'_, AlarmState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the thread; where it is awake, its next wait ends at once.
    pub(crate) fn ring(&self) {
        self.state().rung = true;
        self.changed.notify_all();
    }

    /// Asks the thread to end.
    pub(crate) fn stop(&self) {
        self.state().stopped = true;
        self.changed.notify_all();
    }

    /// Whether a wait would end at once.
    pub(crate) fn is_calling(&self) -> bool {
        let state = self.state();
        state.stopped || state.rung
    }

    /// Waits until `end`, or for ever, or until something happens.
    pub(crate) fn wait(&self, end: Option<Instant>) -> Wake {
        let mut state = self.state();
        loop {
            if state.stopped {
                return Wake::Stop;
            }
            if std::mem::take(&mut state.rung) {
                return Wake::Rung;
            }
            let Some(end) = end else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Wake::Due;
            }
            (state, _) = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A running thread.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) alarm: Arc<Alarm>,
    thread: JoinHandle<()>,
}

impl Worker {
    /// Starts a thread that `work`s until its alarm says stop.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(
        name: &str,
        alarm: Arc<Alarm>,
        work: impl FnOnce(&Alarm) + Send + 'static,
    ) -> Result<Self, String> {
        let its = Arc::clone(&alarm);
        let thread = thread::Builder::new().name(name.into()).spawn(move || work(&its));
        thread
            .map(|thread| Self { alarm, thread })
            .map_err(|error| format!("thread {name} cannot be started: {error}"))
    }

    /// Whether the thread has ended.
    pub(crate) fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Whether it is the calling thread, which cannot wait for itself.
    pub(crate) fn is_current(&self) -> bool {
        self.thread.thread().id() == thread::current().id()
    }

    /// Waits until the thread has ended, no longer than `end`: then it ends by itself. Whether it has.
    pub(crate) fn join(self, end: Instant) -> bool {
        while !self.thread.is_finished() {
            // A thread that ends itself, inside a callback.
            if Instant::now() >= end || self.is_current() {
                return false;
            }
            thread::sleep(Duration::from_micros(200));
        }
        let _ = self.thread.join();
        true
    }
}
