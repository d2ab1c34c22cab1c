//! Splitting of rulesets: one after the other into one client, which reads only what changed, and each into a client of its
//! own, which reads all of it.

use pennon::{Client, Context, Options, Service};
use serde_json::value::RawValue;

use super::input::texts;
use super::ruling::{answers, is_broken_json, keys};

/// Both clients accept or refuse a document alike, with the same message, and then have the same flags, which give the same
/// answers; a client that refuses a document goes on with the one before. No document is refused as broken JSON that is none.
pub fn run(data: &[u8]) {
    let Some(documents) = texts::<4>(data) else { return };
    let (client, context) = (new_client(), context());
    let mut before = None;
    for document in documents.into_iter().filter(|document| !document.is_empty()) {
        let alone = new_client();
        let (changed, all) = (client.set_ruleset(document), alone.set_ruleset(document));
        match (&changed, &all) {
            (Ok(changed), Ok(all)) => {
                before = keys(&alone);
                let now = before.as_deref().unwrap_or_default();
                assert_eq!(all, now, "all flags of a first ruleset are new");
                assert!(changed.is_sorted(), "{changed:?}");
                assert_eq!(client.set_ruleset(document), Ok(Vec::new()), "the same document again");
                assert_eq!(answers(&client, now, &context), answers(&alone, now, &context));
            }
            (Err(error), Err(alone)) => {
                assert_eq!(error.to_string(), alone.to_string());
                let is_json = serde_json::from_str::<&RawValue>(document).is_ok();
                assert!(!is_json || !is_broken_json(&error.to_string()), "{error}");
            }
            _ => panic!("one client says {changed:?}, and one that had no ruleset {all:?}"),
        }
        assert_eq!(keys(&client), before);
        assert_eq!(client.stats().flags, before.as_ref().map_or(0, Vec::len));
    }
}

fn new_client() -> Client {
    let client = Client::new(Options::new(Service::Goff).pool_size(1));
    client.unwrap_or_else(|error| panic!("a client without a ruleset: {error}"))
}

fn context() -> Context {
    let json = r#"{"targetingKey": "u", "a": "x", "b": 2}"#;
    Context::from_json(json).unwrap_or_else(|error| panic!("a plain context: {error}"))
}
