//! The last good ruleset on disk.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use pennon::{Client, Context, Options, Source, State};

use crate::heard::Heard;
use crate::relay::Relay;
use crate::support::{Scratch, eventually};
use crate::{flag, flags};

static EMPTY: Context = Context::new();

fn with_cache(relay: &Relay, folder: &Scratch, heard: &Heard) -> Client {
    let options: Options = relay.options().cache_dir(folder.path("cache"));
    Client::new(options.listener(heard.listener()).log(heard.log())).expect("a client")
}

fn files(folder: &Scratch) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder.path("cache")).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "ruleset"))
        .collect()
}

#[test]
fn a_client_begins_with_what_an_earlier_one_kept() {
    let folder = Scratch::new();
    let mut relay = Relay::start(&flags([("a", flag("on"))]));
    let client = with_cache(&relay, &folder, &Heard::default());
    assert!(client.wait_ready(Duration::from_secs(10)));
    eventually("the ruleset is kept", || files(&folder).len() == 1);
    drop(client);
    let file = files(&folder).remove(0);
    assert_eq!(fs::metadata(&file).expect("the file").permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(folder.path("cache")).expect("the folder").permissions().mode() & 0o777, 0o700);

    relay.kill();
    let heard = Heard::default();
    let client = with_cache(&relay, &folder, &heard);
    assert!(client.wait_ready(Duration::from_secs(10)));
    assert!(client.get_bool("a", &EMPTY, false));
    heard.states_become(&[State::Stale]);
    assert_eq!(client.stats().source, Some(Source::Disk));
    relay.run();
    heard.states_become(&[State::Stale, State::Ready]);
    // The relay was asked by the kept ETag.
    assert_eq!((client.stats().unchanged > 0, client.stats().bytes_received), (true, 0));
    assert!(heard.changes().is_empty());
    relay.set(&flags([("a", flag("off"))]));
    eventually("the change is seen", || !client.get_bool("a", &EMPTY, true));
    eventually("the application is told", || !heard.changes().is_empty());
    assert_eq!(heard.changes(), [["a"]]);
    assert_eq!(files(&folder).len(), 1);
}

#[test]
fn a_file_that_is_not_what_was_written_is_not_used() {
    let folder = Scratch::new();
    let mut relay = Relay::start(&flags([("a", flag("on"))]));
    let client = with_cache(&relay, &folder, &Heard::default());
    assert!(client.wait_ready(Duration::from_secs(10)));
    eventually("the ruleset is kept", || files(&folder).len() == 1);
    drop(client);
    relay.kill();
    let file = files(&folder).remove(0);
    let content = fs::read(&file).expect("the file");
    let mut flipped = content.clone();
    let last = flipped.len() - 10;
    flipped[last] ^= 1;
    for broken in [Vec::new(), content[..content.len() / 2].to_vec(), flipped, b"{}".to_vec()] {
        fs::write(&file, &broken).expect("breaking the file");
        let heard = Heard::default();
        let client = with_cache(&relay, &folder, &heard);
        heard.states_become(&[State::Error]);
        heard.line_comes("is not used");
        assert!(!client.get_bool("a", &EMPTY, false));
    }
    fs::write(&file, &content).expect("mending the file");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).expect("opening the file to all");
    let heard = Heard::default();
    let client = with_cache(&relay, &folder, &heard);
    heard.line_comes("can be written by others");
    drop(client);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("closing the file");
    let client = with_cache(&relay, &folder, &Heard::default());
    assert!(client.wait_ready(Duration::from_secs(10)) && client.get_bool("a", &EMPTY, false));
}

#[test]
fn what_one_key_may_see_another_does_not() {
    let folder = Scratch::new();
    let mut relay = Relay::start(&flags([("a", flag("on"))]));
    let client = with_cache(&relay, &folder, &Heard::default());
    assert!(client.wait_ready(Duration::from_secs(10)));
    eventually("the ruleset is kept", || files(&folder).len() == 1);
    relay.kill();
    let heard = Heard::default();
    let options = relay.options().cache_dir(folder.path("cache")).api_key("another");
    let client = Client::new(options.listener(heard.listener())).expect("a client");
    heard.states_become(&[State::Error]);
    assert!(!client.get_bool("a", &EMPTY, false));
}
