//! How a rule chooses among variations: fixed, by shares, or over time (reference 3.4 and 3.5).

use pennon_wire::guest::Time;

use crate::flag::{Milestone, Progressive, Rule};

/// The relay's hash: FNV-1a, 32 bits, of the flag's key and then the bucketing key.
#[derive(Clone, Copy, Debug)]
pub struct Hash(u32);

impl Hash {
    /// The hash of nothing.
    pub const fn new() -> Self {
        Self(0x811c_9dc5)
    }

    /// Goes on with `bytes`.
    #[inline]
    pub fn add(self, bytes: &[u8]) -> Self {
        Self(bytes.iter().fold(self.0, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)))
    }

    /// The rest of a division; zero for a divisor of zero.
    #[inline]
    pub fn modulo(self, divisor: u32) -> u32 {
        self.0.checked_rem(divisor).unwrap_or(0)
    }
}

impl Default for Hash {
    fn default() -> Self {
        Self::new()
    }
}

/// Users of a progressive rollout are spread over thousandths of a percent.
const PROGRESSIVE_BUCKETS: u32 = 100_000;

/// A rule's choice, compiled: outcomes instead of variation names.
#[derive(Debug)]
pub enum Selection {
    /// One outcome for everyone.
    Fixed(u32),
    /// By the hash of the bucketing key.
    Shares {
        /// Sum of all shares, in thousandths of a percent.
        total: u32,
        /// In the order in which they are tried.
        buckets: Box<[Bucket]>,
    },
    /// By hash and time.
    Progressive(Box<Rollout>),
    /// Nothing can be chosen.
    Failing(Failure),
}

/// A range of hashes and the outcome that it gives.
#[derive(Debug)]
pub struct Bucket {
    start: u32,
    end: u32,
    outcome: u32,
}

impl Bucket {
    /// Its first hash, the one after its last, and its outcome.
    pub fn range(&self) -> (u32, u32, u32) {
        (self.start, self.end, self.outcome)
    }
}

/// A progressive rollout, compiled.
#[derive(Debug)]
pub struct Rollout {
    initial_date: Time,
    end_date: Time,
    initial_outcome: u32,
    end_outcome: u32,
    /// Thousandths of a percent at the initial date, and at the end.
    initial_share: f64,
    end_share: f64,
}

/// Why no variation could be chosen; always the error code `FLAG_CONFIG`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No bucket holds the hash.
    NoBucket,
    /// A progressive rollout without one of its parts.
    IncompleteRollout,
    /// A rule without any choice.
    NoChoice,
}

impl Failure {
    /// The relay's words.
    pub const fn message(self) -> &'static str {
        match self {
            Self::NoBucket => "impossible to find the variation",
            Self::IncompleteRollout => "error in the progressive rollout, missing params",
            Self::NoChoice => "error in the configuration, no variation available for this rule",
        }
    }
}

impl Selection {
    /// Compiles a rule's choice; `outcome` gives the number of a variation's outcome.
    pub fn new(rule: &Rule, mut outcome: impl FnMut(&str) -> u32) -> Self {
        if let Some(rollout) = &rule.progressive {
            return Rollout::new(rollout, outcome)
                .map_or(Self::Failing(Failure::IncompleteRollout), |rollout| {
                    Self::Progressive(Box::new(rollout))
                });
        }
        if let Some(shares) = rule.percentage.as_ref().filter(|shares| !shares.is_empty()) {
            // The relay adds in random order; sorted by name here, so that an answer never changes by itself.
            let total = to_u32(shares.values().sum::<f64>() * 1000.0);
            let mut start = 0.0;
            let buckets = shares.iter().rev().map(|(name, share)| {
                let end = start + share * 1000.0;
                let bucket = Bucket { start: to_u32(start), end: to_u32(end), outcome: outcome(name) };
                start = end;
                bucket
            });
            return Self::Shares { total, buckets: buckets.collect() };
        }
        match &rule.variation {
            Some(name) => Self::Fixed(outcome(name)),
            None => Self::Failing(Failure::NoChoice),
        }
    }

