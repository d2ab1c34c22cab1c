//! The CPU time that a call into an instance may take.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::UpdateDeadline;

use super::clock;
use super::ticker::Ticker;

/// The budget of the call under way.
#[derive(Debug)]
pub(super) struct Budget {
    limit: Duration,
    /// CPU time at the first tick that found the guest running.
    first_tick: Option<Duration>,
    ticker: Arc<Ticker>,
}

impl Budget {
    pub(super) fn new(limit: Duration, ticker: Arc<Ticker>) -> Self {
        Self { limit, first_tick: None, ticker }
    }

    /// Begins anew, for the next call; the store's epoch deadline has been set before.
    #[inline]
    pub(super) fn begin(&mut self, limit: Duration) {
        self.limit = limit;
        self.first_tick = None;
        self.ticker.touch();
    }

    /// What a tick does that finds the guest running: let it go on within its budget of CPU time.
    pub(super) fn tick(&mut self) -> UpdateDeadline {
        self.ticker.touch();
        let now = clock::thread_cpu_time();
        let start = *self.first_tick.get_or_insert(now);
        if now.saturating_sub(start) > self.limit {
            UpdateDeadline::Interrupt
        } else {
            UpdateDeadline::Continue(1)
        }
    }
}
