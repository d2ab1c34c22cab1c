//! Stats and diagnostics as JSON.

use super::{FlagDiagnostics, Stats};

fn text(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
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
        format!("{{{},\"last_error\":{}}}", numbers.join(","), text(&self.last_error))
    }
}

/// Diagnostics as a JSON list.
pub(crate) fn diagnostics_to_json(flags: &[FlagDiagnostics]) -> String {
    let items: Vec<_> = flags
        .iter()
        .flat_map(|flag| flag.diagnostics.iter().map(|diagnostic| (&flag.key, diagnostic)))
        .map(|(key, diagnostic)| {
            format!(
                "{{\"flag\":{},\"severity\":\"{}\",\"code\":{},\"rule\":{},\"column\":{},\"message\":{},\"suggestion\":{}}}",
                text(key),
                diagnostic.severity.name(),
                text(&diagnostic.code),
                text(&diagnostic.rule),
                diagnostic.column,
                text(&diagnostic.message),
                text(&diagnostic.suggestion),
            )
        })
        .collect();
    format!("[{}]", items.join(","))
}
