//! Options from JSON, with errors that name the option, the value and what is allowed.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::default_flags::default_flags;
use super::{OPTION_NAMES, Options, invalid};
use crate::error::Error;
use crate::json::members;
use crate::limits::{MAX_INTERVAL_MS, MAX_MEMORY_BYTES, MAX_OPTIONS_BYTES, MAX_POOL_SIZE, MIN_MEMORY_BYTES};
use crate::service::Service;
use crate::sync::Format;

/// Names that services and their own providers have for options of ours.
const OTHER_NAMES: [(&str, &str); 3] =
    [("wasm_file_path", "module_path"), ("wasm_pool_size", "pool_size"), ("environment_key", "api_key")];

/// Options whose values are in no message.
const SECRET: [&str; 4] = ["api_key", "headers", "proxy", "client_key"];

impl Options {
    /// Options from a JSON object; the names and defaults are in `docs/options.md`.
    ///
    /// # Errors
    /// When the text is no JSON object, or an option is unknown, missing, given twice or not of an allowed value. The
    /// message names the option, the value and what is allowed.
    pub fn from_json(json: &str) -> Result<Self, Error> {
        if json.len() > MAX_OPTIONS_BYTES {
            return Err(invalid(format!("options have more than {MAX_OPTIONS_BYTES} bytes")));
        }
        let members =
            members(json).map_err(|error| invalid(format!("options are not a JSON object: {error}")))?;
        let service = members.iter().find(|(name, _)| name == "service");
        let (_, service) =
            service.ok_or_else(|| invalid(format!("option service is missing; allowed: {}", services())))?;
        let service = Given { name: "service", value: service }.one_of(&Service::ALL)?;
        let mut options = Self::new(service);
        for (index, (name, value)) in members.iter().enumerate() {
            let earlier = members.iter().take(index).find(|(earlier, _)| our_name(earlier) == our_name(name));
            if let Some((earlier, _)) = earlier {
                let other = if earlier == name {
                    String::new()
                } else {
                    format!(": {earlier} is another name of it")
                };
                return Err(invalid(format!("option {name} is given twice{other}")));
            }
            options.set(name, value)?;
        }
        Ok(options)
    }

    /// Sets one option by its name, from JSON, or from the text of a string that is no JSON.
    ///
    /// # Errors
    /// When the option is unknown or the value is none that it may have.
    pub fn set_named(&mut self, name: &str, value: &str) -> Result<(), Error> {
        let quoted = serde_json::to_string(value).unwrap_or_default();
        let as_text: Result<&RawValue, _> = serde_json::from_str(&quoted);
        let as_json: Result<&RawValue, _> = serde_json::from_str(value);
        match (as_json, as_text) {
            // A key of digits alone is a text all the same.
            (Ok(json), Ok(text)) => {
                self.set(name, json).or_else(|error| self.set(name, text).map_err(|_| error))
            }
            (Err(_), Ok(text)) => self.set(name, text),
            (_, Err(error)) => Err(invalid(format!("option {}: {error}", shown(name)))),
        }
    }

    fn set(&mut self, name: &str, value: &RawValue) -> Result<(), Error> {
        let value = Given { name, value };
        let name = our_name(name);
        if self.set_source(name, value)? || self.network.set(name, value)? || self.events.set(name, value)? {
            return Ok(());
        }
        match name {
            "service" => {}
            "start_wait_ms" => self.start_wait = value.milliseconds(0)?,
            "pool_size" => self.pool_size = value.integer(1, MAX_POOL_SIZE)? as usize,
            "pool_wait_ms" => self.pool_wait = value.milliseconds(0)?,
            "deadline_ms" => self.deadline = value.milliseconds(1)?,
            "memory_limit_bytes" => {
                self.memory_limit = value.integer(MIN_MEMORY_BYTES, MAX_MEMORY_BYTES)? as usize;
            }
            "module_path" => self.module_path = Some(value.string()?.into()),
            "cache_dir" => self.cache_dir = Some(value.string()?.into()),
            "use_boolean_config_value" => self.values.booleans_are_values = value.bool()?,
            "return_value_for_disabled_flags" => self.values.disabled_flags_have_values = value.bool()?,
            "default_flags" => self.default_flags = Some(default_flags(value)?),
            _ => {
                let known = OPTION_NAMES.join(", ");
                return Err(invalid(format!("option {} is unknown; known: {known}", shown(value.name))));
            }
        }
        Ok(())
    }

