use std::ffi::c_char;

use super::boundary::{fallible, give, output};
use super::client::pennon_client;
use super::context::pennon_context;
use super::error::{Failure, pennon_error};
use super::evaluate::context_or_empty;
use super::handle;
use super::status::pennon_status;
use super::text::{pennon_text, text};
use crate::client::Client;

/// Which attributes of a context can change what a flag answers, as a JSON object: `{"attributes": [NAME, ...], "any": BOOL,
/// "time": BOOL}`. `any`: a rule may read attributes that only an evaluation can name; the list is empty then. `time`: the answer
/// also changes with time.
///
/// client: borrowed. key: UTF-8. text_out: not NULL; receives an owned text, freed with pennon_text_free; written only on success.
/// error: may be NULL; receives an owned error on failure.
/// Returns: PENNON_STATUS_OK, _INVALID_ARGUMENT (also where the ruleset has no such flag), _INVALID_UTF8, _INVALID_HANDLE or
/// _UNUSABLE. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_client_attributes(
    client: *const pennon_client,
    key: *const c_char,
    key_length: usize,
    text_out: *mut *mut pennon_text,
    error: *mut *mut pennon_error,
) -> pennon_status {
    let read = |client: &Client, key: &str| {
        let unknown = || Failure::new(pennon_status::PENNON_STATUS_INVALID_ARGUMENT, "no flag has this key");
        Ok(client.attributes_read(key).ok_or_else(unknown)??.to_json())
    };
    // SAFETY: as the header asks.
    unsafe { about_flag(client, key, key_length, text_out, error, read) }
}

/// Why a flag answers as it does, as a JSON object: the evaluation, which rule decided, what its query compared with which
/// attribute, and what would have to differ (docs/explain.md). For people and tools: it takes some hundred times as long as an
/// evaluation. A flag that does not exist is no failure of this function: the object says so.
///
/// client: borrowed. key: UTF-8. context: borrowed, may be NULL. text_out: not NULL; receives an owned text, freed with
/// pennon_text_free; written only on success. error: may be NULL; receives an owned error on failure.
/// Returns: PENNON_STATUS_OK, _INVALID_ARGUMENT, _INVALID_UTF8 or _INVALID_HANDLE. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_client_explain(
    client: *const pennon_client,
    key: *const c_char,
    key_length: usize,
    context: *const pennon_context,
    text_out: *mut *mut pennon_text,
    error: *mut *mut pennon_error,
) -> pennon_status {
    let explain = |client: &Client, key: &str| {
        // SAFETY: null or live, as the header asks.
        let context = unsafe { context_or_empty(context) };
        Ok(client.explain(key, context))
    };
    // SAFETY: as the header asks.
    unsafe { about_flag(client, key, key_length, text_out, error, explain) }
}

/// Gives the caller a text about a flag.
///
/// # Safety
/// `key` is readable for its length; `text_out` and `error` are null or valid for a write.
unsafe fn about_flag(
    client: *const pennon_client,
    key: *const c_char,
    key_length: usize,
    text_out: *mut *mut pennon_text,
    error: *mut *mut pennon_error,
    make: impl FnOnce(&Client, &str) -> Result<String, Failure>,
) -> pennon_status {
    let body = || {
        output(text_out, "text_out")?;
        // SAFETY: readable, by this function's contract.
        let key = unsafe { text(key, key_length, "key") }?;
        let made = handle::with_client(client, |client| make(client, key))?;
        // SAFETY: not null, and valid for a write, by this function's contract.
        unsafe { give(text_out, pennon_text::new(made)) };
        Ok(())
    };
    // SAFETY: null or valid for a write, by this function's contract.
    unsafe { fallible(error, body) }
}
