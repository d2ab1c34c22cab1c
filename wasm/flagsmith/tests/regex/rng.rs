//! The generators' random numbers: small, repeatable, the same on every platform.

/// A splitmix64 generator. The same seed gives the same document and contexts everywhere.
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to `end`, which is not included and must not be 0.
    pub fn below(&mut self, end: usize) -> usize {
        // The modulus favours small numbers by less than 2^-50 for the ends used here.
        (self.next() % end as u64) as usize
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    /// True `percent` times in a hundred.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// An item, half of the time one of the first four: two sides that choose so often choose the same.
    pub fn common<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        let end = if self.chance(50) { items.len().min(4) } else { items.len() };
        &items[self.below(end)]
    }
}

/// The seed of this run: `PENNON_SEED`, or a new one from the clock. Printed, so that a failure can be repeated.
pub fn seed() -> u64 {
    let seed = number_from_environment("PENNON_SEED").unwrap_or_else(|| {
        let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since_epoch.map_or(1, |elapsed| elapsed.as_nanos() as u64 % 1_000_000_007)
    });
    println!("PENNON_SEED={seed}");
    seed
}

/// A number from the environment; a value that is no number stops the test rather than being ignored.
pub fn number_from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} is not a number")))
}
