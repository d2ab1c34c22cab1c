//! What differs between flag services: how a ruleset is split into units, and which guest evaluates them.
//!
//! A service is data and functions; it knows neither threads nor WebAssembly.

pub(crate) mod goff;

use crate::engine::Guest;

/// A flag service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Service {
    /// GO Feature Flag.
    Goff,
}

impl Service {
    /// The services, by the names that options use.
    pub(crate) const ALL: [(&'static str, Self); 1] = [("goff", Self::Goff)];

    /// The service of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, service)| service)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Goff => "goff",
        }
    }

    /// The guest that evaluates its units.
    pub(crate) fn guest(self) -> Guest {
        match self {
            Self::Goff => Guest::Goff,
        }
    }
}
