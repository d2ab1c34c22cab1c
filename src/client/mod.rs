//! The client: owns a snapshot, a pool and the thread that keeps the snapshot in step with its source.

mod all;
mod at_once;
mod core;
mod defaults;
mod explain;
mod filter;
mod last_good;
mod lifecycle;
mod link;
#[cfg(feature = "modules")]
mod module;
#[cfg(not(feature = "modules"))]
#[path = "no_module.rs"]
mod module;
mod record;
mod refresh;
mod remote;
mod report;
mod segments;
mod stats;

use std::sync::Arc;
use std::time::Duration;

use pennon_wire::report::Diagnostic;

pub(crate) use self::core::Core;
pub use self::explain::AttributesRead;
pub(crate) use self::filter::Filter;
use self::record::Ask;
pub use self::segments::Segment;
pub use self::stats::Stats;
use crate::context::Context;
use crate::error::Error;
use crate::evaluation::{Evaluation, Evaluations, FlagType, Value};
use crate::events::Fallback;
use crate::fork::PerProcess;
use crate::options::Options;
use crate::state::State;

/// How long dropping a client waits for its threads.
const DROP_WAIT: Duration = Duration::from_secs(2);

/// Evaluates feature flags. Cheap to share: all methods take `&self` and may be called from any thread.
#[derive(Debug)]
pub struct Client {
    core: PerProcess<Core>,
}

impl Client {
    /// Makes a client. An inline ruleset is in force when it returns, and a file has been read once; where that failed the
    /// client is in state [`State::Error`], says so to the log, and goes on trying. The service is asked in the background:
    /// the option `start_wait_ms` says how long this waits for its first answer.
    ///
    /// # Errors
    /// When the options contradict each other, the inline ruleset is invalid, or the evaluator cannot be loaded.
    pub fn new(mut options: Options) -> Result<Self, Error> {
        options.complete();
        options.validate()?;
        let inline = options.ruleset.take();
        let wait = options.start_wait;
        let core = Arc::new(Core::new(options)?);
        if let Some(ruleset) = inline {
            core.replace(ruleset.into_bytes())?;
        }
        core.start();
        if !wait.is_zero() {
            core.signal().wait_ready(wait);
        }
        Ok(Self { core: PerProcess::new(core) })
    }

    /// The client in this process: in the child of a fork, one of its own.
    #[inline]
    fn core(&self) -> &Arc<Core> {
        self.core.get(Core::in_child, Core::start)
    }

    /// The value of a flag of true or false; `default` on any problem.
    #[inline]
    pub fn get_bool(&self, key: &str, context: &Context, default: bool) -> bool {
        let ask = Ask::new(FlagType::Boolean, Fallback::Bool(default));
        self.core().resolve(key, context, ask, |resolved| match resolved.value(FlagType::Boolean) {
            Some(Value::Bool(value)) => value,
            _ => default,
        })
    }

    /// The value of a flag of whole numbers; `default` on any problem.
    #[inline]
    pub fn get_int(&self, key: &str, context: &Context, default: i64) -> i64 {
        let ask = Ask::new(FlagType::Integer, Fallback::Int(default));
        self.core().resolve(key, context, ask, |resolved| match resolved.value(FlagType::Integer) {
            Some(Value::Int(value)) => value,
            _ => default,
        })
    }

    /// The value of a flag of numbers; `default` on any problem.
    #[inline]
    pub fn get_double(&self, key: &str, context: &Context, default: f64) -> f64 {
        let ask = Ask::new(FlagType::Double, Fallback::Double(default));
        self.core().resolve(key, context, ask, |resolved| match resolved.value(FlagType::Double) {
            Some(Value::Double(value)) => value,
            Some(Value::Int(value)) => value as f64,
            _ => default,
        })
    }

    /// Calls `with` with the value of a flag of text; with `default` on any problem.
    #[inline]
    pub fn get_string<T>(
        &self,
        key: &str,
        context: &Context,
        default: &str,
        with: impl FnOnce(&str) -> T,
    ) -> T {
        let ask = Ask::new(FlagType::String, Fallback::String(default));
        self.core().resolve(key, context, ask, |resolved| match resolved.value(FlagType::String) {
            Some(Value::String(text)) => with(text),
            _ => with(default),
        })
    }

    /// Calls `with` with the JSON of a flag of objects or lists; with `default` on any problem.
    #[inline]
    pub fn get_json<T>(
        &self,
        key: &str,
        context: &Context,
        default: &str,
        with: impl FnOnce(&str) -> T,
    ) -> T {
        let ask = Ask::new(FlagType::Object, Fallback::Json(default));
        self.core().resolve(key, context, ask, |resolved| match resolved.value(FlagType::Object) {
            Some(Value::Json(json)) => with(json),
            _ => with(default),
        })
    }

    /// Evaluates a flag in full.
    pub fn evaluate(&self, key: &str, flag_type: FlagType, context: &Context) -> Evaluation {
        let ask = Ask::new(flag_type, Fallback::None);
        self.core().resolve(key, context, ask, |resolved| resolved.into_evaluation(key, flag_type))
    }

