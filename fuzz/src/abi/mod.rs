//! Sequences of calls of the C ABI on several threads, in any order, with handles of clients that are gone or never were.
//!
//! The first byte is how many threads there are; each three that follow are a call and its arguments, dealt to the threads in
//! turn. Within a thread objects other than clients are used as the header asks; clients are used as badly as can be.

#![allow(unsafe_code, reason = "the C ABI takes raw pointers")]

mod arguments;
mod caller;
mod world;

use std::panic;
use std::ptr;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use pennon::ffi::pennon_options_from_json;

use self::caller::Caller;
use self::world::World;

/// Calls of one input; more take time and show nothing new.
const MOST_CALLS: usize = 96;
const MOST_THREADS: usize = 3;

/// Panics of this process: an export stops each, and most have no way to tell.
static PANICS: AtomicUsize = AtomicUsize::new(0);

/// No call panics, writes what it must not, or reports another status than its error object; a freed client is gone for all
/// threads; and what was given to callbacks is freed once.
pub fn run(data: &[u8]) {
    count_panics();
    let panics = PANICS.load(Ordering::Relaxed);
    let Some((first, calls)) = data.split_first() else { return };
    let threads = 1 + usize::from(*first) % MOST_THREADS;
    let (calls, _) = calls.as_chunks::<3>();
    let world = World::new();
    thread::scope(|scope| {
        for number in 0..threads {
            let world = &world;
            let mine = calls.iter().take(MOST_CALLS).skip(number).step_by(threads);
            scope.spawn(move || {
                let mut caller = Caller::new(world);
                mine.for_each(|[call, a, b]| caller.call(*call, *a, *b));
            });
        }
    });
    world.end();
    assert_eq!(PANICS.load(Ordering::Relaxed), panics, "an export panicked");
}

/// Counts panics, which go on to the hook that was there: that of a fuzzer or of a test. The library sets its own at the first
/// call that makes options, once in a process, so that this call comes first.
fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        let mut options = ptr::null_mut();
        // SAFETY: no text, and an output that lives.
        unsafe { pennon_options_from_json(ptr::null(), 0, &raw mut options, ptr::null_mut()) };
        assert!(options.is_null(), "no text makes no options");
        drop(panic::take_hook());
        panic::set_hook(Box::new(move |info| {
            PANICS.fetch_add(1, Ordering::Relaxed);
            before(info);
        }));
    });
}
