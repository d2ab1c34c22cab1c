//! `pennon bench`: what evaluations of one's own flags and contexts cost on this machine.

use std::fs;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use pennon::{Client, Context, Evaluation, FlagType};

use crate::Outcome;
use crate::source::Source;

/// Measure evaluations of a ruleset with contexts of your own: time of an evaluation, throughput by threads, memory, start.
///
/// Exit status: 0 done; 2 wrong arguments; 3 the ruleset, the contexts or a file cannot be used.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    source: Source,
    /// The contexts, one JSON object a line, taken in turn; one empty context without it.
    #[arg(long, value_name = "FILE")]
    contexts: Option<PathBuf>,
    /// A flag to measure; may be given more than once; the first 20 flags of the ruleset without it.
    #[arg(long = "flag", value_name = "KEY")]
    flags: Vec<String>,
    /// How long each row measures, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=60_000))]
    row_ms: u64,
    /// The most threads; as many as the machine has cores without it.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
}

/// Evaluations between two looks at the clock, which costs as much as a cheap evaluation.
const BATCH: usize = 16;

/// Rows where no flag was named.
const FLAGS_SHOWN: usize = 20;

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Outcome, String> {
    let contexts = contexts(arguments)?;
    let (resident, start) = (resident_bytes(), Instant::now());
    let Some(client) = arguments.source.client()? else { return Ok(Outcome::Unusable) };
    let created = start.elapsed();
    let keys = keys(arguments, &client, &contexts)?;
    let mut out = io::stdout().lock();
    let written = measure(arguments, &client, &keys, &contexts, &mut out).and_then(|()| {
        let loaded = resident_bytes().saturating_sub(resident);
        writeln!(out, "\ncreate: {:.1} ms", created.as_secs_f64() * 1e3)?;
        let (ruleset, mebibyte) = (client.stats().ruleset_bytes, f64::from(1 << 20));
        writeln!(
            out,
            "resident memory: {:.1} MiB for a ruleset of {:.1} MiB, {} flags in use, {} instances",
            loaded as f64 / mebibyte,
            ruleset as f64 / mebibyte,
            client.stats().loaded_units,
            client.stats().instances
        )
    });
    crate::ended(written.and_then(|()| out.flush()))?;
    Ok(Outcome::Done)
}

fn contexts(arguments: &Arguments) -> Result<Vec<Context>, String> {
    let Some(path) = &arguments.contexts else { return Ok(vec![Context::new()]) };
    let name = path.display();
    let text = fs::read_to_string(path).map_err(|error| format!("contexts {name}: {error}"))?;
    let read = |(number, line): (usize, &str)| {
        Context::from_json(line).map_err(|error| format!("contexts {name}, line {}: {error}", number + 1))
    };
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let contexts: Vec<_> = lines.map(read).collect::<Result<_, _>>()?;
    if contexts.is_empty() { Err(format!("contexts {name}: there is none")) } else { Ok(contexts) }
}

/// The flags to measure; an unknown one is an error, not a fast answer.
fn keys(arguments: &Arguments, client: &Client, contexts: &[Context]) -> Result<Vec<String>, String> {
    let context = contexts.first().ok_or("there is no context")?;
    if arguments.flags.is_empty() {
        let all = client.evaluate_all(context).unwrap_or_default();
        return Ok(all.iter().take(FLAGS_SHOWN).map(|evaluation| evaluation.key().to_owned()).collect());
    }
    match arguments.flags.iter().find(|key| client.attributes_read(key).is_none()) {
        Some(key) => Err(format!("the ruleset has no flag {key:?}")),
        None => Ok(arguments.flags.clone()),
    }
}

fn measure(
    arguments: &Arguments,
    client: &Client,
    keys: &[String],
    contexts: &[Context],
    out: &mut impl Write,
) -> io::Result<()> {
    let row = Duration::from_millis(arguments.row_ms);
    let width = keys.iter().map(|key| key.chars().count()).max().unwrap_or(0).max(4);
    writeln!(out, "{:width$}  {:>9}  {:>9}  {:>9}", "FLAG", "p50", "p99", "p99.9")?;
    for key in keys {
        let times = one(client, key, contexts, row);
        let at = |share: f64| {
            let index = (times.len() as f64 * share) as usize;
            times.get(index.min(times.len().saturating_sub(1))).copied().unwrap_or_default()
        };
        writeln!(out, "{key:width$}  {:>6.0} ns  {:>6.0} ns  {:>6.0} ns", at(0.5), at(0.99), at(0.999))?;
    }
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let most = arguments.threads.map_or(cores, usize::from);
    writeln!(out, "\n{:>7}  {:>18}", "THREADS", "EVALUATIONS/S")?;
    let doubling =
        std::iter::successors(Some(1), |threads| Some(threads * 2)).take_while(|threads| *threads < most);
    for threads in doubling.chain([most]) {
        writeln!(out, "{threads:>7}  {:>18.0}", throughput(client, keys, contexts, threads, row))?;
    }
    Ok(())
}

fn evaluate(client: &Client, key: &str, context: &Context) -> Evaluation {
    client.evaluate(key, FlagType::Any, context)
}

/// Nanoseconds of an evaluation, from shortest to longest, each the mean of a batch.
fn one(client: &Client, key: &str, contexts: &[Context], row: Duration) -> Vec<f64> {
    let mut turn = contexts.iter().cycle();
    let mut times = Vec::new();
    let end = Instant::now() + row;
    loop {
        let start = Instant::now();
        for context in turn.by_ref().take(BATCH) {
            std::hint::black_box(evaluate(client, key, context));
        }
        let now = Instant::now();
        times.push((now - start).as_nanos() as f64 / BATCH as f64);
        if now >= end {
            break;
        }
    }
    times.sort_by(f64::total_cmp);
    times
}

/// Evaluations a second of so many threads, over all flags and contexts.
fn throughput(client: &Client, keys: &[String], contexts: &[Context], threads: usize, row: Duration) -> f64 {
    let barrier = Barrier::new(threads);
    let work = || {
        let mut count = 0_u64;
        barrier.wait();
        let start = Instant::now();
        while start.elapsed() < row {
            for (key, context) in keys.iter().zip(contexts.iter().cycle()) {
                std::hint::black_box(evaluate(client, key, context));
                count += 1;
            }
        }
        count as f64 / start.elapsed().as_secs_f64()
    };
    thread::scope(|scope| {
        let started: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        started.into_iter().map(|thread| thread.join().unwrap_or_default()).sum()
    })
}

/// Resident memory of this process; zero where the system does not say.
fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes =
        line.and_then(|line| line.trim().strip_suffix(" kB")).and_then(|text| text.parse::<u64>().ok());
    kilobytes.unwrap_or(0) << 10
}
