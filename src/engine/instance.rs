//! One instantiated guest: its memory, its units, and the calls into it.

use std::sync::Arc;
use std::time::Duration;

use pennon_wire::Answer;
use pennon_wire::guest::{ABI, LoadRequest, Time};
use pennon_wire::limits::MAX_UNIT_BYTES;
use pennon_wire::report::LoadReport;
use wasmtime::{
    InstancePre, Memory, ResourceLimiter, Store, StoreContextMut, Trap, TypedFunc, WasmParams, WasmResults,
};

use super::budget::Budget;
use super::ticker::Ticker;
use super::{EngineError, LOAD_DEADLINE};

/// Memory of a guest that no unit can have: its stack of 1 MiB and its constants.
const FIXED_BYTES: usize = 1280 << 10;

/// What an instance may use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// CPU time of one evaluation.
    pub deadline: Duration,
    /// Bytes of its memory.
    pub memory: usize,
}

/// By what instances know a unit: a place in their table, and who is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UnitKey {
    /// Index in the table; places are used again when their unit is gone.
    pub place: u32,
    /// Never used twice, and never zero.
    pub identity: u64,
}

/// The host's side of an instance: its limits, and the budget of the call under way.
#[derive(Debug)]
pub(super) struct Sandbox {
    budget: Budget,
    /// Whether the guest was refused memory.
    refused: bool,
}

impl ResourceLimiter for Sandbox {
    /// A guest has its whole memory from the start; it asks for more where its own limit refused it.
    fn memory_growing(&mut self, current: usize, _: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        self.refused = current > 0;
        Ok(!self.refused)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        // Our guests' tables hold their functions and do not grow.
        Ok(desired <= 10_000)
    }
}

/// A unit in an instance's table.
#[derive(Clone, Copy, Debug, Default)]
struct Loaded {
    /// Zero where the place is empty.
    identity: u64,
    handle: u32,
    /// The instance's use counter when it was last evaluated.
    used: u32,
}

/// An instantiated guest. Used by one thread at a time; dropped, never used again, when a call into it failed.
pub(crate) struct Instance {
    store: Store<Sandbox>,
    memory: Memory,
    evaluate: TypedFunc<(u32, u32, u64, u32), u64>,
    evaluate_many: TypedFunc<(u32, u32, u64, u32), u64>,
    explain: TypedFunc<(u32, u32, u64, u32), u64>,
    load: TypedFunc<u32, u64>,
    unload: TypedFunc<u32, ()>,
    buffer: TypedFunc<u32, u32>,
    live_bytes: TypedFunc<(), u32>,
    limits: Limits,
    /// The guest's input buffer.
    buffer_address: usize,
    buffer_length: usize,
    units: Vec<Loaded>,
    uses: u32,
    /// How many units had gone when it last looked for what it can unload.
    pub(crate) departures: u64,
}

