//! In what state a client is, and waiting for it to be ready.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The state of a client, in OpenFeature's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(i32)]
pub enum State {
    /// It has had no ruleset, and nothing has gone wrong.
    #[default]
    NotReady = 0,
    /// It has a ruleset that is in step with its source.
    Ready = 1,
    /// It has a ruleset, and its source could not be read since.
    Stale = 2,
    /// It has no ruleset, because its source could not be read.
    Error = 3,
    /// It will not become ready.
    Fatal = 4,
}

impl State {
    /// The state's name as OpenFeature has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotReady => "NOT_READY",
            Self::Ready => "READY",
            Self::Stale => "STALE",
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
        }
    }

    fn has_ruleset(self) -> bool {
        matches!(self, Self::Ready | Self::Stale)
    }
}

/// The state, what last went wrong, and who waits for it to change.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    current: Mutex<Current>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Current {
    state: State,
    last_error: String,
    /// Whether the client is about to go: nobody waits any more.
    closed: bool,
}

impl Signal {
    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn state(&self) -> State {
        self.current().state
    }

    pub(crate) fn last_error(&self) -> String {
        self.current().last_error.clone()
    }

    /// A ruleset came into force, or was found to be still the same.
    pub(crate) fn succeed(&self) {
        let mut current = self.current();
        current.state = State::Ready;
        current.last_error.clear();
        drop(current);
        self.changed.notify_all();
    }

    /// A ruleset could not be read or was refused.
    pub(crate) fn fail(&self, error: &str) {
        let mut current = self.current();
        current.state = if current.state.has_ruleset() { State::Stale } else { State::Error };
        error.clone_into(&mut current.last_error);
        self.changed.notify_all();
    }

    /// Makes who waits give up.
    pub(crate) fn close(&self) {
        self.current().closed = true;
        self.changed.notify_all();
    }

    /// Waits until there is a ruleset, at most `timeout`; whether there is one.
    pub(crate) fn wait_ready(&self, timeout: Duration) -> bool {
        let deadline = Instant::now().checked_add(timeout);
        let mut current = self.current();
        while !current.state.has_ruleset() {
            let left = deadline.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() || current.closed {
                return false;
            }
            (current, _) = self.changed.wait_timeout(current, left).unwrap_or_else(PoisonError::into_inner);
        }
        true
    }
}
