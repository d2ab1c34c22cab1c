use std::ffi::{CStr, c_char};

use super::boundary::boundary;
use crate::error::Error;

/// What a function returns: 0 is success, errors are negative, numbers are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum pennon_status {
    /// It worked.
    PENNON_STATUS_OK = 0,
    /// An argument is NULL that may not be, or a number that it may not be.
    PENNON_STATUS_INVALID_ARGUMENT = -1,
    /// A text is not UTF-8.
    PENNON_STATUS_INVALID_UTF8 = -2,
    /// The client has been freed, or never was one.
    PENNON_STATUS_INVALID_HANDLE = -3,
    /// An option is unknown, missing, or has a value that is not allowed; the message names it.
    PENNON_STATUS_INVALID_OPTION = -4,
    /// A context cannot be made from what was given.
    PENNON_STATUS_INVALID_CONTEXT = -5,
    /// The context has been used in an evaluation and cannot change any more.
    PENNON_STATUS_CONTEXT_FROZEN = -6,
    /// A ruleset cannot be used; the one in force, if there is any, stays.
    PENNON_STATUS_INVALID_RULESET = -7,
    /// The source of the ruleset cannot be read.
    PENNON_STATUS_SOURCE = -8,
    /// The evaluator cannot be loaded into this process; the message says why.
    PENNON_STATUS_UNUSABLE = -9,
    /// There is no ruleset yet.
    PENNON_STATUS_NOT_READY = -10,
    /// The function may not be called from inside a callback.
    PENNON_STATUS_IN_CALLBACK = -11,
    /// There are as many clients as there can be.
    PENNON_STATUS_TOO_MANY_CLIENTS = -12,
    /// The buffer was too small: what fits has been written, and the length that is needed.
    PENNON_STATUS_BUFFER_TOO_SMALL = -13,
    /// The service refuses the key of the client.
    PENNON_STATUS_UNAUTHORIZED = -14,
    /// The time has passed, and events wait to be sent, or were dropped at the end.
    PENNON_STATUS_EVENTS_REMAIN = -15,
    /// The library has a fault; it goes on working. Please report it.
    PENNON_STATUS_PANIC = -99,
}

use pennon_status::*;

impl pennon_status {
    fn name(self) -> &'static CStr {
        match self {
            PENNON_STATUS_OK => c"OK",
            PENNON_STATUS_INVALID_ARGUMENT => c"INVALID_ARGUMENT",
            PENNON_STATUS_INVALID_UTF8 => c"INVALID_UTF8",
            PENNON_STATUS_INVALID_HANDLE => c"INVALID_HANDLE",
            PENNON_STATUS_INVALID_OPTION => c"INVALID_OPTION",
            PENNON_STATUS_INVALID_CONTEXT => c"INVALID_CONTEXT",
            PENNON_STATUS_CONTEXT_FROZEN => c"CONTEXT_FROZEN",
            PENNON_STATUS_INVALID_RULESET => c"INVALID_RULESET",
            PENNON_STATUS_SOURCE => c"SOURCE",
            PENNON_STATUS_UNUSABLE => c"UNUSABLE",
            PENNON_STATUS_NOT_READY => c"NOT_READY",
            PENNON_STATUS_IN_CALLBACK => c"IN_CALLBACK",
            PENNON_STATUS_TOO_MANY_CLIENTS => c"TOO_MANY_CLIENTS",
            PENNON_STATUS_BUFFER_TOO_SMALL => c"BUFFER_TOO_SMALL",
            PENNON_STATUS_UNAUTHORIZED => c"UNAUTHORIZED",
            PENNON_STATUS_EVENTS_REMAIN => c"EVENTS_REMAIN",
            PENNON_STATUS_PANIC => c"PANIC",
        }
    }

    const ALL: [Self; 17] = [
        PENNON_STATUS_OK,
        PENNON_STATUS_INVALID_ARGUMENT,
        PENNON_STATUS_INVALID_UTF8,
        PENNON_STATUS_INVALID_HANDLE,
        PENNON_STATUS_INVALID_OPTION,
        PENNON_STATUS_INVALID_CONTEXT,
        PENNON_STATUS_CONTEXT_FROZEN,
        PENNON_STATUS_INVALID_RULESET,
        PENNON_STATUS_SOURCE,
        PENNON_STATUS_UNUSABLE,
        PENNON_STATUS_NOT_READY,
        PENNON_STATUS_IN_CALLBACK,
        PENNON_STATUS_TOO_MANY_CLIENTS,
        PENNON_STATUS_BUFFER_TOO_SMALL,
        PENNON_STATUS_UNAUTHORIZED,
        PENNON_STATUS_EVENTS_REMAIN,
        PENNON_STATUS_PANIC,
    ];
}

impl From<&Error> for pennon_status {
    fn from(error: &Error) -> Self {
        match error {
            Error::InvalidOption(_) => PENNON_STATUS_INVALID_OPTION,
            Error::InvalidContext(_) => PENNON_STATUS_INVALID_CONTEXT,
            Error::ContextFrozen => PENNON_STATUS_CONTEXT_FROZEN,
            Error::InvalidRuleset(_) => PENNON_STATUS_INVALID_RULESET,
            Error::Source(_) => PENNON_STATUS_SOURCE,
            Error::Unauthorized(_) => PENNON_STATUS_UNAUTHORIZED,
            Error::Unusable(_) => PENNON_STATUS_UNUSABLE,
            Error::NotReady => PENNON_STATUS_NOT_READY,
            Error::InvalidArgument(_) => PENNON_STATUS_INVALID_ARGUMENT,
        }
    }
}

/// The name of a status, such as "INVALID_OPTION"; "UNKNOWN" for a number that is none.
///
/// Returns: static text, NUL-terminated. Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn pennon_status_name(status: i32) -> *const c_char {
    let name = boundary(c"UNKNOWN", || {
        let known = pennon_status::ALL.into_iter().find(|known| *known as i32 == status);
        known.map_or(c"UNKNOWN", pennon_status::name)
    });
    name.as_ptr()
}
