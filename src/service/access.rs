//! How services are asked: what every question has, and what answers come to.

use std::time::Duration;

use crate::error::Error;
use crate::http::{Http, Response};

/// The way to a service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access<'a> {
    pub(crate) http: &'a Http,
    /// The base of its URLs, without a slash at its end.
    pub(crate) endpoint: &'a str,
    pub(crate) key: Option<&'a str>,
}

/// An answer to the question for the ruleset.
#[derive(Debug)]
pub(crate) enum Fetched {
    /// It is the one that the question's validator is of.
    Unchanged,
    /// It may be another one.
    Changed {
        /// The document.
        document: Vec<u8>,
        /// By what it is known when it is asked for again.
        validator: Option<String>,
    },
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) error: Error,
    /// How long the service wants to be left alone.
    pub(crate) pause: Option<Duration>,
}

impl Access<'_> {
    /// The service cannot be reached.
    pub(crate) fn unreachable(&self, cause: impl std::fmt::Display) -> Refusal {
        Refusal { error: Error::Source(format!("{}: {cause}", self.endpoint)), pause: None }
    }

    /// The service answers, and not as it was asked. `key` is what its options call the key, where it `refuses_key`.
    pub(crate) fn refused(&self, response: &Response, key: &str, refuses_key: bool) -> Refusal {
        let (endpoint, status, excerpt) = (self.endpoint, response.status, response.excerpt());
        let error = if refuses_key {
            Error::Unauthorized(format!("{endpoint} refuses the {key}: status {status}: {excerpt}"))
        } else {
            Error::Source(format!("{endpoint} answers with status {status}: {excerpt}"))
        };
        Refusal { error, pause: response.retry_after }
    }
}
