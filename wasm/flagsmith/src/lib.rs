//! Flagsmith's evaluator: what engine 11.1.1 answers, feature by feature.
//!
//! An ordinary Rust library, and the guest `flagsmith.wasm` of Pennon's pool: the same code, tested natively.

pub mod regex;
