//! The formats that the host and its guests share, and nothing of any service.
//!
//! - [`context`]: the evaluation context, encoded once by the host, read in place by guests.
//! - [`report`]: what a guest says of a unit when it loads it: outcomes, attributes, diagnostics.
//! - [`answer`]: the one `u64` that an evaluation returns.
//! - [`bytes`]: comparing texts.
//! - [`guest`]: the exports of a guest, written once for every service.
//! - [`limits`]: every bound, with its reason.
//! - `memory`: the allocator of a guest, where it is one.

pub mod answer;
pub mod bytes;
pub mod context;
mod encode;
pub mod guest;
pub mod limits;
#[cfg(target_arch = "wasm32")]
pub mod memory;
pub mod report;

pub use answer::{Answer, ErrorCode, Reason};
pub use context::{Context, List, Map, Name, Table, Value};
pub use encode::{EncodeError, Node, encode};
