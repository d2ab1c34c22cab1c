//! Asks for memory before it is written.
//!
//! A stripe's buffer was last read by the sender, on another core: the first write to each of its lines waits for that core to
//! give it up, some hundred nanoseconds. Asked for some events before, they are there when it comes.

#![allow(unsafe_code, reason = "a prefetch is an intrinsic, and asks nothing of the address")]

/// Bytes that move between cores together.
#[cfg(target_arch = "x86_64")]
const LINE: usize = 64;

/// How many events before; evaluations of constant flags come some sixty nanoseconds after each other.
#[cfg(target_arch = "x86_64")]
const EVENTS: usize = 4;

/// Asks for the memory of a value further on behind `value` in its buffer, to be written; does nothing where the processor has no
/// way to ask, or nothing is there.
#[inline(always)]
pub(super) fn prepare_behind<T>(value: Option<&T>) {
    #[cfg(target_arch = "x86_64")]
    if let Some(value) = value {
        use std::arch::x86_64::{_MM_HINT_ET0, _mm_prefetch};
        let next = std::ptr::from_ref(value).wrapping_add(EVENTS).cast::<i8>();
        for line in 0..size_of::<T>().div_ceil(LINE) + 1 {
            // SAFETY: a prefetch reads and writes nothing, and never faults, whatever the address.
            unsafe { _mm_prefetch::<_MM_HINT_ET0>(next.wrapping_add(line * LINE)) };
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = value;
}
