//! The threads of a client: when they begin, and how they end within a bounded time.

use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::core::{Core, Workers};
use super::link::Link;
use super::module::Module;
use super::remote::Remote;
use crate::evaluation::Loaded;
use crate::events::{Sender, Voice};
use crate::listener::ProviderEvent;
use crate::log::LogLevel;
use crate::options::Mode;
use crate::sync::follow::follow;
use crate::sync::registry::Unit;
use crate::sync::stream::{FindUrls, Stream, Times};
use crate::sync::watch::watch;
use crate::worker::{Alarm, Worker};

/// How long a thread may take to notice that its connections are cut.
const GRACE: Duration = Duration::from_millis(500);

impl Core {
    pub(super) fn workers(&self) -> MutexGuard<'_, Workers> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the threads, once.
    pub(super) fn start(self: &Arc<Self>) {
        // In a child of a fork every call comes by here.
        if self.is_started.load(Ordering::Acquire) || self.is_started.swap(true, Ordering::AcqRel) {
            return;
        }
        let sync = self.start_sync();
        let events = self.start_events();
        let mut workers = self.workers();
        if workers.is_ended {
            // Shut down meanwhile: they are not to stay.
            [&sync, &events].into_iter().flatten().for_each(|worker| worker.alarm.stop());
            return;
        }
        workers.sync = sync;
        workers.events = events;
    }

    fn worker(&self, started: Result<Worker, String>) -> Option<Worker> {
        started.inspect_err(|error| self.say(LogLevel::Error, error)).ok()
    }

    /// The thread that keeps the ruleset in step with where it is from.
    fn start_sync(self: &Arc<Self>) -> Option<Worker> {
        let alarm = Arc::new(Alarm::default());
        if let Some(file) = self.file.clone() {
            // In a child of a fork the file may have changed since the parent read it, so that the watch begins with reading it.
            let is_child = self.snapshot.load().is_some();
            let first = file.stamp().filter(|_| !is_child);
            if !is_child {
                // What goes wrong is in the state and the log, and the watch tries again.
                let _ = self.read_file();
            }
            if file.interval.is_zero() {
                return None;
            }
            let core = Arc::clone(self);
            return self.worker(Worker::start("pennon-watch", alarm, move |alarm| {
                watch(&core, &file, first, alarm)
            }));
        }
        let link = self.link.as_ref()?;
        if !link.has_rulesets(self.options.network.mode) && !self.needs_stream() {
            return None;
        }
        let core = Arc::clone(self);
        let stream = self.stream(link);
        let body = move |alarm: &Alarm| follow(&core, &core.options.network, stream, alarm);
        self.worker(Worker::start("pennon-sync", alarm, body))
    }

    /// Whether remote mode listens for changes, for the sake of its cache.
    fn needs_stream(&self) -> bool {
        let network = &self.options.network;
        network.mode == Mode::Remote && network.cache_size > 0 && !network.disable_cache_invalidation
    }

    fn stream(self: &Arc<Self>, link: &Link) -> Option<Stream> {
        let network = &self.options.network;
        let endpoint = link.endpoint.clone()?;
        // Not the client itself, which would never go.
        let core = Arc::downgrade(self);
        let urls: FindUrls = Box::new(move || {
            let core = core.upgrade()?;
            let key = core.link.as_ref()?.key();
            let ruleset = core.snapshot.load().as_ref().and_then(|snapshot| snapshot.stream_key());
            let streams = core.options.network.stream_endpoint.as_deref();
            let key = key.as_deref().map(String::as_str);
            core.options.service.stream_urls(&endpoint, streams, key, ruleset.as_deref())
        });
        let core = Arc::downgrade(self);
        let say = move |message: &str| {
            if let Some(core) = core.upgrade() {
                core.say(LogLevel::Info, message);
            }
        };
        let times = Times {
            poll: network.poll_interval,
            reconnect: network.reconnect_interval,
            timeout: network.timeout,
        };
        let line = Arc::clone(&link.line);
        Stream::new(network.change_stream, urls, link.transport.clone(), line, times, Box::new(say))
    }

    /// The thread that sends events.
    fn start_events(self: &Arc<Self>) -> Option<Worker> {
        let carrier = self.link.as_ref().and_then(Link::carrier).filter(|_| self.events.is_open())?;
        let core = Arc::clone(self);
        let body = move |alarm: &Alarm| {
            let log = |level, message: &str| core.say(level, message);
            let find = |unit, show: &mut dyn FnMut(&Loaded)| {
                if let Some(loaded) = core.registry.find(unit).as_deref().and_then(Unit::loaded) {
                    show(loaded);
                }
            };
            let sender = Sender {
                events: &core.events,
                find: &find,
                carrier,
                voice: Voice { outbox: &core.outbox, log: &log },
            };
            sender.run(alarm);
        };
        self.worker(Worker::start("pennon-events", Arc::clone(&self.events.alarm), body))
    }

    /// Uses another key from now on.
    pub(super) fn set_key(&self, key: Option<String>) {
        let Some(link) = &self.link else { return };
        link.set_key(key);
        link.forget_validator();
        if let Some(state) = self.signal().hope() {
            self.outbox.tell(ProviderEvent::State { state, reason: "there is another key".into() });
        }
        self.remote.iter().for_each(Remote::forget);
        // Who listens by the old key connects by the new one; who waits tries at once.
        link.line.interrupt();
        if let Some(sync) = &self.workers().sync {
            sync.alarm.ring();
        }
        self.events.hope();
    }

    /// Waits until events are sent, at most `timeout`; how many are pending then.
    pub(super) fn flush(&self, timeout: Duration) -> u64 {
        let now = Instant::now();
        self.events.flush(now.checked_add(timeout).unwrap_or(now))
    }

    /// Ends the threads within about `timeout`, sending what is pending. How many events were not sent.
    pub(super) fn shutdown(&self, timeout: Duration) -> u64 {
        let now = Instant::now();
        let end = now.checked_add(timeout).unwrap_or(now);
        let (sync, events) = {
            let mut workers = self.workers();
            workers.is_ended = true;
            (workers.sync.take(), workers.events.take())
        };
        if let Some(sync) = &sync {
            sync.alarm.stop();
        }
        if let Some(link) = &self.link {
            link.interrupt();
            link.line.interrupt();
        }
        if let Some(remote) = &self.remote {
            remote.interrupt();
        }
        self.events.close();
        let before = self.events.figures();
        if let Some(events) = events {
            events.alarm.stop();
            self.end_events(events, end);
        }
        if let Some(sync) = sync {
            sync.join(end.max(Instant::now() + GRACE));
        }
        self.pool.rest();
        self.module.iter().for_each(Module::rest);
        let after = self.events.figures();
        after.pending + after.dropped.saturating_sub(before.dropped)
    }

    /// Waits for the sender's last attempt; where it takes too long, it is cut off.
    fn end_events(&self, worker: Worker, end: Instant) {
        while !worker.is_finished() && !worker.is_current() && Instant::now() < end {
            std::thread::sleep(Duration::from_micros(200));
        }
        if let Some(link) = self.link.as_ref().filter(|_| !worker.is_finished()) {
            link.interrupt_events();
        }
        worker.join(Instant::now() + GRACE);
    }
}
