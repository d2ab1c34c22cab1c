//! Children of forks evaluate, stay in step and report; whatever the parent is doing at the moment.

#![expect(unsafe_code, reason = "the standard library has no fork")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pennon::{Client, Options, Service, State};

use crate::heard::Heard;
use crate::relay::Relay;
use crate::support::{Ending, Scratch, alone, eventually, threads, user};
use crate::{flag, flags, times};

/// How long a child may take, on a machine on which everything else runs too.
const CHILD_LIMIT: Duration = Duration::from_secs(30);

/// Forks; the child runs `body` and ends with what it answers.
fn fork(body: impl FnOnce() -> i32) -> i32 {
    // SAFETY: the child runs `body` and ends without unwinding into the test.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "fork");
    if child == 0 {
        let status = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)).unwrap_or(99);
        // SAFETY: it ends the process at once, without what the parent wants done at its exit.
        unsafe { libc::_exit(status) };
    }
    child
}

/// Waits for a child; how it ended. One that hangs is a failure.
fn wait(child: i32) -> i32 {
    let (start, mut status) = (Instant::now(), 0);
    loop {
        // SAFETY: the child is ours, and `status` is there to be written.
        match unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) } {
            0 if start.elapsed() < CHILD_LIMIT => thread::sleep(Duration::from_millis(1)),
            0 => {
                // SAFETY: the child is ours.
                unsafe { libc::kill(child, libc::SIGKILL) };
                panic!("a child hangs");
            }
            _ => break,
        }
    }
    assert!(libc::WIFEXITED(status), "a child was ended by a signal: {status}");
    libc::WEXITSTATUS(status)
}

fn split() -> String {
    r#"{"variations":{"a":true,"b":true},"defaultRule":{"percentage":{"a":50,"b":50}}}"#.to_owned()
}

#[test]
fn a_child_follows_the_service_and_reports_what_it_evaluates() {
    alone("fork::a_child_follows_the_service_and_reports_what_it_evaluates", || {
        let relay = Relay::start(&flags([("a", flag("off")), ("s", split())]));
        let client = Client::new(relay.options()).expect("a client");
        assert!(client.wait_ready(Duration::from_secs(10)));
        // Unsent in the parent at the moment of the fork: the parent's to send.
        let body = || {
            if !client.get_bool("s", &user("child"), false) || client.state() != State::Ready {
                return 1;
            }
            // The child's own threads.
            let start = Instant::now();
            let wanted = ["pennon-events", "pennon-sync", "pennon-ticker"];
            // A thread has its name soon after it was started.
            while !wanted.iter().all(|name| threads().iter().any(|thread| thread == name)) {
                if start.elapsed() > Duration::from_secs(15) {
                    return 2;
                }
                thread::sleep(Duration::from_millis(1));
            }
            while !client.get_bool("a", &user("child"), false) {
                if start.elapsed() > Duration::from_secs(15) {
                    return 3;
                }
                thread::sleep(Duration::from_millis(5));
            }
            i32::from(client.shutdown(Duration::from_secs(10)) != 0) * 4
        };
        client.get_bool("s", &user("parent"), false);
        let child = fork(body);
        thread::sleep(Duration::from_millis(300));
        relay.set(&flags([("a", flag("on")), ("s", split())]));
        assert_eq!(wait(child), 0);
        eventually("the parent follows too", || client.get_bool("a", &user("parent"), false));
        assert_eq!(client.flush(Duration::from_secs(10)), 0);
        let features = relay.features();
        let of = |name: &str| features.iter().filter(|f| f["userKey"] == name && f["key"] == "s").count();
        assert_eq!((of("parent"), of("child")), (1, 1), "each reports its own, once");
    });
}