impl Instance {
    pub(super) fn new(
        prepared: &InstancePre<Sandbox>,
        ticker: Arc<Ticker>,
        limits: Limits,
    ) -> Result<Self, EngineError> {
        let sandbox = Sandbox { budget: Budget::new(LOAD_DEADLINE, ticker), refused: false };
        let mut store = Store::new(prepared.module().engine(), sandbox);
        store.limiter(|sandbox| sandbox);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|mut store: StoreContextMut<'_, Sandbox>| {
            Ok(store.data_mut().budget.tick())
        });
        let instance = prepared.instantiate(&mut store).map_err(|error| failure(error, &store))?;
        let memory = instance.get_memory(&mut store, "memory").ok_or(EngineError::Malformed)?;
        let abi: TypedFunc<(), u32> = export(&instance, &mut store, "abi")?;
        if abi.call(&mut store, ()).map_err(|error| failure(error, &store))? != ABI {
            return Err(EngineError::Unusable("the guest is of another version (PENNON_GUESTS)".into()));
        }
        let limit: TypedFunc<u32, ()> = export(&instance, &mut store, "limit")?;
        let bytes = u32::try_from(limits.memory).unwrap_or(u32::MAX);
        limit.call(&mut store, bytes).map_err(|error| failure(error, &store))?;
        Ok(Self {
            evaluate: export(&instance, &mut store, "evaluate")?,
            evaluate_many: export(&instance, &mut store, "evaluate_many")?,
            explain: export(&instance, &mut store, "explain")?,
            load: export(&instance, &mut store, "load")?,
            unload: export(&instance, &mut store, "unload")?,
            buffer: export(&instance, &mut store, "buffer")?,
            live_bytes: export(&instance, &mut store, "live_bytes")?,
            store,
            memory,
            limits,
            buffer_address: 0,
            buffer_length: 0,
            units: Vec::new(),
            uses: 0,
            departures: 0,
        })
    }

    /// The guest's handle of a unit, if it is loaded.
    #[inline]
    pub(crate) fn handle(&mut self, unit: UnitKey) -> Option<u32> {
        let loaded = self.units.get_mut(unit.place as usize)?;
        if loaded.identity != unit.identity {
            return None;
        }
        loaded.used = self.uses;
        Some(loaded.handle)
    }

    /// Evaluates a loaded unit with an encoded context.
    #[inline]
    pub(crate) fn evaluate(&mut self, handle: u32, context: &[u8], now: Time) -> Result<Answer, EngineError> {
        self.uses = self.uses.wrapping_add(1);
        self.write(context)?;
        self.begin(self.limits.deadline);
        let arguments = (handle, context.len() as u32, now.seconds as u64, now.nanoseconds);
        let answer =
            self.evaluate.call(&mut self.store, arguments).map_err(|error| failure(error, &self.store))?;
        Answer::unpack(answer).ok_or(EngineError::Malformed)
    }

    /// Evaluates a loaded unit that has many answers.
    pub(crate) fn evaluate_many(
        &mut self,
        handle: u32,
        context: &[u8],
        now: Time,
    ) -> Result<Vec<Answer>, EngineError> {
        self.uses = self.uses.wrapping_add(1);
        self.write(context)?;
        // As long as a load: it is as much.
        self.begin(LOAD_DEADLINE);
        let arguments = (handle, context.len() as u32, now.seconds as u64, now.nanoseconds);
        let answers = self
            .evaluate_many
            .call(&mut self.store, arguments)
            .map_err(|error| failure(error, &self.store))?;
        let (answers, rest) = self.bytes_at(answers)?.as_chunks::<8>();
        let unpacked = answers.iter().map(|bytes| Answer::unpack(u64::from_le_bytes(*bytes)));
        let answers: Option<Vec<_>> = unpacked.collect();
        answers.filter(|_| rest.is_empty()).ok_or(EngineError::Malformed)
    }

    /// Loads a unit under `unit` and returns its handle; `decode` sees the encoded report.
    pub(crate) fn load<T>(
        &mut self,
        unit: UnitKey,
        request: LoadRequest<'_>,
        decode: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Result<(u32, T), EngineError> {
        let (handle, decoded) = self.load_unnamed(request, decode)?;
        let place = unit.place as usize;
        if self.units.len() <= place {
            self.units.resize(place + 1, Loaded::default());
        }
        let previous = self.units.get_mut(place).map(|loaded| {
            std::mem::replace(loaded, Loaded { identity: unit.identity, handle, used: self.uses })
        });
        if let Some(previous) = previous.filter(|previous| previous.identity != 0) {
            self.unload(previous.handle)?;
        }
        Ok((handle, decoded))
    }

    /// Loads a unit that the caller unloads again.
    pub(crate) fn load_unnamed<T>(
        &mut self,
        request: LoadRequest<'_>,
        decode: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Result<(u32, T), EngineError> {
        if request.unit.len() > MAX_UNIT_BYTES {
            return Err(EngineError::TooLarge);
        }
        self.make_room()?;
        let mut bytes = Vec::with_capacity(request.encoded_len());
        request.encode(&mut bytes);
        self.write(&bytes)?;
        self.begin(LOAD_DEADLINE);
        let report = self
            .load
            .call(&mut self.store, bytes.len() as u32)
            .map_err(|error| failure(error, &self.store))?;
        let report = self.bytes_at(report)?;
        let handle = LoadReport::decode_handle(report).ok_or(EngineError::Malformed)?;
        let decoded = decode(report).ok_or(EngineError::Malformed)?;
        Ok((handle, decoded))
    }

    /// Explains what a unit answers for an encoded context, as a JSON object.
    pub(crate) fn explain(
        &mut self,
        request: LoadRequest<'_>,
        context: &[u8],
        now: Time,
    ) -> Result<String, EngineError> {
        self.make_room()?;
        let mut bytes = Vec::with_capacity(request.encoded_len() + context.len());
        request.encode(&mut bytes);
        let arguments = (bytes.len() as u32, context.len() as u32, now.seconds as u64, now.nanoseconds);
        bytes.extend_from_slice(context);
        self.write(&bytes)?;
        self.begin(LOAD_DEADLINE);
        let text =
            self.explain.call(&mut self.store, arguments).map_err(|error| failure(error, &self.store))?;
        let text = std::str::from_utf8(self.bytes_at(text)?).map_err(|_| EngineError::Malformed)?;
        Ok(text.to_owned())
    }

    /// The guest's memory at an address and length (high half).
    fn bytes_at(&self, packed: u64) -> Result<&[u8], EngineError> {
        let (address, length) = (packed as u32 as usize, (packed >> 32) as usize);
        let memory = self.memory.data(&self.store);
        let bytes = address.checked_add(length).and_then(|end| memory.get(address..end));
        bytes.ok_or(EngineError::Malformed)
    }

    /// Whether it holds no unit but, perhaps, this one: what fails here would fail in every instance.
    pub(crate) fn is_fresh_for(&self, unit: UnitKey) -> bool {
        self.units.iter().all(|loaded| loaded.identity == 0 || loaded.identity == unit.identity)
    }

    /// Unloads the units whose key `is_gone`: the snapshot they belonged to has been replaced.
    pub(crate) fn sweep(&mut self, is_gone: impl Fn(UnitKey) -> bool) -> Result<(), EngineError> {
        for place in 0..self.units.len() {
            let Some(loaded) = self.units.get(place).copied().filter(|loaded| loaded.identity != 0) else {
                continue;
            };
            if is_gone(UnitKey { place: place as u32, identity: loaded.identity }) {
                self.forget(place)?;
            }
        }
        Ok(())
    }

    /// Near the memory limit, unloads the units that were not used for longest.
    fn make_room(&mut self) -> Result<(), EngineError> {
        let usable = self.limits.memory.saturating_sub(FIXED_BYTES);
        let (high, low) = (usable / 4 * 3, usable / 2);
        if self.live_bytes()? < high {
            return Ok(());
        }
        let (uses, mut oldest) = (self.uses, Vec::new());
        for (place, loaded) in self.units.iter().enumerate().filter(|(_, loaded)| loaded.identity != 0) {
            oldest.push((uses.wrapping_sub(loaded.used), place));
        }
        oldest.sort_unstable_by(|a, b| b.cmp(a));
        for (age, place) in oldest {
            if age == 0 || self.live_bytes()? < low {
                break;
            }
            self.forget(place)?;
        }
        Ok(())
    }

    /// Bytes that units and buffers hold.
    fn live_bytes(&mut self) -> Result<usize, EngineError> {
        self.begin(LOAD_DEADLINE);
        let bytes = self.live_bytes.call(&mut self.store, ());
        bytes.map(|bytes| bytes as usize).map_err(|error| failure(error, &self.store))
    }

    fn forget(&mut self, place: usize) -> Result<(), EngineError> {
        match self.units.get_mut(place).map(std::mem::take) {
            Some(loaded) if loaded.identity != 0 => self.unload(loaded.handle),
            _ => Ok(()),
        }
    }

    /// Frees a unit of the guest.
    pub(crate) fn unload(&mut self, handle: u32) -> Result<(), EngineError> {
        self.begin(LOAD_DEADLINE);
        self.unload.call(&mut self.store, handle).map_err(|error| failure(error, &self.store))
    }

    /// Puts `bytes` into the guest's input buffer, which grows as needed.
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        if bytes.len() > self.buffer_length || self.buffer_length / 8 > bytes.len().max(1024) {
            self.reserve(bytes.len())?;
        }
        let memory = self.memory.data_mut(&mut self.store);
        let target = memory.get_mut(self.buffer_address..).and_then(|rest| rest.get_mut(..bytes.len()));
        target.ok_or(EngineError::Malformed)?.copy_from_slice(bytes);
        Ok(())
    }

    #[cold]
    fn reserve(&mut self, length: usize) -> Result<(), EngineError> {
        let length = length.next_power_of_two().max(1024);
        self.begin(LOAD_DEADLINE);
        self.buffer_address =
            self.buffer.call(&mut self.store, length as u32).map_err(|error| failure(error, &self.store))?
                as usize;
        self.buffer_length = length;
        Ok(())
    }

    /// Starts the budget of the next call.
    #[inline]
    fn begin(&mut self, budget: Duration) {
        self.store.set_epoch_deadline(1);
        self.store.data_mut().budget.begin(budget);
    }
}

impl std::fmt::Debug for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Instance").field("units", &self.units.len()).finish_non_exhaustive()
    }
}

fn export<P: WasmParams, R: WasmResults>(
    instance: &wasmtime::Instance,
    store: &mut Store<Sandbox>,
    name: &str,
) -> Result<TypedFunc<P, R>, EngineError> {
    instance.get_typed_func(store, name).map_err(|_| EngineError::Malformed)
}

#[cold]
fn failure(error: wasmtime::Error, store: &Store<Sandbox>) -> EngineError {
    match error.downcast_ref::<Trap>() {
        // A guest that is refused memory gives up by a trap.
        Some(Trap::UnreachableCodeReached) if store.data().refused => EngineError::Memory,
        Some(Trap::Interrupt) => EngineError::Deadline,
        Some(trap) => EngineError::Trap(trap.to_string()),
        None => EngineError::Trap(format!("{error:#}")),
    }
}
