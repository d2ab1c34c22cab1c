use std::ffi::c_char;
use std::time::Duration;

use super::boundary::{boundary, fallible, give, hear_panics, output, take};
use super::delivery::outside_callback;
use super::error::{Failure, pennon_error};
use super::handle;
use super::options::{document, pennon_options};
use super::status::pennon_status;
use super::text::pennon_text;
use crate::client::Client;
use crate::state::State;

/// A client: owns a ruleset, keeps it in step with its source, and evaluates flags.
///
/// A client is a handle that is checked at every call: a call with one that has been freed, or never was one, returns
/// PENNON_STATUS_INVALID_HANDLE (or the default value), also when it races with pennon_client_free.
///
/// Threads: shared (any number of threads at a time).
#[derive(Debug)]
pub struct pennon_client {
    _opaque: [u8; 0],
}

/// In what state a client is, in OpenFeature's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum pennon_state {
    /// It has had no ruleset, and nothing has gone wrong.
    PENNON_STATE_NOT_READY = 0,
    /// It has a ruleset that is in step with its source.
    PENNON_STATE_READY = 1,
    /// It has a ruleset that is out of date: its file could not be read, or was refused, since; the service could not be
    /// reached three times in a row; or it is the one that an earlier run kept on disk.
    PENNON_STATE_STALE = 2,
    /// It has no ruleset, because its source could not be read or was refused. It goes on trying.
    PENNON_STATE_ERROR = 3,
    /// It has no ruleset, because the service refuses its key; it asks again, more and more rarely, and at once when it is
    /// given another key. Also the state of a client that has been freed.
    PENNON_STATE_FATAL = 4,
}

impl From<State> for pennon_state {
    fn from(state: State) -> Self {
        match state {
            State::NotReady => Self::PENNON_STATE_NOT_READY,
            State::Ready => Self::PENNON_STATE_READY,
            State::Stale => Self::PENNON_STATE_STALE,
            State::Error => Self::PENNON_STATE_ERROR,
            State::Fatal => Self::PENNON_STATE_FATAL,
        }
    }
}

/// Makes a client. An inline ruleset is in force when it returns. A ruleset file has been read once; where that failed the
/// client is made all the same, is in state PENNON_STATE_ERROR, says so to the log, and reads the file when it changes. A
/// service is asked in the background: this waits for its first answer as long as the option `start_wait_ms` says, and
/// succeeds without one.
///
/// options: consumed, also on failure; not NULL. client_out: not NULL; receives an owned client, freed with
/// pennon_client_free; written only on success. error: may be NULL; receives an owned error on failure.
/// Returns: PENNON_STATUS_OK, _INVALID_ARGUMENT, _INVALID_OPTION, _INVALID_RULESET, _UNUSABLE or _TOO_MANY_CLIENTS.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_client_create(
    options: *mut pennon_options,
    client_out: *mut *mut pennon_client,
    error: *mut *mut pennon_error,
) -> pennon_status {
    let body = || {
        // SAFETY: null or owned options that are not used again, as the header asks.
        let options = unsafe { take(options) }.ok_or_else(|| Failure::null("options"))?;
        output(client_out, "client_out")?;
        hear_panics(options.options.log.as_ref());
        let client = handle::register(Client::new(options.options)?)?;
        // SAFETY: not null, and valid for a write, as the header asks.
        unsafe { client_out.write(client) };
        Ok(())
    };
    // SAFETY: null or valid for a write, as the header asks.
    unsafe { fallible(error, body) }
}

/// Waits until the client has a ruleset, or the service has refused its key, at most timeout_ms milliseconds. What went wrong
/// last, and where the ruleset is from, is in pennon_client_stats.
///
/// Returns: PENNON_STATUS_OK, _UNAUTHORIZED when the service refuses the key, _NOT_READY when the time has passed or the client
/// is freed meanwhile, _INVALID_HANDLE, or _IN_CALLBACK. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_client_wait_ready(
    client: *mut pennon_client,
    timeout_ms: u32,
) -> pennon_status {
    let body = || {
        outside_callback()?;
        handle::with_client(client, |client| {
            let ready = client.wait_ready(Duration::from_millis(timeout_ms.into()));
            match client.state() {
                _ if ready => Ok(()),
                State::Fatal => Err(Failure::new(pennon_status::PENNON_STATUS_UNAUTHORIZED, "")),
                _ => Err(Failure::new(pennon_status::PENNON_STATUS_NOT_READY, "")),
            }
        })
    };
    // SAFETY: null is allowed.
    unsafe { fallible(std::ptr::null_mut(), body) }
}

