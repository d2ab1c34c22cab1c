//! The CPU time of the calling thread: what deadlines are measured in.

use std::time::Duration;

/// CPU time that the calling thread has used. Read only when an evaluation outlasts a tick.
#[expect(unsafe_code, reason = "the standard library has no CPU clock")]
pub(super) fn thread_cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid timespec for the call to write to.
    let status = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    if status != 0 {
        return Duration::ZERO;
    }
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
