//! A real relay proxy that can be stopped, killed and started again at the same address.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use pennon::{Options, Service};
use serde_json::Value;

use crate::program::{binary, free_port};
use crate::support::{Scratch, eventually};

const ADMIN_KEY: &str = "service-admin";
const START_LIMIT: Duration = Duration::from_secs(30);

/// A relay with its files.
pub struct Relay {
    folder: Scratch,
    port: u16,
    more: String,
    process: Option<Child>,
}

impl Relay {
    /// A relay of these flags that runs.
    pub fn start(flags: &str) -> Self {
        let mut relay = Self::stopped(flags, "");
        relay.run();
        relay
    }

    /// A relay of these flags that does not run; `more` are lines of its configuration.
    pub fn stopped(flags: &str, more: &str) -> Self {
        let relay = Self { folder: Scratch::new(), port: free_port(), more: more.to_owned(), process: None };
        relay.write(flags);
        relay
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Options of a client that follows it without delay.
    pub fn options(&self) -> Options {
        let mut options = Options::new(Service::Goff).endpoint(&self.url()).expect("an endpoint");
        for (name, value) in
            [("poll_interval_ms", "100"), ("flush_interval_ms", "50"), ("change_stream", "off")]
        {
            options.set_named(name, value).expect("an option");
        }
        options
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path(name)
    }

    fn write(&self, flags: &str) {
        // Whole or not at all: the relay reads it at any time.
        fs::write(self.path("flags.new"), flags).expect("writing flags");
        fs::rename(self.path("flags.new"), self.path("flags.json")).expect("renaming flags");
    }

    /// Replaces its flags, at once if it runs.
    pub fn set(&self, flags: &str) {
        self.write(flags);
        if self.process.is_none() {
            return;
        }
        let url = format!("{}/admin/v1/retriever/refresh", self.url());
        let answer = ureq::post(url).header("X-API-Key", ADMIN_KEY).send_empty();
        let body = answer.expect("refreshing").body_mut().read_to_string().expect("an answer");
        assert!(body.contains("true"), "{body}");
    }

    /// Starts it.
    pub fn run(&mut self) {
        let configuration = self.path("relay.yaml");
        fs::write(&configuration, self.configuration()).expect("writing the configuration");
        let log = fs::File::create(self.path("relay.log")).expect("making the relay's log");
        let process = Command::new(binary())
            .arg("--config")
            .arg(&configuration)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("one log for both streams"))
            .stderr(log)
            .spawn()
            .expect("starting the relay");
        self.process = Some(process);
        let started = Instant::now();
        while ureq::get(format!("{}/health", self.url())).call().is_err() {
            let text = || fs::read_to_string(self.path("relay.log")).unwrap_or_default();
            assert!(started.elapsed() < START_LIMIT, "the relay does not start: {}", text());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn configuration(&self) -> String {
        let quoted = |path: PathBuf| Value::from(path.to_string_lossy().as_ref());
        let out = quoted(self.path("."));
        let exporter = |name: &str, more: &str| {
            format!(
                "  - {{kind: file, outputDir: {out}, filename: {name}.json, format: JSON, flushInterval: 50, maxEventInMemory: 1{more}}}\n"
            )
        };
        format!(
            "server: {{mode: http, host: 127.0.0.1, port: {port}}}\n\
             hideBanner: true\nlogLevel: error\ndisableNotifierOnInit: true\n\
             pollingInterval: 3600000\nfileFormat: json\n{source}{more}\n",
            port = self.port,
            more = self.more,
            source = if self.more.contains("flagsets") {
                String::new()
            } else {
                let keys = if self.more.contains("authorizedKeys") {
                    String::new()
                } else {
                    format!("authorizedKeys: {{admin: [{ADMIN_KEY}]}}\n")
                };
                format!(
                    "retriever: {{kind: file, path: {}}}\n{keys}exporters:\n{}{}",
                    quoted(self.path("flags.json")),
                    exporter("feature", ""),
                    exporter("tracking", ", eventType: tracking"),
                )
            }
        )
    }

    /// Ends it without notice.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    fn exported(&self, name: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.path(name)).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The evaluations that it has exported.
    pub fn features(&self) -> Vec<Value> {
        self.exported("feature.json")
    }

    /// The tracking events that it has exported.
    pub fn tracking(&self) -> Vec<Value> {
        self.exported("tracking.json")
    }

    /// Waits until it has exported so many evaluations.
    pub fn features_become(&self, count: usize) -> Vec<Value> {
        eventually(&format!("{count} exported events"), || self.features().len() >= count);
        self.features()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.kill();
    }
}
