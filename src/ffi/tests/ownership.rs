//! Who owns what, for tools that see every access (miri): objects made, used, and freed through the exports, without a client,
//! which takes a guest to make.

#![expect(
    clippy::multiple_unsafe_ops_per_block,
    reason = "calls of exports in a row, each with valid arguments"
)]

use std::ffi::{CStr, c_char, c_void};
use std::ptr::{null, null_mut, without_provenance, without_provenance_mut};

use pennon_wire::ErrorCode;

use crate::evaluation::{Evaluation, FlagType, Resolved};
use crate::ffi::*;

const OK: pennon_status = pennon_status::PENNON_STATUS_OK;
const ALL: usize = PENNON_ZERO_TERMINATED;

fn text_of(pointer: *const c_char) -> String {
    // SAFETY: exports return texts that are NUL-terminated.
    unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned()
}

unsafe extern "C" fn hear(_: *mut c_void, _: i32, _: *const c_char, _: usize) {}

unsafe extern "C" fn free_text(userdata: *mut c_void) {
    // SAFETY: what the tests pass is a box of this type.
    drop(unsafe { Box::from_raw(userdata.cast::<String>()) });
}

/// Owned by the callback that it is given with.
fn userdata() -> *mut c_void {
    Box::into_raw(Box::new("owned".to_owned())).cast()
}

#[test]
fn options_own_their_callback() {
    let mut options = null_mut();
    let json = c"{\"service\": \"goff\", \"pool_size\": 2}";
    // SAFETY: valid arguments, each object freed once.
    unsafe {
        assert_eq!(pennon_options_from_json(json.as_ptr(), ALL, &raw mut options, null_mut()), OK);
        assert_eq!(pennon_options_set_ruleset(options, c"{}".as_ptr(), 2, null_mut()), OK);
        for _ in 0..2 {
            let set = pennon_options_on_log(options, Some(hear), userdata(), Some(free_text), null_mut());
            assert_eq!(set, OK);
        }
        let refused = pennon_options_on_log(options, None, userdata(), Some(free_text), null_mut());
        assert_eq!(refused, pennon_status::PENNON_STATUS_INVALID_ARGUMENT);
        pennon_options_free(options);
    }
}

#[test]
fn an_error_lives_until_it_is_freed() {
    let (mut options, mut error, mut length) = (null_mut(), null_mut(), 0);
    // SAFETY: valid arguments, each object freed once.
    unsafe {
        let status = pennon_options_from_json(c"{".as_ptr(), 1, &raw mut options, &raw mut error);
        assert_eq!((status, options), (pennon_status::PENNON_STATUS_INVALID_OPTION, null_mut()));
        assert_eq!(pennon_error_status(error), status);
        let message = text_of(pennon_error_message(error, &raw mut length));
        assert!(!message.is_empty() && message.len() == length, "{message}");
        pennon_error_free(error);
    }
}

#[test]
fn a_context_copies_what_it_is_given() {
    let context = pennon_context_create();
    let name = c"name";
    // SAFETY: valid arguments; texts end before the context does.
    unsafe {
        {
            let short_lived = String::from("value");
            let (start, length) = (short_lived.as_ptr().cast(), short_lived.len());
            assert_eq!(pennon_context_set_string(context, name.as_ptr(), 4, start, length), OK);
            assert_eq!(pennon_context_set_targeting_key(context, start, length), OK);
        }
        assert_eq!(pennon_context_set_bool(context, name.as_ptr(), ALL, 1), OK);
        assert_eq!(pennon_context_set_int(context, name.as_ptr(), ALL, i64::MIN), OK);
        assert_eq!(pennon_context_set_double(context, name.as_ptr(), ALL, 0.5), OK);
        assert_eq!(pennon_context_set_null(context, name.as_ptr(), ALL), OK);
        let json = c"{\"a\": [1, {\"b\": \"\\u0000\"}]}";
        assert_eq!(pennon_context_set_json(context, name.as_ptr(), ALL, json.as_ptr(), ALL), OK);
        let bad = pennon_context_set_string(context, name.as_ptr(), ALL, c"\xff".as_ptr(), 1);
        assert_eq!(bad, pennon_status::PENNON_STATUS_INVALID_UTF8);
        pennon_context_free(context);
        let mut from_json = null_mut();
        assert_eq!(pennon_context_from_json(json.as_ptr(), ALL, &raw mut from_json, null_mut()), OK);
        pennon_context_free(from_json);
    }
}

/// An evaluation as pennon_client_evaluate gives one.
fn evaluation(key: &str) -> Evaluation {
    Resolved::failure(ErrorCode::FlagNotFound, "no such flag").into_evaluation(key, FlagType::Any)
}

#[test]
fn an_evaluation_lends_its_texts() {
    let evaluations = Box::into_raw(Box::new(pennon_evaluations {
        items: ["one", "two"].map(evaluation).into_iter().collect(),
    }));
    let mut length = 0;
    // SAFETY: live objects, freed once.
    unsafe {
        assert_eq!(pennon_evaluations_count(evaluations), 2);
        let second = pennon_evaluations_at(evaluations, 1);
        assert!(pennon_evaluations_at(evaluations, 2).is_null());
        assert_eq!(text_of(pennon_evaluation_key(second, &raw mut length)), "two");
        assert_eq!(length, 3);
        assert_eq!(text_of(pennon_evaluation_error_message(second, null_mut())), "no such flag");
        assert_eq!(text_of(pennon_evaluation_json(second, null_mut())), "");
        assert!(pennon_evaluation_string(second, null_mut()).is_null());
        assert_eq!(pennon_evaluation_int(second, -7), -7);
        pennon_evaluations_free(evaluations);
    }
    let text = Box::into_raw(Box::new(pennon_text::new("a\0b".to_owned())));
    // SAFETY: a live object, freed once.
    unsafe {
        assert_eq!(text_of(pennon_text_data(text, &raw mut length)), "a b");
        pennon_text_free(text);
    }
}

#[test]
fn a_handle_is_never_a_pointer() {
    let mut buffer = [0_u8; 8];
    for address in [0, 1, 4095, 4096, 0xdead_beef, usize::MAX] {
        let (shared, owned) = (without_provenance(address), without_provenance_mut(address));
        // SAFETY: a handle is looked up, whatever it is.
        unsafe {
            assert_eq!(pennon_client_state(shared), pennon_state::PENNON_STATE_FATAL);
            assert_eq!(pennon_client_wait_ready(owned, 0), pennon_status::PENNON_STATUS_INVALID_HANDLE);
            assert!(pennon_client_get_bool(shared, c"key".as_ptr(), ALL, null(), 1));
            let (start, default) = (buffer.as_mut_ptr().cast(), c"none".as_ptr());
            let status = pennon_client_get_string(
                shared,
                c"key".as_ptr(),
                ALL,
                null(),
                default,
                ALL,
                start,
                3,
                null_mut(),
            );
            assert_eq!(status, pennon_status::PENNON_STATUS_INVALID_HANDLE);
            pennon_client_free(owned);
        }
        assert_eq!(&buffer[..3], b"no\0", "as much as fits");
    }
}
