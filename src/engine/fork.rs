//! Telling that this process is the child of a fork: threads of the parent are gone, and what they held is held for ever.

use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

/// Rises by one in each child. Nothing else is done there: a handler of `fork` may do little.
static FORKS: AtomicU32 = AtomicU32::new(0);

extern "C" fn in_child() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// How many forks lie between this process and the one that loaded the library.
#[inline]
pub(crate) fn generation() -> u32 {
    FORKS.load(Ordering::Relaxed)
}

/// Begins to count; before the first thread or instance is made.
#[expect(unsafe_code, reason = "the standard library has no handler of fork")]
pub(super) fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the handler only adds to an atomic, and the library is never unloaded.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    });
}
