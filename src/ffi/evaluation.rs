use std::ffi::{CStr, c_char};

use pennon_wire::{ErrorCode, Reason};

use super::boundary::{boundary, take};
use crate::evaluation::{Evaluation, Evaluations, Piece, Value};

/// The type of a value that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum pennon_type {
    /// Whatever type the flag has.
    PENNON_TYPE_ANY = 0,
    /// True or false.
    PENNON_TYPE_BOOL = 1,
    /// Text.
    PENNON_TYPE_STRING = 2,
    /// A whole number of 64 bits; a number written `5.0` is one.
    PENNON_TYPE_INT = 3,
    /// Any number.
    PENNON_TYPE_DOUBLE = 4,
    /// An object or a list, as JSON text.
    PENNON_TYPE_OBJECT = 5,
}

/// Why an evaluation gave its value: OpenFeature's reasons, and those of the services beyond them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum pennon_reason {
    /// The value is the flag's only one, whatever the context.
    PENNON_REASON_STATIC = 1,
    /// The flag's default rule, or the caller's default, was used.
    PENNON_REASON_DEFAULT = 2,
    /// A targeting rule matched.
    PENNON_REASON_TARGETING_MATCH = 3,
    /// A pseudo-random split of the default rule decided.
    PENNON_REASON_SPLIT = 4,
    /// A targeting rule matched and a split within it decided (GO Feature Flag).
    PENNON_REASON_TARGETING_MATCH_SPLIT = 5,
    /// The flag is switched off in the service.
    PENNON_REASON_DISABLED = 6,
    /// An error occurred; the error code says which.
    PENNON_REASON_ERROR = 7,
    /// The value came from a cache.
    PENNON_REASON_CACHED = 8,
    /// The value may be out of date.
    PENNON_REASON_STALE = 9,
    /// The service does not say.
    PENNON_REASON_UNKNOWN = 10,
}

/// Why an evaluation failed: OpenFeature's error codes, and GO Feature Flag's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum pennon_error_code {
    /// It did not fail.
    PENNON_ERROR_CODE_NONE = 0,
    /// The client has no ruleset yet.
    PENNON_ERROR_CODE_PROVIDER_NOT_READY = 1,
    /// No flag of this key exists.
    PENNON_ERROR_CODE_FLAG_NOT_FOUND = 2,
    /// The flag's definition could not be read.
    PENNON_ERROR_CODE_PARSE_ERROR = 3,
    /// The value is of another type than was asked for.
    PENNON_ERROR_CODE_TYPE_MISMATCH = 4,
    /// The flag needs a targeting (or bucketing) key, and the context has none that can be used.
    PENNON_ERROR_CODE_TARGETING_KEY_MISSING = 5,
    /// The context cannot be used.
    PENNON_ERROR_CODE_INVALID_CONTEXT = 6,
    /// The client cannot become ready.
    PENNON_ERROR_CODE_PROVIDER_FATAL = 7,
    /// Any other fault.
    PENNON_ERROR_CODE_GENERAL = 8,
    /// The flag's definition is readable but has no answer (GO Feature Flag's own code; for OpenFeature it is GENERAL).
    PENNON_ERROR_CODE_FLAG_CONFIG = 9,
}

/// The answer to one question about a flag.
///
/// Threads: shared (any number of threads) until it is freed.
// What a pointer to it points to is an `Evaluation`: one of its own, or one that evaluations of many flags lend.
#[derive(Debug)]
pub struct pennon_evaluation {
    _opaque: (),
}

/// The answers of pennon_client_evaluate_all.
///
/// Threads: shared (any number of threads) until they are freed.
#[derive(Debug)]
pub struct pennon_evaluations {
    pub(super) items: Evaluations,
}

