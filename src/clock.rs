//! What time it is.

use std::time::{SystemTime, UNIX_EPOCH};

use pennon_wire::guest::Time;

/// Now. Read only for flags that depend on time.
pub(crate) fn now() -> Time {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => Time { seconds: since.as_secs() as i64, nanoseconds: since.subsec_nanos() },
        // Before 1970.
        Err(error) => Time { seconds: -(error.duration().as_secs() as i64), nanoseconds: 0 },
    }
}
