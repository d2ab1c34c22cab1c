//! What reporting costs: an event recorded, a queue that is full, a flush, and a client that is idle.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::sink::Sink;
use crate::{Scale, abi, fixtures, measure, row};

/// Evaluations a second that are offered to one client.
const OFFERED: u64 = 1_000_000;

pub fn run(scale: Scale) {
    let ruleset = fixtures::small_ruleset();
    let sink = Sink::start(&ruleset);
    let contexts = abi::contexts();
    recording(scale, &ruleset, &sink, &contexts);
    overload(scale, &ruleset, &sink, &contexts);
    flush(&ruleset, &sink, &contexts);
    idle(scale, &sink);
}

fn reporting(ruleset: &str, sink: &Sink, more: &str) -> abi::Client {
    abi::Client::with(ruleset, &format!(", \"collector_endpoint\": \"{}\"{more}", sink.url()))
}

/// Contexts in no order: in turn, the processor learns what each of them makes of a flag, which more branches in between make
/// it forget; that would count as the cost of recording.
fn shuffled(number: usize) -> usize {
    (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_right(29).wrapping_mul(0xbf58_476d_1ce4_e5b9)
        as usize
        >> 16
}

/// The same evaluations by a client that reports them and one that does not, in turns.
fn recording(scale: Scale, ruleset: &str, sink: &Sink, contexts: &[abi::Context]) {
    let silent = abi::Client::new(ruleset);
    let often = reporting(ruleset, sink, ", \"flush_interval_ms\": 50, \"max_pending_events\": 1000000");
    let full = reporting(ruleset, sink, ", \"flush_interval_ms\": 86400000, \"max_pending_events\": 100");
    for (flag, must) in [("constant", 80.0), ("three-conditions", 300.0), ("percentage", 300.0)] {
        let turns = 20;
        let time = |client: &abi::Client| {
            let times = measure::time(scale.calls / turns, scale.timer, |number| {
                black_box(client.get_bool(flag, &contexts[shuffled(number) % contexts.len()]));
            });
            times.p50()
        };
        let mut rounds: Vec<_> = (0..turns).map(|_| (time(&silent), time(&often), time(&full))).collect();
        rounds.sort_by(|one, other| (one.1 - one.0).total_cmp(&(other.1 - other.0)));
        let (silent, often, full) = rounds[rounds.len() / 2];
        let figure = format!("p50 {often:.0} ns, {full:.0} with a full queue");
        row(&format!("{flag}, event recorded"), &figure, &format!("p50 <= {must:.0} ns"));
        let figure = format!("{:.0} ns ({silent:.0} without)", often - silent);
        row(&format!("{flag}, what recording its event costs"), &figure, "<= 40 ns");
    }
    let stats = often.stats();
    row("accepted, dropped, sent", &format!("{} {} {}", stats[0], stats[1], stats[2]), "");
}

/// More than can be sent, for ten seconds: what becomes of memory and of evaluations.
fn overload(scale: Scale, ruleset: &str, sink: &Sink, contexts: &[abi::Context]) {
    let seconds = if scale.calls < 1_000_000 { 2 } else { 10 };
    let paced = |client: &abi::Client| {
        let (start, mut times) = (Instant::now(), Vec::new());
        let mut done = 0;
        while start.elapsed() < Duration::from_secs(seconds) {
            let due = (start.elapsed().as_nanos() as u64).saturating_mul(OFFERED) / 1_000_000_000;
            while done < due {
                let begun = Instant::now();
                for number in 0..measure::BATCH {
                    black_box(client.get_bool("constant", &contexts[number % contexts.len()]));
                }
                done += measure::BATCH as u64;
                times.push((begun.elapsed().as_nanos() as f64 - scale.timer) / measure::BATCH as f64);
            }
            std::hint::spin_loop();
        }
        times.sort_by(f64::total_cmp);
        (done / seconds, times[times.len() * 99 / 100])
    };
    let silent = paced(&abi::Client::new(ruleset)).1;
    let client = reporting(ruleset, sink, ", \"flush_interval_ms\": 1000");
    black_box(client.get_bool("constant", &contexts[0]));
    let before = measure::memory("VmRSS");
    let (bytes, batches) = (sink.bytes(), sink.batches());
    let (rate, loaded) = paced(&client);
    let (bytes, batches) = (sink.bytes() - bytes, sink.batches() - batches);
    let grown = measure::memory("VmRSS").saturating_sub(before) >> 20;
    let [recorded, dropped, sent] = client.stats();
    row(
        &format!("{rate} evaluations/s reported for {seconds} s, memory"),
        &format!("{grown} MiB more; {recorded} recorded, {sent} sent, {dropped} dropped"),
        "bounded, all counted",
    );
    let figure = format!("{loaded:.0} ns, {silent:.0} unreported: {:.2}x", loaded / silent);
    row("evaluation p99 meanwhile", &figure, "unchanged");
    // What of it is this machine's, whose two cores have the collector to run as well: no event is made here, the same number of
    // bytes is only sent and read.
    drop(client);
    let is_over = AtomicBool::new(false);
    let beside = thread::scope(|scope| {
        scope.spawn(|| sink.load(bytes / seconds, batches / seconds, &is_over));
        let beside = paced(&abi::Client::new(ruleset)).1;
        is_over.store(true, Ordering::Relaxed);
        beside
    });
    let figure = format!("{beside:.0} ns: {:.2}x", beside / silent);
    row("evaluation p99, nothing reported, as many bytes posted beside it", &figure, "");
}

/// CPU time of this process's threads of a name.
fn cpu_of(name: &str) -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").expect("the tasks").flatten();
    let of = |task: std::fs::DirEntry| {
        let comm = std::fs::read_to_string(task.path().join("comm")).ok()?;
        let stat = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        (comm.trim() == name).then(|| stat.split(' ').next()?.parse::<u64>().ok()).flatten()
    };
    Duration::from_nanos(tasks.filter_map(of).sum())
}

fn flush(ruleset: &str, sink: &Sink, contexts: &[abi::Context]) {
    const EVENTS: usize = 10_000;
    let far = ", \"flush_interval_ms\": 86400000, \"max_pending_events\": 100000";
    let client = reporting(ruleset, sink, far);
    for number in 0..EVENTS {
        client.get_bool("three-conditions", &contexts[number % contexts.len()]);
    }
    let (batches, before, start) = (sink.batches(), cpu_of("pennon-events"), Instant::now());
    client.flush();
    let (cpu, took) = (cpu_of("pennon-events") - before, start.elapsed());
    let figure = format!("{:.1} ms CPU, {:.1} ms, {} requests", ms(cpu), ms(took), sink.batches() - batches);
    row("flush of 10,000 events", &figure, "<= 20 ms CPU, 10 requests");
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// A client that follows a service by its stream, and evaluates nothing.
fn idle(scale: Scale, sink: &Sink) {
    let seconds = if scale.calls < 1_000_000 { 3 } else { 10 };
    let client = abi::Client::following(&sink.url());
    thread::sleep(Duration::from_secs(1));
    let names = ["pennon-sync", "pennon-events", "pennon-ticker"];
    let all = || names.iter().map(|name| cpu_of(name)).sum::<Duration>();
    let before = all();
    thread::sleep(Duration::from_secs(seconds));
    let spent = all() - before;
    let figure = format!("{:.0} us of CPU a second", spent.as_secs_f64() * 1e6 / seconds as f64);
    row("a client that is idle, its stream open", &figure, "not measurable");
    drop(client);
}
