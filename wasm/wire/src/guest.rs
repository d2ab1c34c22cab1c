//! The exports of a guest, written once for every service.
//!
//! A guest exports its `memory` and:
//!
//! | export | what it does |
//! |---|---|
//! | `abi() -> u32` | [`ABI`], which the host compares |
//! | `buffer(length) -> u32` | address of an input buffer of at least `length` bytes, valid until the next `buffer` |
//! | `load(length) -> u64` | loads the unit of the [`LoadRequest`] in the buffer; address and length (high half) of its report |
//! | `unload(handle)` | frees a unit |
//! | `evaluate(handle, context length, seconds, nanoseconds) -> u64` | evaluates with the context in the buffer; an [`Answer`] |
//! | `evaluate_many(handle, context length, seconds, nanoseconds) -> u64` | evaluates a unit that has many answers; address and length of them, each an [`Answer`] of eight bytes |
//! | `limit(bytes)` | lets the guest use so many bytes of its memory, which has its full size from the start; once, before all others |
//! | `explain(length, context length, seconds, nanoseconds) -> u64` | explains what the unit of the request in the buffer answers for the context behind it; address and length of JSON |
//! | `live_bytes() -> u32` | bytes that units and buffers hold |
//!
//! It imports nothing.

use crate::answer::{Answer, ErrorCode};
use crate::context::Context;
use crate::report::LoadReport;

/// Version of the exports and formats of this crate.
pub const ABI: u32 = 5;

/// A moment: seconds and nanoseconds since 1970-01-01 UTC. Wider than nanoseconds in 64 bits, which end in 2262:
/// flags have dates in 2999.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time {
    /// Whole seconds, negative before 1970.
    pub seconds: i64,
    /// Nanoseconds after them, below 1,000,000,000.
    pub nanoseconds: u32,
}

/// A unit that the host asks a guest to load.
#[derive(Clone, Copy, Debug)]
pub struct LoadRequest<'a> {
    /// Key of the unit, as evaluations name it.
    pub key: &'a str,
    /// The unit as its service sent it.
    pub unit: &'a [u8],
    /// What the ruleset adds to every context, encoded as one; empty where it adds nothing.
    pub enrichment: &'a [u8],
}

impl<'a> LoadRequest<'a> {
    /// Bytes of the encoded request.
    pub fn encoded_len(&self) -> usize {
        12 + self.key.len() + self.unit.len() + self.enrichment.len()
    }

    /// Appends the encoded request: three lengths, then key, unit and enrichment.
    pub fn encode(&self, bytes: &mut Vec<u8>) {
        for part in [self.key.as_bytes(), self.unit, self.enrichment] {
            bytes.extend_from_slice(&(part.len() as u32).to_le_bytes());
        }
        for part in [self.key.as_bytes(), self.unit, self.enrichment] {
            bytes.extend_from_slice(part);
        }
    }

    /// Reads an encoded request; none when the bytes are none.
    pub fn decode(bytes: &'a [u8]) -> Option<Self> {
        let (header, rest) = bytes.split_at_checked(12)?;
        let (lengths, _) = header.as_chunks::<4>();
        let [key, unit, enrichment] = lengths else { return None };
        let length = |bytes: &[u8; 4]| u32::from_le_bytes(*bytes) as usize;
        let (key, rest) = rest.split_at_checked(length(key))?;
        let (unit, rest) = rest.split_at_checked(length(unit))?;
        Some(Self { key: std::str::from_utf8(key).ok()?, unit, enrichment: rest.get(..length(enrichment))? })
    }
}

/// What a service's crate provides.
pub trait Evaluator {
    /// A unit in the form in which it is evaluated.
    type Unit;