#[test]
fn a_child_that_does_not_use_the_client_starts_nothing_and_ends() {
    alone("fork::a_child_that_does_not_use_the_client_starts_nothing_and_ends", || {
        let relay = Relay::start(&flags([("a", flag("on"))]));
        let client = Client::new(relay.options()).expect("a client");
        assert!(client.wait_ready(Duration::from_secs(10)));
        assert_eq!(wait(fork(|| i32::from(threads().len() != 1))), 0);
        // Nor does one that frees it.
        let child = fork(|| {
            let start = Instant::now();
            client.shutdown(Duration::from_secs(5));
            i32::from(start.elapsed() > Duration::from_secs(4) || threads().len() != 1)
        });
        assert_eq!(wait(child), 0);
        assert!(client.get_bool("a", &user("x"), false));
    });
}

#[test]
fn a_child_sees_what_its_file_became_before_it_looked() {
    alone("fork::a_child_sees_what_its_file_became_before_it_looked", || {
        let folder = Scratch::new();
        let path = folder.file("flags.json", flags([("a", flag("off"))]));
        let options =
            Options::new(Service::Goff).ruleset_file(&path).watch_interval(Duration::from_millis(10));
        let client = Client::new(options).expect("a client");
        assert!(client.wait_ready(Duration::from_secs(10)));
        let child = fork(|| {
            thread::sleep(Duration::from_millis(300));
            let start = Instant::now();
            while !client.get_bool("a", &user("x"), false) {
                if start.elapsed() > Duration::from_secs(10) {
                    return 1;
                }
                thread::sleep(Duration::from_millis(5));
            }
            0
        });
        folder.file("flags.json", flags([("a", flag("on"))]));
        assert_eq!(wait(child), 0);
    });
}

#[test]
fn forks_under_load_leave_every_child_at_work() {
    alone("fork::forks_under_load_leave_every_child_at_work", || {
        let relay = Relay::start(&flags([("a", flag("on")), ("s", split())]));
        let heard = Heard::default();
        let mut options = relay.options().pool_size(2).log(heard.log());
        options.set_named("poll_interval_ms", "1").expect("an option");
        options.set_named("flush_interval_ms", "1").expect("an option");
        let client = Client::new(options).expect("a client");
        assert!(client.wait_ready(Duration::from_secs(10)));
        let (ended, rounds) = (AtomicBool::new(false), times("PENNON_FORKS", 60));
        let started = Instant::now();
        thread::scope(|scope| {
            // Every instance is in use, events are half written, refreshes and flushes run, contexts are made, at any moment.
            for number in 0..4 {
                let (client, ended) = (&client, &ended);
                scope.spawn(move || {
                    let shared = user("shared");
                    while !ended.load(Ordering::Relaxed) {
                        client.get_bool("s", &shared, false);
                        client.get_bool("s", &user(&format!("load-{number}")), false);
                    }
                });
            }
            scope.spawn(|| {
                let mut turn = 0;
                while !ended.load(Ordering::Relaxed) {
                    turn += 1;
                    let fresh = flag(if turn % 2 == 0 { "on" } else { "off" });
                    let _ = client.set_ruleset(flags([("a", fresh), ("s", split())]));
                    client.stats();
                    let _ = client.refresh();
                }
            });
            let _ending = Ending(&ended);
            let mut children = Vec::new();
            for round in 0..rounds {
                let name = format!("child-{round}");
                children.push(fork(|| {
                    let me = user(&name);
                    if !(0..20).all(|_| client.get_bool("s", &me, false)) {
                        return 1;
                    }
                    if client.refresh().is_err() {
                        return 2;
                    }
                    if client.stats().evaluations != 20 {
                        return 3;
                    }
                    i32::from(client.shutdown(Duration::from_secs(20)) != 0) * 4
                }));
                if children.len() == 4 {
                    children.drain(..).for_each(|child| assert_eq!(wait(child), 0, "round {round}"));
                }
            }
            children.drain(..).for_each(|child| assert_eq!(wait(child), 0));
        });
        client.flush(Duration::from_secs(10));
        let features = relay.features();
        for round in 0..rounds {
            let name = format!("child-{round}");
            assert_eq!(
                features.iter().filter(|feature| feature["userKey"] == name.as_str()).count(),
                20,
                "{name}"
            );
        }
        println!("figure: {rounds} forks under load in {:?}", started.elapsed());
    });
}
