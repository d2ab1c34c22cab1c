//! A client that follows a service through every kind of trouble: the real relay proxy on loopback, and a server that misbehaves
//! on purpose.
//!
//! `PENNON_ROUNDS` is how often relays are restarted and processes killed, `PENNON_FORKS` how often they fork; a few times
//! without them.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's way to fail is to panic"
)]

mod delivery;
mod fork;
mod heard;
mod kept;
#[path = "../relay/program.rs"]
mod program;
mod relay;
mod remote;
mod server;
mod spool;
#[path = "../integration/support.rs"]
#[allow(dead_code, reason = "shared with another test program, which uses more of it")]
mod support;
mod sync;
mod transport;
mod watch;

/// How often to do what takes long: `usual` times, or as an environment variable says.
fn times(variable: &str, usual: usize) -> usize {
    std::env::var(variable).map_or(usual, |times| times.parse().expect("a number of times"))
}

/// How often relays are restarted and processes killed: `usual` times, or as `PENNON_ROUNDS` says.
fn rounds(usual: usize) -> usize {
    times("PENNON_ROUNDS", usual)
}

/// A flag of two answers, of which everybody gets the one that is named.
fn flag(variation: &str) -> String {
    format!(r#"{{"variations":{{"on":true,"off":false}},"defaultRule":{{"variation":"{variation}"}}}}"#)
}

/// A document of flags.
fn flags<'a>(flags: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let members: Vec<_> = flags.into_iter().map(|(key, flag)| format!("\"{key}\":{flag}")).collect();
    format!("{{{}}}", members.join(","))
}
