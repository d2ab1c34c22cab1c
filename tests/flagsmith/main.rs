//! Flagsmith through the client, against the vendor's own engine, client and provider.

mod documents;
mod peer;
