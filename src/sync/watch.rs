//! The thread that looks at a ruleset's file from time to time.

use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::source::Stamp;
use crate::client::Core;
use crate::engine::fork;
use crate::log::LogLevel;

/// A running watch.
#[derive(Debug)]
pub(crate) struct Watcher {
    stop: Arc<Stop>,
    thread: Option<JoinHandle<()>>,
    /// The fork generation in which the thread runs.
    forks: u32,
}

#[derive(Debug, Default)]
struct Stop {
    asked: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    /// Waits for `interval`; whether the watch is to stop.
    fn wait(&self, interval: Duration) -> bool {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(asked, interval, |asked| !*asked);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn ask(&self) {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }
}

impl Watcher {
    /// Watches the client's file, of which `seen` was read; none where it is not to be watched or no thread can be started.
    pub(crate) fn start(core: &Arc<Core>, seen: Option<Stamp>) -> Option<Self> {
        let interval = core.file().map(|file| file.interval).filter(|interval| !interval.is_zero())?;
        let stop = Arc::new(Stop::default());
        let (weak, stopped) = (Arc::downgrade(core), Arc::clone(&stop));
        let thread = thread::Builder::new()
            .name("pennon-watch".into())
            .spawn(move || run(&weak, &stopped, interval, seen))
            .inspect_err(|error| core.say(LogLevel::Error, &format!("ruleset file is not watched: {error}")))
            .ok()?;
        Some(Self { stop, thread: Some(thread), forks: fork::generation() })
    }

    /// Ends the watch and waits for its thread, which may be reading the file, at most `timeout`: then it ends by itself.
    pub(crate) fn stop(mut self, timeout: Duration) {
        let Some(thread) = self.thread.take().filter(|_| self.forks == fork::generation()) else {
            // In the child of a fork there is no thread to wait for, and its lock may be held for ever.
            return;
        };
        self.stop.ask();
        let start = Instant::now();
        while !thread.is_finished()
            && start.elapsed() < timeout
            && thread.thread().id() != thread::current().id()
        {
            thread::sleep(Duration::from_micros(200));
        }
        if thread.is_finished() {
            let _ = thread.join();
        }
    }
}

fn run(core: &Weak<Core>, stop: &Stop, interval: Duration, mut seen: Option<Stamp>) {
    while !stop.wait(interval) {
        let Some(core) = core.upgrade() else { return };
        let Some(file) = core.file() else { return };
        let stamp = file.stamp();
        // A file that cannot be looked at is tried once, so that its absence is reported, and not again before it is back.
        if stamp != seen {
            // What goes wrong is in the state and the log.
            let _ = core.read_file();
            seen = stamp;
        }
    }
}
