//! Stats, diagnostics and evaluations as JSON.

use super::{FlagDiagnostics, Stats};
use crate::evaluation::Evaluation;

/// A JSON string.
pub(super) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// A JSON list of strings.
pub(super) fn text_list(texts: &[String]) -> String {
    let texts: Vec<_> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", texts.join(","))
}

impl Evaluation {
    /// As a JSON object in one line, in the form that OFREP gives it: `{"key", "value", "variant", "reason", "metadata"}`, or
    /// `{"key", "errorCode", "errorDetails"}`. Numbers stand as the ruleset has them; a flag that leaves the value to the
    /// caller has null.
    pub fn to_json(&self) -> String {
        let key = quoted(self.key());
        if let Some(code) = self.error_code() {
            let details = quoted(self.error_message());
            return format!("{{\"key\":{key},\"errorCode\":\"{}\",\"errorDetails\":{details}}}", code.name());
        }
        let value = match self.value_json() {
            "" => "null".to_owned(),
            json => on_one_line(json),
        };
        let variant = quoted(self.variant());
        let reason = self.reason().name();
        let metadata = match self.metadata_json() {
            "" => String::new(),
            json => format!(",\"metadata\":{}", on_one_line(json)),
        };
        format!("{{\"key\":{key},\"value\":{value},\"variant\":{variant},\"reason\":\"{reason}\"{metadata}}}")
    }
}

/// JSON without its line breaks, which can only stand between its parts.
fn on_one_line(json: &str) -> String {
    json.replace(['\n', '\r'], " ")
}

impl Stats {
    /// As a JSON object with the names of the fields.
    pub fn to_json(&self) -> String {
        let numbers = [
            ("flags", self.flags as u64),
            ("ruleset_bytes", self.ruleset_bytes as u64),
            ("generation", self.generation),
            ("loaded_units", self.loaded_units as u64),
            ("loads", self.loads),
            ("refreshes", self.refreshes),
            ("rejected", self.rejected),
            ("instances", self.instances as u64),
            ("instances_created", self.instances_created),
            ("instances_failed", self.instances_failed),
            ("deadlines", self.deadlines),
            ("busy", self.busy),
            ("traps", self.traps),
        ];
        let numbers: Vec<_> = numbers.iter().map(|(name, number)| format!("\"{name}\":{number}")).collect();
        format!("{{{},\"last_error\":{}}}", numbers.join(","), quoted(&self.last_error))
    }
}

/// Diagnostics as a JSON list.
pub(super) fn diagnostics_to_json(flags: &[FlagDiagnostics]) -> String {
    let items: Vec<_> = flags
        .iter()
        .flat_map(|flag| flag.diagnostics.iter().map(|diagnostic| (&flag.key, diagnostic)))
        .map(|(key, diagnostic)| {
            format!(
                "{{\"flag\":{},\"severity\":\"{}\",\"code\":{},\"rule\":{},\"column\":{},\"message\":{},\"suggestion\":{}}}",
                quoted(key),
                diagnostic.severity.name(),
                quoted(&diagnostic.code),
                quoted(&diagnostic.rule),
                diagnostic.column,
                quoted(&diagnostic.message),
                quoted(&diagnostic.suggestion),
            )
        })
        .collect();
    format!("[{}]", items.join(","))
}
