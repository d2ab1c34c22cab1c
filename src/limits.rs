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

/// The smallest memory of an instance: a guest has 1 MiB of stack, and needs room for some flags.
pub const MIN_MEMORY_BYTES: u64 = 4 << 20;

/// The largest memory of an instance: what it has in address space (`MEMORY_BYTES` in engine/config.rs).
pub const MAX_MEMORY_BYTES: u64 = 64 << 20;
