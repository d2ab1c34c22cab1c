//! GO Feature Flag's evaluator: what the relay proxy (64-bit) answers over OFREP, flag by flag.
//!
//! An ordinary Rust library, and the guest `goff.wasm` of Pennon's pool: the same code, tested natively.

mod compile;
mod diagnose;
mod explain;
mod flag;
mod json;
pub mod logic;
pub mod nikunjy;
mod query;
mod rules;
mod schedule;
pub mod scope;
mod selection;
mod time;
mod unit;
mod validate;

pub use compile::{Goff, MAX_PHASE_RULES};
pub use unit::Unit;

pennon_wire::export_guest!(Goff);
