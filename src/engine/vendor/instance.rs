//! One instance of a vendor's module, and the calls into it.
//!
//! Whatever it returns is a claim: addresses and lengths are checked against its memory, and what it answers is copied before
//! it is called again (reference 1.3). An instance whose call failed in any way is never called again, not even to free.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use wasmtime::{
    InstancePre, Memory, ResourceLimiter, Store, StoreContextMut, Trap, TypedFunc, WasmParams, WasmResults,
};

use super::super::budget::Budget;
use super::super::instance::Limits;
use super::super::ticker::Ticker;
use super::outlet::{Outlet, Transcript};
use super::wasi::Exited;
use super::{EngineError, LOAD_DEADLINE, adapter, on_own_stack, one_line};

/// Bytes of an answer: the largest value that a flag may have, with every character of it escaped once.
const MAX_ANSWER_BYTES: usize = 8 << 20;

/// Elements of one table. A module's functions lie in one; theirs have some thousand.
const MAX_TABLE_ELEMENTS: usize = 100_000;

/// Share of its limit at which an instance's memory has grown enough: the query cache of GO Feature Flag's module is never
/// emptied, and its memory grows by doubling (reference 1.2), so that the next step would be refused.
const RETIRING_SHARE: usize = 2;

/// The host's side of an instance.
#[derive(Debug)]
pub(super) struct Host {
    budget: Budget,
    memory_limit: usize,
    /// Whether it was refused memory in the call under way.
    refused: bool,
    pub(super) transcript: Transcript,
}

impl ResourceLimiter for Host {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let allowed = desired <= self.memory_limit;
        self.refused |= !allowed;
        Ok(allowed)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= MAX_TABLE_ELEMENTS)
    }

    fn memories(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        16
    }

    fn instances(&self) -> usize {
        1
    }
}

/// An instance of a vendor's module. Used by one thread at a time.
pub(crate) struct VendorInstance {
    store: Store<Host>,
    memory: Memory,
    malloc: TypedFunc<u32, u32>,
    free: TypedFunc<u32, ()>,
    evaluate: TypedFunc<(u32, u32), u64>,
    limits: Limits,
    outlet: Arc<Outlet>,
    /// The generation of the first ruleset that it was asked about.
    pub(crate) first_generation: Option<u64>,
}

