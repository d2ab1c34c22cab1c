//! What a program that links the library relies on, seen from outside: whole rulesets or none, a pool that never fails
//! under load, hostile input that stays inside its bounds, files that are watched, and the `pennon` command.
//!
//! `PENNON_STORM_SECONDS` makes the storm longer.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's way to fail is to panic"
)]

mod all;
mod batch;
mod cli;
mod contexts;
mod diagnostics;
mod endurance;
mod files;
mod flags;
mod hostile;
mod limits;
mod memory;
#[cfg(feature = "modules")]
mod modules;
mod pool;
mod small_stack;
mod storm;
mod support;
mod swaps;
mod tools;
mod typing;
mod units;
