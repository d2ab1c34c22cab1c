//! The thread that looks at a ruleset's file from time to time.

use std::time::Instant;

use super::source::{RulesetFile, Stamp};
use crate::client::Core;
use crate::worker::{Alarm, Wake};

/// Watches a client's file, of which `seen` was read, until the alarm says stop.
pub(crate) fn watch(core: &Core, file: &RulesetFile, mut seen: Option<Stamp>, alarm: &Alarm) {
    while alarm.wait(Instant::now().checked_add(file.interval)) != Wake::Stop {
        let stamp = file.stamp();
        // A file that cannot be looked at is tried once, so that its absence is reported, and not again before it is back.
        if stamp != seen {
            // What goes wrong is in the state and the log.
            let _ = core.read_file();
            seen = stamp;
        }
    }
}
