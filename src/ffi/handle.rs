//! Client handles: slot and generation in a pointer's clothes, never dereferenced, looked up in a table without locks.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use arc_swap::{ArcSwapOption, Guard};

use super::client::pennon_client;
use super::error::Failure;
use super::log::in_callback;
use super::status::pennon_status;
use crate::client::Client;
use crate::fork;

/// Clients that can exist at one time.
const MAX_CLIENTS: usize = 1024;

/// Bits of a handle that name its slot; the rest is its generation.
const SLOT_BITS: u32 = 12;

/// How long freeing a client waits for evaluations that run on it. They end by themselves: by their deadline, or because they
/// are told not to wait for an instance any more.
const FREE_WAIT: Duration = Duration::from_secs(2);

/// A client under its handle.
#[derive(Debug)]
pub(super) struct Registered {
    handle: usize,
    pub(super) client: Client,
    /// The fork generation in which it was made: threads that used it are gone in a later one.
    forks: u32,
}

/// The slots; a slot's client has the handle by which it can be found.
static SLOTS: [ArcSwapOption<Registered>; MAX_CLIENTS] =
    [const { ArcSwapOption::const_empty() }; MAX_CLIENTS];
/// Generations are never used again.
static GENERATION: AtomicUsize = AtomicUsize::new(1);

thread_local! {
    /// Clients that were freed inside a callback of this thread: freed for good when it returns.
    static DEFERRED: RefCell<Vec<Arc<Registered>>> = const { RefCell::new(Vec::new()) };
}

/// Enters a client into the table. Without a lock, which a thread that a fork has left behind could hold.
pub(super) fn register(client: Client) -> Result<*mut pennon_client, Failure> {
    let generation = GENERATION.fetch_add(1, Ordering::Relaxed);
    let mut registered = Registered { handle: 0, client, forks: fork::generation() };
    for (index, slot) in SLOTS.iter().enumerate() {
        if slot.load().is_some() {
            continue;
        }
        let handle = generation << SLOT_BITS | index;
        registered.handle = handle;
        let entered = Arc::new(registered);
        let vacant: Option<Arc<Registered>> = None;
        if slot.compare_and_swap(&vacant, Some(Arc::clone(&entered))).is_none() {
            return Ok(std::ptr::without_provenance_mut(handle));
        }
        // Another thread was faster. Nobody has seen this one, so that it is ours alone again.
        match Arc::try_unwrap(entered) {
            Ok(ours) => registered = ours,
            Err(_) => return Err(too_many()),
        }
    }
    Err(too_many())
}

#[cold]
fn too_many() -> Failure {
    Failure::new(
        pennon_status::PENNON_STATUS_TOO_MANY_CLIENTS,
        format!("{MAX_CLIENTS} clients exist already"),
    )
}

fn slot(handle: *const pennon_client) -> Option<&'static ArcSwapOption<Registered>> {
    SLOTS.get(handle.addr() & ((1 << SLOT_BITS) - 1))
}

/// A client that is found, kept alive for as long as the guard lives.
pub(super) struct Found(Guard<Option<Arc<Registered>>>);

impl Found {
    /// The client of a handle; none where the handle is stale, foreign or null.
    #[inline]
    pub(super) fn new(handle: *const pennon_client) -> Option<Self> {
        let guard = slot(handle)?.load();
        guard.as_deref().is_some_and(|registered| registered.handle == handle.addr()).then_some(Self(guard))
    }

    /// The client.
    #[inline]
    pub(super) fn client(&self) -> Option<&Client> {
        self.0.as_deref().map(|registered| &registered.client)
    }
}

/// Calls `with` on the client of a handle.
#[inline]
pub(super) fn with_client<T>(
    handle: *const pennon_client,
    with: impl FnOnce(&Client) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let found = Found::new(handle);
    match found.as_ref().and_then(Found::client) {
        Some(client) => with(client),
        None => Err(invalid_handle()),
    }
}

#[cold]
fn invalid_handle() -> Failure {
    Failure::new(pennon_status::PENNON_STATUS_INVALID_HANDLE, "client has been freed, or never was one")
}

/// Takes a client out of the table, wakes who waits in it, and waits for evaluations that run on it.
pub(super) fn free(handle: *mut pennon_client) {
    let Some(slot) = slot(handle) else { return };
    let current = slot.load();
    if current.as_deref().is_none_or(|registered| registered.handle != handle.addr()) {
        return;
    }
    let removed = slot.compare_and_swap(&current, None);
    let was_ours = removed.as_deref().is_some_and(|registered| registered.handle == handle.addr());
    drop(removed);
    let Some(registered) = Guard::into_inner(current).filter(|_| was_ours) else { return };
    registered.client.close();
    if in_callback() {
        DEFERRED.with_borrow_mut(|deferred| deferred.push(registered));
    } else {
        finish(registered);
    }
}

/// Waits, bounded, until nobody uses the client, and drops it; who still uses it then drops it later.
fn finish(registered: Arc<Registered>) {
    let start = Instant::now();
    // In the child of a fork those who used it in the parent never come back.
    let may_return = || registered.forks == fork::generation() && Arc::strong_count(&registered) > 1;
    while may_return() && start.elapsed() < FREE_WAIT {
        thread::sleep(Duration::from_micros(200));
    }
    // Though somebody may hold it yet, or for ever: a thread that a fork has left behind.
    registered.client.end();
    drop(registered);
}

/// Drops the clients that were freed inside the callback that has just returned.
pub(super) fn free_deferred() {
    let deferred = DEFERRED.with_borrow_mut(std::mem::take);
    // No waiting: this thread itself may be the one that uses the client.
    drop(deferred);
}
