//! Evaluates feature flags inside the caller's process, in a sandboxed pool of WebAssembly instances.
//!
//! ```
//! use pennon::{AttributeValue, Client, Context, Options, Service};
//!
//! let ruleset = r#"{"new-checkout": {
//!     "variations": {"on": true, "off": false},
//!     "targeting": [{"query": "plan eq \"pro\"", "variation": "on"}],
//!     "defaultRule": {"variation": "off"}
//! }}"#;
//! let client = Client::new(Options::new(Service::Goff).ruleset(ruleset))?;
//! let mut user = Context::new();
//! user.set_targeting_key("user-42")?;
//! user.set("plan", AttributeValue::String("pro"))?;
//! assert!(client.get_bool("new-checkout", &user, false));
//! # Ok::<(), pennon::Error>(())
//! ```
//!
//! The C ABI in `include/pennon.h` is this API in C's clothes; ARCHITECTURE.md tells how it is made.

mod client;
mod clock;
mod context;
mod engine;
mod error;
mod evaluation;
mod events;
pub mod ffi;
mod fork;
mod http;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod internals;
mod json;
pub mod limits;
mod listener;
mod log;
mod options;
mod retry;
mod sealed;
mod service;
mod state;
mod sync;
mod user;
mod version;
mod worker;

pub use client::{AttributesRead, Client, FlagDiagnostics, Segment, Stats};
pub use context::{AttributeValue, Context};
pub use error::Error;
pub use evaluation::{Evaluation, Evaluations, EvaluationsIter, FlagType, Value};
pub use listener::{Listener, ProviderEvent, Source};
pub use log::{Log, LogLevel};
pub use options::{ChangeStream, Mode, OPTION_NAMES, Options};
pub use pennon_wire::report::{Diagnostic, Severity};
pub use pennon_wire::{ErrorCode, Reason};
pub use service::Service;
pub use state::State;
pub use sync::Format;
pub use version::{ABI_VERSION, VERSION};
