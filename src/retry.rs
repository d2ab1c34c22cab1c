//! When to try again: soon, within one request, and later, by capped exponential backoff with jitter.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

/// The first pause after a failure.
const FIRST: Duration = Duration::from_secs(1);

/// The longest pause that a server may ask for by `Retry-After`: an hour.
pub(crate) const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);

/// Pauses after failures: one second, doubled with each, up to `most`; each between half and all of that, so that clients
/// that lost one server do not come back at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    most: Duration,
    failures: u32,
}

impl Backoff {
    pub(crate) fn new(most: Duration) -> Self {
        Self { first: FIRST.min(most), most, failures: 0 }
    }

    /// Forgets the failures.
    pub(crate) fn succeed(&mut self) {
        self.failures = 0;
    }

    /// How long to pause after another failure, at least as long as the server asked.
    pub(crate) fn fail(&mut self, retry_after: Option<Duration>) -> Duration {
        let doublings = self.failures.min(16);
        self.failures = self.failures.saturating_add(1);
        let pause = self.first.saturating_mul(1 << doublings).min(self.most);
        let jittered = pause.mul_f64(0.5 + 0.5 * unit_random());
        retry_after.map_or(jittered, |asked| asked.min(MAX_RETRY_AFTER).max(jittered))
    }
}

/// The pause before a request is sent for the third time is twice this, and then twice as long each time; the second time has
/// none. As urllib3's `Retry(backoff_factor=0.1)`, by which the vendor's client is built (reference 4.1).
const FACTOR: Duration = Duration::from_millis(100);

/// The attempts of one request, which have to do with the time of one.
#[derive(Debug)]
pub(crate) struct Attempts {
    retries: u32,
    failures: u32,
    end: Instant,
}

impl Attempts {
    pub(crate) fn new(retries: u32, time: Duration) -> Self {
        let now = Instant::now();
        Self { retries, failures: 0, end: now.checked_add(time).unwrap_or(now) }
    }

    /// How long an attempt may take that begins now.
    pub(crate) fn time(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    /// When to try again after another failure, where that is to be; `asked` is how long the server wants to be left alone.
    pub(crate) fn fail(&mut self, asked: Duration) -> Option<Instant> {
        if self.failures >= self.retries {
            return None;
        }
        self.failures += 1;
        let pause = match (asked.is_zero(), self.failures) {
            (false, _) => asked,
            (true, 1) => Duration::ZERO,
            (true, failures) => FACTOR.saturating_mul(1 << (failures - 1).min(16)),
        };
        Instant::now().checked_add(pause).filter(|again| *again < self.end)
    }
}

/// An interval with as much as `part` of it added or taken away.
pub(crate) fn jittered(interval: Duration, part: f64) -> Duration {
    interval.mul_f64(1.0 - part + 2.0 * part * unit_random())
}

/// A number from 0 to 1, of no other quality than that two processes have different ones.
fn unit_random() -> f64 {
    // A new `RandomState` has new keys, by which its hash of the same thing differs.
    (RandomState::new().hash_one(std::process::id()) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_cap_and_honour_the_server() {
        let mut backoff = Backoff::new(Duration::from_secs(5));
        for most in [1.0, 2.0, 4.0, 5.0, 5.0] {
            let pause = backoff.fail(None).as_secs_f64();
            assert!((most / 2.0..=most).contains(&pause), "{pause} of {most}");
        }
        assert!(backoff.fail(Some(Duration::from_secs(30))) == Duration::from_secs(30));
        assert!(backoff.fail(Some(Duration::MAX)) == MAX_RETRY_AFTER);
        backoff.succeed();
        assert!(backoff.fail(None) <= FIRST);
        assert!(Backoff::new(Duration::from_millis(10)).fail(None) <= Duration::from_millis(10));
    }

    #[test]
    fn a_request_is_sent_again_a_few_times_and_never_past_its_end() {
        let pauses = |retries: u32, time: u64, asked: u64| -> Vec<u64> {
            let mut attempts = Attempts::new(retries, Duration::from_millis(time));
            let fail = || attempts.fail(Duration::from_millis(asked));
            let pause = |again: Instant| again.saturating_duration_since(Instant::now()).as_millis() as u64;
            // A little of each has gone when it is looked at.
            std::iter::from_fn(fail).map(|again| pause(again).next_multiple_of(100)).take(20).collect()
        };
        assert_eq!(pauses(3, 60_000, 0), [0, 200, 400]);
        assert!(pauses(0, 60_000, 0).is_empty());
        assert_eq!(pauses(10, 60_000, 0), [0, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200]);
        assert_eq!(pauses(3, 60_000, 7000), [7000, 7000, 7000]);
        assert_eq!(pauses(3, 350, 0), [0, 200]);
        assert!(pauses(3, 60_000, 61_000).is_empty());
        assert_eq!(Attempts::new(3, Duration::ZERO).time(), Duration::ZERO);
    }

    #[test]
    fn jitter_stays_within_its_part() {
        for _ in 0..100 {
            let interval = jittered(Duration::from_secs(100), 0.1).as_secs_f64();
            assert!((90.0..=110.0).contains(&interval), "{interval}");
        }
    }
}
