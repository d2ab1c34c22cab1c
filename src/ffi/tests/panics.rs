//! A panic in every export: it gives what the header says of failures, the log is told, standard error hears nothing, and the
//! next call works. Built with the tests alone: nothing of it is in a library that is shipped.

#![expect(
    clippy::multiple_unsafe_ops_per_block,
    reason = "calls of exports in a row, each with valid arguments"
)]

use std::cell::Cell;
use std::collections::BTreeSet;
use std::env;
use std::ffi::{CStr, c_char, c_void};
use std::panic;
use std::process::Command;
use std::ptr::{from_mut, null, null_mut};
use std::slice;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::ffi::*;

const MESSAGE: &str = "injected by a test";

/// Exports that return a constant, without a line that could panic.
const CONSTANTS: [&str; 2] = ["pennon_abi_version", "pennon_version"];

/// Where the process runs that does nothing but one test.
const ALONE: &str = "PENNON_ALONE";

thread_local! {
    static ARMED: Cell<bool> = const { Cell::new(false) };
}

/// What the log was told of panics that are from here.
static HEARD: AtomicUsize = AtomicUsize::new(0);

/// Panics in the body of an export, on a thread that asked for it.
pub(in crate::ffi) fn strike() {
    assert!(!ARMED.get(), "{MESSAGE}");
}

/// What `call` returns when every export that it calls panics.
fn struck<T>(call: impl FnOnce() -> T) -> T {
    ARMED.set(true);
    let returned = call();
    ARMED.set(false);
    returned
}

unsafe extern "C" fn hear(_: *mut c_void, level: i32, message: *const c_char, length: usize) {
    // SAFETY: as the header says of messages.
    let message = unsafe { slice::from_raw_parts(message.cast(), length) };
    let is_ours = String::from_utf8_lossy(message).contains(MESSAGE);
    if is_ours && level == pennon_log_level::PENNON_LOG_LEVEL_ERROR as i32 {
        HEARD.fetch_add(1, Ordering::Relaxed);
    }
}

/// Objects of every kind to call exports with.
struct Objects {
    options: *mut pennon_options,
    client: *mut pennon_client,
    context: *mut pennon_context,
    evaluation: *mut pennon_evaluation,
    evaluations: *mut pennon_evaluations,
    error: *mut pennon_error,
    text: *mut pennon_text,
}

const ALL: usize = PENNON_ZERO_TERMINATED;
const OPTIONS: &CStr = c"{\"service\": \"goff\", \"ruleset\": {\"only\": {\"variations\": {\"a\": \"value\"}, \"defaultRule\": {\"variation\": \"a\"}}}}";
const KEY: *const c_char = c"only".as_ptr();
const OK: pennon_status = pennon_status::PENNON_STATUS_OK;

fn options() -> *mut pennon_options {
    let mut options = null_mut();
    // SAFETY: valid arguments.
    assert_eq!(unsafe { pennon_options_from_json(OPTIONS.as_ptr(), ALL, &raw mut options, null_mut()) }, OK);
    options
}

impl Objects {
    fn new() -> Self {
        let (mut client, mut evaluation, mut evaluations) = (null_mut(), null_mut(), null_mut());
        let (mut error, mut text, heard) = (null_mut(), null_mut(), options());
        // SAFETY: valid arguments.
        let made = unsafe {
            [
                pennon_options_on_log(heard, Some(hear), null_mut(), None, null_mut()),
                pennon_client_create(heard, &raw mut client, null_mut()),
                pennon_client_evaluate(client, KEY, ALL, 0, null(), &raw mut evaluation, null_mut()),
                pennon_client_evaluate_all(client, null(), null(), 0, &raw mut evaluations, null_mut()),
                pennon_client_stats(client, &raw mut text),
            ]
        };
        assert_eq!(made, [OK; 5]);
        // SAFETY: valid arguments.
        let failed = unsafe { pennon_context_from_json(c"[".as_ptr(), ALL, &mut null_mut(), &raw mut error) };
        assert_eq!(failed, pennon_status::PENNON_STATUS_INVALID_CONTEXT);
        Self {
            options: options(),
            client,
            context: pennon_context_create(),
            evaluation,
            evaluations,
            error,
            text,
        }
    }