    /// The outcome for a user whose flag and bucketing key hash to `hash`.
    ///
    /// # Errors
    /// When nothing can be chosen.
    #[inline]
    pub fn choose(&self, hash: impl FnOnce() -> Hash, now: impl FnOnce() -> Time) -> Result<u32, Failure> {
        match self {
            Self::Fixed(outcome) => Ok(*outcome),
            Self::Shares { total, buckets } => {
                let hash = hash().modulo(*total);
                buckets
                    .iter()
                    .find(|bucket| bucket.start <= hash && hash < bucket.end)
                    .map(|bucket| bucket.outcome)
                    .ok_or(Failure::NoBucket)
            }
            Self::Progressive(rollout) => Ok(rollout.choose(hash(), now())),
            Self::Failing(failure) => Err(*failure),
        }
    }
}

impl Rollout {
    fn new(rollout: &Progressive, mut outcome: impl FnMut(&str) -> u32) -> Option<Self> {
        let whole = |milestone: &'_ Option<Milestone>| {
            let milestone = milestone.as_ref()?;
            Some((milestone.date?, milestone.variation.clone()?, milestone.percentage.unwrap_or_default()))
        };
        let (initial_date, initial, initial_share) = whole(&rollout.initial)?;
        let (end_date, end, end_share) = whole(&rollout.end)?;
        let end_share = if end_share == 0.0 || end_share > 100.0 { 100.0 } else { end_share };
        (end_date > initial_date).then(|| Self {
            initial_date,
            end_date,
            initial_outcome: outcome(&initial),
            end_outcome: outcome(&end),
            initial_share: initial_share * 1000.0,
            end_share: end_share * 1000.0,
        })
    }

    fn choose(&self, hash: Hash, now: Time) -> u32 {
        if now >= self.initial_date && self.bucket(hash).0 < self.share(now) {
            self.end_outcome
        } else {
            self.initial_outcome
        }
    }

    /// The bucket of a hash, and how many buckets there are.
    pub fn bucket(&self, hash: Hash) -> (u32, u32) {
        (hash.modulo(PROGRESSIVE_BUCKETS), PROGRESSIVE_BUCKETS)
    }

    /// How many of the buckets have the end's variation at `now`.
    pub fn share(&self, now: Time) -> u32 {
        if now < self.initial_date {
            return 0;
        }
        to_u32(if now >= self.end_date {
            self.end_share
        } else {
            // Whole seconds, as the relay counts them.
            let start = self.initial_date.seconds;
            let passed = (now.seconds - start) as f64;
            let span = (self.end_date.seconds - start) as f64;
            passed * ((self.end_share - self.initial_share) / span) + self.initial_share
        })
    }
}

/// Go's conversion on amd64: toward zero through 64 bits, of which the lower half stays.
fn to_u32(number: f64) -> u32 {
    const END: f64 = 9_223_372_036_854_775_808.0;
    if (-END..END).contains(&number) { number as i64 as u32 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_relay_s() {
        let hash = |flag: &str, key: &str| Hash::new().add(flag.as_bytes()).add(key.as_bytes()).0;
        assert_eq!(hash("flagName", "UserKey"), 3_946_001_934);
        assert_eq!(hash("TEST", "user-1"), 1_516_056_340);
        assert_eq!(hash("f", "é"), 4_000_317_701);
        assert_eq!(hash("", ""), 2_166_136_261);
    }

    #[test]
    fn shares_are_tried_from_the_last_name_to_the_first() {
        let rule = Rule {
            percentage: Some([("A", 10.0), ("B", 30.0), ("C", 60.0)].map(|(n, s)| (n.into(), s)).into()),
            ..Rule::default()
        };
        let selection = Selection::new(&rule, |name| u32::from(name.as_bytes()[0]));
        for (user, expected) in [
            ("user-1", b'C'),
            ("user-2", b'C'),
            ("user-3", b'B'),
            ("user-4", b'C'),
            ("user-5", b'C'),
            ("user-6", b'A'),
            ("user-7", b'B'),
            ("user-8", b'C'),
        ] {
            let hash = Hash::new().add(b"my-flag").add(user.as_bytes());
            assert_eq!(selection.choose(|| hash, Time::default), Ok(u32::from(expected)), "{user}");
        }
    }
}
