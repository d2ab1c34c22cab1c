//! `src/ffi/handle.rs`: a client is found by its own handle alone, is alive for as long as it is found, and is freed once.
//!
//! Follows `register`, `Found::new` and `free`. An `ArcSwapOption` is a mutex around an `Option<Arc>` here, which has the same
//! steps that cannot be divided: load, store, compare and swap. `TAKEN` and `GENERATION` are as they are. Left out: callbacks,
//! and that waiting for who uses a client is bounded.

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;

const SLOTS: usize = 1;

struct Registered {
    handle: usize,
    /// How often it was freed for good.
    ended: Arc<AtomicUsize>,
}

impl Drop for Registered {
    fn drop(&mut self) {
        assert_eq!(self.ended.fetch_add(1, Ordering::SeqCst), 0, "freed twice");
    }
}

struct Table {
    slots: [Mutex<Option<Arc<Registered>>>; SLOTS],
    taken: Mutex<[bool; SLOTS]>,
    generation: AtomicUsize,
}

impl Table {
    fn new() -> Self {
        Self {
            slots: std::array::from_fn(|_| Mutex::new(None)),
            taken: Mutex::new([false; SLOTS]),
            generation: AtomicUsize::new(1),
        }
    }

    fn load(&self, index: usize) -> Option<Arc<Registered>> {
        self.slots[index].lock().unwrap().clone()
    }

    fn register(&self, ended: Arc<AtomicUsize>) -> Option<usize> {
        let mut taken = self.taken.lock().unwrap();
        let index = taken.iter().position(|taken| !taken)?;
        taken[index] = true;
        let handle = self.generation.fetch_add(1, Ordering::Relaxed) * SLOTS + index;
        let replaced = self.slots[index].lock().unwrap().replace(Arc::new(Registered { handle, ended }));
        assert!(replaced.is_none(), "a client is thrown out of its slot");
        Some(handle)
    }

    fn find(&self, handle: usize) -> Option<Arc<Registered>> {
        self.load(handle % SLOTS).filter(|registered| registered.handle == handle)
    }

    /// Whether it was this call that freed the client.
    fn free(&self, handle: usize) -> bool {
        let index = handle % SLOTS;
        let Some(current) = self.load(index).filter(|registered| registered.handle == handle) else {
            return false;
        };
        // Compare and swap.
        let mut slot = self.slots[index].lock().unwrap();
        let was_ours = slot.as_ref().is_some_and(|registered| Arc::ptr_eq(registered, &current));
        let removed = if was_ours { slot.take() } else { None };
        drop(slot);
        drop(removed);
        if was_ours {
            self.taken.lock().unwrap()[index] = false;
        }
        was_ours
    }
}

fn on_table(run: impl Fn(Arc<Table>) + Send + Sync + 'static) {
    crate::in_every_order(3, move || run(Arc::new(Table::new())));
}

#[test]
fn a_client_is_freed_once_and_not_before_who_uses_it_is_through() {
    on_table(|table| {
        let ended = Arc::new(AtomicUsize::new(0));
        let handle = table.register(Arc::clone(&ended)).unwrap();
        let freeing: Vec<_> = (0..2)
            .map(|_| {
                let table = Arc::clone(&table);
                thread::spawn(move || table.free(handle))
            })
            .collect();
        if let Some(found) = table.find(handle) {
            assert_eq!(found.ended.load(Ordering::SeqCst), 0, "used after it was freed");
        }
        let freed = freeing.into_iter().filter_map(|thread| thread.join().unwrap().then_some(())).count();
        assert_eq!(freed, 1);
        assert_eq!(ended.load(Ordering::SeqCst), 1);
        assert!(table.find(handle).is_none());
    });
}

#[test]
fn a_stale_handle_does_not_find_who_has_its_slot_now() {
    on_table(|table| {
        let (first_ended, second_ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let first = table.register(Arc::clone(&first_ended)).unwrap();
        let replacing = {
            let (table, ended) = (Arc::clone(&table), Arc::clone(&second_ended));
            thread::spawn(move || {
                table.free(first);
                table.register(ended)
            })
        };
        // Who frees a stale handle frees nobody else's client, however late.
        let freed = table.free(first);
        if let Some(found) = table.find(first) {
            assert_eq!(found.handle, first);
        }
        let second = replacing.join().unwrap();
        assert_eq!(first_ended.load(Ordering::SeqCst), 1, "freed by the one or the other: {freed}");
        if let Some(second) = second {
            assert_ne!(second, first);
            assert!(table.find(second).is_some() && second_ended.load(Ordering::SeqCst) == 0);
        }
    });
}
