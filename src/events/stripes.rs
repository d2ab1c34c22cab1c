//! The queue's front: stripes that threads use apart from each other.
//!
//! An evaluation only ever tries a stripe's lock. Whoever holds one does so for some ten nanoseconds, or exchanges its buffer.
//! The lock is one that spins: giving it back is a plain store, where that of the standard library is a second atomic
//! exchange, and each costs as much as everything else that is done under it.

use std::cell::Cell;
use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crossbeam_utils::CachePadded;
use pennon_wire::ErrorCode;
use spin::mutex::{SpinMutex, SpinMutexGuard};
use spin::relax::Yield;

use super::ahead::prepare_behind;
use super::counts::Counts;
use super::event::Event;
use crate::engine::UnitKey;
use crate::limits::MAX_QUEUE_BYTES;

/// Places of a table by error code.
pub(crate) const ERRORS: usize = 16;

/// Events for which a stripe has room from its first event on; it grows with what comes.
const FIRST_ROOM: usize = 256;

thread_local! {
    /// The stripe of this thread: a number of its own to begin with, so that threads spread.
    static STRIPE: Cell<usize> = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        Cell::new(NEXT.fetch_add(1, Ordering::Relaxed))
    };
}

/// What is counted of an evaluation.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Counted {
    /// One that gave a value.
    Success,
    /// One that gave an error.
    Failure(ErrorCode),
    /// Nothing: the event is of something else.
    Nothing,
}

/// Totals of the stripes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) evaluations: u64,
    pub(super) errors: [u64; ERRORS],
    pub(super) recorded: u64,
    pub(super) dropped: u64,
}

#[derive(Debug, Default)]
struct Stripe {
    sum: Sum,
    events: VecDeque<Event>,
    counts: Counts,
    /// Bytes of the texts in them.
    bytes: usize,
    /// A buffer that has been emptied, so that none has to grow again.
    spare: VecDeque<Event>,
}

type Lock = SpinMutex<Stripe, Yield>;

/// All stripes of a client.
#[derive(Debug)]
pub(super) struct Stripes {
    /// As many as a power of two.
    stripes: Box<[CachePadded<Lock>]>,
    /// Events of a stripe; of more the oldest are dropped.
    room: usize,
    /// What came while every stripe was in use: evaluations, and events that were dropped with them.
    missed: CachePadded<[AtomicU64; 2]>,
}

impl Stripes {
    /// With room for so many events in each, so that one thread alone has room for all.
    pub(super) fn new(room: usize) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        // More than cores: a thread that is held up while it has one is in nobody's way.
        let count = (2 * cores).clamp(8, 16).next_power_of_two();
        let stripes = (0..count).map(|_| CachePadded::new(Lock::new(Stripe::default()))).collect();
        Self { stripes, room, missed: CachePadded::default() }
    }

    /// Takes an event; whether there are now so many that they should be fetched.
    #[inline]
    pub(super) fn take(&self, counted: Counted, event: Option<Event>) -> bool {
        // No division, which would take longer than the lock.
        let mask = self.stripes.len() - 1;
        let own = STRIPE.get();
        // Twice: whoever sums up holds one after the other, and may have changed over between two of them.
        for step in 0..=2 * mask + 1 {
            let stripe = self.stripes.get((own + step) & mask).and_then(|stripe| stripe.try_lock());
            if let Some(mut stripe) = stripe {
                stripe.count(counted);
                return event.is_some_and(|event| stripe.push(event, self.room));
            }
        }
        self.miss(counted, event)
    }

    /// Every stripe is in use, which takes as many threads at one moment, held up there: the event is dropped, and counted.
    #[cold]
    fn miss(&self, counted: Counted, event: Option<Event>) -> bool {
        let [evaluations, events] = &*self.missed;
        if !matches!(counted, Counted::Nothing) {
            evaluations.fetch_add(1, Ordering::Relaxed);
        }
        if event.is_some() {
            events.fetch_add(1, Ordering::Relaxed);
        }
        false
    }

    fn each(&self) -> impl Iterator<Item = SpinMutexGuard<'_, Stripe, Yield>> {
        self.stripes.iter().map(|stripe| stripe.lock())
    }

    /// Fetches all events, stripe by stripe.
    pub(super) fn drain(&self, mut each: impl FnMut(Event)) {
        for index in 0..self.stripes.len() {
            let Some(stripe) = self.stripes.get(index) else { continue };
            let (mut events, counts) = {
                let mut stripe = stripe.lock();
                let counts = stripe.counts.take();
                let spare = std::mem::take(&mut stripe.spare);
                stripe.bytes = 0;
                (std::mem::replace(&mut stripe.events, spare), counts)
            };
            let used = events.len();
            events.drain(..).for_each(&mut each);
            counts.into_iter().for_each(|(unit, count)| each(Event::Counted(unit, count)));
            // What a burst needed is kept while it is needed: memory that is given back and asked for again is a fault of each of
            // its pages, which evaluations wait for.
            if events.capacity() <= FIRST_ROOM * 16 || used >= events.capacity() / 4 {
                stripe.lock().spare = events;
            }
        }
    }

    /// Events in the fullest stripe.
    pub(super) fn longest(&self) -> usize {
        self.each().map(|stripe| stripe.events.len() + stripe.counts.len()).max().unwrap_or(0)
    }

    pub(super) fn sum(&self) -> Sum {
        let mut total = Sum::default();
        for stripe in self.each() {
            total.evaluations += stripe.sum.evaluations;
            total.recorded += stripe.sum.recorded;
            total.dropped += stripe.sum.dropped;
            total.errors.iter_mut().zip(stripe.sum.errors).for_each(|(total, errors)| *total += errors);
        }
        let [evaluations, events] = &*self.missed;
        total.evaluations += evaluations.load(Ordering::Relaxed);
        let missed = events.load(Ordering::Relaxed);
        total.recorded += missed;
        total.dropped += missed;
        total
    }
}

