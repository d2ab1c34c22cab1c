//! Creating a client, refreshing it, and what it holds.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use pennon::{Client, Context, Options, Service};

use crate::measure::{cpu_time, memory, once, reset_peak, time};
use crate::{Scale, fixtures, row};

const COUNT: usize = 10_000;
const BYTES: usize = 2_000;
const MIB: f64 = 1024.0 * 1024.0;

fn options() -> Options {
    Options::new(Service::Goff).pool_size(2)
}

fn context() -> Context {
    Context::from_json(&fixtures::context(1)).unwrap()
}

pub fn run(scale: Scale) {
    let context = context();
    for (count, must) in [(1_000, "<= 10 ms"), (COUNT, "<= 40 ms")] {
        let mut times: Vec<_> = (0..9)
            .map(|_| {
                let ruleset = fixtures::large_ruleset(count, BYTES, 0);
                let (spent, client) = once(|| {
                    let client = Client::new(options().ruleset(ruleset)).unwrap();
                    assert!(client.get_bool("flag-000001", &context, false));
                    client
                });
                drop(client);
                spent
            })
            .collect();
        times.sort();
        let figure = format!("{:.1} ms", times[times.len() / 2].as_secs_f64() * 1e3);
        row(&format!("create to first evaluation, {count} flags of {BYTES} bytes"), &figure, must);
    }
    refresh(scale, &context);
}

fn refresh(scale: Scale, context: &Context) {
    let client = Client::new(options().ruleset(fixtures::large_ruleset(COUNT, BYTES, 0))).unwrap();
    let middle = format!("flag-{:06}", COUNT / 2);
    assert!(client.get_bool(&middle, context, false));
    let documents: Vec<_> =
        (1..=9).map(|revision| fixtures::large_ruleset(COUNT, BYTES, revision).into_bytes()).collect();
    let mut times: Vec<_> = documents
        .into_iter()
        .map(|document| {
            let start = cpu_time();
            assert_eq!(client.set_ruleset(document).unwrap(), [middle.as_str()]);
            cpu_time() - start
        })
        .collect();
    times.sort();
    let figure = format!("{:.1} ms CPU", times[times.len() / 2].as_secs_f64() * 1e3);
    row(&format!("refresh, 1 changed flag of {COUNT} (20 MB)"), &figure, "<= 10 ms");

    let calls = scale.calls / 4;
    let evaluate = |_| {
        black_box(client.get_bool("flag-000001", context, false));
    };
    let idle = time(calls, scale.timer, evaluate).quantile(0.99);
    let stop = AtomicBool::new(false);
    let documents = [10, 11].map(|revision| fixtures::large_ruleset(COUNT, BYTES, revision));
    let busy = thread::scope(|scope| {
        scope.spawn(|| {
            let mut turn = documents.iter().cycle();
            while !stop.load(Ordering::Relaxed) {
                client.set_ruleset(turn.next().map(String::as_str).unwrap_or_default()).unwrap();
            }
        });
        let busy = time(calls, scale.timer, evaluate).quantile(0.99);
        stop.store(true, Ordering::Relaxed);
        busy
    });
    let figure = format!("idle {idle:.0} ns  during refreshes {busy:.0} ns  {:.2}x", busy / idle);
    row("evaluation p99, a thread refreshing without pause", &figure, "<= 2x");
}

/// Resident memory with 10,000 flags, 100 of them in use, and its peak during a refresh.
pub fn memory_rows(_: Scale) {
    let before = memory("VmRSS") as f64;
    let document = fixtures::large_ruleset(COUNT, BYTES, 0);
    let size = document.len() as f64;
    let client = Client::new(options().ruleset(document)).unwrap();
    let context = context();
    let keys: Vec<_> = (0..100).map(|number| format!("flag-{:06}", number * 97)).collect();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for key in keys.iter().cycle().take(10_000) {
                    black_box(client.get_bool(key, &context, false));
                }
            });
        }
    });
    let held = memory("VmRSS") as f64 - before;
    let figure = format!("{:.1} MiB for a ruleset of {:.1} MiB: {:.2}x", held / MIB, size / MIB, held / size);
    let must = format!("<= 1.5x + 16 MiB = {:.1} MiB", (1.5 * size + 16.0 * MIB) / MIB);
    row("resident memory, 100 flags in use, pool of 2", &figure, &must);
    reset_peak();
    client.set_ruleset(fixtures::large_ruleset(COUNT, BYTES, 1)).unwrap();
    let peak = memory("VmHWM") as f64 - before;
    let figure = format!("{:.1} MiB", peak / MIB);
    let must = format!("<= 2.2x + 16 MiB = {:.1} MiB", (2.2 * size + 16.0 * MIB) / MIB);
    row("its peak during a refresh", &figure, &must);
}
