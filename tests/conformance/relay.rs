//! The oracle: a real relay proxy on a loopback port, started for one test and ended with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::outcome::Outcome;
use crate::pennon::{Question, Scratch};
use crate::program::{binary, free_port};

const ADMIN_KEY: &str = "conformance-admin";
const START_LIMIT: Duration = Duration::from_secs(30);
/// The relay is asked to refresh; its own poll must not come in between.
const POLL_INTERVAL_MS: u64 = 3_600_000;

/// A running relay. It is asked over one connection, one question at a time: concurrent questions about
/// one disabled flag end the process (reference B2).
pub struct Relay {
    process: Child,
    agent: ureq::Agent,
    address: String,
    flags: PathBuf,
}

impl Relay {
    /// Starts a relay that reads flags of `format` (json, yaml or toml) and adds `enrichment` to every context.
    pub fn start(folder: &Scratch, format: &str, enrichment: &Value) -> Self {
        let name = format!("relay-{format}-{}", enrichment.as_object().map_or(0, serde_json::Map::len));
        let flags = folder.file(&format!("{name}.flags"));
        fs::write(&flags, seed_document(format)).expect("writing the first flags file");
        // The port is free when chosen and could be taken before the relay binds it: then the next one is tried.
        let attempts = (0..5).find_map(|_| Self::try_start(folder, &name, format, &flags, enrichment));
        attempts.expect("the relay did not start; its log is in the scratch folder")
    }

    fn try_start(
        folder: &Scratch,
        name: &str,
        format: &str,
        flags: &Path,
        enrichment: &Value,
    ) -> Option<Self> {
        let port = free_port();
        let configuration = folder.file(&format!("{name}.yaml"));
        fs::write(&configuration, configuration_text(port, format, flags, enrichment))
            .expect("writing the configuration");
        let log = fs::File::create(folder.file(&format!("{name}.log"))).expect("making the relay's log");
        let process = Command::new(binary())
            .arg("--config")
            .arg(&configuration)
            // Every option of the relay can be overridden by an environment variable of its name.
            .env_clear()
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("one log for both streams"))
            .stderr(log)
            .spawn()
            .expect("starting the relay");
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
        let mut relay =
            Self { process, agent, address: format!("http://127.0.0.1:{port}"), flags: flags.to_owned() };
        relay.wait_until_healthy().then_some(relay)
    }

    fn wait_until_healthy(&mut self) -> bool {
        let started = Instant::now();
        while started.elapsed() < START_LIMIT {
            if self.agent.get(format!("{}/health", self.address)).call().is_ok() {
                return true;
            }
            if self.process.try_wait().expect("looking after the relay").is_some() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }

    /// Replaces the relay's flags; false when it refuses the document and keeps the old ones (reference A3).
    pub fn load(&mut self, document: &str) -> bool {
        fs::write(&self.flags, document).expect("writing the flags file");
        let url = format!("{}/admin/v1/retriever/refresh", self.address);
        let answer = self.agent.post(url).header("X-API-Key", ADMIN_KEY).send_empty();
        let mut answer = answer.unwrap_or_else(|error| panic!("refreshing the relay: {error}"));
        let body = answer.body_mut().read_to_string().expect("reading the refresh answer");
        assert_eq!(answer.status(), 200, "refresh: {body}");
        body.contains("true")
    }

    /// Asks the relay's OFREP endpoint.
    pub fn ask(&mut self, question: &Question) -> Outcome {
        let url = format!("{}/ofrep/v1/evaluate/flags/{}", self.address, escape_key(&question.flag));
        let body = format!("{{\"context\":{}}}", question.context);
        let answer = self.agent.post(url).content_type("application/json").send(body);
        let mut answer = answer.unwrap_or_else(|error| panic!("asking the relay {question:?}: {error}"));
        let status = answer.status().as_u16();
        let body = answer.body_mut().read_to_string().expect("reading the relay's answer");
        match status {
            200 | 400 => Outcome::from_answer(
                serde_json::from_str(&body)
                    .unwrap_or_else(|error| panic!("the relay wrote {body:?}: {error}")),
            ),
            404 if body.contains("FLAG_NOT_FOUND") => Outcome::Unanswered { status },
            500 => Outcome::Unanswered { status },
            _ => panic!("asking the relay {question:?}: {status} {body}"),
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The relay's configuration. Strings and enrichment are written as JSON, which is YAML; in YAML `5` is an
/// integer and `5.0` is not (reference A4).
fn configuration_text(port: u16, format: &str, flags: &Path, enrichment: &Value) -> String {
    format!(
        "server: {{mode: http, host: 127.0.0.1, port: {port}}}\n\
         hideBanner: true\nlogLevel: error\ndisableNotifierOnInit: true\n\
         pollingInterval: {POLL_INTERVAL_MS}\nfileFormat: {format}\n\
         retriever: {{kind: file, path: {path}}}\n\
         authorizedKeys: {{admin: [{ADMIN_KEY}]}}\n\
         evaluationContextEnrichment: {enrichment}\n",
        path = Value::from(flags.to_string_lossy().as_ref()),
    )
}

/// A document that the relay accepts at start, before the test has one.
fn seed_document(format: &str) -> &'static str {
    match format {
        "toml" => "[seed]\nvariations = { on = true }\ndefaultRule = { variation = \"on\" }\n",
        _ => r#"{"seed": {"variations": {"on": true}, "defaultRule": {"variation": "on"}}}"#,
    }
}

/// Escapes a flag key exactly as Go escapes a path: with any other escaping the relay looks for the escaped
/// text (reference A6).
fn escape_key(key: &str) -> String {
    key.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => char::from(byte).to_string(),
            _ if b"-_.~$&+,/:;=@".contains(&byte) => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
