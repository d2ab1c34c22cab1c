//! What threads share: handles of clients, contexts that are used, and what listens to the log.

use std::ffi::{c_char, c_void};
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use pennon::ffi::*;

/// Places for clients: few, so that threads meet on them.
const PLACES: usize = 4;
/// Bits of a handle that name its slot.
const SLOT_BITS: u32 = 12;
/// How long a client that a callback freed may take to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// What threads share.
#[derive(Debug)]
pub struct World {
    /// Handles; that of a freed client stays.
    places: [AtomicPtr<pennon_client>; PLACES],
    /// All handles that ever were.
    made: Mutex<Vec<usize>>,
    /// Userdata of callbacks that is not freed.
    listeners: AtomicUsize,
}

/// Userdata of a log callback.
struct Listener {
    world: Arc<World>,
    /// What the callback does.
    habit: u8,
}

impl World {
    pub fn new() -> Arc<Self> {
        Arc::new(Self { places: Default::default(), made: Mutex::default(), listeners: AtomicUsize::new(0) })
    }

    /// Puts a new client into a place.
    pub fn put(&self, choice: u8, client: *mut pennon_client) {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).push(client.addr());
        self.place(choice).store(client, Ordering::Relaxed);
    }

    /// A client's handle; for high choices one that was never given.
    pub fn client(&self, choice: u8) -> *mut pennon_client {
        let client = self.place(choice).load(Ordering::Relaxed);
        let forged = |handle: usize| ptr::without_provenance_mut(handle);
        match choice {
            0..240 => client,
            240..243 => ptr::null_mut(),
            243 => forged(usize::MAX),
            244 => forged(0xfff),
            245 => forged(1 << SLOT_BITS),
            246..249 => forged(client.addr() ^ 1),
            249..252 => forged(client.addr().wrapping_add(1 << SLOT_BITS)),
            _ => forged(client.addr() | 1 << (usize::BITS - 1)),
        }
    }

    fn place(&self, choice: u8) -> &AtomicPtr<pennon_client> {
        let [a, b, c, d] = &self.places;
        [a, b, c, d][usize::from(choice) % PLACES]
    }

    /// Makes options whose client's log is listened to.
    pub fn listen(self: &Arc<Self>, options: *mut pennon_options, habit: u8) -> pennon_status {
        self.listeners.fetch_add(1, Ordering::Relaxed);
        let listener = Box::into_raw(Box::new(Listener { world: Arc::clone(self), habit }));
        let callback: pennon_log_callback = if habit == 255 { None } else { Some(hear) };
        // SAFETY: live options of this thread or null, and userdata that is freed once, also on failure.
        unsafe { pennon_options_on_log(options, callback, listener.cast(), Some(forget), ptr::null_mut()) }
    }

    /// Frees all clients, twice; then all handles are those of no client, and no userdata is left.
    pub fn end(&self) {
        let made = std::mem::take(&mut *self.made.lock().unwrap_or_else(PoisonError::into_inner));
        for handle in made.iter().chain(&made) {
            let client = ptr::without_provenance_mut(*handle);
            // SAFETY: any handle may be freed, also one that is no client's any more.
            unsafe { pennon_client_free(client) };
            // SAFETY: any handle may be asked.
            let state = unsafe { pennon_client_state(client) };
            assert_eq!(state, pennon_state::PENNON_STATE_FATAL);
        }
        // A client that a callback freed ends on the callback's thread.
        let start = Instant::now();
        while self.listeners.load(Ordering::Acquire) > 0 {
            assert!(start.elapsed() < PATIENCE, "userdata is not freed");
            thread::park_timeout(Duration::from_millis(1));
        }
    }
}

/// Hears a message, and calls back into the library as its habit is.
unsafe extern "C" fn hear(userdata: *mut c_void, level: i32, message: *const c_char, length: usize) {
    // SAFETY: the userdata of `listen`, which is not freed while this function runs.
    let listener = unsafe { &*userdata.cast::<Listener>() };
    assert!((1..=4).contains(&level) && !message.is_null() && length > 0);
    let client = listener.world.client(listener.habit >> 3);
    let refused = pennon_status::PENNON_STATUS_IN_CALLBACK;
    match listener.habit & 7 {
        // SAFETY: any handle may be given.
        0 => unsafe { pennon_client_free(client) },
        // SAFETY: as above.
        1 => assert_eq!(unsafe { pennon_client_wait_ready(client, 1) }, refused),
        // SAFETY: as above.
        2 => assert_eq!(unsafe { pennon_client_refresh(client, ptr::null_mut()) }, refused),
        // SAFETY: as above.
        3 => assert_eq!(unsafe { pennon_client_shutdown(client, 1) }, refused),
        4 => {
            // SAFETY: as above, with a text that is as long as is said.
            unsafe { pennon_client_set_ruleset(client, c"{}".as_ptr(), 2, ptr::null_mut()) };
        }
        5 => {
            // SAFETY: as above; no context is the empty one.
            unsafe { pennon_client_get_bool(client, c"on".as_ptr(), 2, ptr::null(), 1) };
        }
        _ => {}
    }
}

unsafe extern "C" fn forget(userdata: *mut c_void) {
    // SAFETY: the userdata of `listen`, which nothing uses any more.
    let listener = unsafe { Box::from_raw(userdata.cast::<Listener>()) };
    let before = listener.world.listeners.fetch_sub(1, Ordering::Release);
    assert!(before > 0, "userdata is freed twice");
}

/// A context that was used, and so is shared by all threads of all inputs; it is never freed.
pub fn used_context() -> *mut pennon_context {
    static USED: OnceLock<usize> = OnceLock::new();
    let address = USED.get_or_init(|| {
        let (mut options, mut client) = (ptr::null_mut(), ptr::null_mut());
        let json = super::arguments::OPTIONS[0];
        let context = pennon_context_create();
        // SAFETY: a NUL-terminated text, and outputs that live.
        let made = unsafe {
            pennon_options_from_json(json.as_ptr(), PENNON_ZERO_TERMINATED, &raw mut options, ptr::null_mut())
        };
        assert_eq!(made, pennon_status::PENNON_STATUS_OK);
        // SAFETY: the options just made, not used again.
        let made = unsafe { pennon_client_create(options, &raw mut client, ptr::null_mut()) };
        assert_eq!(made, pennon_status::PENNON_STATUS_OK);
        // SAFETY: a live client, and a context of this thread.
        let on = unsafe { pennon_client_get_bool(client, c"on".as_ptr(), 2, context, 0) };
        assert!(on, "the flag of the first options is true");
        // SAFETY: freed once.
        unsafe { pennon_client_free(client) };
        context.expose_provenance()
    });
    ptr::with_exposed_provenance_mut(*address)
}
