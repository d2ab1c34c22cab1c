//! What the client and its background thread share: the way of an evaluation, and the way of a refresh.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use pennon_wire::guest::LoadRequest;
use pennon_wire::limits::MAX_UNIT_BYTES;
use pennon_wire::report::LoadReport;
use pennon_wire::{Answer, ErrorCode};

use super::Stats;
use super::module::{Module, ModuleAnswer};
use crate::context::Context;
use crate::engine::{EngineError, Instance, Lent, Limits, Pool};
use crate::error::Error;
use crate::evaluation::{Loaded, Resolved};
use crate::log::{Log, LogLevel};
use crate::options::Options;
use crate::service::Service;
use crate::state::{Signal, State};
use crate::sync::document::to_json;
use crate::sync::registry::{Registry, Unit};
use crate::sync::snapshot::{Changes, Snapshot};
use crate::sync::source::{Format, RulesetFile};

/// Changed units that a refresh loads before it is published; more would delay it without much use.
const WARM_UNITS: usize = 1024;

/// The snapshot, the instances, and what is known of both.
#[derive(Debug)]
pub(crate) struct Core {
    pub(super) snapshot: ArcSwapOption<Snapshot>,
    registry: Arc<Registry>,
    service: Service,
    /// Our own guest's, which is asked unless there is a module.
    pub(super) pool: Pool,
    pub(super) module: Option<Module>,
    signal: Signal,
    log: Option<Arc<dyn Log>>,
    file: Option<RulesetFile>,
    /// Of documents that come from memory.
    format: Format,
    /// Held while a snapshot is made and published, so that two refreshes do not overtake each other.
    refresh: Mutex<()>,
    counters: Counters,
}

#[derive(Debug, Default)]
struct Counters {
    refreshes: AtomicU64,
    rejected: AtomicU64,
    loads: AtomicU64,
    deadlines: AtomicU64,
    busy: AtomicU64,
    traps: AtomicU64,
}

/// A unit under evaluation: where it is from and what it is.
#[derive(Clone, Copy)]
pub(super) struct Subject<'s> {
    pub snapshot: &'s Snapshot,
    pub key: &'s str,
    pub unit: &'s Unit,
    pub definition: &'s str,
}

