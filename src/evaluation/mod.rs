//! The answer to one question about a flag.

mod list;
mod outcome;

use std::ops::Range;
use std::sync::Arc;

use pennon_wire::guest::Time;
use pennon_wire::report::{LoadReport, Outcome};
use pennon_wire::{Answer, ErrorCode, Reason};

pub use self::list::{Evaluations, EvaluationsIter};
use self::outcome::Parsed;
pub(crate) use self::outcome::{HostOutcome, on_one_line, string_of};

use crate::clock;

/// The type of a value that a caller asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum FlagType {
    /// Whatever type the flag has.
    Any = 0,
    /// True or false.
    Boolean = 1,
    /// Text.
    String = 2,
    /// A whole number of 64 bits; a number written `5.0` is one.
    Integer = 3,
    /// Any number.
    Double = 4,
    /// An object or a list.
    Object = 5,
}

impl FlagType {
    /// The type's name, in lower case with its article, for messages.
    pub(crate) const fn article(self) -> &'static str {
        match self {
            Self::Any => "a value",
            Self::Boolean => "a boolean",
            Self::String => "a string",
            Self::Integer => "an integer",
            Self::Double => "a number",
            Self::Object => "an object or list",
        }
    }

    /// The type of this number, or none.
    pub const fn from_number(number: i32) -> Option<Self> {
        Some(match number {
            0 => Self::Any,
            1 => Self::Boolean,
            2 => Self::String,
            3 => Self::Integer,
            4 => Self::Double,
            5 => Self::Object,
            _ => return None,
        })
    }
}

/// A flag's value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// The flag gives none: the caller's default is the value.
    Default,
    /// The flag gives null: the caller's default is the value.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction, or too large for the other.
    Double(f64),
    /// Text.
    String(&'a str),
    /// An object or a list, as JSON text.
    Json(&'a str),
}

/// A unit's load report as the host keeps it, for all instances.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// The unit's key.
    pub key: Box<str>,
    /// The version that its author gave it; may be empty.
    pub version: Box<str>,
    /// Whether evaluations of it are reported.
    pub tracked: bool,
    /// Shared with lists of evaluations, which may live on without the unit.
    pub outcomes: Arc<[HostOutcome]>,
    pub messages: Box<[Box<str>]>,
    pub constant: Option<Answer>,
    depends_on_time: bool,
}

impl Loaded {
    pub(crate) fn new(key: &str, report: LoadReport) -> Self {
        Self {
            key: key.into(),
            version: report.version.into(),
            tracked: report.tracked,
            outcomes: report.outcomes.into_iter().map(HostOutcome::new).collect(),
            messages: report.messages.into_iter().map(String::into_boxed_str).collect(),
            constant: report.constant,
            depends_on_time: report.depends_on_time,
        }
    }

    /// A unit that always fails with this message.
    pub(crate) fn failing(key: &str, code: ErrorCode, message: &str) -> Self {
        Self {
            key: key.into(),
            version: Box::default(),
            tracked: true,
            outcomes: Arc::new([HostOutcome::new(Outcome::default())]),
            messages: Box::new([message.into()]),
            constant: Some(Answer::failure(0, code, 0)),
            depends_on_time: false,
        }
    }

    /// The time for an evaluation: the clock is read only where the unit depends on it.
    #[inline]
    pub(crate) fn now(&self) -> Time {
        if self.depends_on_time { clock::now() } else { Time::default() }
    }

    /// What there is to say to the flag's author of an answer that gave a value.
    #[inline]
    pub(crate) fn remark(&self, answer: Answer) -> Option<&str> {
        self.messages.get(usize::from(answer.remark()?)).map(|message| &**message)
    }

    /// What an answer says; none when it names what does not exist.
    #[inline]
    pub(crate) fn resolve(&self, answer: Answer) -> Option<Resolved<'_>> {
        let outcome = self.outcomes.get(answer.outcome as usize)?;
        let message = match answer.message {
            Some(index) if answer.error.is_some() => self.messages.get(usize::from(index))?,
            _ => "",
        };
        Some(Resolved { outcome: Some(outcome), reason: answer.reason, error: answer.error, message })
    }
}

/// An answer with its parts looked up, borrowed from the unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resolved<'a> {
    pub outcome: Option<&'a HostOutcome>,
    pub reason: Reason,
    pub error: Option<ErrorCode>,
    pub message: &'a str,
}

impl<'a> Resolved<'a> {
    /// A failure outside the guest.
    pub(crate) fn failure(error: ErrorCode, message: &'a str) -> Self {
        Self { outcome: None, reason: Reason::Error, error: Some(error), message }
    }

