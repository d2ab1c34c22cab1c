//! Evaluations by a vendor's own module instead of our guest.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use pennon_wire::{ErrorCode, Reason};

use super::core::Subject;
use crate::engine::{EngineError, Limits, MAX_MODULE_BYTES, Pool, Vendor};
use crate::error::Error;
use crate::evaluation::{HostOutcome, Resolved};
use crate::options::Options;
use crate::service::Service;
use crate::service::goff::module::{Answer, question};

/// Rulesets that an instance may be asked about: its cache of queries keeps those of each (reference 1.2).
const MAX_RULESETS: u64 = 16;

/// The module of the option `module_path`, and its instances.
#[derive(Debug)]
pub(super) struct Module {
    pool: Pool<Vendor>,
}

impl Module {
    /// The module that the options name. It has been started once when this returns.
    ///
    /// # Errors
    /// When it cannot be read or is none that can be run, or when this process cannot compile.
    pub(super) fn open(options: &Options) -> Result<Option<Self>, Error> {
        let Some(path) = &options.module_path else { return Ok(None) };
        let refused = |cause: &str| {
            Error::InvalidOption(format!("option module_path is \"{}\": {cause}", path.display()))
        };
        let wasm = read(path).map_err(|cause| refused(&cause))?;
        let limits = Limits { deadline: options.deadline, memory: options.memory_limit };
        let started =
            Vendor::new(&wasm, limits, options.cache_dir.clone(), options.log.clone()).and_then(|vendor| {
                let pool = Pool::of(vendor, options.pool_size, options.pool_wait);
                pool.lend()?.give_back();
                Ok(pool)
            });
        match started {
            Ok(pool) => Ok(Some(Self { pool })),
            Err(EngineError::Unsuitable(cause)) => Err(refused(&cause)),
            Err(error @ EngineError::Unusable(_)) => Err(error.into()),
            Err(error) => Err(refused(&format!("cannot be started: {error}"))),
        }
    }

    /// Asks the module about a flag, with a context as JSON.
    pub(super) fn ask(
        &self,
        service: Service,
        subject: Subject<'_>,
        context: &str,
    ) -> Result<ModuleAnswer, EngineError> {
        subject.check_size()?;
        debug_assert_eq!(service, Service::Goff, "options have been checked");
        let definition = subject.definition.text();
        let question = question(subject.key, &definition, context, subject.snapshot.enrichment_json());
        let mut lent = self.pool.lend()?;
        let generation = subject.snapshot.generation();
        let first = *lent.instance()?.first_generation.get_or_insert(generation);
        if generation.saturating_sub(first) >= MAX_RULESETS {
            lent.replace()?;
            lent.instance()?.first_generation = Some(generation);
        }
        let answer = lent.instance()?.ask(question.as_bytes())?;
        // Before it is given back: what answers something else is not asked again.
        let answer = Answer::parse(&answer).map_err(EngineError::Misbehaved)?;
        if lent.instance()?.has_grown() {
            lent.retire();
        } else {
            lent.give_back();
        }
        Ok(ModuleAnswer::new(answer))
    }

    /// As [`Pool::in_child`].
    pub(super) fn in_child(&self) -> Self {
        Self { pool: self.pool.in_child() }
    }

    /// As [`Pool::rest`].
    pub(super) fn rest(&self) {
        self.pool.rest();
    }

    /// As [`Pool::counts`].
    pub(super) fn counts(&self) -> (usize, u64, u64) {
        self.pool.counts()
    }

    /// As [`Pool::close`].
    pub(super) fn close(&self) {
        self.pool.close();
    }
}

/// What a module answered, in the form of our own answers.
#[derive(Debug)]
pub(super) struct ModuleAnswer {
    outcome: HostOutcome,
    reason: Reason,
    error: Option<ErrorCode>,
    message: String,
    tracked: bool,
    version: String,
}

impl ModuleAnswer {
    fn new(answer: Answer) -> Self {
        let Answer { outcome, reason, error, message, tracked, version } = answer;
        Self { outcome: HostOutcome::new(outcome), reason, error, message, tracked, version }
    }

    /// Whether it is to be reported.
    pub(super) fn is_tracked(&self) -> bool {
        self.tracked
    }

    /// The flag's version; may be empty.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    pub(super) fn resolved(&self) -> Resolved<'_> {
        let Self { outcome, reason, error, message, .. } = self;
        Resolved { outcome: Some(outcome), reason: *reason, error: *error, message }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let unreadable = |error| format!("cannot be read: {error}");
    let mut wasm = Vec::new();
    // One more than allowed, so that a file that is too large is told from one that just fits.
    let file = File::open(path).map_err(unreadable)?;
    file.take(MAX_MODULE_BYTES as u64 + 1).read_to_end(&mut wasm).map_err(unreadable)?;
    Ok(wasm)
}
