//! Flagsmith's evaluator: what engine 11.1.1 answers, feature by feature.
//!
//! An ordinary Rust library, and the guest `flagsmith.wasm` of Pennon's pool: the same code, tested natively.

mod answers;
mod bulk;
mod category;
mod compile;
mod condition;
mod diagnose;
pub mod engine;
mod explain;
mod feature;
pub mod hash;
pub mod integer;
pub mod json;
mod order;
pub mod path;
mod patterns;
pub mod python;
pub mod regex;
mod rule;
mod scope;
pub mod semver;
mod state;
mod surroundings;
mod tree;
mod unit;
mod value;

pub use compile::Flagsmith;
pub use unit::Unit;

pennon_wire::export_guest!(Flagsmith);
