//! `src/engine/ticker.rs`: a guest that runs is called back, however the ticker's coming to rest, its end after a shutdown, and
//! its start overlap; and no more than one ticks in the end.
//!
//! Follows `Ticker::touch`, `Ticker::wake`, `Ticker::leave`, `run` and `Ticker::drop`. Left out: the sleep between ticks, that
//! more than one idle tick is waited for, and threads that cannot be started. A guest is a thread that goes on until the epoch
//! has passed its deadline, as compiled code does.

use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;

#[derive(Default)]
struct Signs {
    active: AtomicBool,
    parked: AtomicBool,
    stop: AtomicBool,
    leave: AtomicBool,
    gone: AtomicBool,
    epoch: AtomicUsize,
}

/// The latest value, as `SeqCst` promises.
fn read(flag: &AtomicBool) -> bool {
    flag.fetch_or(false, Ordering::SeqCst)
}

impl Signs {
    fn run(&self) {
        self.parked.swap(false, Ordering::SeqCst);
        while !read(&self.stop) {
            self.epoch.fetch_add(1, Ordering::SeqCst);
            if self.active.swap(false, Ordering::SeqCst) {
                thread::yield_now();
                continue;
            }
            self.parked.swap(true, Ordering::SeqCst);
            if read(&self.leave) {
                self.gone.swap(true, Ordering::SeqCst);
                if !read(&self.active) || !self.gone.swap(false, Ordering::SeqCst) {
                    return;
                }
            }
            if !read(&self.active) && !read(&self.stop) {
                thread::park();
            }
            self.parked.swap(false, Ordering::SeqCst);
        }
    }
}

struct Ticker {
    signs: Arc<Signs>,
    /// The last one ticks; in the library those before it are let go.
    running: Mutex<Vec<thread::JoinHandle<()>>>,
}

impl Ticker {
    fn new() -> Self {
        let signs = Arc::new(Signs::default());
        let running = Mutex::new(vec![start(&signs)]);
        Self { signs, running }
    }

    fn touch(&self) {
        if read(&self.signs.active) {
            return;
        }
        self.signs.active.swap(true, Ordering::SeqCst);
        if !read(&self.signs.parked) {
            return;
        }
        let mut running = self.running.lock().unwrap();
        if self.signs.gone.swap(false, Ordering::SeqCst) {
            self.signs.leave.swap(false, Ordering::SeqCst);
            running.push(start(&self.signs));
        } else {
            running.last().unwrap().thread().unpark();
        }
    }

    fn leave(&self) {
        self.signs.leave.swap(true, Ordering::SeqCst);
        self.running.lock().unwrap().last().unwrap().thread().unpark();
    }

    /// A call into a guest that runs until it has been called back so often.
    fn call(&self, callbacks: usize) {
        let mut deadline = self.signs.epoch.fetch_add(0, Ordering::SeqCst) + 1;
        self.touch();
        for _ in 0..callbacks {
            // Where the ticker rests and nobody wakes it this goes on for ever, and loom gives up.
            while self.signs.epoch.fetch_add(0, Ordering::SeqCst) < deadline {
                thread::yield_now();
            }
            deadline = self.signs.epoch.fetch_add(0, Ordering::SeqCst) + 1;
            self.touch();
        }
    }

    fn end(&self) {
        self.signs.stop.swap(true, Ordering::SeqCst);
        for running in self.running.lock().unwrap().drain(..) {
            running.thread().unpark();
            running.join().unwrap();
        }
    }
}

fn start(signs: &Arc<Signs>) -> thread::JoinHandle<()> {
    let signs = Arc::clone(signs);
    thread::spawn(move || signs.run())
}

/// A guest that is called back so often, beside another thread that does `other` meanwhile.
fn check(preemptions: usize, callbacks: usize, other: Option<fn(&Ticker)>) {
    crate::in_every_order(preemptions, move || {
        let ticker = Arc::new(Ticker::new());
        let other = other.map(|other| {
            let ticker = Arc::clone(&ticker);
            thread::spawn(move || other(&ticker))
        });
        ticker.call(callbacks);
        if let Some(other) = other {
            other.join().unwrap();
        }
        ticker.end();
    });
}

#[test]
fn a_guest_that_runs_is_called_back_again_and_again() {
    check(3, 2, None);
}

#[test]
fn a_guest_is_called_back_though_another_begins() {
    check(2, 1, Some(Ticker::touch));
}

#[test]
fn a_guest_is_called_back_though_the_ticker_is_to_end() {
    check(2, 1, Some(Ticker::leave));
}