    /// Compiles a unit. Whatever is wrong with it is in its report: a unit that cannot work has a constant answer
    /// that says so.
    fn load(&mut self, request: LoadRequest<'_>) -> (Self::Unit, LoadReport);

    /// Evaluates a unit.
    fn evaluate(unit: &Self::Unit, context: Context<'_>, now: Time) -> Answer;

    /// Evaluates a unit that has many answers, such as a whole ruleset. An outcome of it is given for one reason only: whoever
    /// asks for all answers shares what its outcomes say.
    fn evaluate_many(unit: &Self::Unit, context: Context<'_>, now: Time) -> Vec<Answer> {
        vec![Self::evaluate(unit, context, now)]
    }

    /// Explains what a unit answers, as a JSON object.
    fn explain(&mut self, request: LoadRequest<'_>, context: Context<'_>, now: Time) -> String;
}

/// The state of a guest: its units and its input buffer.
#[derive(Debug)]
pub struct Guest<E: Evaluator> {
    evaluator: Option<E>,
    units: Vec<Option<E::Unit>>,
    vacant: Vec<u32>,
    buffer: Vec<u8>,
    report: Vec<u8>,
}

impl<E: Evaluator + Default> Guest<E> {
    /// A guest without units.
    pub const fn new() -> Self {
        Self {
            evaluator: None,
            units: Vec::new(),
            vacant: Vec::new(),
            buffer: Vec::new(),
            report: Vec::new(),
        }
    }

    /// The input buffer, grown to `length` bytes; it shrinks again when much less is asked for.
    pub fn buffer(&mut self, length: usize) -> &mut [u8] {
        if self.buffer.len() < length || self.buffer.len() / 4 > length {
            self.buffer = vec![0; length];
        }
        &mut self.buffer
    }

    /// Loads the unit whose request is the first `length` bytes of the buffer, and returns its encoded report; empty
    /// when the request is malformed.
    pub fn load(&mut self, length: usize) -> &[u8] {
        self.report.clear();
        let bytes = self.buffer.get(..length).unwrap_or_default();
        if let Some(request) = LoadRequest::decode(bytes) {
            let (unit, mut report) = self.evaluator.get_or_insert_default().load(request);
            report.handle = self.vacant.pop().unwrap_or(self.units.len() as u32);
            match self.units.get_mut(report.handle as usize) {
                Some(place) => *place = Some(unit),
                None => self.units.push(Some(unit)),
            }
            report.encode(&mut self.report);
        }
        &self.report
    }

    /// Explains what the unit whose request is the first `length` bytes of the buffer answers for the context in the
    /// `context_length` bytes after it; empty when the request is malformed.
    pub fn explain(&mut self, length: usize, context_length: usize, now: Time) -> &[u8] {
        self.report.clear();
        let bytes = self.buffer.get(..length.saturating_add(context_length)).unwrap_or_default();
        let parts = bytes.split_at_checked(length);
        if let Some((request, context)) =
            parts.and_then(|(unit, rest)| Some((LoadRequest::decode(unit)?, rest)))
        {
            let evaluator = self.evaluator.get_or_insert_default();
            self.report = evaluator.explain(request, Context::new(context), now).into_bytes();
        }
        &self.report
    }

    /// Evaluates a unit that has many answers with the context in the first `length` bytes of the buffer; empty where there is
    /// no such unit.
    pub fn evaluate_many(&mut self, handle: u32, length: usize, now: Time) -> &[u8] {
        self.report.clear();
        let unit = self.units.get(handle as usize).and_then(Option::as_ref);
        if let (Some(unit), Some(context)) = (unit, self.buffer.get(..length)) {
            let answers = E::evaluate_many(unit, Context::new(context), now);
            self.report.reserve(answers.len() * size_of::<u64>());
            // Eight bytes at a time: a guest pays for every turn of a loop.
            answers.iter().for_each(|answer| self.report.extend_from_slice(&answer.pack().to_le_bytes()));
        }
        &self.report
    }

    /// Frees a unit; an unknown handle is ignored.
    pub fn unload(&mut self, handle: u32) {
        if self.units.get_mut(handle as usize).and_then(Option::take).is_some() {
            self.vacant.push(handle);
        }
        self.report = Vec::new();
    }

    /// Evaluates a unit with the context in the first `length` bytes of the buffer.
    #[inline]
    pub fn evaluate(&self, handle: u32, length: usize, now: Time) -> u64 {
        let unit = self.units.get(handle as usize).and_then(Option::as_ref);
        let (Some(unit), Some(context)) = (unit, self.buffer.get(..length)) else {
            return Answer { message: None, ..Answer::failure(u32::MAX, ErrorCode::General, 0) }.pack();
        };
        E::evaluate(unit, Context::new(context), now).pack()
    }
}

impl<E: Evaluator + Default> Default for Guest<E> {
    fn default() -> Self {
        Self::new()
    }
}

/// Writes the exports of a guest for an [`Evaluator`]; only WebAssembly builds have them.
#[macro_export]
macro_rules! export_guest {
    ($evaluator:ty) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(
            unsafe_code,
            missing_docs,
            reason = "an export's name is unsafe to choose; wire::guest describes them"
        )]
        mod exports {
            use super::*;
            use std::cell::RefCell;
            use $crate::guest::{Guest, Time};
            use $crate::memory;

            #[global_allocator]
            static MEMORY: memory::Counting = memory::Counting::new();

            thread_local! {
                static GUEST: RefCell<Guest<$evaluator>> = const { RefCell::new(Guest::new()) };
            }

            #[unsafe(no_mangle)]
            pub extern "C" fn abi() -> u32 {
                $crate::guest::ABI
            }

            #[unsafe(no_mangle)]
            pub extern "C" fn buffer(length: u32) -> u32 {
                GUEST.with_borrow_mut(|guest| guest.buffer(length as usize).as_mut_ptr() as u32)
            }

            #[unsafe(no_mangle)]
            pub extern "C" fn load(length: u32) -> u64 {
                GUEST.with_borrow_mut(|guest| {
                    let report = guest.load(length as usize);
                    report.as_ptr() as u64 | (report.len() as u64) << 32
                })
            }

            #[unsafe(no_mangle)]
            pub extern "C" fn unload(handle: u32) {
                GUEST.with_borrow_mut(|guest| guest.unload(handle));
            }

            #[unsafe(no_mangle)]
            pub extern "C" fn evaluate(handle: u32, length: u32, seconds: i64, nanoseconds: u32) -> u64 {
                GUEST.with_borrow(|guest| {
                    guest.evaluate(handle, length as usize, Time { seconds, nanoseconds })
                })
            }

            #[unsafe(no_mangle)]
            pub extern "C" fn evaluate_many(handle: u32, length: u32, seconds: i64, nanoseconds: u32) -> u64 {
                GUEST.with_borrow_mut(|guest| {
                    let now = Time { seconds, nanoseconds };
                    let answers = guest.evaluate_many(handle, length as usize, now);
                    answers.as_ptr() as u64 | (answers.len() as u64) << 32
                })
            }

            #[unsafe(no_mangle)]
            pub extern "C" fn explain(length: u32, context: u32, seconds: i64, nanoseconds: u32) -> u64 {
                GUEST.with_borrow_mut(|guest| {
                    let now = Time { seconds, nanoseconds };
                    let text = guest.explain(length as usize, context as usize, now);
                    text.as_ptr() as u64 | (text.len() as u64) << 32
                })
            }

            #[unsafe(no_mangle)]
            pub extern "C" fn limit(bytes: u32) {
                memory::limit(bytes);
            }

            #[unsafe(no_mangle)]
            pub extern "C" fn live_bytes() -> u32 {
                memory::live_bytes()
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_reads_back_and_a_cut_one_does_not() {
        let request = LoadRequest { key: "flag", unit: b"{}", enrichment: b"xyz" };
        let mut bytes = Vec::new();
        request.encode(&mut bytes);
        assert_eq!(bytes.len(), request.encoded_len());
        let read = LoadRequest::decode(&bytes).unwrap();
        assert_eq!((read.key, read.unit, read.enrichment), ("flag", b"{}".as_slice(), b"xyz".as_slice()));
        for length in 0..bytes.len() {
            assert!(LoadRequest::decode(&bytes[..length]).is_none());
        }
    }
}
