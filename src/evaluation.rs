//! The answer to one question about a flag.

use std::ops::Range;

use pennon_wire::guest::Time;
use pennon_wire::report::{LoadReport, Outcome};
use pennon_wire::{Answer, ErrorCode, Reason};

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
    const fn article(self) -> &'static str {
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

/// The value of an outcome, parsed once when its unit is loaded.
#[derive(Clone, Debug, PartialEq)]
enum Parsed {
    Default,
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    String(Box<str>),
    Json,
}

/// An outcome as the host keeps it.
#[derive(Clone, Debug)]
pub(crate) struct HostOutcome {
    variant: Box<str>,
    metadata: Box<str>,
    /// The value's JSON text; empty where there is none.
    json: Box<str>,
    value: Parsed,
}

impl HostOutcome {
    pub(crate) fn new(outcome: Outcome) -> Self {
        let json = outcome.value.unwrap_or_default();
        let value = match json.as_bytes().first() {
            None => Parsed::Default,
            Some(b'n') => Parsed::Null,
            Some(b't') => Parsed::Bool(true),
            Some(b'f') => Parsed::Bool(false),
            Some(b'{' | b'[') => Parsed::Json,
            Some(b'"') => {
                // Lone surrogates, which Rust has no text for, become U+FFFD as in the service.
                let text = serde_json::from_str(&json).unwrap_or_else(|_| lossy(&json));
                Parsed::String(text.into())
            }
            Some(_) => match (json.parse(), json.parse::<f64>()) {
                (Ok(number), _) => Parsed::Int(number),
                (_, Ok(number)) if whole(number).is_some() => Parsed::Int(number as i64),
                (_, Ok(number)) => Parsed::Double(number),
                _ => Parsed::Null,
            },
        };
        Self { variant: outcome.variant.into(), metadata: outcome.metadata.into(), json: json.into(), value }
    }

    /// The name of its variant; may be empty.
    pub(crate) fn variant(&self) -> &str {
        &self.variant
    }

    /// Its metadata, a JSON object; may be empty.
    pub(crate) fn metadata(&self) -> &str {
        &self.metadata
    }

    pub(crate) fn set_metadata(&mut self, metadata: String) {
        self.metadata = metadata.into();
    }

    /// The JSON of its value, on one line; none where it leaves the value to the caller.
    pub(crate) fn given_json(&self) -> Option<String> {
        match self.value {
            Parsed::Default | Parsed::Null => None,
            _ => Some(on_one_line(&self.json)),
        }
    }

    /// Whether it leaves the value to the caller.
    #[inline]
    pub(crate) fn gives_none(&self) -> bool {
        matches!(self.value, Parsed::Default | Parsed::Null)
    }

    pub(crate) fn value(&self) -> Value<'_> {
        match &self.value {
            Parsed::Default => Value::Default,
            Parsed::Null => Value::Null,
            Parsed::Bool(value) => Value::Bool(*value),
            Parsed::Int(value) => Value::Int(*value),
            Parsed::Double(value) => Value::Double(*value),
            Parsed::String(text) => Value::String(text),
            Parsed::Json => Value::Json(&self.json),
        }
    }

    /// Whether the value is of the type that is asked for; no value is of every type.
    pub(crate) fn is(&self, flag_type: FlagType) -> bool {
        match (flag_type, &self.value) {
            (FlagType::Any, _) | (_, Parsed::Default | Parsed::Null) => true,
            (FlagType::Boolean, value) => matches!(value, Parsed::Bool(_)),
            (FlagType::String, value) => matches!(value, Parsed::String(_)),
            (FlagType::Integer, value) => matches!(value, Parsed::Int(_)),
            (FlagType::Double, value) => matches!(value, Parsed::Int(_) | Parsed::Double(_)),
            (FlagType::Object, value) => matches!(value, Parsed::Json),
        }
    }

    fn article(&self) -> &'static str {
        match &self.value {
            Parsed::Bool(_) => FlagType::Boolean.article(),
            Parsed::String(_) => FlagType::String.article(),
            Parsed::Int(_) => FlagType::Integer.article(),
            Parsed::Double(_) => FlagType::Double.article(),
            Parsed::Json => FlagType::Object.article(),
            Parsed::Default | Parsed::Null => FlagType::Any.article(),
        }
    }
}