    /// Evaluates every flag, in the order of their keys. `None` while there is no ruleset.
    pub fn evaluate_all(&self, context: &Context) -> Option<Evaluations> {
        self.core().evaluate_all(context, |_| true)
    }

    /// Evaluates every flag whose key `selects`, in the order of their keys. `None` while there is no ruleset.
    pub fn evaluate_some(&self, context: &Context, selects: impl Fn(&str) -> bool) -> Option<Evaluations> {
        self.core().evaluate_all(context, selects)
    }

    /// Whether there is a ruleset.
    pub(crate) fn has_ruleset(&self) -> bool {
        self.core().snapshot.load().is_some()
    }

    /// The segments that the context's identity is in, in the order of the ruleset. `None` where there is no ruleset, or its
    /// service tells of no segments.
    ///
    /// # Errors
    /// When the context cannot be used, or no instance could answer.
    pub fn segments(&self, context: &Context) -> Option<Result<Vec<Segment>, Error>> {
        self.core().segments(context)
    }

    /// Why a flag answers as it does: which rule decided, what its query compared, which attributes were read, and what would
    /// have to differ. A JSON object (docs/explain.md) in whose first members the evaluation stands as
    /// [`Evaluation::to_json`] gives it. For people and tools: it takes some hundred times as long as an evaluation.
    pub fn explain(&self, key: &str, context: &Context) -> String {
        self.core().explain(key, context)
    }

    /// Which attributes of a context can change what a flag answers; `None` where the ruleset has no such flag.
    ///
    /// # Errors
    /// When the flag cannot be loaded.
    pub fn attributes_read(&self, key: &str) -> Option<Result<AttributesRead, Error>> {
        self.core().attributes_read(key).map(|read| read.map_err(Error::from))
    }

    /// What the authors of the flags in force should know: flag by flag. Loads every flag, so it takes its time.
    pub fn diagnostics(&self) -> Vec<FlagDiagnostics> {
        self.core().diagnostics()
    }

    /// The same as [`Client::diagnostics`], as a JSON list of `{"flag", "severity", "code", "rule", "column", "message",
    /// "suggestion"}`.
    pub fn diagnostics_json(&self) -> String {
        report::diagnostics_to_json(&self.diagnostics())
    }

    /// Replaces the ruleset by another document in the format of the options (JSON if they name none). Evaluations under way
    /// keep the old one to their end. Answers the keys that changed, sorted.
    ///
    /// # Errors
    /// When the document is no ruleset; the one in force stays.
    pub fn set_ruleset(&self, document: impl Into<Vec<u8>>) -> Result<Vec<String>, Error> {
        self.core().replace(document.into()).map(|changes| changes.keys)
    }

    /// Fetches the ruleset from the service, or reads its file, now instead of at its next interval.
    ///
    /// # Errors
    /// When it cannot be had or is no ruleset; the one in force stays.
    pub fn refresh(&self) -> Result<(), Error> {
        let core = self.core();
        match core.file {
            Some(_) => core.read_file(),
            None => core.fetch(true).map_err(|(error, _)| error),
        }
    }

    /// In what state the client is.
    pub fn state(&self) -> State {
        self.core().signal().state()
    }

    /// Waits until there is a ruleset, or the service has refused the key, at most `timeout`; whether there is one.
    pub fn wait_ready(&self, timeout: Duration) -> bool {
        self.core().signal().wait_ready(timeout).has_ruleset()
    }

    /// Figures about the client, as they are now.
    pub fn stats(&self) -> Stats {
        self.core().stats()
    }

    /// Reports something that happened in the application, such as a purchase: `details` is a JSON object, or nothing.
    ///
    /// # Errors
    /// When the name is empty, or the details are no JSON object or too large.
    pub fn track(&self, name: &str, context: &Context, details: Option<&str>) -> Result<(), Error> {
        self.core().track(name, context, details)
    }

    /// Uses another key for the service from now on, and asks it at once; `None` is none.
    pub fn set_api_key(&self, key: Option<String>) {
        self.core().set_key(key);
    }

    /// Sends what is pending, waiting for it at most `timeout`. How many events are pending then.
    pub fn flush(&self, timeout: Duration) -> u64 {
        self.core().flush(timeout)
    }

    /// Ends the background threads, waiting for them at most `timeout`, in which what is pending is sent. How many events could
    /// not be sent: they are dropped, or stay in the spool. Evaluations go on working, on the ruleset in force.
    pub fn shutdown(&self, timeout: Duration) -> u64 {
        // A child that has not used the client has no threads to end.
        self.core.made().map_or(0, |core| core.shutdown(timeout))
    }

    /// Makes whoever waits in the client give up: it is about to go.
    pub(crate) fn close(&self) {
        if let Some(core) = self.core.made() {
            core.close();
        }
    }

    /// Ends the threads without sending what is pending. After it nobody is called back.
    pub(crate) fn end(&self) {
        if let Some(core) = self.core.made() {
            core.events.abandon();
            core.shutdown(DROP_WAIT);
            core.outbox.mute();
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.end();
    }
}

/// What the author of a flag should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlagDiagnostics {
    /// The flag's key; empty for what concerns segments beside all flags.
    pub key: String,
    /// What there is to say, errors first.
    pub diagnostics: Vec<Diagnostic>,
}
