//! Measuring: batches of calls, with the timer's own cost taken off.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Calls that are timed together, so that the timer's resolution and cost do not show in a call.
pub const BATCH: usize = 16;

/// Times of a call, in nanoseconds.
#[derive(Clone, Debug)]
pub struct Times {
    sorted: Vec<f32>,
}

impl Times {
    /// The time below which this part of the batches lay.
    pub fn quantile(&self, part: f64) -> f64 {
        let last = self.sorted.len().saturating_sub(1);
        self.sorted.get((part * last as f64) as usize).copied().map_or(f64::NAN, f64::from)
    }

    /// The median.
    pub fn p50(&self) -> f64 {
        self.quantile(0.5)
    }
}

/// What reading the clock twice costs, in nanoseconds: the median of many.
pub fn timer_cost() -> f64 {
    let mut costs: Vec<_> = (0..100_001).map(|_| Instant::now().elapsed().as_nanos() as f64).collect();
    costs.sort_by(f64::total_cmp);
    costs[costs.len() / 2]
}

/// Times `call` about `calls` times, after a tenth of that to warm up; `call` is given a number that rises.
pub fn time(calls: usize, timer: f64, mut call: impl FnMut(usize)) -> Times {
    for number in 0..calls / 10 {
        call(number);
    }
    let mut sorted = Vec::with_capacity(calls / BATCH);
    for batch in 0..calls / BATCH {
        let start = Instant::now();
        for number in 0..BATCH {
            call(batch * BATCH + number);
        }
        let spent = start.elapsed().as_nanos() as f64 - timer;
        sorted.push((spent.max(0.0) / BATCH as f64) as f32);
    }
    sorted.sort_by(f32::total_cmp);
    Times { sorted }
}

/// How long `work` takes.
pub fn once<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let done = black_box(work());
    (start.elapsed(), done)
}

/// CPU time of the calling thread.
pub fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(stat.split(' ').next().and_then(|time| time.parse().ok()).unwrap_or(0))
}

/// A figure of `/proc/self/status` in bytes, such as `VmRSS` or `VmHWM`.
pub fn memory(figure: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(figure)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|number| number.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// Makes the next `VmHWM` count from now.
pub fn reset_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}
