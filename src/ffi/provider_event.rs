use std::ffi::{CStr, CString, c_char, c_void};

use super::boundary::boundary;
use super::client::pennon_state;
use super::log::{Callback, call_out, one_line};
use super::text::lend;
use crate::listener::{Listener, ProviderEvent};

/// Something that happened to a client.
///
/// Threads: shared (any number of threads at a time), for as long as the callback runs that it was given to.
#[derive(Debug)]
pub struct pennon_provider_event {
    event: ProviderEvent,
    message: CString,
    flags: Vec<CString>,
    json: CString,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum pennon_provider_event_kind {
    /// Nothing: the event is NULL.
    PENNON_PROVIDER_EVENT_NONE = 0,
    /// The client is in another state; the message says why, where there is something to say.
    PENNON_PROVIDER_EVENT_STATE = 1,
    /// A ruleset with other flags is in force; never the first one. The event has the keys of the changed flags.
    PENNON_PROVIDER_EVENT_CONFIGURATION_CHANGED = 2,
    /// A ruleset could not be had or was refused; the message says why. The one in force stays.
    PENNON_PROVIDER_EVENT_REFRESH_FAILED = 3,
    /// The service acknowledged events; the event has their number.
    PENNON_PROVIDER_EVENT_EVENTS_SENT = 4,
    /// Events will never be sent; the event has their number, the message says why.
    PENNON_PROVIDER_EVENT_EVENTS_DROPPED = 5,
    /// Events are on disk, and arrive even if the process is killed; the event has their number.
    PENNON_PROVIDER_EVENT_EVENTS_SPOOLED = 6,
}

use pennon_provider_event_kind::*;

/// Takes an event, borrowed until it returns.
///
/// Called one event at a time, in their order, on any thread, with no lock of the library held. It must return soon, and may
/// call any function but pennon_client_wait_ready, pennon_client_refresh, pennon_client_flush and pennon_client_shutdown,
/// which return PENNON_STATUS_IN_CALLBACK; pennon_client_free takes effect when it returns. Kinds of events may be added.
pub type pennon_provider_event_callback =
    Option<unsafe extern "C" fn(userdata: *mut c_void, event: *const pennon_provider_event)>;

/// What a callback for events is.
pub(super) type EventFunction = unsafe extern "C" fn(*mut c_void, *const pennon_provider_event);

impl pennon_provider_event {
    fn new(event: &ProviderEvent) -> Self {
        let message = match event {
            ProviderEvent::State { reason, .. } | ProviderEvent::EventsDropped { reason, .. } => reason,
            ProviderEvent::RefreshFailed { error } => error,
            _ => "",
        };
        let flags = match event {
            ProviderEvent::ConfigurationChanged { flags, .. } => flags.as_slice(),
            _ => &[],
        };
        // A key with a NUL in it ends there for whoever reads to the NUL; the JSON has all of it.
        let text =
            |text: &String| CString::new(text.split('\0').next().unwrap_or_default()).unwrap_or_default();
        Self {
            message: one_line(message),
            flags: flags.iter().map(text).collect(),
            json: one_line(&event.to_json()),
            event: event.clone(),
        }
    }

    fn kind(&self) -> pennon_provider_event_kind {
        match self.event {
            ProviderEvent::State { .. } => PENNON_PROVIDER_EVENT_STATE,
            ProviderEvent::ConfigurationChanged { .. } => PENNON_PROVIDER_EVENT_CONFIGURATION_CHANGED,
            ProviderEvent::RefreshFailed { .. } => PENNON_PROVIDER_EVENT_REFRESH_FAILED,
            ProviderEvent::EventsSent { .. } => PENNON_PROVIDER_EVENT_EVENTS_SENT,
            ProviderEvent::EventsDropped { .. } => PENNON_PROVIDER_EVENT_EVENTS_DROPPED,
            ProviderEvent::EventsSpooled { .. } => PENNON_PROVIDER_EVENT_EVENTS_SPOOLED,
        }
    }
}

impl Listener for Callback<EventFunction> {
    fn hear(&self, event: &ProviderEvent) {
        let event = pennon_provider_event::new(event);
        call_out(|| {
            // SAFETY: the function is the caller's, with the arguments that the header promises it.
            unsafe { (self.function)(self.userdata, &raw const event) };
        });
    }
}

/// What happened; PENNON_PROVIDER_EVENT_NONE for NULL.
///
/// event: borrowed, may be NULL. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_provider_event_get_kind(
    event: *const pennon_provider_event,
) -> pennon_provider_event_kind {
    // SAFETY: null or live, as the header asks.
    let event = unsafe { event.as_ref() };
    boundary(PENNON_PROVIDER_EVENT_NONE, || event.map_or(PENNON_PROVIDER_EVENT_NONE, |event| event.kind()))
}