/// JSON without its line breaks, which can only stand between its parts.
pub(crate) fn on_one_line(json: &str) -> String {
    json.replace(['\n', '\r'], " ")
}

/// The integer that a number is, where it is one that fits.
fn whole(number: f64) -> Option<i64> {
    const END: f64 = 9_223_372_036_854_775_808.0;
    ((-END..END).contains(&number) && number.trunc() == number).then_some(number as i64)
}

/// Text of a JSON string with lone surrogates.
fn lossy(json: &str) -> String {
    let mut replaced = json.to_owned();
    // Each escape of a surrogate that has no partner; those that have one were read above if all had.
    while let Err(error) = serde_json::from_str::<String>(&replaced) {
        let Some(start) = replaced.get(..error.column().min(replaced.len())).and_then(|s| s.rfind("\\u"))
        else {
            return String::new();
        };
        let end = (start + 6).min(replaced.len());
        replaced.replace_range(start..end, "\u{fffd}");
    }
    serde_json::from_str(&replaced).unwrap_or_default()
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
    pub outcomes: Box<[HostOutcome]>,
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
            outcomes: Box::new([HostOutcome::new(Outcome::default())]),
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

    /// What an answer says; none when it names what does not exist.
    #[inline]
    pub(crate) fn resolve(&self, answer: Answer) -> Option<Resolved<'_>> {
        let outcome = self.outcomes.get(answer.outcome as usize)?;
        let message = match answer.message {
            None => "",
            Some(index) => self.messages.get(usize::from(index))?,
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
        let outcome = self.outcome.filter(|outcome| self.error.is_none() && outcome.is(flag_type))?;
        match outcome.value() {
            Value::Default | Value::Null => None,
            value => Some(value),
        }
    }

    /// As an evaluation of its own.
    pub(crate) fn into_evaluation(self, key: &str, flag_type: FlagType) -> Evaluation {
        let Some(outcome) = self.outcome else {
            return Evaluation::new(key, &self, "", "", "", Parsed::Default, self.message);
        };
        if self.error.is_none() && !outcome.is(flag_type) {
            let message = format!("flag is {}, not {}", outcome.article(), flag_type.article());
            let mismatch = Self { reason: Reason::Error, error: Some(ErrorCode::TypeMismatch), ..self };
            return Evaluation::new(key, &mismatch, "", &outcome.metadata, "", Parsed::Default, &message);
        }
        let value = if self.error.is_some() { Parsed::Default } else { outcome.value.clone() };
        Evaluation::new(key, &self, &outcome.variant, &outcome.metadata, &outcome.json, value, self.message)
    }
}

/// The answer to one question about a flag: value, variant, reason, error and metadata.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// All texts, each with a NUL behind it for the C ABI.
    text: Box<str>,
    key: Range<u32>,
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
        variant: &str,
        metadata: &str,
        json: &str,
        value: Parsed,
        message: &str,
    ) -> Self {
        let string = if let Parsed::String(text) = &value { text } else { "" };
        let pieces = [key, variant, metadata, json, string, message];
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
        Self { text: text.into(), key, variant, metadata, json, string, message, value, reason, error }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(json: &str) -> HostOutcome {
        HostOutcome::new(Outcome { value: Some(json.into()), ..Outcome::default() })
    }

    #[test]
    fn numbers_are_of_the_types_that_hold_them() {
        assert!(outcome("5").is(FlagType::Integer) && outcome("5").is(FlagType::Double));
        assert_eq!(outcome("5.0").value(), Value::Int(5));
        assert_eq!(outcome("9007199254740993").value(), Value::Int(9_007_199_254_740_993));
        assert!(outcome("1.5").is(FlagType::Double) && !outcome("1.5").is(FlagType::Integer));
        assert!(!outcome("1e19").is(FlagType::Integer));
        assert!(!outcome("true").is(FlagType::Integer) && !outcome("true").is(FlagType::Double));
    }

    #[test]
    fn null_is_of_every_type_and_lists_are_objects() {
        assert!(outcome("null").is(FlagType::Boolean) && outcome("[]").is(FlagType::Object));
        assert!(!outcome("\"x\"").is(FlagType::Object));
        assert_eq!(outcome("\"a\\ud800b\"").value(), Value::String("a\u{fffd}b"));
    }
}
