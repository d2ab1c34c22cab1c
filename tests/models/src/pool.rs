//! `src/engine/pool.rs`: an instance is used by one thread at a time, none is lost, none is made beyond the number of places,
//! and whoever waits gets one.
//!
//! Follows `lend`, `search`, `create`, `wait`, `put`, `store`, `store_elsewhere` and `put_with_waiters`. A place is a mutex
//! around an `Option`, of which each use is one swap, as an `AtomicCell`'s is. A nap that is bounded in time is a yield: loom has
//! no time, and would say so where a waiter sleeps for ever. Patience is a constant of the model: nobody has any, or
//! everybody has. Left out: forks, failures of making an instance, and closing.

use std::collections::VecDeque;

use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;

/// An instance: who uses it now.
struct Instance {
    users: AtomicUsize,
}

type Place = Mutex<Option<Box<Instance>>>;

struct Waiter {
    woken: AtomicBool,
    given: Place,
}

struct Pool {
    places: Vec<Place>,
    live: AtomicUsize,
    waiting: AtomicUsize,
    queue: Mutex<VecDeque<Arc<Waiter>>>,
    is_patient: bool,
}

fn swap(place: &Place, instance: Option<Box<Instance>>) -> Option<Box<Instance>> {
    std::mem::replace(&mut *place.lock().unwrap(), instance)
}

impl Pool {
    fn new(size: usize, is_patient: bool) -> Self {
        Self {
            places: (0..size).map(|_| Mutex::new(None)).collect(),
            live: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            queue: Mutex::new(VecDeque::new()),
            is_patient,
        }
    }

    fn lend(&self, first: usize) -> Box<Instance> {
        let found = (0..self.places.len()).find_map(|step| self.take(first + step));
        found.or_else(|| self.create()).unwrap_or_else(|| self.wait())
    }

    fn take(&self, place: usize) -> Option<Box<Instance>> {
        swap(&self.places[place % self.places.len()], None)
    }

    fn create(&self) -> Option<Box<Instance>> {
        let more = |live| (live < self.places.len()).then_some(live + 1);
        self.live.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).ok()?;
        Some(Box::new(Instance { users: AtomicUsize::new(0) }))
    }

    fn wait(&self) -> Box<Instance> {
        let waiter = Arc::new(Waiter { woken: AtomicBool::new(false), given: Mutex::new(None) });
        self.queue.lock().unwrap().push_back(Arc::clone(&waiter));
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let found = loop {
            if let Some(instance) = swap(&waiter.given, None) {
                self.waiting.fetch_sub(1, Ordering::SeqCst);
                return instance;
            }
            waiter.woken.store(false, Ordering::SeqCst);
            let found = (0..self.places.len()).find_map(|place| self.take(place)).or_else(|| self.create());
            if let Some(instance) = found {
                break instance;
            }
            thread::yield_now();
        };
        self.queue.lock().unwrap().retain(|other| !Arc::ptr_eq(other, &waiter));
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        if let Some(given) = swap(&waiter.given, None) {
            self.put(0, given);
        }
        found
    }

    fn put(&self, place: usize, instance: Box<Instance>) {
        if self.waiting.load(Ordering::Relaxed) > 0 {
            self.put_with_waiters(place, instance);
        } else {
            self.store(place, instance);
        }
    }

    fn store(&self, place: usize, instance: Box<Instance>) {
        let mut displaced = swap(&self.places[place % self.places.len()], Some(instance));
        for step in 1.. {
            if displaced.is_none() {
                return;
            }
            assert!(step < 8 * self.places.len(), "no place for an instance");
            displaced = swap(&self.places[(place + step) % self.places.len()], displaced);
        }
    }

    fn put_with_waiters(&self, place: usize, instance: Box<Instance>) {
        let mut queue = self.queue.lock().unwrap();
        if !self.is_patient
            && let Some(waiter) = queue.pop_front()
        {
            *waiter.given.lock().unwrap() = Some(instance);
            return;
        }
        let front = queue.front().cloned();
        drop(queue);
        self.store(place, instance);
        if let Some(waiter) = front {
            waiter.woken.swap(true, Ordering::SeqCst);
        }
    }

    /// A thread's use of an instance; where `fails`, the instance is thrown away, as `Lent::drop` does.
    fn use_one(&self, number: usize, fails: bool) {
        let instance = self.lend(number);
        assert_eq!(instance.users.fetch_add(1, Ordering::Relaxed), 0, "two threads use an instance");
        instance.users.fetch_sub(1, Ordering::Relaxed);
        if fails {
            drop(instance);
            self.live.fetch_sub(1, Ordering::AcqRel);
        } else {
            self.put(number, instance);
        }
    }
}

/// So many threads use the pool; the first one's instance fails.
fn check(threads: usize, size: usize, is_patient: bool, fails: bool) {
    crate::in_every_order(if threads > 2 * size { 1 } else { 3 }, move || {
        let pool = Arc::new(Pool::new(size, is_patient));
        let others: Vec<_> = (1..threads)
            .map(|number| {
                let pool = Arc::clone(&pool);
                thread::spawn(move || pool.use_one(number, false))
            })
            .collect();
        pool.use_one(0, fails);
        for other in others {
            other.join().unwrap();
        }
        let kept = pool.places.iter().filter(|place| place.lock().unwrap().is_some()).count();
        assert_eq!(kept, pool.live.load(Ordering::SeqCst), "an instance is lost");
        assert!(kept <= size && pool.waiting.load(Ordering::SeqCst) == 0);
        assert!(pool.queue.lock().unwrap().is_empty(), "a waiter is left in the queue");
    });
}

#[test]
fn two_threads_share_an_instance() {
    check(2, 1, true, false);
    check(2, 1, false, false);
}

#[test]
fn three_threads_share_an_instance() {
    check(3, 1, true, false);
    check(3, 1, false, false);
}

#[test]
fn three_threads_share_two_instances() {
    check(3, 2, true, false);
    check(3, 2, false, false);
}

#[test]
fn an_instance_that_fails_is_made_anew_for_who_waits() {
    check(2, 1, false, true);
    check(3, 1, false, true);
}
