//! What the instances of a pool are made from.

use std::fmt;
use std::sync::Arc;

use super::EngineError;
use super::instance::{Instance, Limits};
use super::module::{Guest, engine};
use super::ticker::Ticker;

/// A WebAssembly module that answers evaluations, ready to be instantiated.
pub(crate) trait Evaluator: fmt::Debug {
    /// An instance, used by one thread at a time.
    type Instance: fmt::Debug;

    /// Makes an instance.
    fn instantiate(&self) -> Result<Self::Instance, EngineError>;

    /// The same in the child of a fork, where the parent's ticker does not run. Where the child's cannot be started, there is
    /// none, and no deadline.
    fn in_child(&self) -> Self;

    /// Ends what runs beside evaluations, until there is another one.
    fn rest(&self);
}

/// One of our own guests, with what its instances may use.
#[derive(Debug)]
pub(crate) struct Guests {
    guest: Guest,
    limits: Limits,
    ticker: Arc<Ticker>,
}

impl Guests {
    /// The guest is loaded, and the ticker runs.
    pub(super) fn new(guest: Guest, limits: Limits) -> Result<Self, EngineError> {
        guest.prepared()?;
        Ok(Self { guest, limits, ticker: Ticker::of(engine()?)? })
    }
}

impl Evaluator for Guests {
    type Instance = Instance;

    fn instantiate(&self) -> Result<Instance, EngineError> {
        Instance::new(self.guest.prepared()?, Arc::clone(&self.ticker), self.limits)
    }

    fn in_child(&self) -> Self {
        let ticker = engine().and_then(Ticker::of).unwrap_or_else(|_| Arc::clone(&self.ticker));
        Self { guest: self.guest, limits: self.limits, ticker }
    }

    fn rest(&self) {
        self.ticker.leave();
    }
}
