//! Models of the state machines that threads share: the pool, the ticker, the handle table, and the units of a snapshot that
//! is swapped. Loom runs each in every order of its steps that can be told apart.
//!
//! They are models, not the code itself: loom knows neither arc-swap nor crossbeam's cells nor time. Each says which functions
//! it follows, line by line, and what it leaves out. Whoever changes those changes the model too.
//!
//! Loom gives `SeqCst` no more than `AcqRel`, and lets a relaxed read be as old as it likes. Where the code relies on the one
//! order of `SeqCst`, or on a flag that is seen within milliseconds, the models read by a read-modify-write, which is always
//! of the latest value.

#![cfg(all(loom, test))]

mod handles;
mod pool;
mod ticker;
mod units;

/// Runs a model in every order of its steps in which threads are interrupted so often at most where they could go on: faults
/// that take more are rare, and the orders beyond number. Prints how many there were.
fn in_every_order(interruptions: usize, run: impl Fn() + Send + Sync + 'static) {
    use std::sync::atomic::{AtomicUsize, Ordering};

    let orders = std::sync::Arc::new(AtomicUsize::new(0));
    let counted = std::sync::Arc::clone(&orders);
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(interruptions);
    // Threads that wait look again and again.
    model.max_branches = 100_000;
    model.check(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        run();
    });
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    println!("figure: {name}: {} orders", orders.load(Ordering::Relaxed));
}
