//! In a build without the feature `modules` no client has a module.

use super::core::Subject;
use crate::engine::EngineError;
use crate::error::Error;
use crate::evaluation::Resolved;
use crate::options::Options;
use crate::service::Service;

/// There is none.
#[derive(Debug)]
pub(super) enum Module {}

impl Module {
    /// Refuses the option that names one.
    pub(super) fn open(options: &Options) -> Result<Option<Self>, Error> {
        match &options.module_path {
            None => Ok(None),
            Some(path) => Err(Error::Unusable(format!(
                "option module_path is \"{}\": this build of pennon has no compiler for modules (Cargo feature `modules`)",
                path.display()
            ))),
        }
    }

    pub(super) fn ask(&self, _: Service, _: Subject<'_>, _: &str) -> Result<ModuleAnswer, EngineError> {
        match *self {}
    }

    pub(super) fn in_child(&self) -> Self {
        match *self {}
    }

    pub(super) fn rest(&self) {
        match *self {}
    }

    pub(super) fn counts(&self) -> (usize, u64, u64) {
        match *self {}
    }

    pub(super) fn close(&self) {
        match *self {}
    }
}

/// There is none either.
#[derive(Debug)]
pub(super) enum ModuleAnswer {}

impl ModuleAnswer {
    pub(super) fn is_tracked(&self) -> bool {
        match *self {}
    }

    pub(super) fn version(&self) -> &str {
        match *self {}
    }

    pub(super) fn resolved(&self) -> Resolved<'_> {
        match *self {}
    }
}
