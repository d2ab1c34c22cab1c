//! What the client and its background threads share, and the way of an evaluation.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwapOption;
use pennon_wire::guest::LoadRequest;
use pennon_wire::limits::MAX_UNIT_BYTES;
use pennon_wire::report::LoadReport;
use pennon_wire::{Answer, ErrorCode};

use super::defaults::DefaultFlags;
use super::link::Link;
use super::module::{Module, ModuleAnswer};
use super::record::Ask;
use super::remote::Remote;
use crate::context::Context;
use crate::engine::{EngineError, Instance, Lent, Limits, Pool};
use crate::error::Error;
use crate::evaluation::{Loaded, Resolved};
use crate::events::Events;
use crate::listener::Outbox;
use crate::log::LogLevel;
use crate::options::{Mode, Options};
use crate::state::{Signal, State};
use crate::sync::registry::{Registry, Unit};
use crate::sync::snapshot::{Definition, Snapshot};
use crate::sync::source::{Format, RulesetFile};
use crate::worker::Worker;

/// A client in one process: the snapshot, the instances, the events, and what is known of them.
#[derive(Debug)]
pub(crate) struct Core {
    pub(super) options: Options,
    pub(super) snapshot: ArcSwapOption<Snapshot>,
    pub(super) registry: Arc<Registry>,
    /// Our own guest's, which is asked unless there is a module.
    pub(super) pool: Pool,
    pub(super) module: Option<Module>,
    pub(super) link: Option<Link>,
    /// Asks the service to evaluate: everything, or what cannot be evaluated here.
    pub(super) remote: Option<Remote>,
    pub(super) defaults: DefaultFlags,
    pub(super) events: Events,
    pub(super) outbox: Outbox,
    signal: Signal,
    pub(super) file: Option<RulesetFile>,
    /// Of documents that come from memory.
    pub(super) format: Format,
    /// Where the ruleset in force is from: a [`crate::Source`].
    pub(super) origin: AtomicU8,
    /// The generation of the snapshot that is kept on disk, and where.
    pub(super) kept: Mutex<Option<(u64, PathBuf)>>,
    /// Held while a snapshot is made and published, so that two refreshes do not overtake each other.
    pub(super) refresh: Mutex<()>,
    pub(super) counters: Counters,
    pub(super) workers: Mutex<Workers>,
    pub(super) is_started: AtomicBool,
}

/// The threads of a client.
#[derive(Debug, Default)]
pub(super) struct Workers {
    pub(super) sync: Option<Worker>,
    pub(super) events: Option<Worker>,
    /// Whether the client has been shut down: none are started any more.
    pub(super) is_ended: bool,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) refreshes: AtomicU64,
    pub(super) rejected: AtomicU64,
    pub(super) loads: AtomicU64,
    pub(super) deadlines: AtomicU64,
    pub(super) busy: AtomicU64,
    pub(super) traps: AtomicU64,
}

/// A unit under evaluation: where it is from and what it is.
#[derive(Clone, Copy)]
pub(super) struct Subject<'s> {
    pub snapshot: &'s Snapshot,
    pub key: &'s str,
    pub unit: &'s Arc<Unit>,
    pub definition: Definition<'s>,
}

impl<'s> Subject<'s> {
    /// The request that loads it, by the text of its definition.
    pub(super) fn request<'r>(&'r self, definition: &'r str) -> LoadRequest<'r> {
        LoadRequest { key: self.key, unit: definition.as_bytes(), enrichment: self.snapshot.enrichment() }
    }

    /// Refuses a unit that is too large, before any instance sees it.
    #[inline]
    pub(super) fn check_size(&self) -> Result<(), EngineError> {
        if self.definition.is_longer_than(MAX_UNIT_BYTES) {
            return Err(EngineError::Unloadable(EngineError::TooLarge.load_cause()));
        }
        Ok(())
    }
}

impl Core {
    pub(super) fn new(options: Options) -> Result<Self, Error> {
        let limits = Limits { deadline: options.deadline, memory: options.memory_limit };
        let pool = Pool::new(options.service.guest(), options.pool_size, options.pool_wait, limits)?;
        let module = Module::open(&options)?;
        let link = Link::new(&options)?;
        // In remote mode there is no ruleset to wait for.
        let state = if options.network.mode == Mode::Remote { State::Ready } else { State::NotReady };
        Ok(Self::with(options, pool, module, link, Signal::of(state)))
    }

