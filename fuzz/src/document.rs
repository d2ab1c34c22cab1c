//! Rulesets in YAML and TOML, which become the JSON that they mean.

use std::panic;
use std::sync::{Mutex, Once, OnceLock, PoisonError};

use pennon::{Client, Context, Error, Format, Options, Service};

use super::ruling::{answers, is_broken_json, keys};

/// Flags of a document that is diagnosed, which loads all of them.
const MOST_DIAGNOSED: usize = 16;

/// The client of a format. One at a time uses it, because what it answers depends on what it was given last.
fn client(format: Format) -> &'static Mutex<Client> {
    static CLIENTS: [OnceLock<Mutex<Client>>; 2] = [const { OnceLock::new() }; 2];
    let [yaml, toml] = &CLIENTS;
    let place = if format == Format::Yaml { yaml } else { toml };
    place.get_or_init(|| {
        let client = Client::new(Options::new(Service::Goff).ruleset_format(format).pool_size(1));
        Mutex::new(client.unwrap_or_else(|error| panic!("a client without a ruleset: {error}")))
    })
}

/// A document that is accepted means the same when it is read again; one that is refused is no ruleset, and not for a fault of
/// the JSON that was made of it.
pub fn run(data: &[u8]) {
    let_the_parser_panic();
    for format in [Format::Yaml, Format::Toml] {
        let client = client(format).lock().unwrap_or_else(PoisonError::into_inner);
        let context = Context::new();
        match client.set_ruleset(data) {
            Ok(_) => {
                let first = keys(&client).unwrap_or_default();
                let given = answers(&client, &first, &context);
                assert_eq!(client.set_ruleset(data), Ok(Vec::new()), "the same document again");
                forget(&client, format);
                assert_eq!(client.set_ruleset(data).as_ref(), Ok(&first), "the same document later");
                assert_eq!(answers(&client, &first, &context), given);
                if first.len() <= MOST_DIAGNOSED {
                    client.diagnostics();
                }
            }
            Err(Error::InvalidRuleset(message)) => {
                assert!(!is_broken_json(&message), "{format:?} became broken JSON: {message}");
            }
            Err(error) => panic!("{error:?}"),
        }
        forget(&client, format);
    }
}

/// The YAML parser panics where a comma follows a tag. The library catches that; a fuzzer's hook would end the process before.
fn let_the_parser_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !info.location().is_some_and(|place| place.file().contains("libyaml-safer")) {
                before(info);
            }
        }));
    });
}

/// Takes all flags away, so that none of an input is left for the next.
fn forget(client: &Client, format: Format) {
    let empty = if format == Format::Yaml { "{}" } else { "" };
    client.set_ruleset(empty).unwrap_or_else(|error| panic!("an empty ruleset: {error}"));
}
