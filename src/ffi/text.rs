use std::ffi::{CStr, CString, c_char};
use std::slice;

use super::boundary::{boundary, take};
use super::error::Failure;
use super::status::pennon_status;

/// As the length of a text: it ends at its NUL.
pub const PENNON_ZERO_TERMINATED: usize = usize::MAX;

/// A text that the library made, such as a report in JSON.
///
/// Threads: shared (any number of threads) until it is freed.
#[derive(Debug)]
pub struct pennon_text {
    text: CString,
}

impl pennon_text {
    pub(super) fn new(text: String) -> Self {
        Self { text: CString::new(text.replace('\0', " ")).unwrap_or_default() }
    }
}

/// Bytes that came from C: pointer and length, or NUL-terminated.
///
/// # Safety
/// `pointer` is null, or readable for `length` bytes, or up to its NUL where the length is [`PENNON_ZERO_TERMINATED`]; and
/// nothing changes them meanwhile.
#[inline]
pub(super) unsafe fn bytes<'a>(
    pointer: *const c_char,
    length: usize,
    name: &str,
) -> Result<&'a [u8], Failure> {
    if pointer.is_null() {
        return if length == 0 { Ok(&[]) } else { Err(Failure::null(name)) };
    }
    if length == PENNON_ZERO_TERMINATED {
        // SAFETY: not null, and NUL-terminated by this function's contract.
        return Ok(unsafe { CStr::from_ptr(pointer) }.to_bytes());
    }
    if length > isize::MAX as usize {
        let message = format!("{name} has a length that no text has");
        return Err(Failure::new(pennon_status::PENNON_STATUS_INVALID_ARGUMENT, message));
    }
    // SAFETY: not null, and readable for `length` bytes by this function's contract.
    Ok(unsafe { slice::from_raw_parts(pointer.cast(), length) })
}

/// Text that came from C.
///
/// # Safety
/// As for [`bytes`].
#[inline]
pub(super) unsafe fn text<'a>(pointer: *const c_char, length: usize, name: &str) -> Result<&'a str, Failure> {
    // SAFETY: the same contract.
    let bytes = unsafe { bytes(pointer, length, name) }?;
    std::str::from_utf8(bytes).map_err(|error| {
        Failure::new(pennon_status::PENNON_STATUS_INVALID_UTF8, format!("{name} is not UTF-8: {error}"))
    })
}

/// Text that came from C, where nobody hears what is wrong with it: without the words for that, which cost more than the look.
///
/// # Safety
/// As for [`bytes`].
#[inline]
pub(super) unsafe fn plain_text<'a>(pointer: *const c_char, length: usize) -> Option<&'a str> {
    if pointer.is_null() || length > isize::MAX as usize {
        // SAFETY: the same contract.
        return unsafe { text(pointer, length, "") }.ok();
    }
    // SAFETY: not null, and readable for `length` bytes by this function's contract.
    let bytes = unsafe { slice::from_raw_parts(pointer.cast(), length) };
    std::str::from_utf8(bytes).ok()
}

/// Lends a text to C, with its length.
///
/// # Safety
/// `length_out` is null or valid for a write.
pub(super) unsafe fn lend(text: &CStr, length_out: *mut usize) -> *const c_char {
    if !length_out.is_null() {
        // SAFETY: not null, so valid for a write by this function's contract.
        unsafe { length_out.write(text.count_bytes()) };
    }
    text.as_ptr()
}

/// Writes a text into a buffer as snprintf does: as much as fits, always NUL-terminated, and the whole length.
///
/// # Safety
/// `buffer` is null or writable for `capacity` bytes; `length_out` is null or valid for a write.
pub(super) unsafe fn fill(
    text: &str,
    buffer: *mut c_char,
    capacity: usize,
    length_out: *mut usize,
) -> pennon_status {
    if !length_out.is_null() {
        // SAFETY: not null, so valid for a write by this function's contract.
        unsafe { length_out.write(text.len()) };
    }
    let Some(room) = capacity.checked_sub(1).filter(|_| !buffer.is_null()) else {
        return pennon_status::PENNON_STATUS_BUFFER_TOO_SMALL;
    };
    // Never half a character: what is written is UTF-8 too.
    let fitting = text.floor_char_boundary(room);
    // SAFETY: `fitting` is less than `capacity`, for which the buffer is writable.
    unsafe { buffer.cast::<u8>().copy_from_nonoverlapping(text.as_ptr(), fitting) };
    // SAFETY: as above.
    let end = unsafe { buffer.add(fitting) };
    // SAFETY: as above.
    unsafe { end.write(0) };
    if fitting < text.len() {
        pennon_status::PENNON_STATUS_BUFFER_TOO_SMALL
    } else {
        pennon_status::PENNON_STATUS_OK
    }
}

/// The characters of a text.
///
/// text: borrowed, may be NULL. length_out: may be NULL; receives the length without the NUL.
/// Returns: borrowed from the text, NUL-terminated, valid until it is freed; the empty text for NULL.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_text_data(text: *const pennon_text, length_out: *mut usize) -> *const c_char {
    // SAFETY: null or a live text, as the header asks.
    let text = unsafe { text.as_ref() };
    let text = boundary(c"", || text.map_or(c"", |text| &text.text));
    // SAFETY: null or valid for a write, as the header asks.
    unsafe { lend(text, length_out) }
}

/// Frees a text.
///
/// text: consumed, may be NULL. Threads: while no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_text_free(text: *mut pennon_text) {
    // SAFETY: null or an owned text that is freed once, as the header asks.
    boundary((), || drop(unsafe { take(text) }));
}
