//! An outcome as the host keeps it: its value parsed once, when its unit is loaded.

use once_cell::race::OnceBox;
use pennon_wire::ErrorCode;
use pennon_wire::report::{Outcome, Switch};
use serde::de::IgnoredAny;

use super::{Evaluation, FlagType, Value};

/// The value of an outcome, parsed once when its unit is loaded.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Parsed {
    Default,
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    String(Box<str>),
    Json,
}

/// An outcome as the host keeps it.
#[derive(Debug)]
pub(crate) struct HostOutcome {
    variant: Option<Box<str>>,
    metadata: Box<str>,
    /// The value's JSON text; empty where there is none.
    json: Box<str>,
    value: Parsed,
    switch: Option<Box<Switched>>,
    /// The evaluation of its flag as whatever type it has, once somebody has asked for it.
    whole: OnceBox<Evaluation>,
}

/// The switch of a flag, with what its value is besides.
#[derive(Clone, Copy, Debug)]
struct Switched {
    switch: Switch,
    /// The number that the value's text is.
    number: Option<f64>,
    /// Whether the value's text is JSON.
    is_json: bool,
}

/// Why an outcome has no value of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The value is of another type.
    Mismatch,
    /// The flag is switched off.
    Withheld,
    /// The value's text is no JSON.
    Unreadable,
}

impl Refusal {
    pub(super) fn code(self) -> ErrorCode {
        match self {
            Self::Mismatch => ErrorCode::TypeMismatch,
            Self::Withheld => ErrorCode::General,
            Self::Unreadable => ErrorCode::ParseError,
        }
    }

    pub(super) fn message(self, outcome: &HostOutcome, flag_type: FlagType) -> String {
        match self {
            Self::Mismatch => format!("flag is {}, not {}", outcome.article(), flag_type.article()),
            Self::Withheld => "flag is not enabled".into(),
            Self::Unreadable => "the flag's value is a text that is no JSON".into(),
        }
    }
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
            Some(b'"') => Parsed::String(string_of(&json).into()),
            Some(_) => match (json.parse(), json.parse::<f64>()) {
                (Ok(number), _) => Parsed::Int(number),
                (_, Ok(number)) if whole(number).is_some() => Parsed::Int(number as i64),
                (_, Ok(number)) => Parsed::Double(number),
                _ => Parsed::Null,
            },
        };
        let switch = outcome.switch.map(|switch| Box::new(Switched::new(switch, &value)));
        Self {
            variant: outcome.variant.map(Into::into),
            metadata: outcome.metadata.into(),
            json: json.into(),
            value,
            switch,
            whole: OnceBox::new(),
        }
    }

    /// The name of its variant, where it has one.
    pub(crate) fn variant(&self) -> Option<&str> {
        self.variant.as_deref()
    }

    /// Its metadata, a JSON object; may be empty.
    pub(crate) fn metadata(&self) -> &str {
        &self.metadata
    }

    pub(crate) fn set_metadata(&mut self, metadata: String) {
        self.metadata = metadata.into();
        self.whole = OnceBox::new();
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

    /// The evaluation of its flag as whatever type it has, which is made at the first call.
    #[inline]
    pub(super) fn whole(&self, make: impl FnOnce(&Self) -> Evaluation) -> &Evaluation {
        self.whole.get_or_init(|| Box::new(make(self)))
    }

    /// The same, where it has been made.
    #[inline]
    pub(super) fn made(&self) -> Option<&Evaluation> {
        self.whole.get()
    }

    pub(super) fn parsed(&self) -> Parsed {
        self.value.clone()
    }

    /// Its JSON; empty where there is none.
    pub(super) fn json(&self) -> &str {
        &self.json
    }

    /// Whether the value is of the type that is asked for.
    #[inline]
    pub(crate) fn is(&self, flag_type: FlagType) -> bool {
        self.typed(flag_type).is_ok()
    }

    /// The value as the type that is asked for; no value is of every type.
    #[inline]
    pub(super) fn typed(&self, flag_type: FlagType) -> Result<Value<'_>, Refusal> {
        if let Some(switched) = &self.switch {
            return switched.typed(self, flag_type);
        }
        let is_of_type = match (flag_type, &self.value) {
            (FlagType::Any, _) | (_, Parsed::Default | Parsed::Null) => true,
            (FlagType::Boolean, value) => matches!(value, Parsed::Bool(_)),
            (FlagType::String, value) => matches!(value, Parsed::String(_)),
            (FlagType::Integer, value) => matches!(value, Parsed::Int(_)),
            (FlagType::Double, value) => matches!(value, Parsed::Int(_) | Parsed::Double(_)),
            (FlagType::Object, value) => matches!(value, Parsed::Json),
        };
        if is_of_type { Ok(self.value()) } else { Err(Refusal::Mismatch) }
    }

    /// The value as the type that is asked for, with its JSON.
    pub(super) fn given(&self, flag_type: FlagType) -> Result<(Parsed, &str), Refusal> {
        let value = self.typed(flag_type)?;
        if self.switch.is_none() || flag_type == FlagType::Any {
            return Ok((self.value.clone(), &self.json));
        }
        Ok(match value {
            Value::Bool(true) => (Parsed::Bool(true), "true"),
            Value::Bool(false) => (Parsed::Bool(false), "false"),
            Value::Json(json) => (Parsed::Json, json),
            Value::Double(number) => (Parsed::Double(number), self.number_json()),
            Value::Int(number) => (Parsed::Int(number), self.number_json()),
            _ => (self.value.clone(), &self.json),
        })
    }

    /// The JSON of the number that the value is taken for.
    fn number_json(&self) -> &str {
        match &self.value {
            Parsed::Bool(true) => "1",
            Parsed::Bool(false) => "0",
            Parsed::String(text) => text,
            _ => &self.json,
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

impl Switched {
    fn new(switch: Switch, value: &Parsed) -> Self {
        let text = if let Parsed::String(text) = value { &**text } else { "" };
        Self {
            switch,
            number: serde_json::from_str(text).ok(),
            is_json: serde_json::from_str::<IgnoredAny>(text).is_ok(),
        }
    }

    fn typed<'o>(&self, outcome: &'o HostOutcome, flag_type: FlagType) -> Result<Value<'o>, Refusal> {
        match flag_type {
            FlagType::Any => return Ok(outcome.value()),
            FlagType::Boolean if self.switch.answers_booleans => return Ok(Value::Bool(self.switch.is_on)),
            _ if self.switch.is_withheld => return Err(Refusal::Withheld),
            _ => {}
        }
        match (flag_type, &outcome.value) {
            (FlagType::Boolean, Parsed::Bool(value)) => Ok(Value::Bool(*value)),
            (FlagType::String, Parsed::String(text)) => Ok(Value::String(text)),
            (FlagType::Integer, Parsed::Int(value)) => Ok(Value::Int(*value)),
            // To the vendor's provider a boolean is an integer, as it is to Python.
            (FlagType::Integer, Parsed::Bool(value)) => Ok(Value::Int((*value).into())),
            (FlagType::Double, Parsed::Int(_) | Parsed::Double(_)) => Ok(outcome.value()),
            (FlagType::Double, Parsed::String(_)) => self.number.map(Value::Double).ok_or(Refusal::Mismatch),
            (FlagType::Object, Parsed::String(text)) if self.is_json => Ok(Value::Json(text)),
            (FlagType::Object, Parsed::String(_)) => Err(Refusal::Unreadable),
            _ => Err(Refusal::Mismatch),
        }
    }
}

