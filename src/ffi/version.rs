use std::ffi::{CStr, c_char};

use crate::version::ABI_VERSION;

/// The version of the library that is loaded, such as "1.2.3"; the header's own is PENNON_VERSION_MAJOR and so on.
///
/// Returns: static text, NUL-terminated. Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn pennon_version() -> *const c_char {
    const VERSION: &CStr =
        match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
            Ok(version) => version,
            Err(_) => c"",
        };
    VERSION.as_ptr()
}

/// The number of the library's ABI, as in its soname; equal to PENNON_ABI_VERSION of the header it fits.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn pennon_abi_version() -> u32 {
    ABI_VERSION
}