impl VendorInstance {
    pub(super) fn new(
        prepared: &InstancePre<Host>,
        ticker: Arc<Ticker>,
        limits: Limits,
        outlet: Arc<Outlet>,
    ) -> Result<Self, EngineError> {
        let host = Host {
            budget: Budget::new(LOAD_DEADLINE, ticker),
            memory_limit: limits.memory,
            refused: false,
            transcript: Transcript::default(),
        };
        let mut store = Store::new(prepared.module().engine(), host);
        store.limiter(|host| host);
        store.epoch_deadline_callback(|mut store: StoreContextMut<'_, Host>| {
            Ok(store.data_mut().budget.tick())
        });
        begin(&mut store, LOAD_DEADLINE);
        let started = start(prepared, &mut store);
        outlet.pass_on(&mut store.data_mut().transcript);
        let instance = started?;
        let memory = instance.get_memory(&mut store, "memory");
        Ok(Self {
            memory: memory.ok_or_else(|| EngineError::Misbehaved("it has no memory".into()))?,
            malloc: export(&instance, &mut store, "malloc")?,
            free: export(&instance, &mut store, "free")?,
            evaluate: export(&instance, &mut store, "evaluate")?,
            store,
            limits,
            outlet,
            first_generation: None,
        })
    }

    /// Asks a question, and answers the bytes that the module answers.
    pub(crate) fn ask(&mut self, question: &[u8]) -> Result<Vec<u8>, EngineError> {
        // One budget for all calls of a question.
        begin(&mut self.store, self.limits.deadline);
        let answer = self.converse(question);
        self.outlet.pass_on(&mut self.store.data_mut().transcript);
        answer
    }

    fn converse(&mut self, question: &[u8]) -> Result<Vec<u8>, EngineError> {
        let length = u32::try_from(question.len()).map_err(|_| EngineError::TooLarge)?;
        let address = self.call(self.malloc.clone(), length.saturating_add(1))?;
        let target = (address != 0).then(|| self.bytes_mut(address, question.len())).flatten();
        let Some(target) = target else {
            return Err(misbehaved(format!(
                "malloc gave {length} bytes at {address}, which are not its memory"
            )));
        };
        target.copy_from_slice(question);
        let packed = self.call(self.evaluate.clone(), (address, length))?;
        let (start, count) = ((packed >> 32) as u32, packed as u32 as usize);
        if packed == 0 || count > MAX_ANSWER_BYTES {
            return Err(misbehaved(format!("evaluate gave {count} bytes, of 1 to {MAX_ANSWER_BYTES}")));
        }
        let Some(answer) = self.bytes_mut(start, count) else {
            return Err(misbehaved(format!(
                "evaluate gave {count} bytes at {start}, which are not its memory"
            )));
        };
        // The module owns them until its next call.
        let answer = answer.to_vec();
        self.call(self.free.clone(), address)?;
        Ok(answer)
    }

    fn bytes_mut(&mut self, address: u32, length: usize) -> Option<&mut [u8]> {
        let start = address as usize;
        self.memory.data_mut(&mut self.store).get_mut(start..start.checked_add(length)?)
    }

    fn call<P, R>(&mut self, function: TypedFunc<P, R>, parameters: P) -> Result<R, EngineError>
    where
        P: WasmParams + Sync,
        R: WasmResults + Sync,
    {
        let result = on_own_stack(function.call_async(&mut self.store, parameters));
        result.map_err(|error| failure(&error, &self.store))
    }

    /// Whether it should be replaced, because its memory has grown.
    pub(crate) fn has_grown(&self) -> bool {
        self.memory.data_size(&self.store) > self.limits.memory / RETIRING_SHARE
    }
}

/// Instantiates the module and runs what it wants to be run first. A module that ends itself with success has started well.
fn start(prepared: &InstancePre<Host>, store: &mut Store<Host>) -> Result<wasmtime::Instance, EngineError> {
    let instance =
        on_own_stack(prepared.instantiate_async(&mut *store)).map_err(|error| failure(&error, store))?;
    for name in adapter::STARTERS {
        let Ok(function) = instance.get_typed_func::<(), ()>(&mut *store, name) else { continue };
        match on_own_stack(function.call_async(&mut *store, ())) {
            Err(error) if error.downcast_ref().is_none_or(|Exited(status)| *status != 0) => {
                return Err(failure(&error, store));
            }
            _ => {}
        }
    }
    Ok(instance)
}

/// Starts the budget of the next calls.
fn begin(store: &mut Store<Host>, limit: Duration) {
    store.set_epoch_deadline(1);
    let host = store.data_mut();
    host.refused = false;
    host.budget.begin(limit);
}

fn export<P: WasmParams, R: WasmResults>(
    instance: &wasmtime::Instance,
    store: &mut Store<Host>,
    name: &str,
) -> Result<TypedFunc<P, R>, EngineError> {
    instance.get_typed_func(store, name).map_err(|error| misbehaved(one_line(&error)))
}

fn misbehaved(cause: String) -> EngineError {
    EngineError::Misbehaved(cause)
}

#[cold]
fn failure(error: &wasmtime::Error, store: &Store<Host>) -> EngineError {
    let panic = store.data().transcript.panic();
    let said = |cause: String| match &panic {
        Some(panic) => EngineError::Trap(format!("{cause} ({panic})")),
        None => EngineError::Trap(cause),
    };
    match error.downcast_ref::<Trap>() {
        Some(Trap::UnreachableCodeReached) if store.data().refused => EngineError::Memory,
        Some(Trap::Interrupt) => EngineError::Deadline,
        Some(trap) => said(trap.to_string()),
        None => said(one_line(error)),
    }
}

impl fmt::Debug for VendorInstance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VendorInstance").field("limits", &self.limits).finish_non_exhaustive()
    }
}
