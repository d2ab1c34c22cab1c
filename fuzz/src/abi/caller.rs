//! A thread that calls: what it owns, and its calls.

use std::ffi::{CStr, c_char};
use std::ptr;
use std::sync::Arc;

use pennon::ffi::*;

use super::arguments::{NAMES, OPTIONS, RULESETS, Text, VALUES};
use super::world::{World, used_context};

/// What a buffer holds before a call.
const UNWRITTEN: c_char = 0x55;

/// A thread's own objects; each may be null.
pub struct Caller<'w> {
    world: &'w Arc<World>,
    options: *mut pennon_options,
    context: *mut pennon_context,
    evaluation: *mut pennon_evaluation,
    evaluations: *mut pennon_evaluations,
    text: *mut pennon_text,
}

/// Calls a function that can fail, with an error object where `wants`: it is given on failure alone, and has the same status.
fn checked(wants: bool, call: impl FnOnce(*mut *mut pennon_error) -> pennon_status) -> pennon_status {
    let (mut error, mut length) = (ptr::null_mut(), usize::MAX);
    let status = call(if wants { &raw mut error } else { ptr::null_mut() });
    assert_ne!(status, pennon_status::PENNON_STATUS_PANIC);
    assert_eq!(!error.is_null(), wants && status != pennon_status::PENNON_STATUS_OK);
    if !error.is_null() {
        // SAFETY: a live error of this thread.
        assert_eq!(unsafe { pennon_error_status(error) }, status);
        // SAFETY: as above.
        let message = unsafe { pennon_error_message(error, &raw mut length) };
        // SAFETY: NUL-terminated, as the header says.
        let message = unsafe { CStr::from_ptr(message) };
        assert!(length > 0 && message.count_bytes() == length);
        // SAFETY: freed once.
        unsafe { pennon_error_free(error) };
    }
    status
}

/// An output is written on success alone.
fn assert_given<T>(status: pennon_status, out: *mut T) {
    assert_eq!(status == pennon_status::PENNON_STATUS_OK, !out.is_null(), "{status:?}");
}

impl<'w> Caller<'w> {
    pub fn new(world: &'w Arc<World>) -> Self {
        Self {
            world,
            options: ptr::null_mut(),
            context: ptr::null_mut(),
            evaluation: ptr::null_mut(),
            evaluations: ptr::null_mut(),
            text: ptr::null_mut(),
        }
    }

    /// One call.
    pub fn call(&mut self, call: u8, a: u8, b: u8) {
        match call % 32 {
            0..4 => self.make_options(call, a, b),
            4..8 => self.create(a, b),
            8..14 => self.use_client(call, a, b),
            14..20 => self.get(call, a, b),
            20..24 => self.evaluate(call, a, b),
            24..28 => self.set(call, a, b),
            28..30 => self.make_context(a),
            30 => self.read(a),
            // SAFETY: any handle may be freed.
            _ => unsafe { pennon_client_free(self.world.client(b)) },
        }
    }

    fn make_options(&mut self, call: u8, a: u8, b: u8) {
        match call % 4 {
            0 => {
                let text = Text::chosen(a, &RULESETS);
                // SAFETY: this thread's options or null, and a text that is readable.
                checked(b & 1 == 0, |error| unsafe {
                    pennon_options_set_ruleset(self.options, text.start, text.length, error)
                });
            }
            1 => {
                let status = self.world.listen(self.options, a);
                let can = !self.options.is_null() && a != 255;
                assert_eq!(status == pennon_status::PENNON_STATUS_OK, can);
            }
            _ => {
                let text = Text::chosen(a, &OPTIONS);
                let mut options = ptr::null_mut();
                // SAFETY: a text that is readable, and an output that lives.
                let status = checked(b & 1 == 0, |error| unsafe {
                    pennon_options_from_json(text.start, text.length, &raw mut options, error)
                });
                assert_given(status, options);
                // SAFETY: this thread's options or null, freed once.
                unsafe { pennon_options_free(std::mem::replace(&mut self.options, options)) };
            }
        }
    }

    fn create(&mut self, a: u8, b: u8) {
        let options = std::mem::replace(&mut self.options, ptr::null_mut());
        let mut client = ptr::null_mut();
        let out = if a == 255 { ptr::null_mut() } else { &raw mut client };
        // SAFETY: this thread's options or null, not used again; an output that lives or null.
        let status = checked(b & 1 == 0, |error| unsafe { pennon_client_create(options, out, error) });
        assert_given(status, client);
        if !client.is_null() {
            self.world.put(a, client);
        }
    }