/// In what state the client is; PENNON_STATE_FATAL for one that has been freed or never was one.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_client_state(client: *const pennon_client) -> pennon_state {
    boundary(pennon_state::PENNON_STATE_FATAL, || {
        let state = handle::with_client(client, |client| Ok(client.state().into()));
        state.unwrap_or(pennon_state::PENNON_STATE_FATAL)
    })
}

/// Asks the service for its ruleset, or reads the ruleset file, now instead of at its next interval, and waits for the answer.
/// Does nothing for a client that has neither.
///
/// error: may be NULL; receives an owned error on failure.
/// Returns: PENNON_STATUS_OK, _INVALID_HANDLE, _IN_CALLBACK, _SOURCE, _UNAUTHORIZED or _INVALID_RULESET; on failure the ruleset
/// in force stays. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_client_refresh(
    client: *mut pennon_client,
    error: *mut *mut pennon_error,
) -> pennon_status {
    let body = || {
        outside_callback()?;
        handle::with_client(client, |client| client.refresh().map_err(Failure::from))
    };
    // SAFETY: null or valid for a write, as the header asks.
    unsafe { fallible(error, body) }
}

/// Replaces the ruleset by another document. Evaluations under way keep the old one to their end.
///
/// document: copied; in the format of the option `ruleset_format`. error: may be NULL; receives an owned error on failure.
/// Returns: PENNON_STATUS_OK, _INVALID_ARGUMENT, _INVALID_HANDLE or _INVALID_RULESET; on failure the ruleset in force stays.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_client_set_ruleset(
    client: *mut pennon_client,
    document: *const c_char,
    document_length: usize,
    error: *mut *mut pennon_error,
) -> pennon_status {
    let body = || {
        // SAFETY: readable, as the header asks.
        let document = unsafe { self::document(document, document_length) }?;
        handle::with_client(client, |client| client.set_ruleset(document).map(|_| ()).map_err(Failure::from))
    };
    // SAFETY: null or valid for a write, as the header asks.
    unsafe { fallible(error, body) }
}

/// Figures about the client, as a JSON object: state, source, flags, evaluations, errors, instances, events (docs/stats.md).
///
/// text_out: not NULL; receives an owned text, freed with pennon_text_free; written only on success.
/// Returns: PENNON_STATUS_OK, _INVALID_ARGUMENT or _INVALID_HANDLE. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_client_stats(
    client: *const pennon_client,
    text_out: *mut *mut pennon_text,
) -> pennon_status {
    // SAFETY: as the header asks.
    unsafe { report(client, text_out, |client| client.stats().to_json()) }
}

/// What the authors of the flags in force should know, as a JSON list of `{"flag", "severity", "code", "rule", "column",
/// "message", "suggestion"}` in the order of the flags' keys; without a key, at the end, what concerns segments beside all flags.
/// Loads every flag: it takes its time, some tens of microseconds a flag.
///
/// text_out: not NULL; receives an owned text, freed with pennon_text_free; written only on success.
/// Returns: PENNON_STATUS_OK, _INVALID_ARGUMENT or _INVALID_HANDLE. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_client_diagnostics(
    client: *const pennon_client,
    text_out: *mut *mut pennon_text,
) -> pennon_status {
    // SAFETY: as the header asks.
    unsafe { report(client, text_out, |client| client.diagnostics_json()) }
}

/// Frees a client. Threads that wait in it give up, evaluations that run on it are waited for, at most 2 seconds. Inside a
/// callback it takes effect when the callback returns. When it has returned, outside of a callback, nothing is called back.
///
/// client: consumed; NULL, or one that was freed before, is ignored. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_client_free(client: *mut pennon_client) {
    boundary((), || handle::free(client));
}

/// Gives a report about a client to the caller.
///
/// # Safety
/// `text_out` is null or valid for a write.
pub(super) unsafe fn report(
    client: *const pennon_client,
    text_out: *mut *mut pennon_text,
    make: impl FnOnce(&Client) -> String,
) -> pennon_status {
    let body = || {
        output(text_out, "text_out")?;
        let text = handle::with_client(client, |client| Ok(make(client)))?;
        // SAFETY: not null, and valid for a write by this function's contract.
        unsafe { give(text_out, pennon_text::new(text)) };
        Ok(())
    };
    // SAFETY: null is allowed.
    unsafe { fallible(std::ptr::null_mut(), body) }
}
