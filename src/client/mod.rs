//! The client: owns a snapshot, a pool and the thread that keeps the snapshot in step with its source.

mod all;
mod core;
mod explain;
mod filter;
#[cfg(feature = "modules")]
mod module;
#[cfg(not(feature = "modules"))]
#[path = "no_module.rs"]
mod module;
mod report;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pennon_wire::report::Diagnostic;

pub(crate) use self::core::Core;
pub use self::explain::AttributesRead;
pub(crate) use self::filter::Filter;
use crate::context::Context;
use crate::error::Error;
use crate::evaluation::{Evaluation, FlagType, Value};
use crate::options::Options;
use crate::state::State;
use crate::sync::watch::Watcher;

/// How long dropping a client waits for its thread, which may be reading a file.
const DROP_WAIT: Duration = Duration::from_secs(2);

/// Evaluates feature flags. Cheap to share: all methods take `&self` and may be called from any thread.
#[derive(Debug)]
pub struct Client {
    core: Arc<Core>,
    watcher: Mutex<Option<Watcher>>,
}

impl Client {
    /// Makes a client. An inline ruleset is in force when it returns. A file has been read once; where that failed the
    /// client is in state [`State::Error`], says so to the log, and goes on trying.
    ///
    /// # Errors
    /// When the options contradict each other, the inline ruleset is invalid, or the evaluator cannot be loaded.
    pub fn new(mut options: Options) -> Result<Self, Error> {
        options.validate()?;
        let inline = options.ruleset.take();
        let core = Arc::new(Core::new(options)?);
        if let Some(ruleset) = inline {
            core.replace(ruleset.into_bytes())?;
        }
        let watcher = core.file().and_then(|file| {
            let first = file.stamp();
            // What goes wrong is in the state and the log, and the watcher tries again.
            let _ = core.read_file();
            Watcher::start(&core, first)
        });
        Ok(Self { core, watcher: Mutex::new(watcher) })
    }

    /// The value of a flag of true or false; `default` on any problem.
    #[inline]
    pub fn get_bool(&self, key: &str, context: &Context, default: bool) -> bool {
        self.core.resolve(key, context, |resolved| match resolved.value(FlagType::Boolean) {
            Some(Value::Bool(value)) => value,
            _ => default,
        })
    }

    /// The value of a flag of whole numbers; `default` on any problem.
    #[inline]
    pub fn get_int(&self, key: &str, context: &Context, default: i64) -> i64 {
        self.core.resolve(key, context, |resolved| match resolved.value(FlagType::Integer) {
            Some(Value::Int(value)) => value,
            _ => default,
        })
    }

    /// The value of a flag of numbers; `default` on any problem.
    #[inline]
    pub fn get_double(&self, key: &str, context: &Context, default: f64) -> f64 {
        self.core.resolve(key, context, |resolved| match resolved.value(FlagType::Double) {
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
        self.core.resolve(key, context, |resolved| match resolved.value(FlagType::String) {
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
        self.core.resolve(key, context, |resolved| match resolved.value(FlagType::Object) {
            Some(Value::Json(json)) => with(json),
            _ => with(default),
        })
    }

    /// Evaluates a flag in full.
    pub fn evaluate(&self, key: &str, flag_type: FlagType, context: &Context) -> Evaluation {
        self.core.resolve(key, context, |resolved| resolved.into_evaluation(key, flag_type))
    }

    /// Evaluates every flag, in the order of their keys. `None` while there is no ruleset.
    pub fn evaluate_all(&self, context: &Context) -> Option<Vec<Evaluation>> {
        self.core.evaluate_all(context, |_| true)
    }

    /// Evaluates every flag whose key `selects`, in the order of their keys. `None` while there is no ruleset.
    pub fn evaluate_some(
        &self,
        context: &Context,
        selects: impl Fn(&str) -> bool,
    ) -> Option<Vec<Evaluation>> {
        self.core.evaluate_all(context, selects)
    }

    /// Why a flag answers as it does: which rule decided, what its query compared, which attributes were read, and what would
    /// have to differ. A JSON object (docs/explain.md) in whose first members the evaluation stands as
    /// [`Evaluation::to_json`] gives it. For people and tools: it takes some hundred times as long as an evaluation.
    pub fn explain(&self, key: &str, context: &Context) -> String {
        self.core.explain(key, context)
    }

    /// Which attributes of a context can change what a flag answers; `None` where the ruleset has no such flag.
    ///
    /// # Errors
    /// When the flag cannot be loaded.
    pub fn attributes_read(&self, key: &str) -> Option<Result<AttributesRead, Error>> {
        self.core.attributes_read(key).map(|read| read.map_err(Error::from))
    }

    /// What the authors of the flags in force should know: flag by flag. Loads every flag, so it takes its time.
    pub fn diagnostics(&self) -> Vec<FlagDiagnostics> {
        self.core.diagnostics()
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
        self.core.replace(document.into()).map(|changes| changes.keys)
    }

    /// Reads the ruleset's file now instead of at its next interval.
    ///
    /// # Errors
    /// When it cannot be read or is no ruleset; the one in force stays.
    pub fn refresh(&self) -> Result<(), Error> {
        match self.core.file() {
            Some(_) => self.core.read_file(),
            None => Ok(()),
        }
    }

    /// In what state the client is.
    pub fn state(&self) -> State {
        self.core.signal().state()
    }

    /// Waits until there is a ruleset, at most `timeout`; whether there is one.
    pub fn wait_ready(&self, timeout: Duration) -> bool {
        self.core.signal().wait_ready(timeout)
    }

    /// Figures about the client, as they are now.
    pub fn stats(&self) -> Stats {
        self.core.stats()
    }

    /// Ends the background thread, waiting for it at most `timeout`. Evaluations go on working, on the ruleset in force.
    pub fn shutdown(&self, timeout: Duration) {
        let watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(watcher) = watcher {
            watcher.stop(timeout);
        }
    }

    /// Makes evaluations that wait for an instance give up: the client is about to go.
    pub(crate) fn close(&self) {
        self.core.close();
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.shutdown(DROP_WAIT);
    }
}

/// What the author of a flag should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlagDiagnostics {
    /// The flag's key.
    pub key: String,
    /// What there is to say, errors first.
    pub diagnostics: Vec<Diagnostic>,
}

/// Figures about a client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Flags of the ruleset in force.
    pub flags: usize,
    /// Bytes of its document.
    pub ruleset_bytes: usize,
    /// Its number: it rises with every change.
    pub generation: u64,
    /// Flags that have been used, and are loaded.
    pub loaded_units: usize,
    /// Flags loaded into an instance, ever.
    pub loads: u64,
    /// Rulesets that came into force.
    pub refreshes: u64,
    /// Rulesets that were refused.
    pub rejected: u64,
    /// Instances that exist, were ever made, and were dropped after a failure.
    pub instances: usize,
    /// Instances ever made.
    pub instances_created: u64,
    /// Instances dropped after a failure.
    pub instances_failed: u64,
    /// Evaluations that used up their CPU time.
    pub deadlines: u64,
    /// Evaluations that found no instance in time.
    pub busy: u64,
    /// Evaluations that trapped.
    pub traps: u64,
    /// What went wrong last; empty after a success.
    pub last_error: String,
}
