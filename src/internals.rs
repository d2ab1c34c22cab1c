//! What benchmarks measure one layer at a time. Not part of the API: it changes without notice.

use pennon_wire::Answer;
use pennon_wire::guest::{LoadRequest, Time};
use pennon_wire::report::LoadReport;

use crate::context::Context;
use crate::engine::{Guest, Lent, Limits, Pool};
use crate::error::Error;

/// An instance of GO Feature Flag's guest, without pool and client around it.
#[derive(Debug)]
pub struct Sandbox {
    lent: Lent<'static>,
}

impl Sandbox {
    /// An instance of its own.
    ///
    /// # Errors
    /// When the guest cannot be loaded.
    pub fn new() -> Result<Self, Error> {
        let limits = Limits { deadline: std::time::Duration::from_millis(50), memory: 64 << 20 };
        let pool = Pool::new(Guest::Goff, 1, std::time::Duration::ZERO, limits)?;
        // Benchmarks make few of these and end soon.
        let lent = Box::leak(Box::new(pool)).lend()?;
        Ok(Self { lent })
    }

    /// Loads a flag; its handle.
    ///
    /// # Errors
    /// When it cannot be loaded.
    pub fn load(&mut self, key: &str, flag: &str) -> Result<u32, Error> {
        let request = LoadRequest { key, unit: flag.as_bytes(), enrichment: &[] };
        let (handle, _) =
            self.lent.instance()?.load_unnamed(request, |report| LoadReport::decode(report).ok())?;
        Ok(handle)
    }

    /// Evaluates a flag, with the copy of the context into the instance.
    ///
    /// # Errors
    /// When the instance fails.
    #[inline]
    pub fn evaluate(&mut self, handle: u32, context: &[u8], now: Time) -> Result<Answer, Error> {
        Ok(self.lent.instance()?.evaluate(handle, context, now)?)
    }
}

/// The encoded form of a context.
///
/// # Errors
/// When it passes a bound.
pub fn encoded(context: &Context) -> Result<&[u8], Error> {
    context.encoded()
}