/// Reads from an evaluation; `missing` for null.
///
/// # Safety
/// `evaluation` is null or points to a live evaluation.
unsafe fn read<T>(
    evaluation: *const pennon_evaluation,
    missing: T,
    with: impl FnOnce(&Evaluation) -> T,
) -> T {
    // SAFETY: null or live by this function's contract.
    let evaluation = unsafe { evaluation.cast::<Evaluation>().as_ref() };
    boundary(None, || evaluation.map(with)).unwrap_or(missing)
}

/// Lends one of an evaluation's texts; the empty text for null.
///
/// # Safety
/// `evaluation` is null or points to a live evaluation; `length_out` is null or valid for a write.
unsafe fn read_text(
    evaluation: *const pennon_evaluation,
    length_out: *mut usize,
    piece: Piece,
) -> *const c_char {
    // SAFETY: null or live by this function's contract.
    let evaluation = unsafe { evaluation.cast::<Evaluation>().as_ref() };
    let text = boundary("\0", || evaluation.map_or("\0", |evaluation| evaluation.with_nul(piece)));
    if !length_out.is_null() {
        // SAFETY: not null, so valid for a write by this function's contract.
        unsafe { length_out.write(text.len().saturating_sub(1)) };
    }
    text.as_ptr().cast()
}

/// The flag's key.
///
/// evaluation: borrowed, may be NULL. length_out: may be NULL; receives the length without the NUL.
/// Returns: borrowed from the evaluation, NUL-terminated, valid until it is freed; the empty text for NULL. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_evaluation_key(
    evaluation: *const pennon_evaluation,
    length_out: *mut usize,
) -> *const c_char {
    // SAFETY: as the header asks.
    unsafe { read_text(evaluation, length_out, Piece::Key) }
}

/// The type of the value; PENNON_TYPE_ANY where the caller's default is to be used: on an error, and where the flag gives none.
///
/// evaluation: borrowed, may be NULL. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_evaluation_type(evaluation: *const pennon_evaluation) -> pennon_type {
    // SAFETY: as the header asks.
    unsafe {
        read(evaluation, pennon_type::PENNON_TYPE_ANY, |evaluation| match evaluation.value() {
            Value::Default | Value::Null => pennon_type::PENNON_TYPE_ANY,
            Value::Bool(_) => pennon_type::PENNON_TYPE_BOOL,
            Value::Int(_) => pennon_type::PENNON_TYPE_INT,
            Value::Double(_) => pennon_type::PENNON_TYPE_DOUBLE,
            Value::String(_) => pennon_type::PENNON_TYPE_STRING,
            Value::Json(_) => pennon_type::PENNON_TYPE_OBJECT,
        })
    }
}

/// The value, if it is true or false; else default_value (not 0 is true).
///
/// evaluation: borrowed, may be NULL. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_evaluation_bool(
    evaluation: *const pennon_evaluation,
    default_value: i32,
) -> bool {
    let default = default_value != 0;
    // SAFETY: as the header asks.
    unsafe {
        read(evaluation, default, |evaluation| match evaluation.value() {
            Value::Bool(value) => value,
            _ => default,
        })
    }
}

/// The value, if it is a whole number; else default_value.
///
/// evaluation: borrowed, may be NULL. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_evaluation_int(
    evaluation: *const pennon_evaluation,
    default_value: i64,
) -> i64 {
    // SAFETY: as the header asks.
    unsafe {
        read(evaluation, default_value, |evaluation| match evaluation.value() {
            Value::Int(value) => value,
            _ => default_value,
        })
    }
}

/// The value, if it is a number; else default_value.
///
/// evaluation: borrowed, may be NULL. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_evaluation_double(
    evaluation: *const pennon_evaluation,
    default_value: f64,
) -> f64 {
    // SAFETY: as the header asks.
    unsafe {
        read(evaluation, default_value, |evaluation| match evaluation.value() {
            Value::Int(value) => value as f64,
            Value::Double(value) => value,
            _ => default_value,
        })
    }
}

