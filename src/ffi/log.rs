use std::cell::Cell;
use std::ffi::{CString, c_char, c_void};
use std::fmt;

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
/// any function but pennon_client_wait_ready, pennon_client_refresh and pennon_client_shutdown, which return
/// PENNON_STATUS_IN_CALLBACK; pennon_client_free takes effect when it returns.
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

/// A log callback with its userdata.
pub(super) struct Callback {
    pub(super) function: unsafe extern "C" fn(*mut c_void, i32, *const c_char, usize),
    pub(super) userdata: *mut c_void,
    pub(super) userdata_free: pennon_userdata_free,
}

// SAFETY: the header asks that the callback and its userdata may be used on any thread, by several at a time.
unsafe impl Send for Callback {}
// SAFETY: as above.
unsafe impl Sync for Callback {}

impl Log for Callback {
    fn log(&self, level: LogLevel, message: &str) {
        let Ok(message) = CString::new(message.replace(['\0', '\n'], " ")) else { return };
        let outer = IN_CALLBACK.replace(true);
        // SAFETY: the function is the caller's, with the arguments that the header promises it.
        unsafe { (self.function)(self.userdata, level as i32, message.as_ptr(), message.count_bytes()) };
        IN_CALLBACK.set(outer);
        if !outer {
            super::handle::free_deferred();
        }
    }
}

impl Drop for Callback {
    fn drop(&mut self) {
        if let Some(free) = self.userdata_free {
            // SAFETY: called once, when no call of the function can follow.
            unsafe { free(self.userdata) };
        }
    }
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callback")
    }
}