    /// Sets where a ruleset is from that no service sends; whether `name` is an option of that.
    fn set_source(&mut self, name: &str, value: Given<'_>) -> Result<bool, Error> {
        match name {
            "ruleset" => self.ruleset = Some(value.ruleset()?),
            "ruleset_file" => self.ruleset_file = Some(value.string()?.into()),
            "ruleset_format" => self.ruleset_format = Some(value.one_of(&Format::ALL)?),
            "watch_interval_ms" => self.watch_interval = value.milliseconds(0)?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// The name that an option has here.
fn our_name(name: &str) -> &str {
    OTHER_NAMES.iter().find(|(other, _)| *other == name).map_or(name, |(_, ours)| ours)
}

fn services() -> String {
    Service::ALL.map(|(name, _)| name).join(", ")
}

/// How much of a wrong value a message shows, in characters.
const SHOWN: usize = 60;

/// A text of the caller's as it stands in a message: on one line, and no longer than a message bears.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(SHOWN)
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push_str("...");
    }
    shown
}

/// An option that was given: its name, as it was written, and its value.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    name: &'a str,
    value: &'a RawValue,
}

impl Given<'_> {
    /// The error that this value is not allowed.
    pub(super) fn not_allowed(self, allowed: &str) -> Error {
        if SECRET.contains(&our_name(self.name)) {
            return invalid(format!(
                "option {} has a value that is not allowed; allowed: {allowed}",
                self.name
            ));
        }
        invalid(format!("option {} is {}; allowed: {allowed}", self.name, shown(self.value.get())))
    }

    /// The value as the type that JSON has for it.
    pub(super) fn parse<T: DeserializeOwned>(self, allowed: &str) -> Result<T, Error> {
        serde_json::from_str(self.value.get()).map_err(|_| self.not_allowed(allowed))
    }

    pub(super) fn string(self) -> Result<String, Error> {
        let text: String = self.parse("a string")?;
        if text.is_empty() || text.contains('\0') {
            return Err(self.not_allowed("a string that is not empty and holds no NUL"));
        }
        Ok(text)
    }

    pub(super) fn bool(self) -> Result<bool, Error> {
        self.parse("true, false")
    }

    pub(super) fn integer(self, least: u64, most: u64) -> Result<u64, Error> {
        let allowed = format!("a whole number from {least} to {most}");
        let number: u64 = self.parse(&allowed)?;
        if (least..=most).contains(&number) { Ok(number) } else { Err(self.not_allowed(&allowed)) }
    }

    pub(super) fn milliseconds(self, least: u64) -> Result<Duration, Error> {
        self.integer(least, MAX_INTERVAL_MS).map(Duration::from_millis)
    }

    /// One of some names.
    pub(super) fn one_of<T: Copy>(self, known: &[(&str, T)]) -> Result<T, Error> {
        let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
        let allowed = names.join(", ");
        let text: String = self.parse(&allowed)?;
        let found = known.iter().find(|(name, _)| *name == text);
        found.map(|(_, value)| *value).ok_or_else(|| self.not_allowed(&allowed))
    }

    /// The value's JSON.
    pub(super) fn json(self) -> String {
        self.value.get().to_owned()
    }

    /// An inline ruleset: the document itself, or its text in a string.
    fn ruleset(self) -> Result<String, Error> {
        match self.value.get().as_bytes().first() {
            Some(b'{') => Ok(self.json()),
            Some(b'"') => self.string(),
            _ => Err(self.not_allowed("an object, or a string with the document's text")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(json: &str) -> String {
        Options::from_json(json).unwrap_err().to_string()
    }

    #[test]
    fn errors_name_the_option_the_value_and_what_is_allowed() {
        assert_eq!(error(r#"{"service": "x"}"#), "option service is \"x\"; allowed: goff, flagsmith");
        assert_eq!(
            error(r#"{"service": "goff", "pool_size": 0}"#),
            "option pool_size is 0; allowed: a whole number from 1 to 256"
        );
        assert!(
            error(r#"{"service": "goff", "poolsize": 1}"#).starts_with("option poolsize is unknown; known: ")
        );
        assert!(error(r#"{"service": "goff", "deadline_ms": "5"}"#).contains("deadline_ms is \"5\""));
        assert!(error(r#"{"service": "goff", "service": "goff"}"#).contains("given twice"));
        assert!(
            error(r#"{"service": "goff", "wasm_pool_size": 0}"#).starts_with("option wasm_pool_size is 0; ")
        );
        let twice = error(r#"{"service": "goff", "pool_size": 1, "wasm_pool_size": 1}"#);
        assert_eq!(twice, "option wasm_pool_size is given twice: pool_size is another name of it");
        assert!(error("[]").contains("JSON object") && error("{").contains("JSON object"));
        assert!(error("{}").contains("service is missing"));
    }

    #[test]
    fn every_option_name_is_known() {
        for name in OPTION_NAMES.into_iter().chain(OTHER_NAMES.map(|(other, _)| other)) {
            let json = format!("{{\"service\": \"goff\", \"{name}\": null}}");
            assert!(!error(&json).contains("unknown"), "{name}");
        }
    }
}