    /// The value of the type that is asked for; none where the caller's default is to be used.
    #[inline]
    pub(crate) fn value(&self, flag_type: FlagType) -> Option<Value<'a>> {
        let outcome = self.outcome.filter(|_| self.error.is_none())?;
        match outcome.typed(flag_type) {
            Err(_) | Ok(Value::Default | Value::Null) => None,
            Ok(value) => Some(value),
        }
    }

    /// Why there is no value of the type that is asked for.
    pub(crate) fn error_for(&self, flag_type: FlagType) -> ErrorCode {
        let refused = self.outcome.and_then(|outcome| outcome.typed(flag_type).err());
        self.error.or(refused.map(|refusal| refusal.code())).unwrap_or(ErrorCode::TypeMismatch)
    }

    /// The evaluation of the flag of this key as whatever type it has, which its outcome keeps from the first call on: it belongs
    /// to one flag, and evaluate-all asks for thousands. It has the reason of that call. None where there is more to say.
    #[inline]
    pub(crate) fn whole(&self, key: &str) -> Option<&'a Evaluation> {
        let outcome = self.outcome.filter(|_| self.error.is_none())?;
        Some(outcome.whole(|outcome| {
            let (variant, metadata) = (outcome.variant(), outcome.metadata());
            Evaluation::new(key, self, variant, metadata, outcome.json(), outcome.parsed(), "")
        }))
    }

    /// As an evaluation of its own.
    pub(crate) fn into_evaluation(self, key: &str, flag_type: FlagType) -> Evaluation {
        let Some(outcome) = self.outcome else {
            return Evaluation::new(key, &self, None, "", "", Parsed::Default, self.message);
        };
        if self.error.is_some() {
            let (variant, metadata, json) = (outcome.variant(), outcome.metadata(), outcome.json());
            return Evaluation::new(key, &self, variant, metadata, json, Parsed::Default, self.message);
        }
        if flag_type == FlagType::Any
            && let Some(whole) = self.whole(key)
        {
            return Evaluation { reason: self.reason, ..whole.clone() };
        }
        match outcome.given(flag_type) {
            Ok((value, json)) => {
                Evaluation::new(key, &self, outcome.variant(), outcome.metadata(), json, value, self.message)
            }
            Err(refusal) => {
                let message = refusal.message(outcome, flag_type);
                let refused = Self { reason: Reason::Error, error: Some(refusal.code()), ..self };
                Evaluation::new(key, &refused, None, outcome.metadata(), "", Parsed::Default, &message)
            }
        }
    }
}

/// The answer to one question about a flag: value, variant, reason, error and metadata.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// All texts, each with a NUL behind it for the C ABI; shared by evaluations that say the same.
    text: Arc<str>,
    key: Range<u32>,
    has_variant: bool,
    variant: Range<u32>,
    metadata: Range<u32>,
    json: Range<u32>,
    string: Range<u32>,
    message: Range<u32>,
    value: ValueKind,
    reason: Reason,
    error: Option<ErrorCode>,
}

/// One of an evaluation's texts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Piece {
    Key,
    Variant,
    Metadata,
    Json,
    String,
    Message,
}

#[derive(Clone, Copy, Debug)]
enum ValueKind {
    Default,
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    String,
    Json,
}

impl Evaluation {
    fn new(
        key: &str,
        resolved: &Resolved<'_>,
        variant: Option<&str>,
        metadata: &str,
        json: &str,
        value: Parsed,
        message: &str,
    ) -> Self {
        let string = if let Parsed::String(text) = &value { text } else { "" };
        let has_variant = variant.is_some();
        let pieces = [key, variant.unwrap_or_default(), metadata, json, string, message];
        let mut text = String::with_capacity(pieces.iter().map(|piece| piece.len() + 1).sum());
        let [key, variant, metadata, json, string, message] = pieces.map(|piece| {
            let start = text.len() as u32;
            text.push_str(piece);
            text.push('\0');
            start..start + piece.len() as u32
        });
        let value = match value {
            Parsed::Default => ValueKind::Default,
            Parsed::Null => ValueKind::Null,
            Parsed::Bool(value) => ValueKind::Bool(value),
            Parsed::Int(value) => ValueKind::Int(value),
            Parsed::Double(value) => ValueKind::Double(value),
            Parsed::String(_) => ValueKind::String,
            Parsed::Json => ValueKind::Json,
        };
        let (reason, error) = (resolved.reason, resolved.error);
        Self {
            text: text.into(),
            key,
            has_variant,
            variant,
            metadata,
            json,
            string,
            message,
            value,
            reason,
            error,
        }
    }

    fn piece(&self, range: &Range<u32>) -> &str {
        self.text.get(range.start as usize..range.end as usize).unwrap_or_default()
    }

    /// A text with the NUL behind it, as C has it.
    pub(crate) fn with_nul(&self, piece: Piece) -> &str {
        let range = match piece {
            Piece::Key => &self.key,
            Piece::Variant => &self.variant,
            Piece::Metadata => &self.metadata,
            Piece::Json => &self.json,
            Piece::String => &self.string,
            Piece::Message => &self.message,
        };
        self.text.get(range.start as usize..range.end as usize + 1).unwrap_or("\0")
    }

    /// The flag's key.
    pub fn key(&self) -> &str {
        self.piece(&self.key)
    }

    /// The value.
    pub fn value(&self) -> Value<'_> {
        match self.value {
            ValueKind::Default => Value::Default,
            ValueKind::Null => Value::Null,
            ValueKind::Bool(value) => Value::Bool(value),
            ValueKind::Int(value) => Value::Int(value),
            ValueKind::Double(value) => Value::Double(value),
            ValueKind::String => Value::String(self.piece(&self.string)),
            ValueKind::Json => Value::Json(self.piece(&self.json)),
        }
    }

    /// The value as the ruleset has it, as JSON text; empty where the flag gives none.
    pub fn value_json(&self) -> &str {
        self.piece(&self.json)
    }

    /// Name of the variant; empty where there is none.
    pub fn variant(&self) -> &str {
        self.piece(&self.variant)
    }

    /// Whether there is a variant; its name may be empty.
    pub fn has_variant(&self) -> bool {
        self.has_variant
    }

    /// Why this value.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// What went wrong, if anything did; the value is the caller's default then.
    pub fn error_code(&self) -> Option<ErrorCode> {
        self.error
    }

    /// What went wrong in words; empty where nothing did.
    pub fn error_message(&self) -> &str {
        self.piece(&self.message)
    }

    /// Flag metadata as the text of a JSON object; empty where there is none.
    pub fn metadata_json(&self) -> &str {
        self.piece(&self.metadata)
    }
}
