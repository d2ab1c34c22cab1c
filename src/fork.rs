//! Telling that this process is the child of a fork: threads of the parent are gone, and what they held is held for ever.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Once};

use once_cell::race::OnceBox;

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

/// Says that this process is a child that was made without `fork`, of which no handler heard.
pub(crate) fn happened() {
    in_child();
}

/// Begins to count; before the first thread or instance is made.
#[expect(unsafe_code, reason = "the standard library has no handler of fork")]
pub(crate) fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the handler only adds to an atomic, and the library is never unloaded.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    });
}

/// A value that each process makes anew. What a parent made is out of use in its child for ever: its locks may be held by
/// threads that are gone, its memory half written. So it is neither used nor dropped there, and looking for the child's
/// own waits for nobody.
pub(crate) struct PerProcess<T> {
    generation: u32,
    value: Arc<T>,
    next: OnceBox<Self>,
}

impl<T> PerProcess<T> {
    /// With this process's value.
    pub(crate) fn new(value: Arc<T>) -> Self {
        Self { generation: generation(), value, next: OnceBox::new() }
    }

    /// This process's value; in a child made from the parent's, and begun, which has to be harmless a second time. Where two threads make one at a time, one of
    /// the two is dropped again.
    #[inline]
    pub(crate) fn get(&self, make: impl Fn(&T) -> Arc<T>, begin: impl FnOnce(&Arc<T>)) -> &Arc<T> {
        if self.generation == generation() {
            return &self.value;
        }
        self.in_child(make, begin)
    }

    #[cold]
    fn in_child(&self, make: impl Fn(&T) -> Arc<T>, begin: impl FnOnce(&Arc<T>)) -> &Arc<T> {
        let mut process = self;
        while process.generation != generation() {
            // A grandchild's line may lack its parent, which never asked.
            process = process.next.get_or_init(|| Box::new(Self::new(make(&process.value))));
        }
        begin(&process.value);
        &process.value
    }

    /// This process's value, where it has been made.
    pub(crate) fn made(&self) -> Option<&Arc<T>> {
        let mut process = self;
        while process.generation != generation() {
            process = process.next.get()?;
        }
        Some(&process.value)
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        if self.generation != generation() {
            // Never dropped: see above.
            std::mem::forget(Arc::clone(&self.value));
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for PerProcess<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerProcess").field("value", &self.made()).finish_non_exhaustive()
    }
}