    fn use_client(&mut self, call: u8, a: u8, b: u8) {
        let client = self.world.client(b);
        let wait = u32::from(a % 3);
        match call % 6 {
            // SAFETY: any handle may be given, here and below.
            0 => checked(false, |_| unsafe { pennon_client_wait_ready(client, wait) }),
            // SAFETY: as above.
            1 => checked(a & 1 == 0, |error| unsafe { pennon_client_refresh(client, error) }),
            // SAFETY: as above.
            2 => checked(false, |_| unsafe { pennon_client_shutdown(client, wait) }),
            3 => {
                let text = Text::chosen(a, &RULESETS);
                // SAFETY: as above, and a text that is readable.
                checked(a & 1 == 0, |error| unsafe {
                    pennon_client_set_ruleset(client, text.start, text.length, error)
                })
            }
            _ => self.report(call, client),
        };
        // SAFETY: as above.
        unsafe { pennon_client_state(client) };
    }

    fn report(&mut self, call: u8, client: *const pennon_client) -> pennon_status {
        let mut text = ptr::null_mut();
        let status = checked(false, |_| match call % 2 {
            // SAFETY: any handle may be given; an output that lives.
            0 => unsafe { pennon_client_stats(client, &raw mut text) },
            // SAFETY: as above.
            _ => unsafe { pennon_client_diagnostics(client, &raw mut text) },
        });
        assert_given(status, text);
        // SAFETY: this thread's text or null, freed once.
        unsafe { pennon_text_free(std::mem::replace(&mut self.text, text)) };
        status
    }

    /// The context to evaluate for: this thread's, the one that all threads use, or none.
    fn context(&self, choice: u8) -> *mut pennon_context {
        match choice % 3 {
            0 => self.context,
            1 => used_context(),
            _ => ptr::null_mut(),
        }
    }

    fn get(&mut self, call: u8, a: u8, b: u8) {
        let (client, context, key) = (self.world.client(b), self.context(b / 4), Text::chosen(a, &NAMES));
        match call % 6 {
            0 => {
                // SAFETY: any handle may be given; a readable text; a context of this thread, or one that was used. The same
                // below.
                unsafe { pennon_client_get_bool(client, key.start, key.length, context, 1) };
            }
            1 => {
                // SAFETY: as above.
                unsafe { pennon_client_get_int(client, key.start, key.length, context, 7) };
            }
            2 => {
                // SAFETY: as above.
                unsafe { pennon_client_get_double(client, key.start, key.length, context, 0.5) };
            }
            _ => self.get_text(call, client, context, key, Text::chosen(b, &VALUES)),
        }
    }

    fn get_text(
        &mut self,
        call: u8,
        client: *const pennon_client,
        context: *const pennon_context,
        key: Text,
        default: Text,
    ) {
        let function = if call & 1 == 0 { pennon_client_get_string } else { pennon_client_get_json };
        let mut buffer = [UNWRITTEN; 24];
        let (capacity, mut length) = (usize::from(call >> 5) * 3, usize::MAX);
        // SAFETY: as for `get`, and a buffer that is longer than is said.
        let status = checked(false, |_| unsafe {
            function(
                client,
                key.start,
                key.length,
                context,
                default.start,
                default.length,
                buffer.as_mut_ptr(),
                capacity,
                &raw mut length,
            )
        });
        let (written, rest) = buffer.split_at(capacity);
        assert!(rest.iter().all(|byte| *byte == UNWRITTEN), "written past the buffer");
        let end = written.iter().position(|byte| *byte == 0);
        match status {
            pennon_status::PENNON_STATUS_OK => assert_eq!(end, Some(length)),
            pennon_status::PENNON_STATUS_BUFFER_TOO_SMALL => {
                assert!(length >= capacity && end.is_some() == (capacity > 0), "{length} in {capacity}");
            }
            _ => assert!(length == usize::MAX || end.is_some() == (capacity > 0)),
        }
    }

    fn evaluate(&mut self, call: u8, a: u8, b: u8) {
        let (client, context) = (self.world.client(b), self.context(b / 4));
        if call.is_multiple_of(4) {
            let filter = Text::chosen(a, &VALUES);
            let mut evaluations = ptr::null_mut();
            // SAFETY: as for `get`, and an output that lives.
            let status = checked(b & 1 == 0, |error| unsafe {
                pennon_client_evaluate_all(
                    client,
                    context,
                    filter.start,
                    filter.length,
                    &raw mut evaluations,
                    error,
                )
            });
            assert_given(status, evaluations);
            // SAFETY: this thread's evaluations or null, freed once.
            unsafe { pennon_evaluations_free(std::mem::replace(&mut self.evaluations, evaluations)) };
            return;
        }
        let key = Text::chosen(a, &NAMES);
        let mut evaluation = ptr::null_mut();
        let kind = i32::from(call >> 5) - 1;
        // SAFETY: as above.
        let status = checked(b & 1 == 0, |error| unsafe {
            pennon_client_evaluate(client, key.start, key.length, kind, context, &raw mut evaluation, error)
        });
        assert_given(status, evaluation);
        // SAFETY: this thread's evaluation or null, freed once.
        unsafe { pennon_evaluation_free(std::mem::replace(&mut self.evaluation, evaluation)) };
    }

