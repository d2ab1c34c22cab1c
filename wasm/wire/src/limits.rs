//! Every bound of the shared formats. Input is checked against them before it is copied or parsed.

/// Bytes of one encoded context. A context is copied into a guest at every evaluation, so it has to stay small
/// against the guest's memory (64 MiB); the largest contexts seen in the field are tens of kilobytes.
pub const MAX_CONTEXT_BYTES: usize = 1 << 20;

/// Levels of lists and maps inside one attribute. Guests and host walk values by recursion on stacks of 64 KiB
/// (guest) and 128 KiB (host threads of some runtimes).
pub const MAX_CONTEXT_DEPTH: usize = 32;

/// Attributes of one context, and members of any list or map in it. Below 65,535: the number of a vacant place.
pub const MAX_CONTEXT_ITEMS: usize = 16_384;

/// Bytes of one unit (one flag). Larger than any flag a service accepts; bounds the time of a load.
pub const MAX_UNIT_BYTES: usize = 4 << 20;

/// Outcomes that one unit may have: the answer's index has more room, the host's table of them has not.
pub const MAX_OUTCOMES: usize = 65_536;
