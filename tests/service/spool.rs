//! Events that survive a kill.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use pennon::{Client, Options, Service};

use crate::heard::Heard;
use crate::relay::Relay;
use crate::server::{Reply, Server, answer};
use crate::support::{Scratch, eventually, user};
use crate::watch::Watch;
use crate::{flag, flags, rounds};

fn spooling(relay: &Relay, folder: &Scratch, given: &[(&str, &str)]) -> Options {
    let mut options = relay.options();
    options.set_named("spool_dir", &folder.path("spool").to_string_lossy()).expect("an option");
    options.set_named("spool_interval_ms", "10").expect("an option");
    for (name, value) in given {
        options.set_named(name, value).expect("an option");
    }
    options
}

/// Files of events below a folder.
fn segments(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .map(|path| {
            if path.is_dir() {
                segments(&path)
            } else {
                usize::from(path.extension().is_some_and(|end| end == "events"))
            }
        })
        .sum()
}

#[test]
fn events_wait_on_disk_and_leave_nothing_behind() {
    let folder = Scratch::new();
    let mut relay = Relay::start(&flags([("a", flag("on"))]));
    let heard = Heard::default();
    let client = Client::new(spooling(&relay, &folder, &[]).listener(heard.listener()).log(heard.log()))
        .expect("a client");
    assert!(client.wait_ready(Duration::from_secs(10)));
    relay.kill();
    for number in 0..50 {
        client.get_bool("a", &user(&number.to_string()), false);
    }
    eventually("events are on disk", || client.stats().events_spooled == 50);
    assert!(client.stats().spool_bytes > 50 * 100 && segments(&folder.path(".")) > 0);
    // They outlive the client.
    assert_eq!(client.shutdown(Duration::from_millis(200)), 50);
    assert_eq!(client.stats().events_dropped, 0);
    drop(client);
    relay.run();
    let client = Client::new(spooling(&relay, &folder, &[]).log(heard.log())).expect("a client");
    relay.features_become(50);
    eventually("the spool is empty", || segments(&folder.path(".")) == 0);
    assert_eq!((client.stats().events_sent, client.stats().events_pending), (50, 0));
    drop(client);
    let left: Vec<_> = fs::read_dir(folder.path("spool"))
        .expect("the spool")
        .flatten()
        .flat_map(|entry| fs::read_dir(entry.path()).expect("a folder"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_spool_is_bounded_by_its_bytes() {
    let folder = Scratch::new();
    let mut relay = Relay::start(&flags([("a", flag("on"))]));
    let heard = Heard::default();
    let given = [("spool_max_bytes", "65536"), ("batch_size", "50")];
    let client = Client::new(spooling(&relay, &folder, &given).listener(heard.listener())).expect("a client");
    assert!(client.wait_ready(Duration::from_secs(10)));
    relay.kill();
    for number in 0..2000 {
        client.get_bool("a", &user(&format!("user-{number}")), false);
        if number % 100 == 0 {
            std::thread::sleep(Duration::from_millis(15));
        }
    }
    eventually("all are written", || client.stats().events_spooled == 2000);
    let stats = client.stats();
    assert!(stats.spool_bytes <= 65_536 + 8192 && stats.events_dropped > 0, "{stats:?}");
    assert_eq!(stats.events_dropped + stats.events_pending, 2000);
    let pending = stats.events_pending as usize;
    relay.run();
    let features = relay.features_become(pending);
    // The oldest went first.
    assert!(features.iter().any(|feature| feature["userKey"] == "user-1999"));
}

#[test]
fn a_folder_that_cannot_be_written_leaves_the_queue_in_memory() {
    let folder = Scratch::new();
    folder.file("spool", "a file where a folder should be");
    let relay = Relay::start(&flags([("a", flag("on"))]));
    let heard = Heard::default();
    let client = Client::new(spooling(&relay, &folder, &[]).log(heard.log())).expect("a client");
    assert!(client.wait_ready(Duration::from_secs(10)));
    heard.line_comes("events are kept in memory");
    client.get_bool("a", &user("x"), false);
    assert_eq!(client.flush(Duration::from_secs(10)), 0);
    relay.features_become(1);
}

#[test]
fn what_was_reported_as_spooled_arrives_though_the_process_is_killed() {
    let folder = Scratch::new();
    let mut relay = Relay::start(&flags([("a", flag("on"))]));
    let spool = folder.path("spool");
    let spool = spool.to_str().expect("a path");
    let rounds = rounds(6);
    let mut spooled = 0;
    for round in 0..rounds {
        let line =
            |number| format!("{{\"flag\":\"a\",\"context\":{{\"targetingKey\":\"{round}-{number}\"}}}}\n");
        let batch = folder.file("batch.jsonl", (0..20_000).map(line).collect::<String>());
        let batch = batch.to_str().expect("a path");
        let often = "spool_interval_ms=10";
        let watch =
            Watch::start(&relay, &["--batch", batch, "--rate", "4000", "--spool", spool, "--option", often]);
        let first = watch.next("events_spooled")["count"].as_u64().expect("a count");
        // In every second round the collector is gone, so that all that arrives comes from the disk.
        if round % 2 == 1 {
            relay.kill();
        }
        std::thread::sleep(Duration::from_millis(round as u64 * 37 % 200));
        watch.signal("-KILL");
        let (_, lines) = watch.end();
        let counts = lines.iter().filter(|line| line["event"] == "events_spooled");
        let reported = first + counts.filter_map(|line| line["count"].as_u64()).sum::<u64>();
        spooled += reported;
        if round % 2 == 1 {
            relay.run();
        }
        // The next run, whoever it is, sends what this one left.
        let client = Client::new(spooling(&relay, &folder, &[])).expect("a client");
        let expected: BTreeSet<String> = (0..reported).map(|number| format!("{round}-{number}")).collect();
        let mut missing = BTreeSet::new();
        let is_there = || {
            let features = relay.features();
            let arrived = features
                .iter()
                .filter_map(|feature| feature["userKey"].as_str().map(str::to_owned))
                .collect();
            missing = expected.difference(&arrived).cloned().collect();
            missing.is_empty()
        };
        eventually(&format!("round {round}: {reported} spooled events arrive"), is_there);
        drop(client);
    }
    println!("figure: {rounds} kills, {spooled} events were reported as spooled, and all have arrived");
}

/// A collector that takes so many batches, then does `then` once, and takes the rest.
fn collector(taken: usize, then: Reply) -> Server {
    let turn = AtomicUsize::new(0);
    Server::start(move |request| {
        if !request.path.contains("/collector") {
            return answer(200, &format!("{{\"flags\":{}}}", flags([("a", flag("on"))])));
        }
        if turn.fetch_add(1, Ordering::Relaxed) == taken { then.clone() } else { answer(200, "{}") }
    })
}

fn to(server: &Server, folder: &Scratch, given: &[(&str, &str)]) -> Options {
    let mut options = Options::new(Service::Goff).endpoint(&server.url()).expect("an endpoint");
    let spool = folder.path("spool");
    let usual = [
        ("change_stream", "off"),
        ("spool_interval_ms", "10"),
        ("spool_dir", spool.to_str().expect("a path")),
    ];
    for (name, value) in usual.iter().chain(given) {
        options.set_named(name, value).expect("an option");
    }
    options
}

#[test]
fn what_was_taken_of_a_segment_is_not_sent_again() {
    let folder = Scratch::new();
    // Written by a client of large batches, sent by one of small ones.
    let server = collector(3, answer(500, "oops"));
    let given = [
        ("batch_size", "1000"),
        ("collector_endpoint", "http://127.0.0.1:9"),
        ("flush_interval_ms", "60000"),
    ];
    let first = Client::new(to(&server, &folder, &given)).expect("a client");
    assert!(first.wait_ready(Duration::from_secs(10)));
    for number in 0..100 {
        first.get_bool("a", &user(&number.to_string()), false);
    }
    eventually("all are on disk", || first.stats().events_spooled == 100);
    first.shutdown(Duration::from_millis(100));
    drop(first);
    // The spool of the other collector, as if it were this one's.
    let name = |url: &str| {
        let client = Client::new(to(&server, &folder, &[("collector_endpoint", url)])).expect("a client");
        client.shutdown(Duration::from_secs(1));
    };
    name(&server.url());
    let mut folders: Vec<_> =
        fs::read_dir(folder.path("spool")).expect("the spool").flatten().map(|entry| entry.path()).collect();
    folders.sort_by_key(|path| std::cmp::Reverse(segments(path)));
    for entry in fs::read_dir(&folders[0]).expect("a folder").flatten() {
        fs::rename(entry.path(), folders[1].join(entry.file_name())).expect("moving a folder");
    }
    let given = [("batch_size", "20"), ("flush_interval_ms", "20")];
    let second = Client::new(to(&server, &folder, &given)).expect("a client");
    eventually("all are sent", || second.stats().events_sent == 100);
    let stats = second.stats();
    assert_eq!(
        (stats.events_recorded, stats.events_dropped, stats.events_pending, stats.send_failures),
        (100, 0, 0, 1)
    );
    let sizes: Vec<usize> = server
        .requests_to("/collector")
        .iter()
        .map(|request| request.body.matches("\"kind\"").count())
        .collect();
    assert_eq!(sizes, [20, 20, 20, 20, 20, 20]);
    assert_eq!(segments(&folder.path(".")), 0);
}

#[test]
fn events_are_written_to_disk_while_a_request_hangs() {
    let folder = Scratch::new();
    let server = collector(0, Reply::Hang);
    let given = [("flush_interval_ms", "10"), ("timeout_ms", "60000")];
    let client = Client::new(to(&server, &folder, &given)).expect("a client");
    assert!(client.wait_ready(Duration::from_secs(10)));
    client.get_bool("a", &user("first"), false);
    eventually("the collector hangs", || !server.requests_to("/collector").is_empty());
    for number in 0..50 {
        client.get_bool("a", &user(&number.to_string()), false);
    }
    eventually("they are on disk all the same", || client.stats().events_spooled == 51);
    assert_eq!(client.stats().events_sent, 0);
    let start = std::time::Instant::now();
    assert_eq!(client.shutdown(Duration::from_millis(200)), 51);
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_folder_that_others_can_write_is_not_used() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Scratch::new();
    let server = collector(99, Reply::Close);
    let client = Client::new(to(&server, &folder, &[])).expect("a client");
    client.shutdown(Duration::from_secs(1));
    for entry in fs::read_dir(folder.path("spool")).expect("the spool").flatten() {
        fs::set_permissions(entry.path(), fs::Permissions::from_mode(0o777)).expect("opening it to all");
    }
    let heard = Heard::default();
    let _client = Client::new(to(&server, &folder, &[]).log(heard.log())).expect("a client");
    heard.line_comes("can be written by others");
}
