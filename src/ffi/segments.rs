use super::boundary::{fallible, give, output};
use super::client::pennon_client;
use super::context::pennon_context;
use super::error::{Failure, pennon_error};
use super::evaluate::context_or_empty;
use super::handle;
use super::status::pennon_status;
use super::text::pennon_text;
use crate::client::{Client, Segment};
use crate::context::Context;
use crate::error::Error;

/// The segments of the service's that the context's identity is in, in their order, as a JSON list: `[{"id": ID, "name": NAME},
/// ...]`. Only some services tell of segments (Flagsmith does).
///
/// client: borrowed. context: borrowed, may be NULL. text_out: not NULL; receives an owned text, freed with pennon_text_free;
/// written only on success. error: may be NULL; receives an owned error on failure.
/// Returns: PENNON_STATUS_OK, _INVALID_ARGUMENT (also where the service tells of no segments), _INVALID_HANDLE, _INVALID_CONTEXT,
/// _NOT_READY or _UNUSABLE. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pennon_client_segments(
    client: *const pennon_client,
    context: *const pennon_context,
    text_out: *mut *mut pennon_text,
    error: *mut *mut pennon_error,
) -> pennon_status {
    let body = || {
        output(text_out, "text_out")?;
        // SAFETY: null or live, as the header asks.
        let context = unsafe { context_or_empty(context) };
        let json = handle::with_client(client, |client| segments(client, context))?;
        // SAFETY: not null, and valid for a write, as the header asks.
        unsafe { give(text_out, pennon_text::new(json)) };
        Ok(())
    };
    // SAFETY: null or valid for a write, as the header asks.
    unsafe { fallible(error, body) }
}

fn segments(client: &Client, context: &Context) -> Result<String, Failure> {
    match client.segments(context) {
        Some(segments) => Ok(Segment::list_to_json(&segments?)),
        None if client.has_ruleset() => {
            Err(Error::InvalidArgument("the service tells of no segments".into()).into())
        }
        None => Err(Error::NotReady.into()),
    }
}