impl<'s> Subject<'s> {
    pub(super) fn request(&self) -> LoadRequest<'s> {
        LoadRequest {
            key: self.key,
            unit: self.definition.as_bytes(),
            enrichment: self.snapshot.enrichment(),
        }
    }

    /// Refuses a unit that is too large, before any instance sees it.
    #[inline]
    pub(super) fn check_size(&self) -> Result<(), EngineError> {
        if self.definition.len() > MAX_UNIT_BYTES {
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
        let file = options.ruleset_file.map(|path| RulesetFile {
            format: options.ruleset_format.unwrap_or_else(|| Format::of(&path)),
            path,
            interval: options.watch_interval,
        });
        Ok(Self {
            snapshot: ArcSwapOption::empty(),
            registry: Arc::default(),
            service: options.service,
            pool,
            module,
            signal: Signal::default(),
            log: options.log,
            file,
            format: options.ruleset_format.unwrap_or(Format::Json),
            refresh: Mutex::new(()),
            counters: Counters::default(),
        })
    }

    pub(crate) fn file(&self) -> Option<&RulesetFile> {
        self.file.as_ref()
    }

    pub(crate) fn signal(&self) -> &Signal {
        &self.signal
    }

    /// Makes who waits in the client give up.
    pub(crate) fn close(&self) {
        self.signal.close();
        self.pool.close();
        if let Some(module) = &self.module {
            module.close();
        }
    }

    pub(crate) fn say(&self, level: LogLevel, message: &str) {
        if let Some(log) = &self.log {
            log.log(level, message);
        }
    }

    /// Finds the answer for a flag and shows it to `with`. Writes nothing that threads share.
    #[inline]
    pub(super) fn resolve<T>(&self, key: &str, context: &Context, with: impl FnOnce(Resolved<'_>) -> T) -> T {
        let snapshot = self.snapshot.load();
        let Some(snapshot) = snapshot.as_deref() else {
            return with(Resolved::failure(ErrorCode::ProviderNotReady, "client has no ruleset yet"));
        };
        let encoded = match context.encoded() {
            Ok(encoded) => encoded,
            Err(error) => return with(Resolved::failure(ErrorCode::InvalidContext, &error.to_string())),
        };
        let Some((unit, definition)) = snapshot.find(key) else {
            return with(Resolved::failure(ErrorCode::FlagNotFound, "no flag has this key"));
        };
        let subject = Subject { snapshot, key, unit, definition };
        if let Some(module) = &self.module {
            return self.resolve_by_module(module, subject, context, with);
        }
        self.refuse_oversize(subject);
        if let Some(resolved) = unit.loaded().and_then(|loaded| loaded.resolve(loaded.constant?)) {
            return with(resolved);
        }
        match self.ask(subject, encoded) {
            Ok((loaded, answer)) => with(loaded.resolve(answer).unwrap_or(MALFORMED)),
            Err(error) => with(Resolved::failure(ErrorCode::General, &error.to_string())),
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
        unit: &Unit,
        ask: impl Fn(&mut Instance) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let mut lent = self.pool.lend().inspect_err(|error| self.count(error))?;
        let answer = self.ask_lent(&mut lent, unit, ask).inspect_err(|error| self.count(error))?;
        // Only now: an instance whose call failed is dropped.
        lent.give_back();
        Ok(answer)
    }

    /// Apart from [`Core::resolve`], which is small for the sake of our own guest.
    #[cold]
    #[inline(never)]
    fn resolve_by_module<T>(
        &self,
        module: &Module,
        subject: Subject<'_>,
        context: &Context,
        with: impl FnOnce(Resolved<'_>) -> T,
    ) -> T {
        match self.ask_module(module, subject, context) {
            Ok(answer) => with(answer.resolved()),
            Err(error) => with(Resolved::failure(ErrorCode::General, &error.to_string())),
        }
    }

    /// Asks the vendor's module.
    pub(super) fn ask_module(
        &self,
        module: &Module,
        subject: Subject<'_>,
        context: &Context,
    ) -> Result<ModuleAnswer, EngineError> {
        module.ask(self.service, subject, context.json()).inspect_err(|error| self.count(error))
    }

    /// Calls `ask` on a lent instance; where it fails and holds other units, whose memory it may have wanted, once more on a
    /// new one.
    #[inline]
    pub(super) fn ask_lent<T>(
        &self,
        lent: &mut Lent<'_>,
        unit: &Unit,
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
        self.sweep(instance)?;
        let unit = subject.unit;
        let (loaded, handle) = match (unit.loaded(), instance.handle(unit.key())) {
            (Some(loaded), Some(handle)) => (loaded, handle),
            _ => self.load(instance, subject)?,
        };
        if let Some(constant) = loaded.constant {
            return Ok((loaded, constant));
        }
        instance.evaluate(handle, context, loaded.now()).map(|answer| (loaded, answer))
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
    fn load<'u>(
        &self,
        instance: &mut Instance,
        subject: Subject<'u>,
    ) -> Result<(&'u Loaded, u32), EngineError> {
        self.counters.loads.fetch_add(1, Ordering::Relaxed);
        let unit = subject.unit;
        let loaded = instance.load(unit.key(), subject.request(), |report| match unit.loaded() {
            Some(loaded) => Some(loaded),
            None => LoadReport::decode(report).ok().map(|report| unit.keep(Loaded::new(report))),
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
        subject.unit.keep(Loaded::failing(ErrorCode::General, &error.to_string()));
        error
    }

    /// Keeps of a unit that is too large that it is.
    #[inline]
    pub(super) fn refuse_oversize(&self, subject: Subject<'_>) {
        if subject.unit.loaded().is_none()
            && let Err(error) = subject.check_size()
        {
            subject.unit.keep(Loaded::failing(ErrorCode::General, &error.to_string()));
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

    /// Makes a document the ruleset in force.
    pub(crate) fn replace(&self, document: Vec<u8>) -> Result<Changes, Error> {
        self.publish(|| to_json(document, self.format), |error| error)
    }

    /// Reads the file and makes it the ruleset in force.
    pub(crate) fn read_file(&self) -> Result<(), Error> {
        let Some(file) = &self.file else { return Ok(()) };
        let named = |error| match error {
            Error::InvalidRuleset(message) => {
                Error::InvalidRuleset(format!("ruleset file {}: {message}", file.path.display()))
            }
            other => other,
        };
        self.publish(|| file.read().map_err(named), named).map(|_| ())
    }

    /// Makes a document the ruleset in force; `named` tells in an error where the document is from.
    fn publish(
        &self,
        document: impl FnOnce() -> Result<String, Error>,
        named: impl Fn(Error) -> Error,
    ) -> Result<Changes, Error> {
        let refresh = self.refresh.lock().unwrap_or_else(PoisonError::into_inner);
        let published = document().and_then(|document| self.publish_document(document).map_err(named));
        match &published {
            Ok(_) => self.signal.succeed(),
            Err(error) => {
                self.counters.rejected.fetch_add(1, Ordering::Relaxed);
                self.signal.fail(&error.to_string());
            }
        }
        // The log is the caller's code: it is not called under a lock.
        drop(refresh);
        if let Err(error) = &published {
            let consequence = match self.signal.state() {
                State::Stale => "; the last good ruleset stays in force",
                _ => "",
            };
            self.say(LogLevel::Error, &format!("{error}{consequence}"));
        }
        published
    }

    fn publish_document(&self, document: String) -> Result<Changes, Error> {
        let previous = self.snapshot.load_full();
        if previous.as_ref().is_some_and(|previous| previous.is(&document)) {
            return Ok(Changes::default());
        }
        let (snapshot, changes) = Snapshot::new(document, previous.as_deref(), &self.registry)?;
        if let Some(previous) = &previous {
            self.warm(previous, &snapshot, &changes);
        }
        self.snapshot.store(Some(Arc::new(snapshot)));
        self.counters.refreshes.fetch_add(1, Ordering::Relaxed);
        Ok(changes)
    }

    /// Loads the changed units that were in use, so that no evaluation pays for it.
    fn warm(&self, previous: &Snapshot, snapshot: &Snapshot, changes: &Changes) {
        let used = |key: &&String| previous.find(key).is_some_and(|(unit, _)| unit.loaded().is_some());
        for key in changes.keys.iter().filter(used).take(WARM_UNITS) {
            let (Some((old, _)), Some((unit, definition))) = (previous.find(key), snapshot.find(key)) else {
                continue;
            };
            let subject = Subject { snapshot, key, unit, definition };
            self.refuse_oversize(subject);
            // Instances in use at the moment load it when they come to it.
            self.pool.visit(|instance| match instance.handle(old.key()) {
                Some(_) if unit.loaded().is_none_or(|loaded| loaded.constant.is_none()) => {
                    self.load(instance, subject).map(|_| ())
                }
                _ => Ok(()),
            });
        }
    }

    pub(super) fn stats(&self) -> Stats {
        let snapshot = self.snapshot.load();
        let snapshot = snapshot.as_deref();
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (instances, instances_created, instances_failed) = match &self.module {
            Some(module) => module.counts(),
            None => self.pool.counts(),
        };
        Stats {
            flags: snapshot.map_or(0, Snapshot::len),
            ruleset_bytes: snapshot.map_or(0, Snapshot::bytes),
            generation: snapshot.map_or(0, Snapshot::generation),
            loaded_units: self.registry.loaded(),
            loads: read(&self.counters.loads),
            refreshes: read(&self.counters.refreshes),
            rejected: read(&self.counters.rejected),
            instances,
            instances_created,
            instances_failed,
            deadlines: read(&self.counters.deadlines),
            busy: read(&self.counters.busy),
            traps: read(&self.counters.traps),
            last_error: self.signal.last_error(),
        }
    }
}

/// What a guest's answer gives when it names what its report does not have.
pub(super) const MALFORMED: Resolved<'static> = Resolved {
    outcome: None,
    reason: pennon_wire::Reason::Error,
    error: Some(ErrorCode::General),
    message: "the evaluator gave a malformed answer",
};
