//! Where an evaluation keeps what it makes: lists, maps and texts that live until it ends.

use std::cell::{Cell, OnceCell};

use super::value::{Member, Reduction, Val};

/// Something made.
#[derive(Debug)]
pub(super) enum Made<'e> {
    Text(Box<[u8]>),
    List(Box<[Val<'e>]>),
    Map(Box<[Member<'e>]>),
    Reduction(Reduction<'e>),
}

/// The memory of a [`Heap`]: nothing until something is made.
#[derive(Debug, Default)]
pub(super) struct Store<'e> {
    chunk: OnceCell<Box<Chunk<'e>>>,
}

/// Places for things made. Every chunk has twice the places of the one before it, so that the chain stays short:
/// dropping it is a recursion.
#[derive(Debug)]
struct Chunk<'e> {
    places: Box<[OnceCell<Made<'e>>]>,
    next: Store<'e>,
}

/// Takes what is made and lends it for as long as the store lives.
#[derive(Debug)]
pub(super) struct Heap<'e> {
    store: Cell<&'e Store<'e>>,
    /// Places taken of the chunk in `store`.
    taken: Cell<usize>,
    /// Places of the chunk in `store`.
    places: Cell<usize>,
}

impl<'e> Heap<'e> {
    /// A heap that keeps what it takes in `store`, which has to be a new one.
    pub fn new(store: &'e Store<'e>) -> Self {
        Self { store: Cell::new(store), taken: Cell::new(0), places: Cell::new(16) }
    }

    /// Keeps `made`.
    pub fn keep(&self, made: Made<'e>) -> &'e Made<'e> {
        loop {
            let count = self.places.get();
            let chunk = self.store.get().chunk.get_or_init(|| {
                let places = (0..count).map(|_| OnceCell::new()).collect();
                Box::new(Chunk { places, next: Store::default() })
            });
            if let Some(place) = chunk.places.get(self.taken.get()) {
                self.taken.set(self.taken.get() + 1);
                return place.get_or_init(|| made);
            }
            self.store.set(&chunk.next);
            self.taken.set(0);
            self.places.set(count * 2);
        }
    }
}
