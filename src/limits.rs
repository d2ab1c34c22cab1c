//! Bounds of what the library takes from outside, each with its reason. Those of the sandbox's formats are in
//! `pennon_wire::limits`.

/// Bytes of a ruleset. The largest that services are known to send are tens of megabytes; positions in a ruleset are
/// kept in 32 bits.
pub const MAX_RULESET_BYTES: usize = 256 << 20;

/// Units of a ruleset.
pub const MAX_UNITS: usize = 1_000_000;

/// Bytes of an options document, an inline ruleset in it not counted.
pub const MAX_OPTIONS_BYTES: usize = MAX_RULESET_BYTES + (1 << 20);

/// Instances of a pool: more than cores is useless, and each may take `memory_limit_bytes`.
pub const MAX_POOL_SIZE: u64 = 256;

/// The longest interval or wait that an option may name: a day, in milliseconds.
pub const MAX_INTERVAL_MS: u64 = 86_400_000;

/// How often a request may be sent again: the pauses double, and ten take a hundred seconds.
pub const MAX_RETRIES: u64 = 10;

/// The smallest memory of an instance: a guest has 1 MiB of stack, and needs room for some flags.
pub const MIN_MEMORY_BYTES: u64 = 4 << 20;

/// The largest memory of an instance: what it has in address space (`MEMORY_BYTES` in engine/config.rs).
pub const MAX_MEMORY_BYTES: u64 = 64 << 20;

/// Events that may wait to be sent: some hundred megabytes.
pub const MAX_PENDING_EVENTS: u64 = 1_000_000;

/// Bytes of the texts that wait in one queue: evaluations that failed, and tracking events, which have their context in them.
pub const MAX_QUEUE_BYTES: usize = 64 << 20;

/// Events of one request.
pub const MAX_BATCH_SIZE: u64 = 100_000;

/// Bytes of the spool: the least is what a full batch needs, the most a terabyte.
pub const MIN_SPOOL_BYTES: u64 = 64 << 10;
/// See [`MIN_SPOOL_BYTES`].
pub const MAX_SPOOL_BYTES: u64 = 1 << 40;

/// Answers that remote mode keeps.
pub const MAX_CACHE_ENTRIES: u64 = 1_000_000;

/// Keys of the option `flag_list`, which are sent with each poll.
pub const MAX_FLAG_LIST: usize = 100_000;

/// Flags of the option `default_flags`, which somebody wrote by hand.
pub const MAX_DEFAULT_FLAGS: usize = 10_000;

/// Bytes of an answer of the service that is no ruleset, and of the default flags that stand in for one.
pub const MAX_ANSWER_BYTES: u64 = 4 << 20;

/// Bytes of the details of a tracking event, or of a context that is sent with one.
pub const MAX_DETAILS_BYTES: usize = 1 << 20;
