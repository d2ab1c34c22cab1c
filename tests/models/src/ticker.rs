//! `src/engine/ticker.rs`: a guest that runs is called back, however the ticker's coming to rest and its start overlap.
//!
//! Follows `Ticker::touch`, `Ticker::wake`, `run` and `Ticker::drop`. Left out: the sleep between ticks, and that more than one
//! idle tick is waited for. A guest is a thread that goes on until the epoch has passed its deadline, as compiled code does.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread;

#[derive(Default)]
struct Signs {
    active: AtomicBool,
    parked: AtomicBool,
    stop: AtomicBool,
    epoch: AtomicUsize,
}

/// The latest value, as `SeqCst` promises.
fn read(flag: &AtomicBool) -> bool {
    flag.fetch_or(false, Ordering::SeqCst)
}

impl Signs {
    fn touch(&self, ticker: &thread::Thread) {
        if !read(&self.active) {
            self.active.swap(true, Ordering::SeqCst);
            if read(&self.parked) {
                ticker.unpark();
            }
        }
    }

    fn run(&self) {
        while !read(&self.stop) {
            self.epoch.fetch_add(1, Ordering::SeqCst);
            if self.active.swap(false, Ordering::SeqCst) {
                thread::yield_now();
                continue;
            }
            self.parked.swap(true, Ordering::SeqCst);
            if !read(&self.active) && !read(&self.stop) {
                thread::park();
            }
            self.parked.swap(false, Ordering::SeqCst);
        }
    }

    /// A call into a guest that runs until it has been called back so often.
    fn call(&self, ticker: &thread::Thread, callbacks: usize) {
        let mut deadline = self.epoch.fetch_add(0, Ordering::SeqCst) + 1;
        self.touch(ticker);
        for _ in 0..callbacks {
            // Where the ticker rests and nobody wakes it this goes on for ever, and loom gives up.
            while self.epoch.fetch_add(0, Ordering::SeqCst) < deadline {
                thread::yield_now();
            }
            deadline = self.epoch.fetch_add(0, Ordering::SeqCst) + 1;
            self.touch(ticker);
        }
    }
}

/// A guest that is called back so often, beside others that begin and end meanwhile.
fn check(callbacks: usize, others: usize) {
    crate::in_every_order(3 - others, move || {
        let signs = Arc::new(Signs::default());
        let run = {
            let signs = Arc::clone(&signs);
            thread::spawn(move || signs.run())
        };
        let ticker = run.thread().clone();
        let others: Vec<_> = (0..others)
            .map(|_| {
                let (signs, ticker) = (Arc::clone(&signs), ticker.clone());
                thread::spawn(move || signs.touch(&ticker))
            })
            .collect();
        signs.call(&ticker, callbacks);
        for other in others {
            other.join().unwrap();
        }
        signs.stop.swap(true, Ordering::SeqCst);
        ticker.unpark();
        run.join().unwrap();
    });
}

#[test]
fn a_guest_that_runs_is_called_back_again_and_again() {
    check(2, 0);
}

#[test]
fn a_guest_is_called_back_though_another_begins() {
    check(1, 1);
}