    fn with(
        options: Options,
        pool: Pool,
        module: Option<Module>,
        link: Option<Link>,
        signal: Signal,
    ) -> Self {
        let file = options.ruleset_file.clone().map(|path| RulesetFile {
            format: options.ruleset_format.unwrap_or_else(|| Format::of(&path)),
            path,
            interval: options.watch_interval,
        });
        let remote = link.as_ref().and_then(|link| Remote::new(&options, link));
        let can_send = link.as_ref().is_some_and(Link::has_collector);
        Self {
            snapshot: ArcSwapOption::empty(),
            registry: Arc::default(),
            pool,
            module,
            link,
            remote,
            defaults: DefaultFlags::new(&options),
            events: Events::new(options.events.clone(), can_send),
            outbox: Outbox::new(options.listener.clone()),
            signal,
            file,
            format: options.ruleset_format.unwrap_or(Format::Json),
            origin: AtomicU8::new(0),
            kept: Mutex::default(),
            refresh: Mutex::new(()),
            counters: Counters::default(),
            workers: Mutex::default(),
            is_started: AtomicBool::new(false),
            options,
        }
    }

    /// The client in the child of a fork: with the parent's ruleset, and with instances, locks, connections and a queue of its
    /// own. Reads of the parent's nothing that a lock guards.
    pub(super) fn in_child(&self) -> Arc<Self> {
        let module = self.module.as_ref().map(Module::in_child);
        let link = self.link.as_ref().map(|link| link.in_child(&self.options));
        let signal = Signal::of(self.signal.state());
        let child = Self::with(self.options.clone(), self.pool.in_child(), module, link, signal);
        if let Some(snapshot) = self.snapshot.load_full() {
            child.snapshot.store(Some(Arc::new(snapshot.in_child(&child.registry))));
        }
        child.origin.store(self.origin.load(Ordering::Relaxed), Ordering::Relaxed);
        Arc::new(child)
    }

    pub(crate) fn signal(&self) -> &Signal {
        &self.signal
    }

    /// Makes who waits in the client give up.
    pub(crate) fn close(&self) {
        self.signal.close();
        self.events.wake_all();
        if let Some(link) = &self.link {
            link.interrupt();
            link.line.interrupt();
            link.interrupt_events();
        }
        if let Some(remote) = &self.remote {
            remote.interrupt();
        }
        self.pool.close();
        if let Some(module) = &self.module {
            module.close();
        }
    }

    pub(crate) fn say(&self, level: LogLevel, message: &str) {
        if let Some(log) = self.options.log.as_ref().filter(|_| !self.outbox.is_muted()) {
            log.log(level, message);
        }
    }

    /// Finds the answer for a flag, reports it, and shows it to `with`. Writes nothing that threads share but its stripe of
    /// counts and events.
    #[inline]
    pub(super) fn resolve<T>(
        &self,
        key: &str,
        context: &Context,
        ask: Ask<'_>,
        with: impl FnOnce(Resolved<'_>) -> T,
    ) -> T {
        let snapshot = self.snapshot.load();
        let Some(snapshot) = snapshot.as_deref() else {
            return self.resolve_without_ruleset(key, context, ask, with);
        };
        let encoded = match context.encoded() {
            Ok(encoded) => encoded,
            Err(error) => return self.fail(ask, ErrorCode::InvalidContext, &error.to_string(), with),
        };
        let Some((unit, definition)) = snapshot.find(key) else {
            return self.resolve_unknown(key, context, ask, with);
        };
        let subject = Subject { snapshot, key, unit, definition };
        if let Some(module) = &self.module {
            return self.resolve_by_module(module, subject, context, ask, with);
        }
        if unit.loaded().is_none() {
            self.refuse_oversize(subject);
        }
        if let Some((loaded, constant)) = unit.loaded().and_then(|loaded| Some((loaded, loaded.constant?))) {
            return self.answer(subject, loaded, constant, context, ask, with);
        }
        match self.ask(subject, encoded) {
            Ok((loaded, answer)) => {
                self.heed(subject.unit, subject.key, loaded, answer);
                self.answer(subject, loaded, answer, context, ask, with)
            }
            Err(error) => self.resolve_failed(subject, &error, context, ask, with),
        }
    }

    /// Keeps what an answer says to the author of a flag (or segment), for the diagnostics, and says it to the log the first
    /// time.
    #[inline]
    pub(super) fn heed(&self, unit: &Unit, name: impl fmt::Display, loaded: &Loaded, answer: Answer) {
        if let Some(remark) = loaded.remark(answer)
            && unit.keep_remark(remark)
        {
            self.say(LogLevel::Warn, &format!("{name}: {remark}"));
        }
    }

    /// Asks an instance, loading the unit where it is not loaded yet.
    #[inline]
    fn ask<'u>(&self, subject: Subject<'u>, context: &[u8]) -> Result<(&'u Loaded, Answer), EngineError> {
        self.on_instance(subject.unit, |instance| self.ask_instance(instance, subject, context))
    }

    /// Calls `ask` on an instance, as [`Core::ask_lent`] does.
    #[inline]
    pub(super) fn on_instance<T>(
        &self,
        unit: &Arc<Unit>,
        ask: impl Fn(&mut Instance) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let mut lent = self.pool.lend().inspect_err(|error| self.count(error))?;
        let answer = self.ask_lent(&mut lent, unit, ask).inspect_err(|error| self.count(error))?;
        // Only now: an instance whose call failed is dropped.
        lent.give_back();
        Ok(answer)
    }

