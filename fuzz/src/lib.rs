//! Bodies of the fuzz targets: each takes any bytes, and panics where a property does not hold of what they say.
//!
//! They know nothing of a fuzzer. `fuzz_targets` runs them under cargo-fuzz, and `tests/corpus` on the inputs that are kept:
//! `corpus/TARGET` holds what covers the code, `crashes/TARGET` what once failed.

pub mod abi;
pub mod context;
pub mod document;
pub mod engine;
pub mod environment;
pub mod flag;
mod input;
pub mod logic;
pub mod options;
pub mod pattern;
pub mod query;
pub mod report;
pub mod ruleset;
mod ruling;

/// The body of a target.
pub type Body = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: [(&str, Body); 12] = [
    ("abi", abi::run),
    ("context", context::run),
    ("document", document::run),
    ("engine", engine::run),
    ("environment", environment::run),
    ("flag", flag::run),
    ("logic", logic::run),
    ("options", options::run),
    ("pattern", pattern::run),
    ("query", query::run),
    ("report", report::run),
    ("ruleset", ruleset::run),
];
