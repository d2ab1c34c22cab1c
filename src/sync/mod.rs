//! From a source's bytes to the snapshot that evaluations use.

pub(crate) mod document;
pub(crate) mod follow;
pub(crate) mod registry;
pub(crate) mod snapshot;
pub(crate) mod source;
pub(crate) mod stream;
pub(crate) mod watch;

pub use source::Format;
