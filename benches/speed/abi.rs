//! Evaluations through the C ABI.

#![expect(unsafe_code, reason = "calls the C ABI as a C program does")]

use std::ffi::{CStr, c_char};
use std::hint::black_box;
use std::ptr;

use pennon::ffi::{
    pennon_client, pennon_client_create, pennon_client_flush, pennon_client_free, pennon_client_get_bool,
    pennon_client_stats, pennon_context, pennon_context_free, pennon_context_from_json,
    pennon_options_from_json, pennon_options_set_ruleset, pennon_text_data, pennon_text_free,
};

use crate::{Scale, fixtures, measure, row};

/// A client made as a C program makes it.
pub struct Client(pub *mut pennon_client);

// SAFETY: a client handle may be used by any number of threads, as the header says.
unsafe impl Send for Client {}
// SAFETY: as above.
unsafe impl Sync for Client {}

impl Client {
    pub fn new(ruleset: &str) -> Self {
        Self::with(ruleset, "")
    }

    /// A client with more options, such as `, "deadline_ms": 5`.
    pub fn with(ruleset: &str, more: &str) -> Self {
        Self::of("goff", ruleset, more)
    }

    /// A client of a service, by the name that options have for it.
    pub fn of(service: &str, ruleset: &str, more: &str) -> Self {
        let json = format!("{{\"service\": \"{service}\", \"pool_size\": 2{more}}}");
        let (mut options, mut client) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: the text is readable, and the output a local variable.
        let status = unsafe {
            pennon_options_from_json(json.as_ptr().cast(), json.len(), &raw mut options, ptr::null_mut())
        };
        assert_eq!(status as i32, 0);
        // SAFETY: the options are live, and the text is readable.
        let status = unsafe {
            pennon_options_set_ruleset(options, ruleset.as_ptr().cast(), ruleset.len(), ptr::null_mut())
        };
        assert_eq!(status as i32, 0);
        // SAFETY: the options are owned, and the output a local variable.
        let status = unsafe { pennon_client_create(options, &raw mut client, ptr::null_mut()) };
        assert_eq!(status as i32, 0);
        Self(client)
    }

    /// A client that follows a service and has its ruleset.
    pub fn following(url: &str) -> Self {
        let json = format!("{{\"service\": \"goff\", \"start_wait_ms\": 5000, \"endpoint\": \"{url}\"}}");
        let (mut options, mut client) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: the text is readable, and the output a local variable.
        let status = unsafe {
            pennon_options_from_json(json.as_ptr().cast(), json.len(), &raw mut options, ptr::null_mut())
        };
        assert_eq!(status as i32, 0);
        // SAFETY: the options are owned, and the output a local variable.
        let status = unsafe { pennon_client_create(options, &raw mut client, ptr::null_mut()) };
        assert_eq!(status as i32, 0);
        Self(client)
    }

    /// Events recorded, dropped and sent.
    pub fn stats(&self) -> [u64; 3] {
        let mut text = ptr::null_mut();
        // SAFETY: the handle may be any, and the output is a local variable.
        assert_eq!(unsafe { pennon_client_stats(self.0, &raw mut text) } as i32, 0);
        // SAFETY: the text is live.
        let start = unsafe { pennon_text_data(text, ptr::null_mut()) };
        // SAFETY: it ends with a NUL, and lives until it is freed.
        let json = unsafe { CStr::from_ptr(start) }.to_string_lossy().into_owned();
        // SAFETY: freed once.
        unsafe { pennon_text_free(text) };
        ["events_recorded", "events_dropped", "events_sent"].map(|name| {
            let start = json.find(&format!("\"{name}\":")).expect("a figure") + name.len() + 3;
            let digits = json[start..].split(|c: char| !c.is_ascii_digit()).next();
            digits.and_then(|digits| digits.parse().ok()).expect("a number")
        })
    }

    /// Sends what is pending.
    pub fn flush(&self) {
        // SAFETY: the handle may be any, and NULL is allowed.
        let status = unsafe { pennon_client_flush(self.0, 10_000, ptr::null_mut()) };
        assert_eq!(status as i32, 0);
    }

    #[inline]
    pub fn get_bool(&self, key: &str, context: &Context) -> bool {
        let key_start: *const c_char = key.as_ptr().cast();
        // SAFETY: the key is readable, the context live.
        unsafe { pennon_client_get_bool(self.0, key_start, key.len(), context.0, 0) }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // SAFETY: freed once.
        unsafe { pennon_client_free(self.0) };
    }
}

/// A context made as a C program makes it.
pub struct Context(pub *mut pennon_context);

// SAFETY: the benchmarks use it only after its first use, when any number of threads may.
unsafe impl Send for Context {}
// SAFETY: as above.
unsafe impl Sync for Context {}

impl Context {
    pub fn new(number: usize) -> Self {
        Self::from_json(&fixtures::context(number))
    }

    pub fn from_json(json: &str) -> Self {
        let mut context = ptr::null_mut();
        // SAFETY: the text is readable, and the output a local variable.
        let status = unsafe {
            pennon_context_from_json(json.as_ptr().cast(), json.len(), &raw mut context, ptr::null_mut())
        };
        assert_eq!(status as i32, 0);
        Self(context)
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: freed once.
        unsafe { pennon_context_free(self.0) };
    }
}

/// Contexts that the benchmarks take in turn.
pub fn contexts() -> Vec<Context> {
    (0..64).map(Context::new).collect()
}

pub fn run(scale: Scale) {
    let client = Client::new(&fixtures::small_ruleset());
    let contexts = contexts();
    for (flag, must) in [
        ("constant", "p50 <= 80 ns"),
        ("three-conditions", "p50 <= 300 ns"),
        ("percentage", "p50 <= 300 ns"),
        ("rule-with-shares", ""),
        ("progressive", ""),
        ("logic-three", ""),
        ("twenty-rules", ""),
    ] {
        let times = measure::time(scale.calls, scale.timer, |number| {
            black_box(client.get_bool(flag, &contexts[number % contexts.len()]));
        });
        let figure = format!(
            "p50 {:.0}  p99 {:.0}  p99.9 {:.0} ns",
            times.p50(),
            times.quantile(0.99),
            times.quantile(0.999)
        );
        row(&format!("{flag}, pennon_client_get_bool"), &figure, must);
    }
    // The tail: as many evaluations as the target names, in a full run.
    let calls = scale.calls * 5;
    let times = measure::time(calls, scale.timer, |number| {
        black_box(client.get_bool("three-conditions", &contexts[number % contexts.len()]));
    });
    let ratio = |times: &measure::Times| times.quantile(0.999) / times.p50();
    // What interrupts an evaluation interrupts arithmetic as well: without it the figure says more of the machine than of us.
    let machine = arithmetic(calls, scale.timer, times.p50());
    let figure = format!("{:.2}  (arithmetic of the same length: {:.2})", ratio(&times), ratio(&machine));
    row(&format!("three-conditions, p99.9 / p50 over {calls}"), &figure, "<= 5");
}

/// Times of a piece of arithmetic that takes about `length` nanoseconds and touches no memory.
fn arithmetic(calls: usize, timer: f64, length: f64) -> measure::Times {
    let spin = |steps: usize| {
        let mut state = 1_u64;
        for _ in 0..steps {
            state = black_box(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
        }
        state
    };
    const TRIAL: usize = 1000;
    let trial = measure::time(10_000, timer, |_| {
        black_box(spin(TRIAL));
    });
    let steps = (TRIAL as f64 * length / trial.p50()) as usize;
    measure::time(calls, timer, |_| {
        black_box(spin(steps));
    })
}
