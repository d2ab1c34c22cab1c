//! `src/sync/registry.rs` and the swap in `src/client/core.rs`: an evaluation is of one whole snapshot, an instance never takes
//! the unit of one snapshot for that of another, and what is gone is unloaded in the end.
//!
//! Follows `Registry::enter`, `leave`, `departures` and `is_gone`, `Unit::key` and its drop, `Instance::handle`, `load` and `sweep`,
//! and `Core::replace`. The snapshot is a mutex around an `Arc` here, of which each use is one step, as arc-swap's is; a `OnceLock`
//! is a mutex too. A loaded unit is the number of the snapshot that it came from. Left out: refreshes that keep units, memory.

use loom::sync::atomic::{AtomicU64, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;

type Key = (usize, u64);

#[derive(Default)]
struct Registry {
    places: Mutex<Places>,
    departures: AtomicU64,
}

#[derive(Default)]
struct Places {
    identities: Vec<u64>,
    vacant: Vec<usize>,
    last_identity: u64,
}

impl Registry {
    fn enter(&self) -> Key {
        let mut places = self.places.lock().unwrap();
        places.last_identity += 1;
        let identity = places.last_identity;
        let place = places.vacant.pop().unwrap_or(places.identities.len());
        match places.identities.get_mut(place) {
            Some(existing) => *existing = identity,
            None => places.identities.push(identity),
        }
        (place, identity)
    }

    fn leave(&self, (place, _): Key) {
        let mut places = self.places.lock().unwrap();
        places.identities[place] = 0;
        places.vacant.push(place);
        drop(places);
        self.departures.fetch_add(1, Ordering::Release);
    }

    fn is_gone(&self, (place, identity): Key) -> bool {
        self.places.lock().unwrap().identities.get(place) != Some(&identity)
    }
}

/// The one unit of a snapshot.
struct Unit {
    registry: Arc<Registry>,
    key: Mutex<Option<Key>>,
    version: u64,
}

impl Unit {
    fn key(&self) -> Key {
        *self.key.lock().unwrap().get_or_insert_with(|| self.registry.enter())
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        if let Some(key) = *self.key.lock().unwrap() {
            self.registry.leave(key);
        }
    }
}

/// An instance: identity and version at each place, and the departures that it has seen.
#[derive(Default)]
struct Instance {
    units: Vec<(u64, u64)>,
    departures: u64,
}

impl Instance {
    /// Evaluates a unit; loads it where it is not loaded.
    fn evaluate(&mut self, registry: &Registry, unit: &Unit) -> u64 {
        let departures = registry.departures.load(Ordering::Relaxed);
        if departures != self.departures {
            self.departures = departures;
            for place in 0..self.units.len() {
                if registry.is_gone((place, self.units[place].0)) {
                    self.units[place] = (0, 0);
                }
            }
        }
        let (place, identity) = unit.key();
        if self.units.len() <= place {
            self.units.resize(place + 1, (0, 0));
        }
        if self.units[place].0 != identity {
            self.units[place] = (identity, unit.version);
        }
        self.units[place].1
    }
}

struct Client {
    registry: Arc<Registry>,
    snapshot: Mutex<Arc<Unit>>,
}

impl Client {
    fn unit(registry: &Arc<Registry>, version: u64) -> Arc<Unit> {
        Arc::new(Unit { registry: Arc::clone(registry), key: Mutex::new(None), version })
    }

    fn replace(&self, version: u64) {
        let next = Self::unit(&self.registry, version);
        let previous = std::mem::replace(&mut *self.snapshot.lock().unwrap(), next);
        drop(previous);
    }

    /// Evaluates so often on an instance of its own; versions do not go back.
    fn evaluate(&self, times: usize) -> Instance {
        let (mut instance, mut last) = (Instance::default(), 0);
        for _ in 0..times {
            let unit = Arc::clone(&*self.snapshot.lock().unwrap());
            let version = instance.evaluate(&self.registry, &unit);
            assert_eq!(version, unit.version, "the unit of another snapshot");
            assert!(version >= last, "an older snapshot after a newer one");
            last = version;
        }
        instance
    }
}

fn check(threads: usize, swaps: u64) {
    crate::in_every_order(2, move || {
        let registry = Arc::new(Registry::default());
        let snapshot = Mutex::new(Client::unit(&registry, 0));
        let client = Arc::new(Client { registry, snapshot });
        let others: Vec<_> = (0..threads)
            .map(|_| {
                let client = Arc::clone(&client);
                thread::spawn(move || client.evaluate(2))
            })
            .collect();
        (1..=swaps).for_each(|version| client.replace(version));
        // All first: a unit goes with the last evaluation that uses it.
        let instances: Vec<_> = others.into_iter().map(|other| other.join().unwrap()).collect();
        for mut instance in instances {
            let unit = Arc::clone(&*client.snapshot.lock().unwrap());
            assert_eq!(instance.evaluate(&client.registry, &unit), swaps, "the last swap is seen");
            let alive = instance.units.iter().filter(|(identity, _)| *identity != 0).count();
            assert_eq!(alive, 1, "what is gone is unloaded");
        }
        let places = client.registry.places.lock().unwrap();
        assert_eq!(places.identities.len() - places.vacant.len(), 1, "one unit is there");
    });
}

#[test]
fn an_evaluation_is_of_one_whole_snapshot() {
    check(1, 2);
}

#[test]
fn two_threads_see_two_swaps() {
    check(2, 1);
}