    fn make_context(&mut self, a: u8) {
        let mut context = ptr::null_mut();
        if a > 127 {
            context = pennon_context_create();
        } else {
            let json = Text::chosen(a, &VALUES);
            // SAFETY: a text that is readable, and an output that lives.
            let status = checked(true, |error| unsafe {
                pennon_context_from_json(json.start, json.length, &raw mut context, error)
            });
            assert_given(status, context);
        }
        // SAFETY: this thread's context or null, freed once.
        unsafe { pennon_context_free(std::mem::replace(&mut self.context, context)) };
    }

    fn set(&mut self, call: u8, a: u8, b: u8) {
        let (name, value) = (Text::chosen(a, &NAMES), Text::chosen(b, &VALUES));
        let is_used = a % 5 == 1;
        let context = if is_used { used_context() } else { self.context };
        let (start, length) = (name.start, name.length);
        let status = checked(false, |_| match call >> 5 {
            // SAFETY: a context of this thread, one that was used, or null; texts that are readable. The same below.
            0 => unsafe { pennon_context_set_bool(context, start, length, b.into()) },
            // SAFETY: as above.
            1 => unsafe { pennon_context_set_int(context, start, length, b.into()) },
            // SAFETY: as above.
            2 => unsafe { pennon_context_set_double(context, start, length, f64::from(b) / 0.0) },
            // SAFETY: as above.
            3 => unsafe { pennon_context_set_null(context, start, length) },
            // SAFETY: as above.
            4 => unsafe { pennon_context_set_targeting_key(context, start, length) },
            // SAFETY: as above.
            5 => unsafe { pennon_context_set_json(context, start, length, value.start, value.length) },
            // SAFETY: as above.
            _ => unsafe { pennon_context_set_string(context, start, length, value.start, value.length) },
        });
        assert!(status != pennon_status::PENNON_STATUS_OK || !is_used, "a used context changed");
    }

    /// Reads an evaluation, one of all, or none.
    fn read(&self, a: u8) {
        // SAFETY: this thread's evaluations or null.
        let count = unsafe { pennon_evaluations_count(self.evaluations) };
        // SAFETY: as above; any index may be asked for.
        let one = unsafe { pennon_evaluations_at(self.evaluations, usize::from(a % 4)) };
        assert_eq!(one.is_null(), usize::from(a % 4) >= count);
        let evaluation = if a > 127 { self.evaluation.cast_const() } else { one };
        let texts = [
            pennon_evaluation_key,
            pennon_evaluation_json,
            pennon_evaluation_variant,
            pennon_evaluation_error_message,
            pennon_evaluation_metadata,
            pennon_evaluation_string,
        ];
        for text in texts {
            let mut length = usize::MAX;
            // SAFETY: this thread's evaluation or null, and an output that lives.
            let start = unsafe { text(evaluation, &raw mut length) };
            if !start.is_null() {
                // SAFETY: NUL-terminated, as the header says.
                assert_eq!(unsafe { CStr::from_ptr(start) }.count_bytes(), length);
            }
        }
        // SAFETY: as above, here and below.
        unsafe { pennon_evaluation_bool(evaluation, 1) };
        // SAFETY: as above.
        unsafe { pennon_evaluation_int(evaluation, 1) };
        // SAFETY: as above.
        unsafe { pennon_evaluation_double(evaluation, 1.0) };
        // SAFETY: as above.
        unsafe { pennon_evaluation_type(evaluation) };
        // SAFETY: as above.
        let reason = unsafe { pennon_evaluation_reason(evaluation) };
        // SAFETY: as above.
        let code = unsafe { pennon_evaluation_error_code(evaluation) };
        for name in [
            pennon_reason_name(reason as i32),
            pennon_error_code_name(code as i32),
            pennon_status_name(i32::from(a)),
            pennon_version(),
        ] {
            assert!(!name.is_null());
        }
        // SAFETY: this thread's text or null.
        assert!(!unsafe { pennon_text_data(self.text, ptr::null_mut()) }.is_null());
    }
}

impl Drop for Caller<'_> {
    fn drop(&mut self) {
        // SAFETY: this thread's own or null, freed once; the same below.
        unsafe { pennon_options_free(self.options) };
        // SAFETY: as above.
        unsafe { pennon_context_free(self.context) };
        // SAFETY: as above.
        unsafe { pennon_evaluation_free(self.evaluation) };
        // SAFETY: as above.
        unsafe { pennon_evaluations_free(self.evaluations) };
        // SAFETY: as above.
        unsafe { pennon_text_free(self.text) };
    }
}
