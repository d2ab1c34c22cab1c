//! The one `u64` that an evaluation returns: outcome, reason, error code and message, packed.
//!
//! | bits | content |
//! |---|---|
//! | 0..32 | index of the outcome in the unit's load report |
//! | 32..40 | [`Reason`] |
//! | 40..48 | [`ErrorCode`] |
//! | 48..64 | index of the message in the load report, plus one; zero is no message |

/// Why an evaluation gave its value: OpenFeature's reasons and those of the services beyond them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Reason {
    /// The value is the flag's only one, whatever the context.
    Static = 1,
    /// The flag's default rule, or the caller's default, was used.
    Default = 2,
    /// A targeting rule matched.
    TargetingMatch = 3,
    /// A pseudo-random split of the default rule decided.
    Split = 4,
    /// A targeting rule matched and a split within it decided (GO Feature Flag).
    TargetingMatchSplit = 5,
    /// The flag is switched off in the service.
    Disabled = 6,
    /// An error occurred; the error code says which.
    Error = 7,
    /// The value came from a cache.
    Cached = 8,
    /// The value may be out of date.
    Stale = 9,
    /// The service does not say.
    Unknown = 10,
}

/// Every reason, in the order of its number.
pub const REASONS: [Reason; 10] = [
    Reason::Static,
    Reason::Default,
    Reason::TargetingMatch,
    Reason::Split,
    Reason::TargetingMatchSplit,
    Reason::Disabled,
    Reason::Error,
    Reason::Cached,
    Reason::Stale,
    Reason::Unknown,
];

impl Reason {
    /// The word that OpenFeature and the services use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Static => "STATIC",
            Self::Default => "DEFAULT",
            Self::TargetingMatch => "TARGETING_MATCH",
            Self::Split => "SPLIT",
            Self::TargetingMatchSplit => "TARGETING_MATCH_SPLIT",
            Self::Disabled => "DISABLED",
            Self::Error => "ERROR",
            Self::Cached => "CACHED",
            Self::Stale => "STALE",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// The reason of this number, or none.
    pub fn from_number(number: u8) -> Option<Self> {
        REASONS.get(usize::from(number.wrapping_sub(1))).copied()
    }
}

/// Why an evaluation failed: OpenFeature's error codes and GO Feature Flag's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ErrorCode {
    /// The client has no ruleset yet.
    ProviderNotReady = 1,
    /// No flag of this key exists.
    FlagNotFound = 2,
    /// The flag's definition could not be read.
    ParseError = 3,
    /// The value is of another type than was asked for.
    TypeMismatch = 4,
    /// The flag needs a targeting (or bucketing) key and the context has none that can be used.
    TargetingKeyMissing = 5,
    /// The context cannot be used with this service.
    InvalidContext = 6,
    /// The client cannot become ready.
    ProviderFatal = 7,
    /// Any other fault.
    General = 8,
    /// The flag's definition is readable but has no answer (GO Feature Flag's own code).
    FlagConfig = 9,
}

/// Every error code, in the order of its number.
pub const ERROR_CODES: [ErrorCode; 9] = [
    ErrorCode::ProviderNotReady,
    ErrorCode::FlagNotFound,
    ErrorCode::ParseError,
    ErrorCode::TypeMismatch,
    ErrorCode::TargetingKeyMissing,
    ErrorCode::InvalidContext,
    ErrorCode::ProviderFatal,
    ErrorCode::General,
    ErrorCode::FlagConfig,
];

impl ErrorCode {
    /// The word that OpenFeature (or GO Feature Flag) uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ProviderNotReady => "PROVIDER_NOT_READY",
            Self::FlagNotFound => "FLAG_NOT_FOUND",
            Self::ParseError => "PARSE_ERROR",
            Self::TypeMismatch => "TYPE_MISMATCH",
            Self::TargetingKeyMissing => "TARGETING_KEY_MISSING",
            Self::InvalidContext => "INVALID_CONTEXT",
            Self::ProviderFatal => "PROVIDER_FATAL",
            Self::General => "GENERAL",
            Self::FlagConfig => "FLAG_CONFIG",
        }
    }

    /// The error code of this number, or none.
    pub fn from_number(number: u8) -> Option<Self> {
        ERROR_CODES.get(usize::from(number.wrapping_sub(1))).copied()
    }
}

/// An evaluation's answer, before the host looks its parts up in the load report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Index into the report's outcomes.
    pub outcome: u32,
    /// Why this outcome.
    pub reason: Reason,
    /// What went wrong, if anything did.
    pub error: Option<ErrorCode>,
    /// Index into the report's messages. Without an error it is a remark: what the flag's author should know of an evaluation
    /// that gave a value.
    pub message: Option<u16>,
}

impl Answer {
    /// A value, given for `reason`.
    pub const fn value(outcome: u32, reason: Reason) -> Self {
        Self { outcome, reason, error: None, message: None }
    }

    /// A failure with a message of the load report.
    pub const fn failure(outcome: u32, error: ErrorCode, message: u16) -> Self {
        Self { outcome, reason: Reason::Error, error: Some(error), message: Some(message) }
    }

    /// The message of an answer that is no failure.
    #[inline]
    pub const fn remark(self) -> Option<u16> {
        match self.error {
            None => self.message,
            Some(_) => None,
        }
    }

    /// As one number, see the module.
    pub const fn pack(self) -> u64 {
        let error = match self.error {
            Some(error) => error as u64,
            None => 0,
        };
        let message = match self.message {
            Some(message) => message as u64 + 1,
            None => 0,
        };
        self.outcome as u64 | (self.reason as u64) << 32 | error << 40 | message << 48
    }

    /// From one number; none when a guest wrote what no guest of ours writes.
    pub fn unpack(number: u64) -> Option<Self> {
        let byte = |shift: u32| (number >> shift) as u8;
        let error = match byte(40) {
            0 => None,
            code => Some(ErrorCode::from_number(code)?),
        };
        let message = (number >> 48) as u16;
        Some(Self {
            outcome: number as u32,
            reason: Reason::from_number(byte(32))?,
            error,
            message: message.checked_sub(1),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_is_lossless() {
        assert!(REASONS.iter().all(|reason| Reason::from_number(*reason as u8) == Some(*reason)));
        assert!(ERROR_CODES.iter().all(|code| ErrorCode::from_number(*code as u8) == Some(*code)));
        for reason in REASONS {
            for error in ERROR_CODES.into_iter().map(Some).chain([None]) {
                for message in [None, Some(0), Some(65_534)] {
                    let answer = Answer { outcome: u32::MAX, reason, error, message };
                    assert_eq!(Answer::unpack(answer.pack()), Some(answer));
                }
            }
        }
        assert_eq!(Answer::unpack(0), None);
        assert_eq!(Answer::unpack(99 << 40 | 1 << 32), None);
    }
}