/// The value, if it is a text; else NULL. A text may hold NULs: length_out tells.
///
/// evaluation: borrowed, may be NULL. length_out: may be NULL; receives the length without the NUL at the end.
/// Returns: borrowed from the evaluation, NUL-terminated, valid until it is freed. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_evaluation_string(
    evaluation: *const pennon_evaluation,
    length_out: *mut usize,
) -> *const c_char {
    // SAFETY: null or live, as the header asks.
    let text =
        unsafe { read(evaluation, false, |evaluation| matches!(evaluation.value(), Value::String(_))) };
    if !text {
        return std::ptr::null();
    }
    // SAFETY: as the header asks.
    unsafe { read_text(evaluation, length_out, Piece::String) }
}

/// The value as JSON text, of whatever type it is, with numbers as the ruleset has them; the empty text where the flag gives
/// none, and on an error.
///
/// evaluation: borrowed, may be NULL. length_out: may be NULL; receives the length without the NUL.
/// Returns: borrowed from the evaluation, NUL-terminated, valid until it is freed. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_evaluation_json(
    evaluation: *const pennon_evaluation,
    length_out: *mut usize,
) -> *const c_char {
    // SAFETY: as the header asks.
    unsafe { read_text(evaluation, length_out, Piece::Json) }
}

/// Name of the variant; the empty text where there is none.
///
/// evaluation: borrowed, may be NULL. length_out: may be NULL; receives the length without the NUL.
/// Returns: borrowed from the evaluation, NUL-terminated, valid until it is freed. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_evaluation_variant(
    evaluation: *const pennon_evaluation,
    length_out: *mut usize,
) -> *const c_char {
    // SAFETY: as the header asks.
    unsafe { read_text(evaluation, length_out, Piece::Variant) }
}

/// Why the evaluation gave its value; PENNON_REASON_UNKNOWN for NULL.
///
/// evaluation: borrowed, may be NULL. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_evaluation_reason(evaluation: *const pennon_evaluation) -> pennon_reason {
    // SAFETY: as the header asks.
    unsafe { read(evaluation, Reason::Unknown, Evaluation::reason) }.into()
}

/// Why the evaluation failed; PENNON_ERROR_CODE_NONE where it did not, PENNON_ERROR_CODE_GENERAL for NULL.
///
/// evaluation: borrowed, may be NULL. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_evaluation_error_code(
    evaluation: *const pennon_evaluation,
) -> pennon_error_code {
    // SAFETY: as the header asks.
    unsafe { read(evaluation, Some(ErrorCode::General), Evaluation::error_code) }.into()
}

/// Why the evaluation failed, in words; the empty text where it did not.
///
/// evaluation: borrowed, may be NULL. length_out: may be NULL; receives the length without the NUL.
/// Returns: borrowed from the evaluation, NUL-terminated, valid until it is freed. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_evaluation_error_message(
    evaluation: *const pennon_evaluation,
    length_out: *mut usize,
) -> *const c_char {
    // SAFETY: as the header asks.
    unsafe { read_text(evaluation, length_out, Piece::Message) }
}

/// Flag metadata as the text of a JSON object; the empty text where there is none.
///
/// evaluation: borrowed, may be NULL. length_out: may be NULL; receives the length without the NUL.
/// Returns: borrowed from the evaluation, NUL-terminated, valid until it is freed. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_evaluation_metadata(
    evaluation: *const pennon_evaluation,
    length_out: *mut usize,
) -> *const c_char {
    // SAFETY: as the header asks.
    unsafe { read_text(evaluation, length_out, Piece::Metadata) }
}

/// Frees an evaluation that pennon_client_evaluate gave; never one that pennon_evaluations_at lent.
///
/// evaluation: consumed, may be NULL. Threads: while no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_evaluation_free(evaluation: *mut pennon_evaluation) {
    // SAFETY: null or an owned evaluation that is freed once, as the header asks.
    boundary((), || drop(unsafe { take(evaluation.cast::<Evaluation>()) }));
}

