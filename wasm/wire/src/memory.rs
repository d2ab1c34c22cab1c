//! The allocator of a guest, which has its whole memory from the start.
//!
//! A memory whose size never changes costs least: each access is compared with a constant. So it does not grow; the
//! allocator takes from it what it needs, up to the bytes that the host allows.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicUsize, Ordering};

use dlmalloc::Dlmalloc;

/// Bytes that are allocated and not freed.
static LIVE: AtomicUsize = AtomicUsize::new(0);
/// Where the memory ends that may be used.
static LIMIT: AtomicUsize = AtomicUsize::new(usize::MAX);
/// The end of what has been taken; zero before the first time.
static TAKEN: AtomicUsize = AtomicUsize::new(0);

/// What is taken at once, and by what a host is asked when there is no more.
const PAGE_BYTES: usize = 64 << 10;

/// Bytes allocated and not freed.
pub fn live_bytes() -> u32 {
    LIVE.load(Ordering::Relaxed) as u32
}

/// Lets the guest use so many bytes of its memory.
pub fn limit(bytes: u32) {
    LIMIT.store(bytes as usize, Ordering::Relaxed);
}

/// The memory after the guest's stack and constants, taken from front to end.
#[derive(Debug)]
struct Region;

#[expect(unsafe_code, reason = "the allocator's source of memory is an unsafe trait")]
// SAFETY: it hands out each part of the memory once: what lies after the constants, and in front of the end.
unsafe impl dlmalloc::Allocator for Region {
    fn alloc(&self, size: usize) -> (*mut u8, usize, u32) {
        unsafe extern "C" {
            static __heap_base: u8;
        }
        let start = match TAKEN.load(Ordering::Relaxed) {
            0 => (&raw const __heap_base).addr().next_multiple_of(PAGE_BYTES),
            taken => taken,
        };
        let size = size.next_multiple_of(PAGE_BYTES);
        let memory = std::arch::wasm32::memory_size(0) * PAGE_BYTES;
        let end = LIMIT.load(Ordering::Relaxed).min(memory);
        match start.checked_add(size).filter(|taken| *taken <= end) {
            Some(taken) => {
                TAKEN.store(taken, Ordering::Relaxed);
                (std::ptr::with_exposed_provenance_mut(start), size, 0)
            }
            None => {
                // Cannot succeed, but so the host learns that memory was wanting.
                std::arch::wasm32::memory_grow(0, size / PAGE_BYTES);
                (std::ptr::null_mut(), 0, 0)
            }
        }
    }

    fn remap(&self, _: *mut u8, _: usize, _: usize, _: bool) -> *mut u8 {
        std::ptr::null_mut()
    }

    fn free_part(&self, _: *mut u8, _: usize, _: usize) -> bool {
        false
    }

    fn free(&self, _: *mut u8, _: usize) -> bool {
        false
    }

    fn can_release_part(&self, _: u32) -> bool {
        false
    }

    fn allocates_zeros(&self) -> bool {
        true
    }

    fn page_size(&self) -> usize {
        PAGE_BYTES
    }
}

/// The allocator, with a counter: the host tells by it growth that units explain from a leak.
#[derive(Debug)]
pub struct Counting(UnsafeCell<Dlmalloc<Region>>);

impl Counting {
    /// Nothing allocated yet.
    pub const fn new() -> Self {
        Self(UnsafeCell::new(Dlmalloc::new_with_allocator(Region)))
    }
}

impl Default for Counting {
    fn default() -> Self {
        Self::new()
    }
}

#[expect(unsafe_code, reason = "a static has to be shareable")]
// SAFETY: a guest has one thread.
unsafe impl Sync for Counting {}

#[expect(unsafe_code, reason = "an allocator is an unsafe trait")]
// SAFETY: it forwards to dlmalloc with the arguments it was given.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: a guest has one thread, and dlmalloc does not call back here.
        let heap = unsafe { &mut *self.0.get() };
        // SAFETY: the caller upholds the contract of `alloc`.
        unsafe { heap.malloc(layout.size(), layout.align()) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as in `alloc`.
        let heap = unsafe { &mut *self.0.get() };
        // SAFETY: the caller upholds the contract of `dealloc`.
        unsafe { heap.free(pointer, layout.size(), layout.align()) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LIVE.fetch_add(size, Ordering::Relaxed);
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as in `alloc`.
        let heap = unsafe { &mut *self.0.get() };
        // SAFETY: the caller upholds the contract of `realloc`.
        unsafe { heap.realloc(pointer, layout.size(), layout.align(), size) }
    }
}
