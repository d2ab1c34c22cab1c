//! The versions of the library.

/// Number of the C ABI, in the soname; it changes when a program that was linked with an older header would break.
pub const ABI_VERSION: u32 = 1;
/// The library's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