/// How many evaluations there are; 0 for NULL.
///
/// evaluations: borrowed, may be NULL. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_evaluations_count(evaluations: *const pennon_evaluations) -> usize {
    // SAFETY: null or live, as the header asks.
    let evaluations = unsafe { evaluations.as_ref() };
    boundary(0, || evaluations.map_or(0, |evaluations| evaluations.items.len()))
}

/// The evaluation at an index, counted from 0; NULL past the end.
///
/// evaluations: borrowed, may be NULL. Returns: borrowed from them, valid until they are freed. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_evaluations_at(
    evaluations: *const pennon_evaluations,
    index: usize,
) -> *const pennon_evaluation {
    // SAFETY: null or live, as the header asks.
    let evaluations = unsafe { evaluations.as_ref() };
    let item = boundary(None, || evaluations.and_then(|evaluations| evaluations.items.get(index)));
    item.map_or(std::ptr::null(), |item| std::ptr::from_ref(item).cast())
}

/// Frees evaluations.
///
/// evaluations: consumed, may be NULL. Threads: while no other thread uses them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_evaluations_free(evaluations: *mut pennon_evaluations) {
    // SAFETY: null or owned evaluations that are freed once, as the header asks.
    boundary((), || drop(unsafe { take(evaluations) }));
}

/// The name of a reason as OpenFeature has it, such as "TARGETING_MATCH"; "UNKNOWN" for a number that is none.
///
/// Returns: static text, NUL-terminated. Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn pennon_reason_name(reason: i32) -> *const c_char {
    let name = boundary(c"UNKNOWN", || {
        let known = u8::try_from(reason).ok().and_then(Reason::from_number);
        pennon_reason::from(known.unwrap_or(Reason::Unknown)).name()
    });
    name.as_ptr()
}

/// The name of an error code as OpenFeature has it, such as "FLAG_NOT_FOUND"; the empty text for PENNON_ERROR_CODE_NONE,
/// "GENERAL" for a number that is none.
///
/// Returns: static text, NUL-terminated. Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn pennon_error_code_name(error_code: i32) -> *const c_char {
    let name = boundary(c"GENERAL", || {
        if error_code == 0 {
            return c"";
        }
        let known = u8::try_from(error_code).ok().and_then(ErrorCode::from_number);
        pennon_error_code::from(Some(known.unwrap_or(ErrorCode::General))).name()
    });
    name.as_ptr()
}

impl From<Reason> for pennon_reason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Static => Self::PENNON_REASON_STATIC,
            Reason::Default => Self::PENNON_REASON_DEFAULT,
            Reason::TargetingMatch => Self::PENNON_REASON_TARGETING_MATCH,
            Reason::Split => Self::PENNON_REASON_SPLIT,
            Reason::TargetingMatchSplit => Self::PENNON_REASON_TARGETING_MATCH_SPLIT,
            Reason::Disabled => Self::PENNON_REASON_DISABLED,
            Reason::Error => Self::PENNON_REASON_ERROR,
            Reason::Cached => Self::PENNON_REASON_CACHED,
            Reason::Stale => Self::PENNON_REASON_STALE,
            Reason::Unknown => Self::PENNON_REASON_UNKNOWN,
        }
    }
}

impl pennon_reason {
    fn name(self) -> &'static CStr {
        match self {
            Self::PENNON_REASON_STATIC => c"STATIC",
            Self::PENNON_REASON_DEFAULT => c"DEFAULT",
            Self::PENNON_REASON_TARGETING_MATCH => c"TARGETING_MATCH",
            Self::PENNON_REASON_SPLIT => c"SPLIT",
            Self::PENNON_REASON_TARGETING_MATCH_SPLIT => c"TARGETING_MATCH_SPLIT",
            Self::PENNON_REASON_DISABLED => c"DISABLED",
            Self::PENNON_REASON_ERROR => c"ERROR",
            Self::PENNON_REASON_CACHED => c"CACHED",
            Self::PENNON_REASON_STALE => c"STALE",
            Self::PENNON_REASON_UNKNOWN => c"UNKNOWN",
        }
    }
}