    /// Frees all of them; those that the struck exports were to free are still there.
    fn free(self) {
        // SAFETY: each is owned, and freed once.
        unsafe {
            pennon_error_free(self.error);
            pennon_text_free(self.text);
            pennon_options_free(self.options);
            pennon_context_free(self.context);
            pennon_evaluation_free(self.evaluation);
            pennon_evaluations_free(self.evaluations);
            pennon_client_free(self.client);
        }
    }
}

/// An export's name, and whether it returned what the header says of failures.
type Outcome = (&'static str, bool);

/// Calls of exports: `name(arguments) => what is so of what it returns`.
macro_rules! struck {
    ($($name:ident($($argument:expr),*) => $is_failure:expr;)*) => {
        [$({
            let heard = HEARD.load(Ordering::Relaxed);
            #[allow(unused_unsafe, reason = "a few exports take nothing that could be wrong")]
            // SAFETY: valid arguments, of objects that live.
            let returned = struck(|| unsafe { $name($($argument),*) });
            assert!(HEARD.load(Ordering::Relaxed) > heard, "{}: the log was not told", stringify!($name));
            let is_failure: fn(_) -> bool = $is_failure;
            (stringify!($name), is_failure(returned))
        }),*]
    };
}

fn panicked(status: pennon_status) -> bool {
    status == pennon_status::PENNON_STATUS_PANIC
}

fn empty(text: *const c_char) -> bool {
    // SAFETY: exports return texts that are NUL-terminated.
    !text.is_null() && unsafe { CStr::from_ptr(text) }.is_empty()
}

fn is(text: *const c_char, expected: &CStr) -> bool {
    // SAFETY: as above.
    !text.is_null() && unsafe { CStr::from_ptr(text) } == expected
}

fn exports_of_a_client(objects: &Objects) -> Vec<Outcome> {
    let Objects { client, context, .. } = *objects;
    let (mut out, mut text, consumed) = (null_mut(), null_mut(), options());
    struck! {
        pennon_client_attributes(client, KEY, ALL, &raw mut text, null_mut()) => panicked;
        pennon_client_create(consumed, &raw mut out, null_mut()) => panicked;
        pennon_client_diagnostics(client, &raw mut text) => panicked;
        pennon_client_segments(client, context, &raw mut text, null_mut()) => panicked;
        pennon_client_explain(client, KEY, ALL, context, &raw mut text, null_mut()) => panicked;
        pennon_client_evaluate(client, KEY, ALL, 0, context, &mut null_mut(), null_mut()) => panicked;
        pennon_client_evaluate_all(client, context, null(), 0, &mut null_mut(), null_mut()) => panicked;
        pennon_client_flush(client, 0, null_mut()) => panicked;
        pennon_client_free(client) => |()| true;
        pennon_client_get_bool(client, KEY, ALL, context, 1) => |value| value;
        pennon_client_get_double(client, KEY, ALL, context, 0.5) => |value| value == 0.5;
        pennon_client_get_int(client, KEY, ALL, context, -7) => |value| value == -7;
        pennon_client_prometheus(client, &raw mut text) => panicked;
        pennon_client_refresh(client, null_mut()) => panicked;
        pennon_client_set_api_key(client, KEY, ALL, null_mut()) => panicked;
        pennon_client_set_ruleset(client, c"{}".as_ptr(), 2, null_mut()) => panicked;
        pennon_client_shutdown(client, 0) => panicked;
        pennon_client_state(client) => |state| state == pennon_state::PENNON_STATE_FATAL;
        pennon_client_stats(client, &raw mut text) => panicked;
        pennon_client_track(client, KEY, ALL, context, null(), 0, null_mut()) => panicked;
        pennon_client_wait_ready(client, 0) => panicked;
    }
    .into_iter()
    .inspect(|(name, _)| assert!(out.is_null() && text.is_null(), "{name}: an output was written"))
    .collect()
}

/// The default is in the buffer, as after any other problem.
fn exports_that_fill_buffers(objects: &Objects) -> Vec<Outcome> {
    let Objects { client, context, .. } = *objects;
    let mut buffers = [[0x5a_u8; 8]; 2];
    let [string, json] = &mut buffers;
    let (string, json) = (string.as_mut_ptr().cast(), json.as_mut_ptr().cast());
    let default = c"none".as_ptr();
    let outcomes = struck! {
        pennon_client_get_string(client, KEY, ALL, context, default, ALL, string, 8, null_mut()) => panicked;
        pennon_client_get_json(client, KEY, ALL, context, default, ALL, json, 8, null_mut()) => panicked;
    };
    assert!(buffers.iter().all(|buffer| buffer.starts_with(b"none\0")), "{buffers:?}");
    outcomes.into()
}

fn exports_of_a_context(objects: &Objects) -> Vec<Outcome> {
    let context = objects.context;
    let mut out = null_mut();
    let outcomes = struck! {
        pennon_context_create() => <*mut pennon_context>::is_null;
        pennon_context_free(context) => |()| true;
        pennon_context_from_json(c"{}".as_ptr(), ALL, &raw mut out, null_mut()) => panicked;
        pennon_context_set_bool(context, KEY, ALL, 1) => panicked;
        pennon_context_set_double(context, KEY, ALL, 0.5) => panicked;
        pennon_context_set_int(context, KEY, ALL, 1) => panicked;
        pennon_context_set_json(context, KEY, ALL, c"[]".as_ptr(), ALL) => panicked;
        pennon_context_set_null(context, KEY, ALL) => panicked;
        pennon_context_set_string(context, KEY, ALL, KEY, ALL) => panicked;
        pennon_context_set_targeting_key(context, KEY, ALL) => panicked;
    };
    assert!(out.is_null());
    outcomes.into()
}

fn exports_of_an_evaluation(objects: &Objects) -> Vec<Outcome> {
    let Objects { evaluation, evaluations, .. } = *objects;
    struck! {
        pennon_evaluation_bool(evaluation, 1) => |value| value;
        pennon_evaluation_double(evaluation, 0.5) => |value| value == 0.5;
        pennon_evaluation_error_code(evaluation) => |code| code == pennon_error_code::PENNON_ERROR_CODE_GENERAL;
        pennon_evaluation_error_message(evaluation, null_mut()) => empty;
        pennon_evaluation_free(evaluation) => |()| true;
        pennon_evaluation_int(evaluation, -7) => |value| value == -7;
        pennon_evaluation_json(evaluation, null_mut()) => empty;
        pennon_evaluation_key(evaluation, null_mut()) => empty;
        pennon_evaluation_metadata(evaluation, null_mut()) => empty;
        pennon_evaluation_reason(evaluation) => |reason| reason == pennon_reason::PENNON_REASON_UNKNOWN;
        pennon_evaluation_string(evaluation, null_mut()) => <*const c_char>::is_null;
        pennon_evaluation_type(evaluation) => |value_type| value_type == pennon_type::PENNON_TYPE_ANY;
        pennon_evaluation_variant(evaluation, null_mut()) => empty;
        pennon_evaluations_at(evaluations, 0) => <*const pennon_evaluation>::is_null;
        pennon_evaluations_count(evaluations) => |count| count == 0;
        pennon_evaluations_free(evaluations) => |()| true;
    }
    .into()
}

/// With no event, which they take as any other.
fn exports_of_a_provider_event() -> Vec<Outcome> {
    let event = null();
    struck! {
        pennon_provider_event_count(event) => |count| count == 0;
        pennon_provider_event_flag(event, 0, null_mut()) => empty;
        pennon_provider_event_flag_count(event) => |count| count == 0;
        pennon_provider_event_get_kind(event) => |kind| kind == pennon_provider_event_kind::PENNON_PROVIDER_EVENT_NONE;
        pennon_provider_event_json(event, null_mut()) => empty;
        pennon_provider_event_message(event, null_mut()) => empty;
        pennon_provider_event_state(event) => |state| state == pennon_state::PENNON_STATE_NOT_READY;
    }
    .into()
}

unsafe extern "C" fn ignore(_: *mut c_void, _: *const pennon_provider_event) {}

fn exports_of_other_nouns(objects: &Objects) -> Vec<Outcome> {
    let Objects { options, error, text, .. } = *objects;
    let mut out = null_mut();
    let outcomes = struck! {
        pennon_after_fork() => |()| true;
        pennon_error_code_name(1) => |name| is(name, c"GENERAL");
        pennon_error_free(error) => |()| true;
        pennon_error_message(error, null_mut()) => empty;
        pennon_error_status(error) => panicked;
        pennon_options_free(options) => |()| true;
        pennon_options_from_json(OPTIONS.as_ptr(), ALL, &raw mut out, null_mut()) => panicked;
        pennon_options_on_log(options, Some(hear), null_mut(), None, null_mut()) => panicked;
        pennon_options_on_provider_event(options, Some(ignore), null_mut(), None, null_mut()) => panicked;
        pennon_options_set_ruleset(options, c"{}".as_ptr(), 2, null_mut()) => panicked;
        pennon_reason_name(1) => |name| is(name, c"UNKNOWN");
        pennon_status_name(0) => |name| is(name, c"UNKNOWN");
        pennon_text_data(text, null_mut()) => empty;
        pennon_text_free(text) => |()| true;
    };
    assert!(out.is_null());
    outcomes.into()
}

fn strike_every_export() {
    // The first call of the process: nobody has said yet where panics go.
    assert!(struck(|| pennon_context_create()).is_null());
    let objects = Objects::new();
    let mut outcomes = exports_of_a_client(&objects);
    outcomes.extend(exports_that_fill_buffers(&objects));
    outcomes.extend(exports_of_a_context(&objects));
    outcomes.extend(exports_of_an_evaluation(&objects));
    outcomes.extend(exports_of_a_provider_event());
    outcomes.extend(exports_of_other_nouns(&objects));
    for (name, is_failure) in &outcomes {
        assert!(is_failure, "{name} does not return what the header says of failures");
    }
    let called: BTreeSet<_> = outcomes.iter().map(|(name, _)| *name).chain(CONSTANTS).collect();
    let exports = include_str!("../../../tests/abi/exports.txt").lines().collect();
    assert_eq!(called, exports, "each line of tests/abi/exports.txt is called here");

    let mut error = null_mut();
    // SAFETY: valid arguments.
    let status = struck(|| unsafe { pennon_client_refresh(objects.client, from_mut(&mut error)) });
    // SAFETY: the error object of the failure.
    let in_words =
        unsafe { (pennon_error_status(error), CStr::from_ptr(pennon_error_message(error, null_mut()))) };
    assert_eq!((status, in_words.0), (in_words.0, pennon_status::PENNON_STATUS_PANIC));
    assert!(in_words.1.to_string_lossy().contains("internal error"), "{in_words:?}");
    // SAFETY: freed once.
    unsafe { pennon_error_free(error) };
    // SAFETY: valid arguments: nothing that was struck is broken.
    assert_eq!(unsafe { pennon_client_wait_ready(objects.client, 0) }, OK);
    println!(
        "figure: {} exports panicked, the log was told {} times",
        outcomes.len(),
        HEARD.load(Ordering::Relaxed)
    );
    objects.free();
}

#[test]
#[cfg_attr(miri, ignore = "starts a process, which loads a guest")]
fn a_panic_in_any_export_stops_there_and_is_told_to_the_log_alone() {
    const NAME: &str = "ffi::tests::panics::a_panic_in_any_export_stops_there_and_is_told_to_the_log_alone";
    if env::var_os(ALONE).is_some() {
        // Whatever fails here is not heard on standard error any more.
        let failure = panic::catch_unwind(strike_every_export).map_err(|cause| cause.downcast::<String>());
        return assert!(failure.inspect_err(|cause| println!("{cause:?}")).is_ok());
    }
    // Alone, because a panic that is not stopped ends the process, and to see its standard error.
    let mut alone = Command::new(env::current_exe().expect("the test's own path"));
    let output =
        alone.args(["--exact", NAME, "--nocapture"]).env(ALONE, "1").output().expect("the test alone");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success() && stdout.contains("1 passed"), "{}\n{stdout}{stderr}", output.status);
    assert_eq!(stderr, "", "standard error heard of it");
    stdout.lines().filter(|line| line.starts_with("figure:")).for_each(|line| println!("{line}"));
}
