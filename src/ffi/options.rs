use std::ffi::{c_char, c_void};
use std::sync::Arc;

use super::boundary::{borrow_mut, boundary, fallible, give, hear_panics, output, take};
use super::error::{Failure, pennon_error};
use super::log::{Callback, LogFunction, pennon_log_callback, pennon_userdata_free};
use super::provider_event::{EventFunction, pennon_provider_event_callback};
use super::status::pennon_status;
use super::text::{bytes, text};
use crate::options::Options;

/// What a client is made from.
///
/// Threads: exclusive (one thread at a time).
#[derive(Debug)]
pub struct pennon_options {
    pub(super) options: Options,
}

/// Makes options from one JSON object. Its members are described in docs/options.md: `service` is required; `endpoint`,
/// `ruleset_file` or `ruleset` names where the flags are. An unknown member, a wrong type or a value out of range is an error that names the
/// member, the value and what is allowed.
///
/// json: copied; UTF-8. options_out: not NULL; receives owned options, consumed by pennon_client_create or freed with
/// pennon_options_free; written only on success. error: may be NULL; receives an owned error on failure, freed with
/// pennon_error_free.
/// Returns: PENNON_STATUS_OK, _INVALID_ARGUMENT, _INVALID_UTF8 or _INVALID_OPTION. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_options_from_json(
    json: *const c_char,
    json_length: usize,
    options_out: *mut *mut pennon_options,
    error: *mut *mut pennon_error,
) -> pennon_status {
    hear_panics(None);
    let body = || {
        output(options_out, "options_out")?;
        // SAFETY: readable, as the header asks.
        let json = unsafe { text(json, json_length, "json") }?;
        let options = Options::from_json(json)?;
        // SAFETY: not null, and valid for a write, as the header asks.
        unsafe { give(options_out, pennon_options { options }) };
        Ok(())
    };
    // SAFETY: null or valid for a write, as the header asks.
    unsafe { fallible(error, body) }
}

/// Sets the ruleset as the bytes of a document, which need not be JSON text inside JSON: any document of the service, in the
/// format of the option `ruleset_format`. Replaces an earlier one.
///
/// options: borrowed, not NULL. document: copied. error: may be NULL; receives an owned error on failure.
/// Returns: PENNON_STATUS_OK, _INVALID_ARGUMENT or _INVALID_UTF8. Threads: one at a time for one options object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_options_set_ruleset(
    options: *mut pennon_options,
    document: *const c_char,
    document_length: usize,
    error: *mut *mut pennon_error,
) -> pennon_status {
    let body = || {
        // SAFETY: null or live and used by no other thread, as the header asks.
        let options = unsafe { borrow_mut(options, "options") }?;
        // SAFETY: readable, as the header asks.
        let document = unsafe { text(document, document_length, "document") }?;
        options.options.ruleset = Some(document.to_owned());
        Ok(())
    };
    // SAFETY: null or valid for a write, as the header asks.
    unsafe { fallible(error, body) }
}

/// Sets who hears what the library says. Without it the library says nothing: it never writes to standard output or error.
///
/// options: borrowed, not NULL. callback: not NULL. userdata: passed to the callback, may be NULL. userdata_free: called once
/// with userdata when the callback will not be called any more (also when this function fails), may be NULL. error: may be
/// NULL; receives an owned error on failure.
/// Returns: PENNON_STATUS_OK or _INVALID_ARGUMENT. Threads: one at a time for one options object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_options_on_log(
    options: *mut pennon_options,
    callback: pennon_log_callback,
    userdata: *mut c_void,
    userdata_free: pennon_userdata_free,
    error: *mut *mut pennon_error,
) -> pennon_status {
    let body = || {
        // Made first, so that the userdata is freed also on failure.
        let callback = Callback { function: callback, userdata, userdata_free };
        let callback: Callback<LogFunction> = callback.given()?;
        // SAFETY: null or live and used by no other thread, as the header asks.
        let options = unsafe { borrow_mut(options, "options") }?;
        options.options.log = Some(Arc::new(callback));
        Ok(())
    };
    // SAFETY: null or valid for a write, as the header asks.
    unsafe { fallible(error, body) }
}

/// Sets who hears of the client's states, of changed flags, and of events that were sent or dropped.
///
/// options: borrowed, not NULL. callback: not NULL. userdata: passed to the callback, may be NULL. userdata_free: called once
/// with userdata when the callback will not be called any more (also when this function fails), may be NULL. error: may be
/// NULL; receives an owned error on failure.
/// Returns: PENNON_STATUS_OK or _INVALID_ARGUMENT. Threads: one at a time for one options object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_options_on_provider_event(
    options: *mut pennon_options,
    callback: pennon_provider_event_callback,
    userdata: *mut c_void,
    userdata_free: pennon_userdata_free,
    error: *mut *mut pennon_error,
) -> pennon_status {
    let body = || {
        // Made first, so that the userdata is freed also on failure.
        let callback = Callback { function: callback, userdata, userdata_free };
        let callback: Callback<EventFunction> = callback.given()?;
        // SAFETY: null or live and used by no other thread, as the header asks.
        let options = unsafe { borrow_mut(options, "options") }?;
        options.options.listener = Some(Arc::new(callback));
        Ok(())
    };
    // SAFETY: null or valid for a write, as the header asks.
    unsafe { fallible(error, body) }
}

/// Frees options that no client was made from.
///
/// options: consumed, may be NULL. Threads: while no other thread uses them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_options_free(options: *mut pennon_options) {
    // SAFETY: null or owned options that are freed once, as the header asks.
    boundary((), || drop(unsafe { take(options) }));
}

/// The bytes of a document.
///
/// # Safety
/// As for [`bytes`].
pub(super) unsafe fn document(pointer: *const c_char, length: usize) -> Result<Vec<u8>, Failure> {
    // SAFETY: the same contract.
    unsafe { bytes(pointer, length, "document") }.map(<[u8]>::to_vec)
}
