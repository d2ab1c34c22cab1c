//! Conformance with GO Feature Flag: Pennon's answers against those of the relay proxy v1.55.2, and against the
//! vectors of the reference.
//!
//! `differential` and `formats` start the real relay (tests/relay/build.sh builds it, once); the others need no relay.
//! All of them ask Pennon through `pennon eval --batch`, as a user would.
//!
//! `PENNON_SEED` repeats a run, `PENNON_CASES` makes it longer, `PENNON_RELAY` and `PENNON_BIN` name other programs.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's way to fail is to panic"
)]

mod behaviour;
mod contexts;
mod differential;
mod exclusion;
mod explain;
mod faults;
mod fixtures;
mod flags;
mod formats;
mod logic;
mod outcome;
mod pennon;
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
