//! In what state a client is, and waiting for it to be ready.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The state of a client, in OpenFeature's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// It has had no ruleset, and nothing has gone wrong.
    #[default]
    NotReady = 0,
    /// It has a ruleset that is in step with its source.
    Ready = 1,
    /// It has a ruleset, and its source could not be read for some time.
    Stale = 2,
    /// It has no ruleset, because its source could not be read. It goes on trying.
    Error = 3,
    /// It has no ruleset, because the service refuses its key.
    Fatal = 4,
}

impl State {
    const ALL: [Self; 5] = [Self::NotReady, Self::Ready, Self::Stale, Self::Error, Self::Fatal];

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

    /// Whether flags can be evaluated in it.
    pub const fn has_ruleset(self) -> bool {
        matches!(self, Self::Ready | Self::Stale)
    }
}

/// What a failure to get a ruleset means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    /// The ruleset in force is out of date once so many failures have followed each other.
    After(u32),
    /// The service refuses the client's key.
    Refused,
}

/// The state, what last went wrong, and who waits for it to change.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    /// The state again, for whoever must not wait: the child of a fork.
    state: AtomicU8,
    current: Mutex<Current>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Current {
    state: State,
    last_error: String,
    /// Failures since the last success.
    failures: u32,
    /// Whether the client is about to go: nobody waits any more.
    closed: bool,
}

impl Signal {
    /// In the state that a parent's client is in.
    pub(crate) fn of(state: State) -> Self {
        let current = Mutex::new(Current { state, ..Current::default() });
        Self { state: AtomicU8::new(state as u8), current, changed: Condvar::new() }
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn state(&self) -> State {
        let number = self.state.load(Ordering::Acquire);
        State::ALL.into_iter().find(|state| *state as u8 == number).unwrap_or_default()
    }

    pub(crate) fn last_error(&self) -> String {
        self.current().last_error.clone()
    }

    /// Goes to a state; it, if it is another one.
    fn go(&self, mut current: MutexGuard<'_, Current>, state: State) -> Option<State> {
        let is_new = current.state != state;
        current.state = state;
        self.state.store(state as u8, Ordering::Release);
        drop(current);
        self.changed.notify_all();
        is_new.then_some(state)
    }

    /// A ruleset came into force, or was found to be still the same. The state, if it is another one.
    pub(crate) fn succeed(&self) -> Option<State> {
        let mut current = self.current();
        current.last_error.clear();
        current.failures = 0;
        self.go(current, State::Ready)
    }

    /// A ruleset of an earlier run is in force. The state, if it is another one.
    pub(crate) fn serve_old(&self) -> Option<State> {
        self.go(self.current(), State::Stale)
    }

    /// A ruleset could not be had. The state, if it is another one.
    pub(crate) fn fail(&self, error: &str, severity: Severity) -> Option<State> {
        let mut current = self.current();
        error.clone_into(&mut current.last_error);
        current.failures = current.failures.saturating_add(1);
        let state = match (current.state.has_ruleset(), severity) {
            (false, Severity::Refused) => State::Fatal,
            (false, Severity::After(_)) => State::Error,
            (true, Severity::After(patience)) if current.failures < patience => current.state,
            (true, _) => State::Stale,
        };
        self.go(current, state)
    }

    /// The service, which evaluates, did not. The state, if it is another one.
    pub(crate) fn fail_remote(&self, error: &str, severity: Severity) -> Option<State> {
        let mut current = self.current();
        error.clone_into(&mut current.last_error);
        current.failures = current.failures.saturating_add(1);
        let state = match severity {
            Severity::Refused => State::Fatal,
            Severity::After(patience) if current.failures >= patience => State::Error,
            Severity::After(_) => current.state,
        };
        self.go(current, state)
    }

    /// There is another key: what the service refused it may grant. The state, if it is another one.
    pub(crate) fn hope(&self) -> Option<State> {
        let mut current = self.current();
        match current.state {
            State::Fatal => {
                current.failures = 0;
                self.go(current, State::NotReady)
            }
            _ => None,
        }
    }

    /// Makes who waits give up.
    pub(crate) fn close(&self) {
        self.current().closed = true;
        self.changed.notify_all();
    }

    /// Waits until there is a ruleset, or there will be none, at most `timeout`; the state then.
    pub(crate) fn wait_ready(&self, timeout: Duration) -> State {
        let deadline = Instant::now().checked_add(timeout);
        let mut current = self.current();
        while !current.state.has_ruleset() && current.state != State::Fatal {
            let left = deadline.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() || current.closed {
                break;
            }
            (current, _) = self.changed.wait_timeout(current, left).unwrap_or_else(PoisonError::into_inner);
        }
        current.state
    }
}