impl From<Option<ErrorCode>> for pennon_error_code {
    fn from(code: Option<ErrorCode>) -> Self {
        match code {
            None => Self::PENNON_ERROR_CODE_NONE,
            Some(ErrorCode::ProviderNotReady) => Self::PENNON_ERROR_CODE_PROVIDER_NOT_READY,
            Some(ErrorCode::FlagNotFound) => Self::PENNON_ERROR_CODE_FLAG_NOT_FOUND,
            Some(ErrorCode::ParseError) => Self::PENNON_ERROR_CODE_PARSE_ERROR,
            Some(ErrorCode::TypeMismatch) => Self::PENNON_ERROR_CODE_TYPE_MISMATCH,
            Some(ErrorCode::TargetingKeyMissing) => Self::PENNON_ERROR_CODE_TARGETING_KEY_MISSING,
            Some(ErrorCode::InvalidContext) => Self::PENNON_ERROR_CODE_INVALID_CONTEXT,
            Some(ErrorCode::ProviderFatal) => Self::PENNON_ERROR_CODE_PROVIDER_FATAL,
            Some(ErrorCode::General) => Self::PENNON_ERROR_CODE_GENERAL,
            Some(ErrorCode::FlagConfig) => Self::PENNON_ERROR_CODE_FLAG_CONFIG,
        }
    }
}

impl pennon_error_code {
    fn name(self) -> &'static CStr {
        match self {
            Self::PENNON_ERROR_CODE_NONE => c"",
            Self::PENNON_ERROR_CODE_PROVIDER_NOT_READY => c"PROVIDER_NOT_READY",
            Self::PENNON_ERROR_CODE_FLAG_NOT_FOUND => c"FLAG_NOT_FOUND",
            Self::PENNON_ERROR_CODE_PARSE_ERROR => c"PARSE_ERROR",
            Self::PENNON_ERROR_CODE_TYPE_MISMATCH => c"TYPE_MISMATCH",
            Self::PENNON_ERROR_CODE_TARGETING_KEY_MISSING => c"TARGETING_KEY_MISSING",
            Self::PENNON_ERROR_CODE_INVALID_CONTEXT => c"INVALID_CONTEXT",
            Self::PENNON_ERROR_CODE_PROVIDER_FATAL => c"PROVIDER_FATAL",
            Self::PENNON_ERROR_CODE_GENERAL => c"GENERAL",
            Self::PENNON_ERROR_CODE_FLAG_CONFIG => c"FLAG_CONFIG",
        }
    }
}

#[cfg(test)]
mod tests {
    use pennon_wire::answer::{ERROR_CODES, REASONS};

    use super::*;
    use crate::evaluation::FlagType;

    #[test]
    fn numbers_and_names_are_those_of_the_rust_api() {
        for reason in REASONS {
            let exported = pennon_reason::from(reason);
            assert_eq!(
                (exported as i32, exported.name().to_bytes()),
                (reason as i32, reason.name().as_bytes())
            );
        }
        for code in ERROR_CODES {
            let exported = pennon_error_code::from(Some(code));
            assert_eq!((exported as i32, exported.name().to_bytes()), (code as i32, code.name().as_bytes()));
        }
        for (exported, flag_type) in [
            (pennon_type::PENNON_TYPE_ANY, FlagType::Any),
            (pennon_type::PENNON_TYPE_BOOL, FlagType::Boolean),
            (pennon_type::PENNON_TYPE_STRING, FlagType::String),
            (pennon_type::PENNON_TYPE_INT, FlagType::Integer),
            (pennon_type::PENNON_TYPE_DOUBLE, FlagType::Double),
            (pennon_type::PENNON_TYPE_OBJECT, FlagType::Object),
        ] {
            assert_eq!(FlagType::from_number(exported as i32), Some(flag_type));
        }
    }
}