/// The text that a JSON string is. Surrogates without their other half, which Rust has no text for, become U+FFFD as in the
/// services.
pub(crate) fn string_of(json: &str) -> String {
    serde_json::from_str(json).unwrap_or_else(|_| lossy(json))
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
    fn a_switch_answers_booleans_and_texts_are_what_they_say() {
        let switched = |json: &str, is_on: bool| {
            let switch = Switch { is_on, answers_booleans: true, is_withheld: !is_on };
            HostOutcome::new(Outcome { value: Some(json.into()), switch: Some(switch), ..Outcome::default() })
        };
        let off = switched("\"v\"", false);
        assert_eq!(off.typed(FlagType::Boolean), Ok(Value::Bool(false)));
        assert_eq!(off.typed(FlagType::Any), Ok(Value::String("v")));
        assert_eq!(off.typed(FlagType::String), Err(Refusal::Withheld));
        assert_eq!(switched("null", true).typed(FlagType::String), Err(Refusal::Mismatch));
        assert_eq!(switched("true", true).typed(FlagType::Integer), Ok(Value::Int(1)));
        assert_eq!(switched("7", true).typed(FlagType::Double), Ok(Value::Int(7)));
        assert_eq!(switched("\"1.5\"", true).typed(FlagType::Double), Ok(Value::Double(1.5)));
        assert_eq!(switched("\"x\"", true).typed(FlagType::Double), Err(Refusal::Mismatch));
        assert_eq!(
            switched("\"{\\\"a\\\": 1}\"", true).typed(FlagType::Object),
            Ok(Value::Json("{\"a\": 1}"))
        );
        assert_eq!(switched("\"{\"", true).typed(FlagType::Object), Err(Refusal::Unreadable));
    }

    #[test]
    fn null_is_of_every_type_and_lists_are_objects() {
        assert!(outcome("null").is(FlagType::Boolean) && outcome("[]").is(FlagType::Object));
        assert!(!outcome("\"x\"").is(FlagType::Object));
        assert_eq!(outcome("\"a\\ud800b\"").value(), Value::String("a\u{fffd}b"));
    }
}
