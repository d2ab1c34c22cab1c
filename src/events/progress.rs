//! How whoever flushes learns how far the sender is.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Instant;

/// What the sender and those who wait for it share.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Whether somebody wants everything sent now.
    is_asked: AtomicBool,
    steps: Mutex<u64>,
    changed: Condvar,
    /// Whether nobody waits any more: the client is about to go.
    is_closed: AtomicBool,
}

impl Progress {
    /// Asks for everything to be sent now.
    pub(super) fn ask(&self) {
        self.is_asked.store(true, Ordering::SeqCst);
    }

    /// Whether that was asked, since the last look.
    pub(super) fn was_asked(&self) -> bool {
        self.is_asked.swap(false, Ordering::SeqCst)
    }

    /// Makes who waits give up.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
        self.step();
    }

    /// Says that events were sent or dropped.
    pub(super) fn step(&self) {
        *self.steps.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.changed.notify_all();
    }

    /// Waits until `is_done`, at most until `end`.
    pub(super) fn wait(&self, end: Instant, is_done: impl Fn() -> bool) {
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        while !is_done() && !self.is_closed.load(Ordering::SeqCst) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            (steps, _) = self.changed.wait_timeout(steps, left).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
