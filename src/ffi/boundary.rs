//! Where C calls in: panics stop here, and pointers become references.

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Once, Weak};
use std::thread;

use arc_swap::ArcSwapOption;

use super::error::{Failure, pennon_error};
use super::status::pennon_status;
use crate::log::{Log, LogLevel};

/// Runs the body of an export; a panic in it gives `fallback`.
#[inline]
pub(super) fn boundary<T>(fallback: T, body: impl FnOnce() -> T) -> T {
    stop_panics(body).unwrap_or(fallback)
}

/// The result of a body, or what it panicked with, of which standard error hears nothing.
#[inline]
fn stop_panics<T>(body: impl FnOnce() -> T) -> thread::Result<T> {
    // Whichever export a program calls first.
    hush_panics();
    panic::catch_unwind(AssertUnwindSafe(|| {
        #[cfg(test)]
        super::tests::panics::strike();
        body()
    }))
}

/// Runs the body of an export that returns a status; a failure's message goes to `error`.
///
/// # Safety
/// `error` is null or valid for a write.
#[inline]
pub(super) unsafe fn fallible(
    error: *mut *mut pennon_error,
    body: impl FnOnce() -> Result<(), Failure>,
) -> pennon_status {
    let result = stop_panics(body).unwrap_or_else(|_| Err(Failure::panic()));
    match result {
        Ok(()) => pennon_status::PENNON_STATUS_OK,
        Err(failure) => {
            let status = failure.status;
            if !error.is_null() {
                let failure = Box::into_raw(Box::new(pennon_error::new(failure)));
                // SAFETY: not null, and valid for a write by this function's contract.
                unsafe { error.write(failure) };
            }
            status
        }
    }
}

/// The value behind a pointer, or a failure that names the argument.
///
/// # Safety
/// `pointer` is null or points to a live value that nothing changes meanwhile.
#[inline]
pub(super) unsafe fn borrow<'a, T>(pointer: *const T, name: &str) -> Result<&'a T, Failure> {
    // SAFETY: null or valid by this function's contract.
    unsafe { pointer.as_ref() }.ok_or_else(|| Failure::null(name))
}

/// The value behind a pointer, for changing it, or a failure that names the argument.
///
/// # Safety
/// `pointer` is null or points to a live value that nothing else uses meanwhile.
#[inline]
pub(super) unsafe fn borrow_mut<'a, T>(pointer: *mut T, name: &str) -> Result<&'a mut T, Failure> {
    // SAFETY: null or valid by this function's contract.
    unsafe { pointer.as_mut() }.ok_or_else(|| Failure::null(name))
}

/// Refuses a null output before there is anything to put there.
#[inline]
pub(super) fn output<T>(out: *mut T, name: &str) -> Result<(), Failure> {
    if out.is_null() { Err(Failure::null(name)) } else { Ok(()) }
}

/// Gives an owned object to the caller.
///
/// # Safety
/// `out` is valid for a write.
pub(super) unsafe fn give<T>(out: *mut *mut T, value: T) {
    let value = Box::into_raw(Box::new(value));
    // SAFETY: valid for a write by this function's contract.
    unsafe { out.write(value) };
}

/// Takes an owned object back; none for null.
///
/// # Safety
/// `pointer` is null or came from [`give`] and was not taken back before.
pub(super) unsafe fn take<T>(pointer: *mut T) -> Option<T> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: not null, so it came from a box and is taken back once.
    Some(*unsafe { Box::from_raw(pointer) })
}

/// Who hears of panics: the log of the client that was made last.
static LISTENER: ArcSwapOption<Weak<dyn Log>> = ArcSwapOption::const_empty();

/// Sends panics to a log from now on.
pub(super) fn hear_panics(log: Option<&Arc<dyn Log>>) {
    if let Some(log) = log {
        LISTENER.store(Some(Arc::new(Arc::downgrade(log))));
    }
    hush_panics();
}

/// Keeps panics from standard error. The shared and the static library have a panic machinery of their own, so that a host
/// program written in Rust keeps its hook.
#[inline]
fn hush_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        panic::set_hook(Box::new(|info| {
            let listener = LISTENER.load();
            let listener = listener.as_ref().and_then(|listener| listener.upgrade());
            if let Some(log) = listener {
                log.log(
                    LogLevel::Error,
                    &format!("internal error, please report it: {info}").replace('\n', " "),
                );
            }
        }));
    });
}
