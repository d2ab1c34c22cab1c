//! The places of loaded units: which index of every instance's table belongs to which unit.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use once_cell::race::OnceBox;

use crate::engine::UnitKey;
use crate::evaluation::Loaded;

/// Gives places to units when they are first loaded, and takes them back when they are gone.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    places: Mutex<Places>,
    /// Rises whenever a loaded unit is gone: instances that see a new value look for what they can unload.
    departures: AtomicU64,
}

#[derive(Debug, Default)]
struct Places {
    /// Identity of the unit at each place, zero where it is vacant.
    identities: Vec<u64>,
    /// The unit at each place.
    units: Vec<Weak<Unit>>,
    vacant: Vec<u32>,
    last_identity: u64,
}

impl Registry {
    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, unit: Weak<Unit>) -> UnitKey {
        let mut places = self.places();
        places.last_identity += 1;
        let identity = places.last_identity;
        let place = places.vacant.pop().unwrap_or(places.identities.len() as u32);
        match places.identities.get_mut(place as usize) {
            Some(existing) => *existing = identity,
            None => places.identities.push(identity),
        }
        match places.units.get_mut(place as usize) {
            Some(existing) => *existing = unit,
            None => places.units.push(unit),
        }
        UnitKey { place, identity }
    }

    fn leave(&self, key: UnitKey) {
        let mut places = self.places();
        if let Some(identity) = places.identities.get_mut(key.place as usize) {
            *identity = 0;
            places.vacant.push(key.place);
        }
        if let Some(unit) = places.units.get_mut(key.place as usize) {
            *unit = Weak::new();
        }
        drop(places);
        self.departures.fetch_add(1, Ordering::Release);
    }

    /// The unit of a key, if anybody still holds it.
    pub(crate) fn find(&self, key: UnitKey) -> Option<Arc<Unit>> {
        let places = self.places();
        let is_it = places.identities.get(key.place as usize) == Some(&key.identity);
        places.units.get(key.place as usize).filter(|_| is_it)?.upgrade()
    }

    /// How many loaded units have gone.
    #[inline]
    pub(crate) fn departures(&self) -> u64 {
        self.departures.load(Ordering::Relaxed)
    }

    /// A test for units that are gone.
    pub(crate) fn is_gone(&self) -> impl Fn(UnitKey) -> bool {
        let identities = self.places().identities.clone();
        move |key| identities.get(key.place as usize) != Some(&key.identity)
    }

    /// Units that are loaded now.
    pub(crate) fn loaded(&self) -> usize {
        let places = self.places();
        places.identities.len() - places.vacant.len()
    }
}

/// A unit of one or more snapshots: they share it for as long as its bytes do not change.
#[derive(Debug)]
pub(crate) struct Unit {
    registry: Arc<Registry>,
    key: OnceLock<UnitKey>,
    /// Elsewhere: most units of a large ruleset are never in use.
    loaded: OnceBox<Loaded>,
    /// What an evaluation had to say to the author; the first one stays.
    remark: OnceBox<Box<str>>,
}

impl Unit {
    pub(crate) fn new(registry: &Arc<Registry>) -> Self {
        Self {
            registry: Arc::clone(registry),
            key: OnceLock::new(),
            loaded: OnceBox::new(),
            remark: OnceBox::new(),
        }
    }

    /// What instances call it; it gets its place at the first call.
    #[inline]
    pub(crate) fn key(self: &Arc<Self>) -> UnitKey {
        *self.key.get_or_init(|| self.registry.enter(Arc::downgrade(self)))
    }

    /// Its load report, once any instance has loaded it.
    #[inline]
    pub(crate) fn loaded(&self) -> Option<&Loaded> {
        self.loaded.get()
    }

    /// What an evaluation had to say to the author.
    pub(crate) fn remark(&self) -> Option<&str> {
        self.remark.get().map(|remark| &**remark)
    }

    /// Keeps what an evaluation has to say; whether it is the first.
    #[cold]
    pub(crate) fn keep_remark(&self, remark: &str) -> bool {
        self.remark.get().is_none() && self.remark.set(Box::new(remark.into())).is_ok()
    }

    /// Keeps its load report; the first one stays.
    pub(crate) fn keep(&self, loaded: Loaded) -> &Loaded {
        self.loaded.get_or_init(|| Box::new(loaded))
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        if let Some(key) = self.key.get() {
            self.registry.leave(*key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_used_again_and_identities_are_not() {
        let registry = Arc::new(Registry::default());
        let first = Arc::new(Unit::new(&registry));
        let key = first.key();
        assert_eq!((first.key(), registry.loaded()), (key, 1));
        let is_gone = registry.is_gone();
        assert!(!is_gone(key));
        assert!(registry.find(key).is_some_and(|unit| Arc::ptr_eq(&unit, &first)));
        drop(first);
        assert!(registry.find(key).is_none());
        assert!(registry.is_gone()(key) && registry.departures() == 1);
        let second = Arc::new(Unit::new(&registry));
        assert_eq!(second.key().place, key.place);
        assert_ne!(second.key().identity, key.identity);
    }
}
