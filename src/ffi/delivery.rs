use std::ffi::c_char;
use std::time::Duration;

use super::boundary::{boundary, fallible};
use super::client::{pennon_client, report};
use super::context::pennon_context;
use super::error::{Failure, pennon_error};
use super::evaluate::context_or_empty;
use super::handle;
use super::log::in_callback;
use super::status::pennon_status;
use super::text::{pennon_text, text};
use crate::fork;

/// Reports something that happened in the application, such as a purchase, so that it can be seen beside the flags.
///
/// client: borrowed. name: copied, not empty. context: borrowed, may be NULL; frozen by this. details: copied; a JSON object, or
/// NULL. error: may be NULL; receives an owned error on failure.
/// Returns: PENNON_STATUS_OK, also where nothing is reported because data collection is off; _INVALID_ARGUMENT, _INVALID_UTF8,
/// _INVALID_CONTEXT or _INVALID_HANDLE. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_client_track(
    client: *const pennon_client,
    name: *const c_char,
    name_length: usize,
    context: *const pennon_context,
    details: *const c_char,
    details_length: usize,
    error: *mut *mut pennon_error,
) -> pennon_status {
    let body = || {
        // SAFETY: readable, as the header asks.
        let name = unsafe { text(name, name_length, "name") }?;
        // SAFETY: readable, as the header asks.
        let details = unsafe { text(details, details_length, "details") }?;
        // SAFETY: null or live, as the header asks.
        let context = unsafe { context_or_empty(context) };
        handle::with_client(client, |client| {
            client.track(name, context, Some(details)).map_err(Failure::from)
        })
    };
    // SAFETY: null or valid for a write, as the header asks.
    unsafe { fallible(error, body) }
}

/// Sends the events that are pending, and waits until they are sent, at most timeout_ms milliseconds.
///
/// pending_out: may be NULL; receives how many events are pending then, also for _EVENTS_REMAIN.
/// Returns: PENNON_STATUS_OK, _EVENTS_REMAIN when the time has passed, _INVALID_HANDLE or _IN_CALLBACK. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_client_flush(
    client: *mut pennon_client,
    timeout_ms: u32,
    pending_out: *mut u64,
) -> pennon_status {
    let body = || {
        outside_callback()?;
        handle::with_client(client, |client| {
            let pending = client.flush(Duration::from_millis(timeout_ms.into()));
            if !pending_out.is_null() {
                // SAFETY: not null, and valid for a write, as the header asks.
                unsafe { pending_out.write(pending) };
            }
            remaining(pending)
        })
    };
    // SAFETY: null is allowed.
    unsafe { fallible(std::ptr::null_mut(), body) }
}

/// Ends the client's background threads, after a last attempt to send the events that are pending. Evaluations go on working,
/// on the ruleset in force, until the client is freed.
///
/// timeout_ms: how long the call may take; what is pending then is dropped and counted, or stays in the spool.
/// Returns: PENNON_STATUS_OK, _EVENTS_REMAIN when events could not be sent, _INVALID_HANDLE or _IN_CALLBACK. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_client_shutdown(
    client: *mut pennon_client,
    timeout_ms: u32,
) -> pennon_status {
    let body = || {
        outside_callback()?;
        handle::with_client(client, |client| {
            remaining(client.shutdown(Duration::from_millis(timeout_ms.into())))
        })
    };
    // SAFETY: null is allowed.
    unsafe { fallible(std::ptr::null_mut(), body) }
}

/// Uses another key for the service from now on, and asks it at once.
///
/// key: copied; NULL is none. error: may be NULL; receives an owned error on failure.
/// Returns: PENNON_STATUS_OK, _INVALID_ARGUMENT for a text that no HTTP header can hold, _INVALID_UTF8 or _INVALID_HANDLE.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_client_set_api_key(
    client: *mut pennon_client,
    key: *const c_char,
    key_length: usize,
    error: *mut *mut pennon_error,
) -> pennon_status {
    let body = || {
        // SAFETY: readable, as the header asks.
        let key = unsafe { text(key, key_length, "key") }?;
        if !key.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
            let message = "key is no text that an HTTP header can hold";
            return Err(Failure::new(pennon_status::PENNON_STATUS_INVALID_ARGUMENT, message));
        }
        let key = Some(key.to_owned()).filter(|key| !key.is_empty());
        handle::with_client(client, |client| {
            client.set_api_key(key);
            Ok(())
        })
    };
    // SAFETY: null or valid for a write, as the header asks.
    unsafe { fallible(error, body) }
}

/// The figures of pennon_client_stats in the text format of Prometheus.
///
/// text_out: not NULL; receives an owned text, freed with pennon_text_free; written only on success.
/// Returns: PENNON_STATUS_OK, _INVALID_ARGUMENT or _INVALID_HANDLE. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_client_prometheus(
    client: *const pennon_client,
    text_out: *mut *mut pennon_text,
) -> pennon_status {
    // SAFETY: as the header asks.
    unsafe { report(client, text_out, |client| client.stats().to_prometheus()) }
}

/// Says that this process is the child of one that used the library, and was made without fork(), such as by clone(). After
/// fork() it is not needed.
///
/// Threads: the only one of the new process.
#[unsafe(no_mangle)]
pub extern "C" fn pennon_after_fork() {
    boundary((), fork::happened);
}

pub(super) fn outside_callback() -> Result<(), Failure> {
    if in_callback() {
        return Err(Failure::new(pennon_status::PENNON_STATUS_IN_CALLBACK, "not from inside a callback"));
    }
    Ok(())
}

fn remaining(events: u64) -> Result<(), Failure> {
    if events == 0 {
        return Ok(());
    }
    Err(Failure::new(pennon_status::PENNON_STATUS_EVENTS_REMAIN, format!("{events} events are not sent")))
}
