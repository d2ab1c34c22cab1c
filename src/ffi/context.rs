use std::ffi::c_char;
use std::ptr;

use super::boundary::{borrow, borrow_mut, boundary, fallible, give, output, take};
use super::error::{Failure, pennon_error};
use super::status::pennon_status;
use super::text::text;
use crate::context::{AttributeValue, Context};

/// Who a flag is evaluated for: an optional targeting key, and attributes.
///
/// The first evaluation that uses a context freezes it: setters return PENNON_STATUS_CONTEXT_FROZEN from then on. Make it
/// once and use it often: what a flag is evaluated with is encoded at that first use. Where a context is asked for, NULL is
/// the empty one.
///
/// Threads: exclusive (one thread at a time) while it is set; shared (any number of threads) once it is frozen.
#[derive(Debug)]
pub struct pennon_context {
    pub(super) context: Context,
}

/// Makes a context without attributes.
///
/// Returns: an owned context, freed with pennon_context_free; never NULL. Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn pennon_context_create() -> *mut pennon_context {
    boundary(ptr::null_mut(), || Box::into_raw(Box::new(pennon_context { context: Context::new() })))
}

/// Makes a context from a JSON object; its member `targetingKey`, if it is a string, is the targeting key.
///
/// json: copied; UTF-8. context_out: not NULL; receives an owned context; written only on success. error: may be NULL; receives
/// an owned error on failure.
/// Returns: PENNON_STATUS_OK, _INVALID_ARGUMENT, _INVALID_UTF8 or _INVALID_CONTEXT. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_context_from_json(
    json: *const c_char,
    json_length: usize,
    context_out: *mut *mut pennon_context,
    error: *mut *mut pennon_error,
) -> pennon_status {
    let body = || {
        output(context_out, "context_out")?;
        // SAFETY: readable, as the header asks.
        let json = unsafe { text(json, json_length, "json") }?;
        let context = Context::from_json(json)?;
        // SAFETY: not null, and valid for a write, as the header asks.
        unsafe { give(context_out, pennon_context { context }) };
        Ok(())
    };
    // SAFETY: null or valid for a write, as the header asks.
    unsafe { fallible(error, body) }
}

/// Sets the targeting key: an identifier of whom the flag is evaluated for.
///
/// context: borrowed, not NULL. key: copied; UTF-8.
/// Returns: PENNON_STATUS_OK, _INVALID_ARGUMENT, _INVALID_UTF8 or _CONTEXT_FROZEN. Threads: one at a time for one context.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_context_set_targeting_key(
    context: *mut pennon_context,
    key: *const c_char,
    key_length: usize,
) -> pennon_status {
    // SAFETY: as the header asks.
    unsafe { set_text(context, c"targetingKey".as_ptr(), 12, key, key_length, AttributeValue::String) }
}

/// Sets an attribute to true (value is not 0) or false.
///
/// context: borrowed, not NULL. name: copied; UTF-8.
/// Returns: PENNON_STATUS_OK, _INVALID_ARGUMENT, _INVALID_UTF8 or _CONTEXT_FROZEN. Threads: one at a time for one context.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_context_set_bool(
    context: *mut pennon_context,
    name: *const c_char,
    name_length: usize,
    value: i32,
) -> pennon_status {
    // SAFETY: as the header asks.
    unsafe { set(context, name, name_length, AttributeValue::Bool(value != 0)) }
}

/// Sets an attribute to an integer.
///
/// context: borrowed, not NULL. name: copied; UTF-8.
/// Returns: PENNON_STATUS_OK, _INVALID_ARGUMENT, _INVALID_UTF8 or _CONTEXT_FROZEN. Threads: one at a time for one context.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_context_set_int(
    context: *mut pennon_context,
    name: *const c_char,
    name_length: usize,
    value: i64,
) -> pennon_status {
    // SAFETY: as the header asks.
    unsafe { set(context, name, name_length, AttributeValue::Int(value)) }
}

