//! What a client is made from: one JSON document says all that data can say.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::Error;
use crate::limits::{MAX_INTERVAL_MS, MAX_MEMORY_BYTES, MAX_OPTIONS_BYTES, MAX_POOL_SIZE, MIN_MEMORY_BYTES};
use crate::log::Log;
use crate::service::Service;
use crate::sync::Format;

/// Every option, its meaning and its default: what error messages list, and what tests compare the documentation with.
pub const OPTION_NAMES: [&str; 11] = [
    "service",
    "ruleset",
    "ruleset_file",
    "ruleset_format",
    "watch_interval_ms",
    "pool_size",
    "pool_wait_ms",
    "deadline_ms",
    "memory_limit_bytes",
    "module_path",
    "cache_dir",
];

/// Names that GO Feature Flag's own providers have for options of ours.
const OTHER_NAMES: [(&str, &str); 2] = [("wasm_file_path", "module_path"), ("wasm_pool_size", "pool_size")];

/// Options of a client.
#[derive(Clone, Debug)]
pub struct Options {
    pub(crate) service: Service,
    pub(crate) ruleset: Option<String>,
    pub(crate) ruleset_file: Option<PathBuf>,
    pub(crate) ruleset_format: Option<Format>,
    pub(crate) watch_interval: Duration,
    pub(crate) pool_size: usize,
    pub(crate) pool_wait: Duration,
    pub(crate) deadline: Duration,
    pub(crate) memory_limit: usize,
    pub(crate) module_path: Option<PathBuf>,
    pub(crate) cache_dir: Option<PathBuf>,
    pub(crate) log: Option<Arc<dyn Log>>,
}

impl Options {
    /// The default options for a service. A ruleset has to be given too, here or to the client.
    pub fn new(service: Service) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self {
            service,
            ruleset: None,
            ruleset_file: None,
            ruleset_format: None,
            watch_interval: Duration::from_millis(1000),
            pool_size: cores.min(8),
            pool_wait: Duration::from_millis(1000),
            deadline: Duration::from_millis(50),
            memory_limit: 64 << 20,
            module_path: None,
            cache_dir: None,
            log: None,
        }
    }

    /// Options from a JSON object; the names and defaults are in `docs/options.md`.
    ///
    /// # Errors
    /// When the text is no JSON object, or an option is unknown, missing, given twice or not of an allowed value. The
    /// message names the option, the value and what is allowed.
    pub fn from_json(json: &str) -> Result<Self, Error> {
        if json.len() > MAX_OPTIONS_BYTES {
            return Err(invalid(format!("options have more than {MAX_OPTIONS_BYTES} bytes")));
        }
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let members = deserializer
            .deserialize_map(MembersVisitor)
            .and_then(|members| deserializer.end().map(|()| members))
            .map_err(|error| invalid(format!("options are not a JSON object: {error}")))?;
        let service = members.iter().find(|(name, _)| name == "service");
        let (_, service) =
            service.ok_or_else(|| invalid(format!("option service is missing; allowed: {}", services())))?;
        let text = string("service", service)?;
        let service = Service::parse(&text).ok_or_else(|| not_allowed("service", service, &services()))?;
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

    fn set(&mut self, name: &str, value: &RawValue) -> Result<(), Error> {
        let milliseconds = |least| integer(name, value, least, MAX_INTERVAL_MS).map(Duration::from_millis);
        match our_name(name) {
            "service" => {}
            "ruleset" => self.ruleset = Some(ruleset(value)?),
            "ruleset_file" => self.ruleset_file = Some(string(name, value)?.into()),
            "ruleset_format" => {
                let text = string(name, value)?;
                let format = Format::ALL.into_iter().find(|(known, _)| *known == text);
                let (_, format) = format.ok_or_else(|| not_allowed(name, value, "json, yaml, toml"))?;
                self.ruleset_format = Some(format);
            }
            "watch_interval_ms" => self.watch_interval = milliseconds(0)?,
            "pool_size" => self.pool_size = integer(name, value, 1, MAX_POOL_SIZE)? as usize,
            "pool_wait_ms" => self.pool_wait = milliseconds(0)?,
            "deadline_ms" => self.deadline = milliseconds(1)?,
            "memory_limit_bytes" => {
                self.memory_limit = integer(name, value, MIN_MEMORY_BYTES, MAX_MEMORY_BYTES)? as usize;
            }
            "module_path" => self.module_path = Some(string(name, value)?.into()),
            "cache_dir" => self.cache_dir = Some(string(name, value)?.into()),
            _ => {
                let known = OPTION_NAMES.join(", ");
                return Err(invalid(format!("option {name} is unknown; known: {known}")));
            }
        }
        Ok(())
    }

    /// Checks what only all options together tell.
    pub(crate) fn validate(&self) -> Result<(), Error> {
        if self.ruleset.is_some() && self.ruleset_file.is_some() {
            return Err(invalid("options ruleset and ruleset_file exclude each other".into()));
        }
        Ok(())
    }

    /// Sets the ruleset: a document in the service's format.
    #[must_use]
    pub fn ruleset(mut self, document: impl Into<String>) -> Self {
        self.ruleset = Some(document.into());
        self
    }

    /// Sets the file that holds the ruleset; its name tells its format unless [`Options::ruleset_format`] does.
    #[must_use]
    pub fn ruleset_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.ruleset_file = Some(path.into());
        self
    }

    /// Sets the format of the ruleset.
    #[must_use]
    pub fn ruleset_format(mut self, format: Format) -> Self {
        self.ruleset_format = Some(format);
        self
    }

    /// Sets how often the ruleset's file is looked at; zero is never.
    #[must_use]
    pub fn watch_interval(mut self, interval: Duration) -> Self {
        self.watch_interval = interval;
        self
    }

    /// Sets how many instances evaluate at one time; at least one.
    #[must_use]
    pub fn pool_size(mut self, size: usize) -> Self {
        self.pool_size = size.clamp(1, MAX_POOL_SIZE as usize);
        self
    }

    /// Sets how long an evaluation waits for an instance.
    #[must_use]
    pub fn pool_wait(mut self, wait: Duration) -> Self {
        self.pool_wait = wait;
        self
    }

    /// Sets how much CPU time an evaluation may take.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets how much memory an instance may take, in bytes.
    #[must_use]
    pub fn memory_limit(mut self, bytes: usize) -> Self {
        self.memory_limit = bytes.clamp(MIN_MEMORY_BYTES as usize, MAX_MEMORY_BYTES as usize);
        self
    }

    /// Sets the vendor's own module, which answers evaluations instead of our guest.
    #[must_use]
    pub fn module_path(mut self, path: impl Into<PathBuf>) -> Self {
        self.module_path = Some(path.into());
        self
    }

    /// Sets the folder in which is kept what would otherwise be made anew: compiled modules.
    #[must_use]
    pub fn cache_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.cache_dir = Some(path.into());
        self
    }

    /// Sets who hears of what goes wrong in the background.
    #[must_use]
    pub fn log(mut self, log: Arc<dyn Log>) -> Self {
        self.log = Some(log);
        self
    }
}

