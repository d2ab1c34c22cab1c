//! Evaluation by the service: what it is asked, and what it answers.

use pennon_wire::report::Outcome;
use pennon_wire::{ErrorCode, Reason};

use super::{DefaultFlag, Service, ValueOptions, flagsmith, goff};
use crate::http::Response;

/// An answer of the service's.
#[derive(Debug)]
pub(crate) struct RemoteAnswer {
    pub(crate) key: String,
    pub(crate) outcome: Outcome,
    pub(crate) reason: Reason,
    pub(crate) error: Option<ErrorCode>,
    pub(crate) message: String,
    /// Whether it may be kept.
    pub(crate) is_cacheable: bool,
}

/// A request to evaluate.
#[derive(Debug)]
pub(crate) struct RemoteRequest {
    pub(crate) url: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// What is posted; none where the URL says all.
    pub(crate) body: Option<String>,
}

/// What the service is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RemoteQuestion<'q> {
    pub(crate) endpoint: &'q str,
    pub(crate) key: Option<&'q str>,
    /// All flags without one.
    pub(crate) flag: Option<&'q str>,
    /// A JSON object.
    pub(crate) context: &'q str,
    /// Another, of the options.
    pub(crate) metadata: Option<&'q str>,
}

impl Service {
    /// Whether one answer is about all flags of a context, whatever flag is asked for.
    pub(crate) fn answers_for_all(self) -> bool {
        self == Self::Flagsmith
    }

    /// Whether a flag that cannot be evaluated in this process is evaluated by the service.
    pub(crate) fn helps_out(self) -> bool {
        self == Self::Goff
    }

    /// A flag's metadata with the mark that the service evaluated it, not this process.
    pub(crate) fn marked(self, metadata: &str) -> String {
        match self {
            Self::Goff => goff::ofrep::marked(metadata),
            Self::Flagsmith => metadata.to_owned(),
        }
    }

    /// What stands in for an answer about a flag that the service says nothing of.
    pub(crate) fn default_outcome(self, flag: &DefaultFlag, values: ValueOptions) -> Outcome {
        match self {
            Self::Goff => Outcome { value: Some(flag.value.clone()), ..Outcome::default() },
            Self::Flagsmith => flagsmith::remote::default_outcome(flag, values),
        }
    }

    /// The request of a question.
    ///
    /// # Errors
    /// When the context cannot be asked about.
    pub(crate) fn remote_request(self, question: &RemoteQuestion<'_>) -> Result<RemoteRequest, String> {
        match self {
            Self::Goff => Ok(goff::ofrep::request(question)),
            Self::Flagsmith => flagsmith::remote::request(question),
        }
    }

    /// Whether an answer says something about flags.
    pub(crate) fn is_remote_answer(self, status: u16) -> bool {
        match self {
            Self::Goff => matches!(status, 200 | 400 | 404),
            Self::Flagsmith => status == 200,
        }
    }

    /// Whether an answer says that the key is wrong.
    pub(crate) fn refuses_key(self, response: &Response) -> bool {
        match self {
            Self::Goff => goff::relay::refuses_key(response.status, &response.excerpt()),
            Self::Flagsmith => flagsmith::api::refuses_key(response.status),
        }
    }

    /// Reads an answer.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) fn remote_answers(
        self,
        question: &RemoteQuestion<'_>,
        body: &[u8],
        values: ValueOptions,
    ) -> Result<Vec<RemoteAnswer>, String> {
        match (self, question.flag) {
            (Self::Goff, Some(flag)) => goff::ofrep::answer(body, flag).map(|answer| vec![answer]),
            (Self::Goff, None) => goff::ofrep::answers(body),
            (Self::Flagsmith, _) => flagsmith::remote::answers(body, values),
        }
    }
}
