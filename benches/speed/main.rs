//! The rows of design.md section 11 that concern the core, GO Feature Flag and Flagsmith, as a table.
//!
//! `make bench`; `cargo bench --features internals --bench speed -- quick` for a tenth of the calls.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on stops, and prints its table"
)]

mod abi;
mod events;
mod fixtures;
mod flagsmith;
mod life;
mod measure;
mod module;
mod peer;
mod sandbox;
mod sink;
mod threads;

use measure::timer_cost;

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Scale {
    /// Calls of a row.
    pub calls: usize,
    /// Nanoseconds that reading the clock costs.
    pub timer: f64,
}

/// A group of rows.
type Run = fn(Scale);

/// Prints a row: what was measured, what it came to, and what it must reach.
pub fn row(what: &str, figure: &str, must: &str) {
    println!("{what:<58} {figure:<40} {must}");
}

fn main() {
    // A process of its own, for what a document holds in memory.
    if let Some(document) = std::env::var_os(flagsmith::HELD) {
        return flagsmith::hold(document.as_ref());
    }
    let quick = std::env::args().any(|argument| argument == "quick");
    let only: Vec<String> =
        std::env::args().skip(1).filter(|a| !a.starts_with("--") && a != "quick").collect();
    let scale = Scale { calls: if quick { 200_000 } else { 2_000_000 }, timer: timer_cost() };
    println!(
        "batches of {} calls; the clock costs {:.0} ns a batch, taken off; contexts of 10 attributes\n",
        measure::BATCH,
        scale.timer
    );
    let runs: [(&str, Run); 8] = [
        // First, while nothing else has used the heap.
        ("memory", life::memory_rows),
        ("abi", abi::run),
        ("events", events::run),
        ("module", module::run),
        ("flagsmith", flagsmith::run),
        ("sandbox", sandbox::run),
        ("threads", threads::run),
        ("life", life::run),
    ];
    for (name, run) in runs {
        if only.is_empty() || only.iter().any(|wanted| wanted == name) {
            row(&format!("-- {name}"), "", "must reach");
            run(scale);
            println!();
        }
    }
}
