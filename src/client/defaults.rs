//! Default flags: what the options say of flags that the service says nothing of.
//!
//! They are looked up where an evaluation has failed already, and nowhere else.

use std::collections::HashMap;

use pennon_wire::Reason;

use super::core::Core;
use crate::evaluation::{HostOutcome, Resolved};
use crate::options::Options;

/// The default flags by their names.
#[derive(Debug)]
pub(super) struct DefaultFlags(HashMap<String, HostOutcome>);

impl DefaultFlags {
    pub(super) fn new(options: &Options) -> Self {
        let flags = options.default_flags.iter().flatten();
        let outcome = |flag| HostOutcome::new(options.service.default_outcome(flag, options.values));
        Self(flags.map(|flag| (flag.key.clone(), outcome(flag))).collect())
    }
}

impl Core {
    /// The answer that the options have for a flag.
    #[cold]
    pub(super) fn default_flag(&self, key: &str) -> Option<Resolved<'_>> {
        let outcome = Some(self.defaults.0.get(key)?);
        Some(Resolved { outcome, reason: Reason::Default, error: None, message: "" })
    }
}
