//! Conformance with GO Feature Flag: Pennon's answers against those of the relay proxy v1.55.2, and against the
//! vectors of the reference.
//!
//! `differential` and `formats` start the real relay (tests/relay/build.sh builds it, once); `module` asks the vendor's own module
//! (tests/module/fetch.sh fetches it, once); the others need neither.
//! All of them ask Pennon through `pennon eval --batch`, as a user would.
//!
//! `PENNON_SEED` repeats a run, `PENNON_CASES` makes it longer, `PENNON_RELAY`, `PENNON_MODULE` and
//! `PENNON_BIN` name others than those that are built or fetched.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's way to fail is to panic"
)]

mod behaviour;
mod contexts;
mod differential;
#[cfg(feature = "modules")]
mod divergence;
mod exclusion;
mod explain;
mod faults;
mod fixtures;
mod flags;
mod formats;
mod logic;
#[cfg(feature = "modules")]
mod module;
#[cfg(feature = "modules")]
#[path = "../module/official.rs"]
mod official;
mod outcome;
mod pennon;
#[path = "../relay/program.rs"]
mod program;
mod providers;
mod queries;
mod recovery;
mod reference;
mod relay;
mod report;
mod rng;
mod rules;
mod spelling;
mod steps;
mod table;
mod toml;
mod yaml;