/// The name that an option has here.
fn our_name(name: &str) -> &str {
    OTHER_NAMES.iter().find(|(other, _)| *other == name).map_or(name, |(_, ours)| ours)
}

fn invalid(message: String) -> Error {
    Error::InvalidOption(message)
}

fn services() -> String {
    Service::ALL.map(|(name, _)| name).join(", ")
}

/// How much of a wrong value a message shows, in characters.
const SHOWN: usize = 60;

fn not_allowed(name: &str, value: &RawValue, allowed: &str) -> Error {
    let mut shown: String = value.get().chars().take(SHOWN).collect();
    if shown.len() < value.get().len() {
        shown.push_str("...");
    }
    invalid(format!("option {name} is {shown}; allowed: {allowed}"))
}

fn string(name: &str, value: &RawValue) -> Result<String, Error> {
    let text: String = serde_json::from_str(value.get()).map_err(|_| not_allowed(name, value, "a string"))?;
    if text.is_empty() || text.contains('\0') {
        return Err(not_allowed(name, value, "a string that is not empty and holds no NUL"));
    }
    Ok(text)
}

fn integer(name: &str, value: &RawValue, least: u64, most: u64) -> Result<u64, Error> {
    serde_json::from_str(value.get())
        .ok()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| not_allowed(name, value, &format!("a whole number from {least} to {most}")))
}

/// An inline ruleset: the document itself, or its text in a string.
fn ruleset(value: &RawValue) -> Result<String, Error> {
    match value.get().as_bytes().first() {
        Some(b'{') => Ok(value.get().to_owned()),
        Some(b'"') => string("ruleset", value),
        _ => Err(not_allowed("ruleset", value, "an object, or a string with the document's text")),
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
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
        assert_eq!(error(r#"{"service": "x"}"#), "option service is \"x\"; allowed: goff");
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
            let json = format!("{{\"service\": \"goff\", \"{name}\": []}}");
            assert!(!error(&json).contains("unknown"), "{name}");
        }
    }
}
