//! Why a request has no answer, and whether sending it again may help.

use std::{fmt, io};

use ureq::Timeout;

/// Why there is no answer; for people, on one line, without the URL (which may hold a key).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HttpError {
    message: String,
    pub(super) lost: Lost,
}

/// Where a request was lost that has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// On the way: the server has not seen it.
    Unsent,
    /// Perhaps after the server had seen it.
    Unanswered,
    /// There is no time left for it, or it would be lost again.
    ForGood,
}

impl HttpError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), lost: Lost::ForGood }
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<ureq::Error> for HttpError {
    fn from(error: ureq::Error) -> Self {
        let message = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        Self { message, lost: Lost::of(&error) }
    }
}

impl Lost {
    fn of(error: &ureq::Error) -> Self {
        use io::ErrorKind;
        use ureq::Error;
        match error {
            Error::HostNotFound | Error::ConnectionFailed | Error::ConnectProxyFailed(_) => Self::Unsent,
            // Of an address of the host's. Where the time of the request is over, that is what it says.
            Error::Timeout(Timeout::Resolve | Timeout::Connect) => Self::Unsent,
            Error::Protocol(_) => Self::Unanswered,
            Error::Io(error) | Error::Decompress(_, error) => match error.kind() {
                ErrorKind::ConnectionRefused
                | ErrorKind::HostUnreachable
                | ErrorKind::NetworkUnreachable
                | ErrorKind::AddrNotAvailable => Self::Unsent,
                ErrorKind::UnexpectedEof
                | ErrorKind::ConnectionReset
                | ErrorKind::ConnectionAborted
                | ErrorKind::BrokenPipe => Self::Unanswered,
                _ => Self::ForGood,
            },
            _ => Self::ForGood,
        }
    }
}
