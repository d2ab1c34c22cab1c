use std::ffi::{CString, c_char};

use super::boundary::{boundary, take};
use super::log::one_line;
use super::status::pennon_status;
use super::text::lend;
use crate::error::Error;

/// What went wrong in a call: a status and a message of one line.
///
/// Threads: exclusive (one thread at a time).
#[derive(Debug)]
pub struct pennon_error {
    status: pennon_status,
    message: CString,
}

/// A failed call, before it becomes an error object.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) status: pennon_status,
    message: String,
}

impl Failure {
    pub(super) fn new(status: pennon_status, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    pub(super) fn null(name: &str) -> Self {
        Self::new(pennon_status::PENNON_STATUS_INVALID_ARGUMENT, format!("{name} is NULL"))
    }

    pub(super) fn panic() -> Self {
        Self::new(pennon_status::PENNON_STATUS_PANIC, "internal error, please report it")
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::new((&error).into(), error.to_string())
    }
}

impl pennon_error {
    pub(super) fn new(failure: Failure) -> Self {
        Self { status: failure.status, message: one_line(&failure.message) }
    }
}

/// The message of an error.
///
/// error: borrowed, may be NULL. length_out: may be NULL; receives the length without the NUL.
/// Returns: borrowed from the error, NUL-terminated, valid until it is freed; the empty text for NULL.
/// Threads: one at a time for one error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_error_message(
    error: *const pennon_error,
    length_out: *mut usize,
) -> *const c_char {
    // SAFETY: null or a live error, as the header asks.
    let error = unsafe { error.as_ref() };
    let message = boundary(c"", || error.map_or(c"", |error| &error.message));
    // SAFETY: null or valid for a write, as the header asks.
    unsafe { lend(message, length_out) }
}

/// The status of an error: the same that the failed function returned; PENNON_STATUS_OK for NULL.
///
/// error: borrowed, may be NULL. Threads: one at a time for one error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_error_status(error: *const pennon_error) -> pennon_status {
    // SAFETY: null or a live error, as the header asks.
    let error = unsafe { error.as_ref() };
    boundary(pennon_status::PENNON_STATUS_PANIC, || {
        error.map_or(pennon_status::PENNON_STATUS_OK, |error| error.status)
    })
}

/// Frees an error.
///
/// error: consumed, may be NULL. Threads: one at a time for one error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_error_free(error: *mut pennon_error) {
    // SAFETY: null or an owned error that is freed once, as the header asks.
    boundary((), || drop(unsafe { take(error) }));
}
