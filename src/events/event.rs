//! An event as it waits: as little of it as an evaluation can copy, until it is sent.

use crate::engine::UnitKey;
use crate::user::EventUser;

/// An event that waits to be sent.
#[derive(Debug)]
pub(crate) enum Event {
    /// An evaluation; what it says is looked up when it is sent.
    Exposure(Exposure),
    /// An evaluation, of which only the number matters.
    Count(UnitKey),
    /// So many of them.
    Counted(UnitKey, u64),
    /// Anything else, as the JSON that the service takes.
    Written(Box<str>),
}

impl Event {
    /// Bytes that it holds outside of itself.
    #[inline]
    pub(crate) fn text_bytes(&self) -> usize {
        match self {
            Self::Written(text) => text.len(),
            Self::Exposure(_) | Self::Count(_) | Self::Counted(..) => 0,
        }
    }
}

/// A flag was evaluated.
#[derive(Debug)]
pub(crate) struct Exposure {
    /// Which flag, as it was then.
    pub(crate) unit: UnitKey,
    /// The outcome among the unit's.
    pub(crate) outcome: u32,
    /// Seconds since 1970.
    pub(crate) seconds: u32,
    pub(crate) user: EventUser,
    /// What the caller has where the flag gives no value.
    pub(crate) fallback: Small,
}

/// What a caller uses where a flag gives no value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fallback<'a> {
    None,
    Bool(bool),
    Int(i64),
    Double(f64),
    String(&'a str),
    /// An object or a list, as JSON text.
    Json(&'a str),
}

/// A [`Fallback`] that can be copied.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Small {
    None,
    Bool(bool),
    Int(i64),
    Double(f64),
}

impl Fallback<'_> {
    /// Itself without borrowing; none where it is a text.
    #[inline]
    pub(crate) fn small(self) -> Option<Small> {
        match self {
            Self::None => Some(Small::None),
            Self::Bool(value) => Some(Small::Bool(value)),
            Self::Int(value) => Some(Small::Int(value)),
            Self::Double(value) => Some(Small::Double(value)),
            Self::String(_) | Self::Json(_) => None,
        }
    }

    /// As JSON.
    pub(crate) fn to_json(self) -> String {
        match self {
            Self::None => "null".into(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Double(value) => serde_json::to_string(&value).unwrap_or_default(),
            Self::String(text) => serde_json::to_string(text).unwrap_or_default(),
            // Not checked when it was given.
            Self::Json(json) => match serde_json::from_str::<serde::de::IgnoredAny>(json) {
                Ok(_) => json.replace(['\n', '\r'], " "),
                Err(_) => "null".into(),
            },
        }
    }
}

impl From<Small> for Fallback<'_> {
    fn from(small: Small) -> Self {
        match small {
            Small::None => Self::None,
            Small::Bool(value) => Self::Bool(value),
            Small::Int(value) => Self::Int(value),
            Small::Double(value) => Self::Double(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_small() {
        assert!(size_of::<Event>() <= 96, "{}", size_of::<Event>());
    }

    #[test]
    fn a_fallback_is_json() {
        assert_eq!(Fallback::String("a\"").to_json(), "\"a\\\"\"");
        assert_eq!(Fallback::Json("{\"a\":\n1}").to_json(), "{\"a\": 1}");
        assert_eq!(Fallback::Json("{").to_json(), "null");
        assert_eq!(Fallback::from(Small::Double(0.5)).to_json(), "0.5");
    }
}
