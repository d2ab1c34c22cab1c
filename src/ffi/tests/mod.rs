//! Tests of the exports that only their own crate can make: with panics injected, and without a client.

mod ownership;
pub(super) mod panics;
