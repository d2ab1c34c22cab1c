//! `pennon watch` and `pennon eval --endpoint`, as an operator runs them.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::relay::Relay;
use crate::support::Scratch;
use crate::{flag, flags};

const PENNON: &str = env!("CARGO_BIN_EXE_pennon");

/// A running `pennon watch --json`.
pub struct Watch {
    pub process: Child,
    lines: Receiver<Value>,
}

impl Watch {
    pub fn start(relay: &Relay, arguments: &[&str]) -> Self {
        let usual = ["--option", "poll_interval_ms=100", "--option", "flush_interval_ms=50"];
        let mut process = Command::new(PENNON)
            .args(["watch", "--service", "goff", "--endpoint", &relay.url(), "--json"])
            .args(usual)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("starting pennon");
        let (sender, lines) = channel();
        let output = BufReader::new(process.stdout.take().expect("a piped stdout"));
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                // A line that a kill cut off is none.
                if let Ok(line) = serde_json::from_str(&line) {
                    let _ = sender.send(line);
                }
            }
        });
        Self { process, lines }
    }

    /// The next line of this event.
    pub fn next(&self, event: &str) -> Value {
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(20));
            let line = line.unwrap_or_else(|error| panic!("no {event}: {error}"));
            assert!(line["at"].as_str().is_some_and(|at| at.ends_with('Z') && at.len() == 24), "{line}");
            if line["event"] == event {
                return line;
            }
        }
    }

    pub fn signal(&self, signal: &str) {
        let status = Command::new("kill").arg(signal).arg(self.process.id().to_string()).status();
        assert!(status.expect("running kill").success());
    }

    /// Waits for its end; its exit status and all lines that were not read yet.
    pub fn end(mut self) -> (Option<i32>, Vec<Value>) {
        let status = self.process.wait().expect("waiting for pennon");
        (status.code(), self.lines.iter().collect())
    }
}

const QUESTIONS: &str =
    "{\"flag\":\"a\",\"context\":{\"targetingKey\":\"ann\"}}\n{\"flag\":\"b\",\"context\":{}}\n";

#[test]
fn watch_says_what_happens_as_it_happens() {
    let mut relay = Relay::start(&flags([("a", flag("off"))]));
    let watch = Watch::start(&relay, &["--option", "reconnect_interval_ms=200"]);
    assert_eq!(watch.next("state")["state"], "READY");
    relay.set(&flags([("a", flag("on"))]));
    let changed = watch.next("configuration_changed");
    assert_eq!((changed["flags"][0].as_str(), changed["source"].as_str()), (Some("a"), Some("service")));
    assert!(changed["took_ms"].as_f64().is_some_and(|took| took < 10_000.0));
    relay.kill();
    assert!(watch.next("refresh_failed")["error"].as_str().is_some_and(|error| error.contains("127.0.0.1")));
    let stale = watch.next("state");
    assert_eq!(stale["state"], "STALE");
    assert!(!stale["reason"].as_str().expect("a reason").is_empty());
    relay.run();
    assert_eq!(watch.next("state")["state"], "READY");
    watch.signal("-INT");
    let (status, lines) = watch.end();
    assert_eq!((status, lines.last().expect("stats")["event"].as_str()), (Some(0), Some("stats")));
}

#[test]
fn watch_evaluates_a_batch_sends_its_events_and_ends_with_stats() {
    let folder = Scratch::new();
    let batch = folder.file("batch.jsonl", QUESTIONS);
    let relay = Relay::start(&flags([("a", flag("on"))]));
    let arguments = ["--batch", batch.to_str().expect("a path"), "--rate", "0", "--count", "10"];
    let watch = Watch::start(&relay, &arguments);
    let first = watch.next("evaluation");
    assert_eq!(first["flag"], "a");
    assert_eq!((&first["targetingKey"], &first["value"]), (&Value::from("ann"), &Value::Bool(true)));
    assert_eq!((&first["variant"], &first["reason"]), (&Value::from("on"), &Value::from("STATIC")));
    assert_eq!(first.get("errorCode"), None);
    let second = watch.next("evaluation");
    assert_eq!(
        (&second["targetingKey"], &second["errorCode"]),
        (&Value::Null, &Value::from("FLAG_NOT_FOUND"))
    );
    let (status, lines) = watch.end();
    let stats = lines.last().expect("stats");
    assert_eq!((status, stats["event"].as_str()), (Some(0), Some("stats")));
    assert_eq!((&stats["evaluations"], &stats["events_sent"]), (&Value::from(10), &Value::from(10)));
    assert_eq!(lines.iter().filter(|line| line["event"] == "evaluation").count(), 8);
    assert_eq!(relay.features_become(10).len(), 10);
}

#[test]
fn watch_says_by_its_exit_status_that_events_remain() {
    let folder = Scratch::new();
    let batch = folder.file("batch.jsonl", QUESTIONS);
    let relay = Relay::start(&flags([("a", flag("on"))]));
    let nowhere = "collector_endpoint=http://127.0.0.1:9";
    let arguments = [
        "--batch",
        batch.to_str().expect("a path"),
        "--count",
        "4",
        "--rate",
        "0",
        "--timeout-ms",
        "300",
        "--option",
        nowhere,
    ];
    let (status, lines) = Watch::start(&relay, &arguments).end();
    assert_eq!(status, Some(3));
    let stats = lines.last().expect("stats");
    assert_eq!((&stats["events_dropped"], &stats["events_sent"]), (&Value::from(4), &Value::from(0)));
    assert!(lines.iter().any(|line| line["event"] == "events_dropped" && line["count"] == 4));
}

#[test]
fn eval_asks_a_live_service_and_remotely() {
    let relay = Relay::start(&flags([("a", flag("on")), ("b", flag("off"))]));
    let eval = |arguments: &[&str]| {
        let output = Command::new(PENNON)
            .args(["eval", "--service", "goff", "--endpoint", &relay.url(), "--json"])
            .args(arguments)
            .output()
            .expect("running pennon");
        (
            output.status.code(),
            String::from_utf8(output.stdout).expect("text"),
            String::from_utf8(output.stderr).expect("text"),
        )
    };
    let answer = r#"{"key":"a","value":true,"variant":"on","reason":"STATIC","metadata":{"gofeatureflag_cacheable":true}}"#;
    for mode in [&["--flag", "a"][..], &["--flag", "a", "--remote"]] {
        assert_eq!(eval(mode), (Some(0), format!("{answer}\n"), String::new()), "{mode:?}");
    }
    let (status, _, error) = eval(&["--flag", "a", "--option", "poll_interval=5"]);
    assert_eq!(status, Some(2));
    assert!(error.contains("option poll_interval is unknown"), "{error}");
    assert!(relay.features().iter().all(|feature| feature["source"] == "SERVER"), "looking is not reported");
    let output =
        Command::new(PENNON).args(["eval", "--service", "goff", "--endpoint", "http://127.0.0.1:9"]).output();
    let output = output.expect("running pennon");
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("127.0.0.1:9"));
}
