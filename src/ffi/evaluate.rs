use std::ffi::c_char;

use super::boundary::{boundary, fallible, give, output};
use super::client::pennon_client;
use super::context::pennon_context;
use super::error::{Failure, pennon_error};
use super::evaluation::{pennon_evaluation, pennon_evaluations};
use super::handle::{Found, with_client};
use super::status::pennon_status;
use super::text::{fill, plain_text, text};
use crate::client::{Client, Filter};
use crate::context::{self, Context};
use crate::evaluation::{Evaluation, FlagType};

/// The value of a flag of true or false; default_value (not 0 is true) on any problem.
///
/// client: borrowed. key: UTF-8. context: borrowed, may be NULL. Allocates nothing. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_client_get_bool(
    client: *const pennon_client,
    key: *const c_char,
    key_length: usize,
    context: *const pennon_context,
    default_value: i32,
) -> bool {
    let default = default_value != 0;
    // SAFETY: as the header asks.
    unsafe {
        get(client, key, key_length, context, default, |client, key, context| {
            client.get_bool(key, context, default)
        })
    }
}

/// The value of a flag of whole numbers; default_value on any problem, also where the number has a fraction.
///
/// client: borrowed. key: UTF-8. context: borrowed, may be NULL. Allocates nothing. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_client_get_int(
    client: *const pennon_client,
    key: *const c_char,
    key_length: usize,
    context: *const pennon_context,
    default_value: i64,
) -> i64 {
    // SAFETY: as the header asks.
    unsafe {
        get(client, key, key_length, context, default_value, |client, key, context| {
            client.get_int(key, context, default_value)
        })
    }
}

/// The value of a flag of numbers; default_value on any problem.
///
/// client: borrowed. key: UTF-8. context: borrowed, may be NULL. Allocates nothing. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_client_get_double(
    client: *const pennon_client,
    key: *const c_char,
    key_length: usize,
    context: *const pennon_context,
    default_value: f64,
) -> f64 {
    // SAFETY: as the header asks.
    unsafe {
        get(client, key, key_length, context, default_value, |client, key, context| {
            client.get_double(key, context, default_value)
        })
    }
}

/// The value of a flag of text, written into a buffer as snprintf does: as much as fits, always NUL-terminated where capacity is
/// not 0, never half a character. On any problem with the flag it is default_value.
///
/// client: borrowed. key, default_value: UTF-8. context: borrowed, may be NULL. buffer: writable for capacity bytes, may be
/// NULL. length_out: may be NULL; receives the whole length without the NUL. Allocates nothing.
/// Returns: PENNON_STATUS_OK; _BUFFER_TOO_SMALL when the text and its NUL did not fit; _INVALID_HANDLE, _INVALID_ARGUMENT or _INVALID_UTF8, with
/// default_value in the buffer where that can be read. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_client_get_string(
    client: *const pennon_client,
    key: *const c_char,
    key_length: usize,
    context: *const pennon_context,
    default_value: *const c_char,
    default_length: usize,
    buffer: *mut c_char,
    capacity: usize,
    length_out: *mut usize,
) -> pennon_status {
    let out = Buffer { start: buffer, capacity, length_out };
    let query = Query { client, key, key_length, context, default_value, default_length };
    // SAFETY: as the header asks.
    unsafe {
        get_text(query, out, |client, key, context, default, fill| {
            client.get_string(key, context, default, fill)
        })
    }
}

/// The value of a flag of objects or lists, as JSON text; otherwise as pennon_client_get_string. default_value is not checked to
/// be JSON.
///
/// client: borrowed. key, default_value: UTF-8. context: borrowed, may be NULL. buffer: writable for capacity bytes, may be
/// NULL. length_out: may be NULL; receives the whole length without the NUL. Allocates nothing.
/// Returns: as pennon_client_get_string. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_client_get_json(
    client: *const pennon_client,
    key: *const c_char,
    key_length: usize,
    context: *const pennon_context,
    default_value: *const c_char,
    default_length: usize,
    buffer: *mut c_char,
    capacity: usize,
    length_out: *mut usize,
) -> pennon_status {
    let out = Buffer { start: buffer, capacity, length_out };
    let query = Query { client, key, key_length, context, default_value, default_length };
    // SAFETY: as the header asks.
    unsafe {
        get_text(query, out, |client, key, context, default, fill| {
            client.get_json(key, context, default, fill)
        })
    }
}

