//! Figures about a client.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use pennon_wire::ErrorCode;
use pennon_wire::answer::ERROR_CODES;

use super::core::Core;
use crate::events::errors_of;
use crate::json::quoted;
use crate::listener::Source;
use crate::state::State;
use crate::sync::snapshot::Snapshot;

/// Figures about a client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// In what state it is.
    pub state: State,
    /// Where the ruleset in force is from; none while there is none.
    pub source: Option<Source>,
    /// Flags of the ruleset in force.
    pub flags: usize,
    /// Bytes of its document.
    pub ruleset_bytes: usize,
    /// Its number: it rises with every change.
    pub generation: u64,
    /// Evaluations of single flags.
    pub evaluations: u64,
    /// How many of them gave each error, for the errors that there were.
    pub errors: Vec<(ErrorCode, u64)>,
    /// Flags that have been used, and are loaded.
    pub loaded_units: usize,
    /// Flags loaded into an instance, ever.
    pub loads: u64,
    /// Rulesets that came into force.
    pub refreshes: u64,
    /// Answers of the service that nothing has changed.
    pub unchanged: u64,
    /// Rulesets that could not be had, or were refused.
    pub rejected: u64,
    /// Bytes of rulesets that the service sent.
    pub bytes_received: u64,
    /// Instances that exist.
    pub instances: usize,
    /// Instances ever made.
    pub instances_created: u64,
    /// Instances dropped after a failure, and replaced.
    pub instances_failed: u64,
    /// Evaluations that used up their CPU time.
    pub deadlines: u64,
    /// Evaluations that found no instance in time.
    pub busy: u64,
    /// Evaluations that trapped.
    pub traps: u64,
    /// Events taken, those found in the spool included.
    pub events_recorded: u64,
    /// Events that the service acknowledged.
    pub events_sent: u64,
    /// Events that will never be sent.
    pub events_dropped: u64,
    /// Events that wait, in memory or on disk.
    pub events_pending: u64,
    /// Events written to the spool, ever.
    pub events_spooled: u64,
    /// Bytes in the spool.
    pub spool_bytes: u64,
    /// Requests with events that the service took.
    pub batches_sent: u64,
    /// Attempts to send events that failed.
    pub send_failures: u64,
    /// What went wrong last; empty after a success.
    pub last_error: String,
}

impl Core {
    pub(super) fn stats(&self) -> Stats {
        let snapshot = self.snapshot.load();
        let snapshot = snapshot.as_deref();
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (instances, instances_created, instances_failed) = match &self.module {
            Some(module) => module.counts(),
            None => self.pool.counts(),
        };
        let (evaluations, errors) = self.events.evaluations();
        let errors = ERROR_CODES.into_iter().map(|code| (code, errors_of(&errors, code)));
        let (events, tally) = (self.events.figures(), self.events.tally());
        let traffic = self.link.as_ref().map(|link| &link.traffic);
        Stats {
            state: self.signal().state(),
            source: snapshot.and_then(|_| Source::from_number(self.origin.load(Ordering::Relaxed))),
            flags: snapshot.map_or(0, Snapshot::len),
            ruleset_bytes: snapshot.map_or(0, Snapshot::bytes),
            generation: snapshot.map_or(0, Snapshot::generation),
            evaluations,
            errors: errors.filter(|(_, count)| *count > 0).collect(),
            loaded_units: self.registry.loaded(),
            loads: read(&self.counters.loads),
            refreshes: read(&self.counters.refreshes),
            unchanged: traffic.map_or(0, |traffic| read(&traffic.unchanged)),
            rejected: read(&self.counters.rejected),
            bytes_received: traffic.map_or(0, |traffic| read(&traffic.bytes)),
            instances,
            instances_created,
            instances_failed,
            deadlines: read(&self.counters.deadlines),
            busy: read(&self.counters.busy),
            traps: read(&self.counters.traps),
            events_recorded: events.recorded,
            events_sent: events.sent,
            events_dropped: events.dropped,
            events_pending: events.pending,
            events_spooled: events.spooled,
            spool_bytes: read(&tally.spool_bytes),
            batches_sent: read(&tally.batches),
            send_failures: read(&tally.failures),
            last_error: self.signal().last_error(),
        }
    }
}

