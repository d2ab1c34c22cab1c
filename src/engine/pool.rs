//! The pool: a fixed number of places, each holding an instance that nobody uses.
//!
//! Taking and returning an instance is one atomic swap on a cache line of its own, on the place that the thread used last;
//! threads that find all places empty wait in a queue, bounded in time. An instance that failed is dropped, and the next
//! who needs one makes it anew.

use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crossbeam_utils::CachePadded;
use crossbeam_utils::atomic::AtomicCell;

use super::EngineError;
use super::evaluator::{Evaluator, Guests};
use super::instance::Limits;
use super::module::Guest;

/// How long a waiting thread sleeps at most before it looks again: what a wake-up that is missed costs.
const NAP: Duration = Duration::from_millis(1);

/// A waiter that waited for longer is handed the next instance, past threads that run: without it a thread that waits
/// could starve, because whoever returns an instance is the likeliest to take it again.
const PATIENCE: Duration = Duration::from_millis(2);

thread_local! {
    /// The place where this thread last found an instance; a number of its own to begin with, so that threads spread.
    static LAST_PLACE: Cell<usize> = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        Cell::new(NEXT.fetch_add(1, Ordering::Relaxed))
    };
}

/// Where an instance waits that nobody uses.
type Place<I> = AtomicCell<Option<Box<I>>>;

/// The instances of one client.
pub(crate) struct Pool<E: Evaluator = Guests> {
    evaluator: E,
    wait: Duration,
    places: Box<[CachePadded<Place<E::Instance>>]>,
    /// Instances that exist, in places or lent; never over the number of places.
    live: AtomicUsize,
    /// Threads in `queue`.
    waiting: AtomicUsize,
    queue: Mutex<VecDeque<Arc<Waiter<E::Instance>>>>,
    /// Set when the client goes: waiters give up.
    closed: AtomicBool,
    created: AtomicU64,
    failed: AtomicU64,
}

/// A thread that waits for an instance.
struct Waiter<I> {
    thread: Thread,
    since: Instant,
    /// Whether it has been woken and has not looked yet.
    woken: AtomicBool,
    given: AtomicCell<Option<Box<I>>>,
}

/// A borrowed instance. Dropped without [`Lent::give_back`] it is thrown away.
#[derive(Debug)]
pub(crate) struct Lent<'p, E: Evaluator = Guests> {
    pool: &'p Pool<E>,
    place: usize,
    instance: Option<Box<E::Instance>>,
}

impl Pool {
    /// A pool of at most `size` instances of a guest; none is made before it is needed, but the guest is loaded.
    pub(crate) fn new(
        guest: Guest,
        size: usize,
        wait: Duration,
        limits: Limits,
    ) -> Result<Self, EngineError> {
        Ok(Self::of(Guests::new(guest, limits)?, size, wait))
    }
}

impl<E: Evaluator> Pool<E> {
    /// A pool of at most `size` instances; none is made before it is needed.
    pub(crate) fn of(evaluator: E, size: usize, wait: Duration) -> Self {
        Self {
            evaluator,
            wait,
            places: (0..size.max(1)).map(|_| CachePadded::new(AtomicCell::new(None))).collect(),
            live: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            queue: Mutex::default(),
            closed: AtomicBool::new(false),
            created: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    /// The same in the child of a fork: the instances that threads of the parent were using never come back, and its locks
    /// may be held for ever.
    pub(crate) fn in_child(&self) -> Self {
        Self::of(self.evaluator.in_child(), self.places.len(), self.wait)
    }

    /// Lends an instance, waiting for one if need be.
    #[inline]
    pub(crate) fn lend(&self) -> Result<Lent<'_, E>, EngineError> {
        let last = LAST_PLACE.get();
        let place = if last < self.places.len() { last } else { last % self.places.len() };
        match self.take(place) {
            Some(instance) => Ok(Lent { pool: self, place, instance: Some(instance) }),
            None => self.search(place),
        }
    }

    #[inline]
    fn take(&self, place: usize) -> Option<Box<E::Instance>> {
        self.places.get(place)?.take()
    }

    /// Looks in the other places, makes an instance where there are too few, and waits in the end.
    #[cold]
    fn search(&self, first: usize) -> Result<Lent<'_, E>, EngineError> {
        for place in (first + 1..self.places.len()).chain(0..first) {
            if let Some(instance) = self.take(place) {
                LAST_PLACE.set(place);
                return Ok(Lent { pool: self, place, instance: Some(instance) });
            }
        }
        let instance = match self.create() {
            Some(created) => created?,
            None => self.wait()?,
        };
        Ok(Lent { pool: self, place: first, instance: Some(instance) })
    }

    /// A new instance; none where as many exist as may.
    fn create(&self) -> Option<Result<Box<E::Instance>, EngineError>> {
        let size = self.places.len();
        let more = |live| (live < size).then_some(live + 1);
        self.live.try_update(Ordering::AcqRel, Ordering::Acquire, more).ok()?;
        let created = self.instantiate();
        if created.is_err() {
            self.live.fetch_sub(1, Ordering::AcqRel);
        }
        Some(created)
    }

    fn instantiate(&self) -> Result<Box<E::Instance>, EngineError> {
        self.created.fetch_add(1, Ordering::Relaxed);
        self.evaluator.instantiate().map(Box::new)
    }

    /// Calls `visit` on every instance that nobody uses at the moment. One whose visit fails is dropped.
    pub(crate) fn visit(&self, mut visit: impl FnMut(&mut E::Instance) -> Result<(), EngineError>) {
        for place in 0..self.places.len() {
            let Some(instance) = self.take(place) else { continue };
            let mut lent = Lent { pool: self, place, instance: Some(instance) };
            if lent.instance().and_then(&mut visit).is_ok() {
                lent.give_back();
            }
        }
    }

