//! A vendor's own module in the place of our guest: compiled at run time, in an engine of its own, and never trusted.
//!
//! It imports WASI preview 1 at most, which a few functions of ours answer at once (`wasi`): it sees no files, no environment
//! and no network, it never waits, and no thread is started for it. Its code runs on a stack of its own, so that neither its
//! depth nor the calling thread's stack can do harm.

mod adapter;
mod cache;
mod compile;
mod instance;
mod outlet;
mod wasi;

use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use wasmtime::InstancePre;

use self::instance::VendorInstance;
use self::outlet::Outlet;
use super::evaluator::Evaluator;
use super::instance::Limits;
use super::ticker::Ticker;
use super::{EngineError, LOAD_DEADLINE};
use crate::log::Log;

/// Bytes of a module's file. GO Feature Flag's has 0.8 MB, Confidence's 0.5 MB; bounds what the compiler is given.
pub(crate) const MAX_MODULE_BYTES: usize = 32 << 20;

/// A vendor's module, compiled.
pub(crate) struct Vendor {
    prepared: InstancePre<instance::Host>,
    limits: Limits,
    ticker: Arc<Ticker>,
    outlet: Arc<Outlet>,
}

impl Vendor {
    /// Compiles a module, or takes from `cache` what was compiled before. What it writes goes to `log`.
    ///
    /// # Errors
    /// When it is no module that can be run ([`EngineError::Unsuitable`]), or no code can be made executable in this process
    /// ([`EngineError::Unusable`]).
    pub(crate) fn new(
        wasm: &[u8],
        limits: Limits,
        cache: Option<PathBuf>,
        log: Option<Arc<dyn Log>>,
    ) -> Result<Self, EngineError> {
        let outlet = Arc::new(Outlet::new(log));
        let engine = compile::engine()?;
        let module = compile::module(engine, wasm, cache, &outlet)?;
        adapter::check(&module)?;
        let prepared = wasi::link(engine, &module)?;
        Ok(Self { prepared, limits, ticker: Ticker::of(engine)?, outlet })
    }
}

impl Evaluator for Vendor {
    type Instance = VendorInstance;

    fn instantiate(&self) -> Result<VendorInstance, EngineError> {
        VendorInstance::new(&self.prepared, Arc::clone(&self.ticker), self.limits, Arc::clone(&self.outlet))
    }

    fn in_child(&self) -> Self {
        let ticker = compile::engine().and_then(Ticker::of).unwrap_or_else(|_| Arc::clone(&self.ticker));
        Self {
            prepared: self.prepared.clone(),
            limits: self.limits,
            ticker,
            outlet: Arc::clone(&self.outlet),
        }
    }

    fn rest(&self) {
        self.ticker.leave();
    }
}

impl fmt::Debug for Vendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vendor").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// An error's text on one line: some of wasmtime's show what they found on many.
fn one_line(error: &wasmtime::Error) -> String {
    format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The outcome of a call that runs on a stack of its own. It never waits: none of the functions it may call does.
fn on_own_stack<T>(call: impl Future<Output = wasmtime::Result<T>>) -> wasmtime::Result<T> {
    match pin!(call).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(wasmtime::Error::msg("the call waits, though nothing it may call does")),
    }
}
