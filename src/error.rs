//! Errors of the library's own calls. What goes wrong in an evaluation is no such error: it is part of the evaluation.

use std::fmt;

use crate::engine::EngineError;

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// An option is unknown, missing or has a value that is not allowed; the message names it.
    InvalidOption(String),
    /// A context cannot be made from what was given.
    InvalidContext(String),
    /// A context was changed after its first use.
    ContextFrozen,
    /// A ruleset cannot be used; the last good one, if there was any, stays in force.
    InvalidRuleset(String),
    /// A ruleset's source cannot be read.
    Source(String),
    /// The service refuses the client's key.
    Unauthorized(String),
    /// The evaluator cannot be loaded into this process.
    Unusable(String),
    /// The client has no ruleset yet.
    NotReady,
    /// An argument is not what the function takes.
    InvalidArgument(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidOption(message)
            | Self::InvalidContext(message)
            | Self::InvalidRuleset(message)
            | Self::Source(message)
            | Self::Unauthorized(message)
            | Self::Unusable(message)
            | Self::InvalidArgument(message) => f.write_str(message),
            Self::ContextFrozen => {
                f.write_str("context has been used in an evaluation and cannot change any more")
            }
            Self::NotReady => f.write_str("client has no ruleset yet"),
        }
    }
}

impl std::error::Error for Error {}

impl From<EngineError> for Error {
    fn from(error: EngineError) -> Self {
        Self::Unusable(error.to_string())
    }
}