    fn wait(&self) -> Result<Box<E::Instance>, EngineError> {
        let waiter = Arc::new(Waiter {
            thread: thread::current(),
            since: Instant::now(),
            woken: AtomicBool::new(false),
            given: AtomicCell::new(None),
        });
        self.queue().push_back(Arc::clone(&waiter));
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let found = loop {
            if let Some(instance) = waiter.given.take() {
                // Whoever gave it has taken the waiter out of the queue.
                self.waiting.fetch_sub(1, Ordering::SeqCst);
                return Ok(instance);
            }
            waiter.woken.store(false, Ordering::SeqCst);
            if let Some(instance) = (0..self.places.len()).find_map(|place| self.take(place)) {
                break Ok(instance);
            }
            if let Some(created) = self.create() {
                break created;
            }
            if waiter.since.elapsed() >= self.wait || self.closed.load(Ordering::SeqCst) {
                break Err(EngineError::Busy);
            }
            thread::park_timeout(NAP);
        };
        self.queue().retain(|other| !Arc::ptr_eq(other, &waiter));
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        // It may have been given one while it found another.
        match (found, waiter.given.take()) {
            (Ok(instance), None) => Ok(instance),
            (Ok(instance), Some(given)) => {
                self.put(0, given);
                Ok(instance)
            }
            (Err(_), Some(given)) => Ok(given),
            (Err(error), None) => Err(error),
        }
    }

    /// Returns an instance to a place, or to who has waited too long for one.
    #[inline]
    fn put(&self, place: usize, instance: Box<E::Instance>) {
        if self.waiting.load(Ordering::Relaxed) > 0 {
            return self.put_with_waiters(place, instance);
        }
        self.store(place, instance);
    }

    /// Stores an instance; one that it finds in its place is stored elsewhere.
    #[inline]
    fn store(&self, place: usize, instance: Box<E::Instance>) {
        if let Some(displaced) = self.places.get(place).and_then(|cell| cell.swap(Some(instance))) {
            self.store_elsewhere(place, displaced);
        }
    }

    /// Looks for an empty place, round after round: there are as many places as instances, so there is one, but others move
    /// theirs meanwhile.
    #[cold]
    fn store_elsewhere(&self, place: usize, instance: Box<E::Instance>) {
        const ROUNDS: usize = 1000;
        let mut instance = Some(instance);
        for step in 1..ROUNDS * self.places.len() {
            let Some(cell) = self.places.get((place + step) % self.places.len()) else { continue };
            instance = cell.swap(instance);
            if instance.is_none() {
                return;
            }
        }
        // Not seen in any test: rather one instance less than one more round.
        drop(instance);
        self.forget_one();
    }

    /// One instance less.
    fn forget_one(&self) {
        self.live.fetch_sub(1, Ordering::AcqRel);
    }

    #[cold]
    fn put_with_waiters(&self, place: usize, instance: Box<E::Instance>) {
        let mut queue = self.queue();
        let impatient = queue.front().is_some_and(|waiter| waiter.since.elapsed() > PATIENCE);
        if let Some(waiter) = queue.pop_front_if(|_| impatient) {
            waiter.given.store(Some(instance));
            waiter.thread.unpark();
            return;
        }
        let front = queue.front().cloned();
        drop(queue);
        self.store(place, instance);
        if let Some(waiter) = front
            && !waiter.woken.swap(true, Ordering::SeqCst)
        {
            waiter.thread.unpark();
        }
    }

    /// Ends what runs beside evaluations, until there is another one: the client has been shut down.
    pub(crate) fn rest(&self) {
        self.evaluator.rest();
    }

    /// Makes waiting threads give up, and no others wait.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.queue().iter().for_each(|waiter| waiter.thread.unpark());
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<Arc<Waiter<E::Instance>>>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Instances that exist, were ever made, and failed.
    pub(crate) fn counts(&self) -> (usize, u64, u64) {
        let created = self.created.load(Ordering::Relaxed);
        (self.live.load(Ordering::Acquire), created, self.failed.load(Ordering::Relaxed))
    }
}

impl<E: Evaluator> Lent<'_, E> {
    /// The instance.
    #[inline]
    pub(crate) fn instance(&mut self) -> Result<&mut E::Instance, EngineError> {
        self.instance.as_deref_mut().ok_or(EngineError::Malformed)
    }

    /// Replaces an instance that failed by a new one.
    pub(crate) fn renew(&mut self) -> Result<(), EngineError> {
        self.pool.failed.fetch_add(1, Ordering::Relaxed);
        self.replace()
    }

    /// Replaces an instance that has served long enough by a new one.
    pub(crate) fn replace(&mut self) -> Result<(), EngineError> {
        self.instance = Some(self.pool.instantiate()?);
        Ok(())
    }

    /// Ends an instance that has served long enough; the next who needs one makes it anew.
    #[cfg(feature = "modules")]
    pub(crate) fn retire(mut self) {
        self.instance = None;
        self.pool.forget_one();
    }

    /// Returns the instance to the pool: only after calls that succeeded.
    #[inline]
    pub(crate) fn give_back(mut self) {
        if let Some(instance) = self.instance.take() {
            self.pool.put(self.place, instance);
        }
    }
}

impl<E: Evaluator> Drop for Lent<'_, E> {
    fn drop(&mut self) {
        if self.instance.take().is_some() {
            self.pool.failed.fetch_add(1, Ordering::Relaxed);
            self.pool.forget_one();
        }
    }
}

impl<E: Evaluator> fmt::Debug for Pool<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("evaluator", &self.evaluator)
            .field("size", &self.places.len())
            .finish_non_exhaustive()
    }
}
