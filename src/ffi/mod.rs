//! The C ABI: this library's Rust API in C's clothes. The doc comments of its types and functions become
//! `include/pennon.h`, and are written for who reads that.

#![allow(unsafe_code, reason = "the C ABI takes raw pointers; everything behind it is safe")]
#![allow(
    clippy::missing_safety_doc,
    reason = "what the header says of each argument is the contract: what may be NULL, who owns it, which threads"
)]
#![allow(non_camel_case_types, reason = "types have the names that C programs use")]

mod boundary;
mod client;
mod context;
mod delivery;
mod error;
mod evaluate;
mod evaluation;
mod explain;
mod handle;
mod log;
mod options;
mod provider_event;
mod segments;
mod status;
#[cfg(test)]
mod tests;
mod text;
mod version;

pub use client::*;
pub use context::*;
pub use delivery::*;
pub use error::*;
pub use evaluate::*;
pub use evaluation::*;
pub use explain::*;
pub use log::*;
pub use options::*;
pub use provider_event::*;
pub use segments::*;
pub use status::*;
pub use text::*;
pub use version::*;
