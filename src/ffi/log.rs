use std::cell::Cell;
use std::ffi::{CString, c_char, c_void};
use std::fmt;

use super::error::Failure;
use crate::log::{Log, LogLevel};

/// How much a log message matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum pennon_log_level {
    /// Something failed that somebody should look at.
    PENNON_LOG_LEVEL_ERROR = 1,
    /// Something is not as it should be, and the library copes.
    PENNON_LOG_LEVEL_WARN = 2,
    /// Something that is worth knowing happened.
    PENNON_LOG_LEVEL_INFO = 3,
    /// Details for who looks for a fault.
    PENNON_LOG_LEVEL_DEBUG = 4,
}

/// Takes a log message: a pennon_log_level, and a text of one line, NUL-terminated, with its length, valid for the call.
///
/// Called on any thread, by several threads at a time, with no lock of the library held. It must return soon, and may call
/// any function but pennon_client_wait_ready, pennon_client_refresh, pennon_client_flush and pennon_client_shutdown, which
/// return PENNON_STATUS_IN_CALLBACK; pennon_client_free takes effect when it returns.
pub type pennon_log_callback = Option<
    unsafe extern "C" fn(userdata: *mut c_void, level: i32, message: *const c_char, message_length: usize),
>;

/// Frees a callback's userdata; called once, when the library will not call the callback any more. May be NULL.
pub type pennon_userdata_free = Option<unsafe extern "C" fn(userdata: *mut c_void)>;

thread_local! {
    /// Whether this thread is inside a callback of the caller's.
    static IN_CALLBACK: Cell<bool> = const { Cell::new(false) };
}

/// Whether the calling thread is inside a callback.
pub(super) fn in_callback() -> bool {
    IN_CALLBACK.get()
}

/// Calls out to the caller's code.
pub(super) fn call_out(call: impl FnOnce()) {
    let outer = IN_CALLBACK.replace(true);
    call();
    IN_CALLBACK.set(outer);
    if !outer {
        super::handle::free_deferred();
    }
}

/// What a log callback is.
pub(super) type LogFunction = unsafe extern "C" fn(*mut c_void, i32, *const c_char, usize);

/// A callback with its userdata.
pub(super) struct Callback<F> {
    pub(super) function: F,
    pub(super) userdata: *mut c_void,
    pub(super) userdata_free: pennon_userdata_free,
}

// SAFETY: the header asks that the callback and its userdata may be used on any thread, by several at a time.
unsafe impl<F: Send> Send for Callback<F> {}
// SAFETY: as above.
unsafe impl<F: Sync> Sync for Callback<F> {}

impl<F: Copy> Callback<Option<F>> {
    /// The callback, where there is a function.
    pub(super) fn given(self) -> Result<Callback<F>, Failure> {
        let function = self.function.ok_or_else(|| Failure::null("callback"))?;
        let (userdata, userdata_free) = (self.userdata, self.userdata_free);
        // Its userdata is the other's now.
        std::mem::forget(self);
        Ok(Callback { function, userdata, userdata_free })
    }
}

impl Log for Callback<LogFunction> {
    fn log(&self, level: LogLevel, message: &str) {
        let message = one_line(message);
        call_out(|| {
            // SAFETY: the function is the caller's, with the arguments that the header promises it.
            unsafe { (self.function)(self.userdata, level as i32, message.as_ptr(), message.count_bytes()) };
        });
    }
}

/// A text for C on one line.
pub(super) fn one_line(text: &str) -> CString {
    CString::new(text.replace(['\0', '\n', '\r'], " ")).unwrap_or_default()
}

impl<F> Drop for Callback<F> {
    fn drop(&mut self) {
        if let Some(free) = self.userdata_free {
            // SAFETY: called once, when no call of the function can follow.
            unsafe { free(self.userdata) };
        }
    }
}

impl<F> fmt::Debug for Callback<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callback")
    }
}
