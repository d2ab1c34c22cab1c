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

/// Milliseconds since 1970.
pub(crate) fn milliseconds() -> u64 {
    let now = now();
    u64::try_from(now.seconds).unwrap_or_default() * 1000 + u64::from(now.nanoseconds / 1_000_000)
}

/// Seconds since 1970, as coarse as the system's tick: what events are stamped with, at a fraction of the cost of an exact
/// time.
#[cfg(target_os = "linux")]
#[inline]
#[expect(unsafe_code, reason = "the standard library has no coarse clock")]
pub(crate) fn seconds() -> u32 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid timespec for the call to write to.
    unsafe { libc::clock_gettime(libc::CLOCK_REALTIME_COARSE, &raw mut time) };
    u32::try_from(time.tv_sec).unwrap_or_default()
}

/// Seconds since 1970.
#[cfg(not(target_os = "linux"))]
pub(crate) fn seconds() -> u32 {
    u32::try_from(now().seconds).unwrap_or_default()
}