/// Sets an attribute to a floating-point number; an infinity or NaN is refused.
///
/// context: borrowed, not NULL. name: copied; UTF-8.
/// Returns: PENNON_STATUS_OK, _INVALID_ARGUMENT, _INVALID_UTF8, _INVALID_CONTEXT or _CONTEXT_FROZEN.
/// Threads: one at a time for one context.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_context_set_double(
    context: *mut pennon_context,
    name: *const c_char,
    name_length: usize,
    value: f64,
) -> pennon_status {
    // SAFETY: as the header asks.
    unsafe { set(context, name, name_length, AttributeValue::Float(value)) }
}

/// Sets an attribute to a text.
///
/// context: borrowed, not NULL. name, value: copied; UTF-8.
/// Returns: PENNON_STATUS_OK, _INVALID_ARGUMENT, _INVALID_UTF8 or _CONTEXT_FROZEN. Threads: one at a time for one context.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_context_set_string(
    context: *mut pennon_context,
    name: *const c_char,
    name_length: usize,
    value: *const c_char,
    value_length: usize,
) -> pennon_status {
    // SAFETY: as the header asks.
    unsafe { set_text(context, name, name_length, value, value_length, AttributeValue::String) }
}

/// Sets an attribute to any JSON value: a list, an object, a number of any size.
///
/// context: borrowed, not NULL. name, json: copied; UTF-8.
/// Returns: PENNON_STATUS_OK, _INVALID_ARGUMENT, _INVALID_UTF8, _INVALID_CONTEXT or _CONTEXT_FROZEN.
/// Threads: one at a time for one context.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_context_set_json(
    context: *mut pennon_context,
    name: *const c_char,
    name_length: usize,
    json: *const c_char,
    json_length: usize,
) -> pennon_status {
    // SAFETY: as the header asks.
    unsafe { set_text(context, name, name_length, json, json_length, AttributeValue::Json) }
}

/// Sets an attribute to null.
///
/// context: borrowed, not NULL. name: copied; UTF-8.
/// Returns: PENNON_STATUS_OK, _INVALID_ARGUMENT, _INVALID_UTF8 or _CONTEXT_FROZEN. Threads: one at a time for one context.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_context_set_null(
    context: *mut pennon_context,
    name: *const c_char,
    name_length: usize,
) -> pennon_status {
    // SAFETY: as the header asks.
    unsafe { set(context, name, name_length, AttributeValue::Null) }
}

/// Frees a context.
///
/// context: consumed, may be NULL. Threads: while no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_context_free(context: *mut pennon_context) {
    // SAFETY: null or an owned context that is freed once, as the header asks.
    boundary((), || drop(unsafe { take(context) }));
}

/// Sets an attribute.
///
/// # Safety
/// As the header asks of the setters.
unsafe fn set(
    context: *mut pennon_context,
    name: *const c_char,
    name_length: usize,
    value: AttributeValue<'_>,
) -> pennon_status {
    let body = || {
        // SAFETY: null or live, by this function's contract. Shared first: a frozen context may be in use by other threads.
        let frozen = unsafe { borrow(context, "context") }?.context.is_frozen();
        // SAFETY: readable, by this function's contract.
        let name = unsafe { text(name, name_length, "name") }?;
        if name.is_empty() {
            return Err(Failure::new(pennon_status::PENNON_STATUS_INVALID_ARGUMENT, "name is empty"));
        }
        if frozen {
            return Err(crate::error::Error::ContextFrozen.into());
        }
        // SAFETY: live, not frozen, and so used by this thread alone, by this function's contract.
        let context = unsafe { borrow_mut(context, "context") }?;
        context.context.set(name, value).map_err(Failure::from)
    };
    // SAFETY: null is allowed.
    unsafe { fallible(ptr::null_mut(), body) }
}

/// Sets an attribute to what `value` makes of a text.
///
/// # Safety
/// As the header asks of the setters.
unsafe fn set_text<'a>(
    context: *mut pennon_context,
    name: *const c_char,
    name_length: usize,
    value: *const c_char,
    value_length: usize,
    make: impl Fn(&'a str) -> AttributeValue<'a>,
) -> pennon_status {
    // SAFETY: readable, by this function's contract.
    let value = boundary(Err(Failure::panic()), || unsafe { text(value, value_length, "value") });
    match value {
        // SAFETY: the same contract.
        Ok(value) => unsafe { set(context, name, name_length, make(value)) },
        Err(failure) => failure.status,
    }
}
