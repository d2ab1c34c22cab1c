//! The sandbox: guests compiled ahead of time, vendors' modules compiled at run time, instances of both, and the pool that
//! lends instances out.
//!
//! Knows WebAssembly and the formats of [`pennon_wire`]; knows no service, no snapshot and no event.

mod budget;
mod clock;
mod evaluator;
mod instance;
mod module;
mod pool;
mod ticker;
#[cfg(feature = "modules")]
mod vendor;

use std::fmt;
use std::time::Duration;

use pennon_wire::limits::MAX_UNIT_BYTES;

pub(crate) use instance::{Instance, Limits, UnitKey};
pub(crate) use module::Guest;
pub(crate) use pool::{Lent, Pool};
#[cfg(feature = "modules")]
pub(crate) use vendor::{MAX_MODULE_BYTES, Vendor};

/// CPU time that loading one unit may take (design.md section 3).
pub(crate) const LOAD_DEADLINE: Duration = Duration::from_millis(500);

/// Why an instance could not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EngineError {
    /// The artefact in the library does not fit this process, or code cannot be made executable in it.
    Unusable(String),
    /// A vendor's module is none that can be run; says what is wrong and what is allowed.
    #[cfg(feature = "modules")]
    Unsuitable(String),
    /// All instances stayed busy for as long as the caller may wait.
    Busy,
    /// The guest ran longer than its budget of CPU time.
    Deadline,
    /// The guest trapped.
    Trap(String),
    /// The guest wanted more memory than it may have.
    Memory,
    /// A unit cannot be loaded, by any instance.
    Unloadable(String),
    /// The guest answered what no guest of ours answers.
    Malformed,
    /// A vendor's module answered what its convention does not allow.
    #[cfg(feature = "modules")]
    Misbehaved(String),
    /// The unit is larger than a guest takes.
    TooLarge,
}

impl EngineError {
    /// Why a unit cannot be loaded, for its author.
    pub(crate) fn load_cause(&self) -> String {
        match self {
            Self::Deadline => format!("it takes more than {} ms of CPU time", LOAD_DEADLINE.as_millis()),
            Self::TooLarge => format!("it is too large: more than {MAX_UNIT_BYTES} bytes"),
            Self::Memory => "it needs more memory than memory_limit_bytes".into(),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable(cause) => write!(f, "the evaluator cannot be loaded into this process: {cause}"),
            #[cfg(feature = "modules")]
            Self::Unsuitable(cause) => f.write_str(cause),
            Self::Busy => f.write_str("all instances of the pool were busy for pool_wait_ms"),
            Self::Deadline => f.write_str("the evaluation used up its CPU time (deadline_ms)"),
            Self::Trap(cause) => write!(f, "the evaluator trapped: {cause}"),
            Self::Memory => f.write_str("the evaluator needs more memory than memory_limit_bytes"),
            Self::Unloadable(cause) => write!(f, "flag cannot be loaded: {cause}"),
            Self::Malformed => f.write_str("the evaluator gave a malformed answer"),
            #[cfg(feature = "modules")]
            Self::Misbehaved(cause) => write!(f, "the module gave a malformed answer: {cause}"),
            Self::TooLarge => f.write_str("the flag is too large to be loaded"),
        }
    }
}
