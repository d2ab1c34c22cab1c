//! The thread that advances the epochs of the engines while guests run, so that a guest that runs long is called back.
//!
//! It parks when nothing has been evaluated for a few ticks: an idle client costs nothing. Once a client has been shut down it
//! ends instead, so that nothing of a client is left that has been; whoever evaluates all the same starts it again.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use wasmtime::Engine;

use super::EngineError;
use crate::fork;

/// How often a running guest is called back: a fifth of the default deadline of 50 ms, which a guest may so pass by two ticks.
/// Each tick wakes a thread, so they are no more frequent than that.
const TICK: Duration = Duration::from_millis(10);

/// Ticks without any sign of an evaluation after which the ticker parks. More than one, because a guest that runs at a
/// tick gives its sign at that tick, and is counted at the next.
const IDLE_TICKS: u32 = 4;

/// The ticker of the process, shared by all clients. Without a lock: a thread of the parent may be gone with it.
static CURRENT: ArcSwapOption<Weak<Ticker>> = ArcSwapOption::const_empty();

/// What the ticker's thread and those whose guests it watches share.
#[derive(Default)]
struct Signs {
    /// Set by evaluations and by guests that run at a tick, cleared at each tick.
    active: AtomicBool,
    /// Whether the thread waits to be unparked.
    parked: AtomicBool,
    /// Set when the last client is gone.
    stop: AtomicBool,
    /// Whether the thread is to end when it would park.
    leave: AtomicBool,
    /// Whether it has ended for that; whoever takes this back starts it again.
    gone: AtomicBool,
    /// The engines whose epochs rise. Held for a tick, and to add one.
    engines: Mutex<Vec<Engine>>,
}

impl Signs {
    fn engines(&self) -> MutexGuard<'_, Vec<Engine>> {
        self.engines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watch(&self, engine: &Engine) {
        let mut engines = self.engines();
        if !engines.iter().any(|known| Engine::same(known, engine)) {
            engines.push(engine.clone());
        }
    }
}

/// The ticker of the process, for as long as any client holds it.
pub(super) struct Ticker {
    signs: Arc<Signs>,
    running: Mutex<Option<JoinHandle<()>>>,
    /// The fork generation in which the thread runs.
    forks: u32,
}

impl Ticker {
    /// The process's ticker, which watches `engine` from now on; started where there is none.
    ///
    /// # Errors
    /// When its thread cannot be started.
    pub(super) fn of(engine: &Engine) -> Result<Arc<Self>, EngineError> {
        fork::watch();
        let current = CURRENT.load();
        let running = current.as_ref().and_then(|ticker| ticker.upgrade());
        if let Some(ticker) = running.filter(|ticker| ticker.forks == fork::generation()) {
            ticker.signs.watch(engine);
            return Ok(ticker);
        }
        let signs = Arc::new(Signs::default());
        signs.watch(engine);
        let running = start(&signs)
            .map_err(|error| EngineError::Unusable(format!("a thread could not be started: {error}")))?;
        let ticker = Arc::new(Self { signs, running: Mutex::new(Some(running)), forks: fork::generation() });
        // Of two threads that start one at a time, one has a ticker of its own, which does no harm.
        CURRENT.store(Some(Arc::new(Arc::downgrade(&ticker))));
        Ok(ticker)
    }

    /// Says that a guest runs: after its deadline was set, and again from each tick's callback. A thread that is held up
    /// between the two while the ticker comes to rest is so called back at once, and wakes it. Costs a read of a shared
    /// flag, but for the first one after a tick.
    #[inline]
    pub(super) fn touch(&self) {
        if !self.signs.active.load(Ordering::Relaxed) {
            self.wake();
        }
    }

    #[cold]
    fn wake(&self) {
        self.signs.active.store(true, Ordering::SeqCst);
        if !self.signs.parked.load(Ordering::SeqCst) {
            return;
        }
        let mut running = self.running();
        if self.signs.gone.swap(false, Ordering::SeqCst) {
            self.signs.leave.store(false, Ordering::SeqCst);
            match start(&self.signs) {
                Ok(started) => *running = Some(started),
                // There is no deadline until a later evaluation finds room for a thread.
                Err(_) => self.signs.gone.store(true, Ordering::SeqCst),
            }
        } else if let Some(running) = &*running {
            running.thread().unpark();
        }
    }

    /// Lets the thread end once nothing is evaluated: a client has been shut down.
    pub(super) fn leave(&self) {
        self.signs.leave.store(true, Ordering::SeqCst);
        if let Some(running) = &*self.running() {
            running.thread().unpark();
        }
    }

    fn running(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Ticker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticker").field("forks", &self.forks).finish_non_exhaustive()
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.signs.stop.store(true, Ordering::SeqCst);
        if self.forks != fork::generation() {
            return;
        }
        if let Some(running) = self.running().take() {
            running.thread().unpark();
            // It ends within a tick, and takes no lock of this one's.
            let _ = running.join();
        }
    }
}

fn start(signs: &Arc<Signs>) -> io::Result<JoinHandle<()>> {
    let shared = Arc::clone(signs);
    let thread = thread::Builder::new().name("pennon-ticker".into()).stack_size(64 << 10);
    thread.spawn(move || run(&shared))
}

fn run(signs: &Signs) {
    // As whoever started it again has left it.
    signs.parked.store(false, Ordering::SeqCst);
    let mut idle = 0;
    while !signs.stop.load(Ordering::SeqCst) {
        thread::sleep(TICK);
        signs.engines().iter().for_each(Engine::increment_epoch);
        idle = if signs.active.swap(false, Ordering::SeqCst) { 0 } else { idle + 1 };
        if idle < IDLE_TICKS {
            continue;
        }
        signs.parked.store(true, Ordering::SeqCst);
        if signs.leave.load(Ordering::SeqCst) {
            signs.gone.store(true, Ordering::SeqCst);
            // An evaluation either takes `gone` back and starts another thread, or set `active` before it is read here; then this
            // one goes on, unless another thread has been started meanwhile.
            if !signs.active.load(Ordering::SeqCst) || !signs.gone.swap(false, Ordering::SeqCst) {
                return;
            }
        }
        // An evaluation either sees `parked` and unparks, or set `active` before it is read here.
        if !signs.active.load(Ordering::SeqCst) && !signs.stop.load(Ordering::SeqCst) {
            thread::park();
        }
        signs.parked.store(false, Ordering::SeqCst);
        idle = 0;
    }
}