/// A figure: its name, its value, whether it only rises, and what it is.
type Figure = (&'static str, u64, bool, &'static str);

impl Stats {
    fn figures(&self) -> [Figure; 25] {
        [
            ("flags", self.flags as u64, false, "Flags of the ruleset in force."),
            ("ruleset_bytes", self.ruleset_bytes as u64, false, "Bytes of the ruleset in force."),
            ("generation", self.generation, true, "Number of the ruleset in force."),
            ("evaluations", self.evaluations, true, "Evaluations of single flags."),
            ("loaded_units", self.loaded_units as u64, false, "Flags that are loaded."),
            ("loads", self.loads, true, "Flags loaded into an instance."),
            ("refreshes", self.refreshes, true, "Rulesets that came into force."),
            ("unchanged", self.unchanged, true, "Answers of the service that nothing has changed."),
            ("rejected", self.rejected, true, "Rulesets that could not be had or were refused."),
            ("bytes_received", self.bytes_received, true, "Bytes of rulesets that the service sent."),
            ("instances", self.instances as u64, false, "Instances that exist."),
            ("instances_created", self.instances_created, true, "Instances made."),
            ("instances_failed", self.instances_failed, true, "Instances dropped after a failure."),
            ("deadlines", self.deadlines, true, "Evaluations that used up their CPU time."),
            ("busy", self.busy, true, "Evaluations that found no instance in time."),
            ("traps", self.traps, true, "Evaluations that trapped."),
            ("events_recorded", self.events_recorded, true, "Events taken."),
            ("events_sent", self.events_sent, true, "Events that the service acknowledged."),
            ("events_dropped", self.events_dropped, true, "Events that will never be sent."),
            ("events_pending", self.events_pending, false, "Events that wait."),
            ("events_spooled", self.events_spooled, true, "Events written to the spool."),
            ("spool_bytes", self.spool_bytes, false, "Bytes in the spool."),
            ("batches_sent", self.batches_sent, true, "Requests with events that the service took."),
            ("send_failures", self.send_failures, true, "Attempts to send events that failed."),
            ("state", self.state as u64, false, "0 not ready, 1 ready, 2 stale, 3 error, 4 fatal."),
        ]
    }

    /// As a JSON object with the names of the fields (docs/stats.md).
    pub fn to_json(&self) -> String {
        let source = self.source.map_or("null".into(), |source| quoted(source.name()));
        let mut json = format!("{{\"state\":\"{}\",\"source\":{source}", self.state.name());
        for (name, value, _, _) in self.figures().into_iter().filter(|(name, ..)| *name != "state") {
            let _ = write!(json, ",\"{name}\":{value}");
        }
        let errors: Vec<_> =
            self.errors.iter().map(|(code, count)| format!("\"{}\":{count}", code.name())).collect();
        let _ = write!(
            json,
            ",\"errors\":{{{}}},\"last_error\":{}}}",
            errors.join(","),
            quoted(&self.last_error)
        );
        json
    }

    /// In the text format of Prometheus, version 0.0.4.
    pub fn to_prometheus(&self) -> String {
        let mut text = String::new();
        for (name, value, is_counter, help) in self.figures() {
            let (kind, suffix) = if is_counter { ("counter", "_total") } else { ("gauge", "") };
            let _ = write!(
                text,
                "# HELP pennon_{name}{suffix} {help}\n# TYPE pennon_{name}{suffix} {kind}\npennon_{name}{suffix} {value}\n"
            );
        }
        text.push_str(
            "# HELP pennon_errors_total Evaluations by error.\n# TYPE pennon_errors_total counter\n",
        );
        for (code, count) in &self.errors {
            let _ = writeln!(text, "pennon_errors_total{{code=\"{}\"}} {count}", code.name());
        }
        text
    }
}
