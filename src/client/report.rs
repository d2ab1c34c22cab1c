//! Diagnostics and evaluations as JSON.

use super::FlagDiagnostics;
use crate::evaluation::{Evaluation, on_one_line};
use crate::json::quoted;

impl Evaluation {
    /// As a JSON object in one line, in the form that OFREP gives it: `{"key", "value", "variant", "reason", "metadata"}`, or
    /// `{"key", "errorCode", "errorDetails"}`. Numbers stand as the ruleset has them; a flag that leaves the value to the
    /// caller has null for it, and one without a variant null for that.
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
        let variant = if self.has_variant() { quoted(self.variant()) } else { "null".into() };
        let reason = self.reason().name();
        let metadata = match self.metadata_json() {
            "" => String::new(),
            json => format!(",\"metadata\":{}", on_one_line(json)),
        };
        format!("{{\"key\":{key},\"value\":{value},\"variant\":{variant},\"reason\":\"{reason}\"{metadata}}}")
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