    /// Asks the vendor's module.
    pub(super) fn ask_module(
        &self,
        module: &Module,
        subject: Subject<'_>,
        context: &Context,
    ) -> Result<ModuleAnswer, EngineError> {
        module.ask(self.options.service, subject, context.json()).inspect_err(|error| self.count(error))
    }

    /// Calls `ask` on a lent instance; where it fails and holds other units, whose memory it may have wanted, once more on a
    /// new one.
    #[inline]
    pub(super) fn ask_lent<T>(
        &self,
        lent: &mut Lent<'_>,
        unit: &Arc<Unit>,
        ask: impl Fn(&mut Instance) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        match ask(lent.instance()?) {
            Err(error @ (EngineError::Trap(_) | EngineError::Memory)) => {
                if lent.instance()?.is_fresh_for(unit.key()) {
                    return Err(error);
                }
                lent.renew()?;
                ask(lent.instance()?)
            }
            answered => answered,
        }
    }

    #[inline]
    pub(super) fn ask_instance<'u>(
        &self,
        instance: &mut Instance,
        subject: Subject<'u>,
        context: &[u8],
    ) -> Result<(&'u Loaded, Answer), EngineError> {
        let (loaded, handle) = self.loaded(instance, subject)?;
        if let Some(constant) = loaded.constant {
            return Ok((loaded, constant));
        }
        instance.evaluate(handle, context, loaded.now()).map(|answer| (loaded, answer))
    }

    /// The unit in an instance, loaded if it is not there.
    #[inline]
    pub(super) fn loaded<'u>(
        &self,
        instance: &mut Instance,
        subject: Subject<'u>,
    ) -> Result<(&'u Loaded, u32), EngineError> {
        self.sweep(instance)?;
        let unit = subject.unit;
        match (unit.loaded(), instance.handle(unit.key())) {
            (Some(loaded), Some(handle)) => Ok((loaded, handle)),
            _ => self.load(instance, subject),
        }
    }

    /// Lets an instance unload what has gone since it was used last.
    #[inline]
    fn sweep(&self, instance: &mut Instance) -> Result<(), EngineError> {
        let departures = self.registry.departures();
        if instance.departures == departures {
            return Ok(());
        }
        instance.departures = departures;
        instance.sweep(self.registry.is_gone())
    }

    /// Loads a unit into an instance and keeps its report.
    #[cold]
    pub(super) fn load<'u>(
        &self,
        instance: &mut Instance,
        subject: Subject<'u>,
    ) -> Result<(&'u Loaded, u32), EngineError> {
        self.counters.loads.fetch_add(1, Ordering::Relaxed);
        let unit = subject.unit;
        let definition = subject.definition.text();
        let loaded = instance.load(unit.key(), subject.request(&definition), |report| match unit.loaded() {
            Some(loaded) => Some(loaded),
            None => {
                let report = LoadReport::decode(report).ok();
                report.map(|report| unit.keep(Loaded::new(subject.key, report)))
            }
        });
        loaded
            .map(|(handle, loaded)| (loaded, handle))
            .map_err(|error| self.load_failed(instance, subject, error))
    }

    /// What the failure of a load means. Loading is the same every time: what failed, but for want of memory that other units
    /// held, is not tried again before the unit changes.
    #[cold]
    pub(super) fn load_failed(
        &self,
        instance: &Instance,
        subject: Subject<'_>,
        error: EngineError,
    ) -> EngineError {
        let for_good = match error {
            EngineError::Deadline | EngineError::TooLarge | EngineError::Malformed => true,
            EngineError::Trap(_) | EngineError::Memory => instance.is_fresh_for(subject.unit.key()),
            _ => false,
        };
        if !for_good {
            return error;
        }
        let error = EngineError::Unloadable(error.load_cause());
        subject.unit.keep(Loaded::failing(subject.key, ErrorCode::General, &error.to_string()));
        error
    }

    /// Keeps of a unit that is too large that it is.
    #[cold]
    pub(super) fn refuse_oversize(&self, subject: Subject<'_>) {
        if subject.unit.loaded().is_none()
            && let Err(error) = subject.check_size()
        {
            subject.unit.keep(Loaded::failing(subject.key, ErrorCode::General, &error.to_string()));
        }
    }

    pub(super) fn count(&self, error: &EngineError) {
        let counter = match error {
            EngineError::Deadline => &self.counters.deadlines,
            EngineError::Busy => &self.counters.busy,
            _ => &self.counters.traps,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// What a guest's answer gives when it names what its report does not have.
pub(super) const MALFORMED: Resolved<'static> = Resolved {
    outcome: None,
    reason: pennon_wire::Reason::Error,
    error: Some(ErrorCode::General),
    message: "the evaluator gave a malformed answer",
};
