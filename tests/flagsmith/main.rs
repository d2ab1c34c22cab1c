//! Flagsmith through the client, against the vendor's own engine, client and provider.
//!
//! `documents` asks the vendor's engine (peer.sh installs it, once); the others have a server that the vendor's own client
//! takes for Flagsmith.
//!
//! `PENNON_SEED` repeats a run, `PENNON_CASES` makes it longer.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test's way to fail is to panic")]

mod behaviour;
mod defaults;
mod documents;
mod peer;
mod remote;
mod report;
mod retries;
mod server;
mod sync;
mod types;
