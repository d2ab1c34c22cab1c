//! Two threads on one client against the same two on two clients, and against one thread.

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use crate::abi::{Client, Context, contexts};
use crate::{Scale, fixtures, row};

/// Evaluations a second of two threads, each on its client.
fn rate(clients: [&Client; 2], contexts: &[Context], calls: usize, flag: &str) -> f64 {
    let barrier = Barrier::new(2);
    let work = |client: &Client| {
        barrier.wait();
        let start = Instant::now();
        for number in 0..calls {
            black_box(client.get_bool(flag, &contexts[number % contexts.len()]));
        }
        calls as f64 / start.elapsed().as_secs_f64()
    };
    let [one, two] = clients;
    thread::scope(|scope| {
        let other = scope.spawn(|| work(two));
        work(one) + other.join().expect("the thread ends")
    })
}

/// Evaluations a second of one thread.
fn alone(client: &Client, contexts: &[Context], calls: usize, flag: &str) -> f64 {
    let start = Instant::now();
    for number in 0..calls {
        black_box(client.get_bool(flag, &contexts[number % contexts.len()]));
    }
    calls as f64 / start.elapsed().as_secs_f64()
}

/// What two cores of this machine are worth to work that shares nothing.
fn machine_factor(calls: usize) -> f64 {
    let spin = |calls: usize| {
        let start = Instant::now();
        let mut state = 1_u64;
        for _ in 0..calls * 100 {
            state = black_box(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
        }
        calls as f64 / start.elapsed().as_secs_f64()
    };
    let one = spin(calls);
    let both = thread::scope(|scope| {
        let other = scope.spawn(|| spin(calls));
        spin(calls) + other.join().expect("the thread ends")
    });
    both / one
}

pub fn run(scale: Scale) {
    let ruleset = fixtures::small_ruleset();
    let (shared, other) = (Client::new(&ruleset), Client::new(&ruleset));
    let contexts = contexts();
    let calls = scale.calls / 4;
    row("the machine's own factor from 1 to 2 threads", &format!("{:.2}", machine_factor(calls)), "");
    for flag in ["constant", "three-conditions"] {
        // Interleaved, so that what else the machine does meets both alike; the median of the rounds.
        let mut ratios: Vec<(f64, f64)> = (0..9)
            .map(|_| {
                let one = rate([&shared, &shared], &contexts, calls, flag);
                let two = rate([&shared, &other], &contexts, calls, flag);
                (one / two, one / alone(&shared, &contexts, calls, flag))
            })
            .collect();
        ratios.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (ratio, factor) = ratios[ratios.len() / 2];
        row(
            &format!("{flag}: 2 threads on one client / on two clients"),
            &format!("{ratio:.3}x  (1 to 2 threads: {factor:.2}x)"),
            ">= 0.95x",
        );
    }
}