/// The state that the client is in now, for an event of kind PENNON_PROVIDER_EVENT_STATE; PENNON_STATE_NOT_READY for others.
///
/// event: borrowed, may be NULL. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_provider_event_state(event: *const pennon_provider_event) -> pennon_state {
    // SAFETY: null or live, as the header asks.
    let event = unsafe { event.as_ref() };
    boundary(pennon_state::PENNON_STATE_NOT_READY, || match event.map(|event| &event.event) {
        Some(ProviderEvent::State { state, .. }) => (*state).into(),
        _ => pennon_state::PENNON_STATE_NOT_READY,
    })
}

/// How many events were sent, dropped or spooled; 0 for events of other kinds.
///
/// event: borrowed, may be NULL. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_provider_event_count(event: *const pennon_provider_event) -> u64 {
    // SAFETY: null or live, as the header asks.
    let event = unsafe { event.as_ref() };
    boundary(0, || match event.map(|event| &event.event) {
        Some(
            ProviderEvent::EventsSent { count }
            | ProviderEvent::EventsDropped { count, .. }
            | ProviderEvent::EventsSpooled { count },
        ) => *count,
        _ => 0,
    })
}

/// Why it happened, on one line; the empty text where there is nothing to say.
///
/// event: borrowed, may be NULL. length_out: may be NULL; receives the length without the NUL.
/// Returns: borrowed from the event, NUL-terminated. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_provider_event_message(
    event: *const pennon_provider_event,
    length_out: *mut usize,
) -> *const c_char {
    // SAFETY: as the header asks.
    unsafe { piece(event, length_out, |event| &event.message) }
}

/// How many flags changed; 0 for events of other kinds than PENNON_PROVIDER_EVENT_CONFIGURATION_CHANGED.
///
/// event: borrowed, may be NULL. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_provider_event_flag_count(event: *const pennon_provider_event) -> usize {
    // SAFETY: null or live, as the header asks.
    let event = unsafe { event.as_ref() };
    boundary(0, || event.map_or(0, |event| event.flags.len()))
}

/// The key of a flag that changed, in their order; the empty text where there is none of this index.
///
/// event: borrowed, may be NULL. index: from 0. length_out: may be NULL; receives the length without the NUL.
/// Returns: borrowed from the event, NUL-terminated. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_provider_event_flag(
    event: *const pennon_provider_event,
    index: usize,
    length_out: *mut usize,
) -> *const c_char {
    // SAFETY: as the header asks.
    unsafe { piece(event, length_out, |event| event.flags.get(index).map_or(c"", CString::as_c_str)) }
}

/// All of the event as a JSON object (docs/provider-events.md).
///
/// event: borrowed, may be NULL. length_out: may be NULL; receives the length without the NUL.
/// Returns: borrowed from the event, NUL-terminated; the empty text for NULL. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_provider_event_json(
    event: *const pennon_provider_event,
    length_out: *mut usize,
) -> *const c_char {
    // SAFETY: as the header asks.
    unsafe { piece(event, length_out, |event| &event.json) }
}

/// A text of an event's.
///
/// # Safety
/// `event` is null or live, `length_out` null or valid for a write.
unsafe fn piece(
    event: *const pennon_provider_event,
    length_out: *mut usize,
    of: impl FnOnce(&pennon_provider_event) -> &CStr,
) -> *const c_char {
    // SAFETY: null or live, by this function's contract.
    let event = unsafe { event.as_ref() };
    let text = boundary(c"", || event.map_or(c"", of));
    // SAFETY: null or valid for a write, by this function's contract.
    unsafe { lend(text, length_out) }
}