/// Evaluates a flag in full: value, variant, reason, error and metadata. A flag that does not exist, or any other problem with
/// it, is no failure of this function: the evaluation says so.
///
/// client: borrowed. key: UTF-8. type: a pennon_type. context: borrowed, may be NULL. evaluation_out: not NULL; receives an owned
/// evaluation, freed with pennon_evaluation_free; written only on success. error: may be NULL; receives an owned error on failure.
/// Returns: PENNON_STATUS_OK, _INVALID_ARGUMENT, _INVALID_UTF8 or _INVALID_HANDLE. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_client_evaluate(
    client: *const pennon_client,
    key: *const c_char,
    key_length: usize,
    r#type: i32,
    context: *const pennon_context,
    evaluation_out: *mut *mut pennon_evaluation,
    error: *mut *mut pennon_error,
) -> pennon_status {
    let body = || {
        output(evaluation_out, "evaluation_out")?;
        let flag_type = FlagType::from_number(r#type).ok_or_else(|| unknown_type(r#type))?;
        // SAFETY: readable, as the header asks.
        let key = unsafe { text(key, key_length, "key") }?;
        // SAFETY: null or live, as the header asks.
        let context = unsafe { context_or_empty(context) };
        let evaluation = with_client(client, |client| Ok(client.evaluate(key, flag_type, context)))?;
        // SAFETY: not null, and valid for a write, as the header asks.
        unsafe { give(evaluation_out.cast::<*mut Evaluation>(), evaluation) };
        Ok(())
    };
    // SAFETY: null or valid for a write, as the header asks.
    unsafe { fallible(error, body) }
}

/// Evaluates every flag that the filter lets pass, in the order of their keys, all of one ruleset.
///
/// client: borrowed. context: borrowed, may be NULL. filter: NULL (all flags) or a JSON object: {"prefix": TEXT} lets flags pass
/// whose keys start with it, {"keys": [KEY, ...]} those that are listed, both together those that do both. evaluations_out: not
/// NULL; receives owned evaluations, freed with pennon_evaluations_free; written only on success. error: may be NULL; receives an
/// owned error on failure.
/// Returns: PENNON_STATUS_OK, _INVALID_ARGUMENT, _INVALID_UTF8, _INVALID_HANDLE or _NOT_READY. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_client_evaluate_all(
    client: *const pennon_client,
    context: *const pennon_context,
    filter: *const c_char,
    filter_length: usize,
    evaluations_out: *mut *mut pennon_evaluations,
    error: *mut *mut pennon_error,
) -> pennon_status {
    let body = || {
        output(evaluations_out, "evaluations_out")?;
        // SAFETY: readable, as the header asks.
        let filter = Filter::from_json(unsafe { text(filter, filter_length, "filter") }?)?;
        // SAFETY: null or live, as the header asks.
        let context = unsafe { context_or_empty(context) };
        let all = with_client(client, |client| {
            let all = client.evaluate_some(context, |key| filter.selects(key));
            all.ok_or_else(|| crate::error::Error::NotReady.into())
        })?;
        // SAFETY: not null, and valid for a write, as the header asks.
        unsafe { give(evaluations_out, pennon_evaluations { items: all }) };
        Ok(())
    };
    // SAFETY: null or valid for a write, as the header asks.
    unsafe { fallible(error, body) }
}

fn unknown_type(number: i32) -> Failure {
    let message = format!("type is {number}; allowed: 0 (any) to 5 (object)");
    Failure::new(pennon_status::PENNON_STATUS_INVALID_ARGUMENT, message)
}

/// The context behind a pointer; the empty one for null.
///
/// # Safety
/// `context` is null or points to a live context that is not being set.
#[inline]
pub(super) unsafe fn context_or_empty<'a>(context: *const pennon_context) -> &'a Context {
    // SAFETY: null or live by this function's contract.
    unsafe { context.as_ref() }.map_or(context::empty(), |context| &context.context)
}

/// Evaluates for its value alone; `default` where the arguments cannot be used.
///
/// # Safety
/// As the header asks of the getters.
#[inline]
unsafe fn get<T: Copy>(
    client: *const pennon_client,
    key: *const c_char,
    key_length: usize,
    context: *const pennon_context,
    default: T,
    with: impl FnOnce(&Client, &str, &Context) -> T,
) -> T {
    boundary(default, || {
        // SAFETY: readable, by this function's contract.
        let Some(key) = (unsafe { plain_text(key, key_length) }) else { return default };
        let found = Found::new(client);
        let Some(client) = found.as_ref().and_then(Found::client) else { return default };
        // SAFETY: null or live, by this function's contract.
        with(client, key, unsafe { context_or_empty(context) })
    })
}

/// What a getter of text is given.
#[derive(Clone, Copy)]
struct Query {
    client: *const pennon_client,
    key: *const c_char,
    key_length: usize,
    context: *const pennon_context,
    default_value: *const c_char,
    default_length: usize,
}

/// Where a getter of text writes.
#[derive(Clone, Copy)]
struct Buffer {
    start: *mut c_char,
    capacity: usize,
    length_out: *mut usize,
}

/// Evaluates for a text, which goes into the buffer.
///
/// # Safety
/// As the header asks of the getters of text.
unsafe fn get_text(
    query: Query,
    out: Buffer,
    with: impl FnOnce(&Client, &str, &Context, &str, &dyn Fn(&str) -> pennon_status) -> pennon_status,
) -> pennon_status {
    // SAFETY: writable, by this function's contract.
    let fill = |text: &str| unsafe { fill(text, out.start, out.capacity, out.length_out) };
    // SAFETY: readable, by this function's contract.
    let default = match unsafe { text(query.default_value, query.default_length, "default_value") } {
        Ok(default) => default,
        Err(failure) => return failure.status,
    };
    let body = || {
        // SAFETY: readable, by this function's contract.
        let key = unsafe { text(query.key, query.key_length, "key") }?;
        // SAFETY: null or live, by this function's contract.
        let context = unsafe { context_or_empty(query.context) };
        with_client(query.client, |client| Ok(with(client, key, context, default, &fill)))
    };
    boundary(Err(Failure::panic()), body).unwrap_or_else(|failure| {
        fill(default);
        failure.status
    })
}