impl Stripe {
    #[cold]
    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.events.pop_front() {
            self.bytes -= oldest.text_bytes();
            self.sum.dropped += 1;
        }
    }

    /// Counts an evaluation; whether it begins the wait for the next flush.
    #[inline]
    fn add(&mut self, unit: UnitKey, room: usize) -> bool {
        let (is_new, before) = self.counts.add(unit);
        if let Some((unit, number)) = before {
            // It was recorded with its first.
            self.sum.recorded -= 1;
            self.push(Event::Counted(unit, number), room);
        }
        self.sum.recorded += u64::from(is_new);
        is_new && self.events.is_empty() && self.counts.len() == 1
    }

    #[inline]
    fn count(&mut self, counted: Counted) {
        match counted {
            Counted::Success => self.sum.evaluations += 1,
            Counted::Failure(code) => {
                self.sum.evaluations += 1;
                if let Some(errors) = self.sum.errors.get_mut(code as usize) {
                    *errors += 1;
                }
            }
            Counted::Nothing => {}
        }
    }

    /// Adds an event. Whether it is the first, which begins the wait for the next flush, or the one that makes the stripe
    /// half full.
    #[inline]
    fn push(&mut self, event: Event, room: usize) -> bool {
        if let Event::Count(unit) = event {
            return self.add(unit, room);
        }
        self.sum.recorded += 1;
        let length = self.events.len();
        self.bytes += event.text_bytes();
        if length >= room {
            self.drop_oldest();
        } else if length == self.events.capacity() {
            self.events.reserve(length.max(FIRST_ROOM.min(room)));
        }
        self.events.push_back(event);
        prepare_behind(self.events.back());
        while self.bytes > MAX_QUEUE_BYTES {
            self.drop_oldest();
        }
        length == 0 || length + 1 == room.div_ceil(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(number: usize) -> Event {
        Event::Written(number.to_string().into())
    }

    #[test]
    fn the_oldest_are_dropped_and_counted() {
        let stripes = Stripes::new(10);
        let rung: Vec<usize> =
            (0..25).filter(|number| stripes.take(Counted::Success, Some(written(*number)))).collect();
        // The first, and the one that makes it half full.
        assert_eq!(rung, [0, 4]);
        let mut kept = Vec::new();
        stripes.drain(|event| {
            if let Event::Written(text) = event {
                kept.push(text.to_string())
            }
        });
        assert_eq!(kept, (15..25).map(|number| number.to_string()).collect::<Vec<_>>());
        let sum = stripes.sum();
        assert_eq!((sum.evaluations, sum.recorded, sum.dropped), (25, 25, 15));
        assert!(stripes.take(Counted::Failure(ErrorCode::General), Some(written(1))));
        assert_eq!(stripes.sum().errors.iter().sum::<u64>(), 1);
    }

    #[test]
    fn a_held_stripe_is_passed_by_and_all_held_is_a_counted_loss() {
        let stripes = Stripes::new(10);
        let held: Vec<_> = stripes.each().skip(1).collect();
        (0..4).for_each(|number| {
            stripes.take(Counted::Success, Some(written(number)));
        });
        drop(held);
        assert_eq!(stripes.sum().dropped, 0);
        let held: Vec<_> = stripes.each().collect();
        stripes.take(Counted::Success, Some(written(5)));
        drop(held);
        let sum = stripes.sum();
        assert_eq!((sum.evaluations, sum.recorded, sum.dropped), (5, 5, 1));
    }
}
