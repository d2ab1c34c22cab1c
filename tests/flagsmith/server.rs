//! The server of `server.py`, of which `faithful.py` shows that the vendor's own client takes it for Flagsmith.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use pennon::{Options, Service};
use serde_json::{Value, json};

use crate::peer::{python, root};

/// The key by which it gives documents.
pub const KEY: &str = "ser.test";

/// A running server, ended with its last use.
pub struct Server {
    process: Child,
    port: u16,
    http: ureq::Agent,
}

impl Server {
    pub fn start() -> Self {
        let mut process = Command::new(python())
            .arg(root().join("tests/flagsmith/server.py"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().strip_prefix("listening ").unwrap().parse().unwrap();
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        Self { process, port, http: ureq::Agent::new_with_config(config) }
    }

    /// A server with a document.
    pub fn with(document: &Value) -> Self {
        let server = Self::start();
        server.set(document);
        server
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/api/v1/", self.port)
    }

    /// Options of a client that follows it, quickly.
    pub fn options(&self) -> Options {
        let mut options = Options::new(Service::Flagsmith).endpoint(&self.url()).unwrap().api_key(KEY);
        for (name, value) in [("poll_interval_ms", "100"), ("change_stream", "off"), ("timeout_ms", "2000")] {
            options.set_named(name, value).unwrap();
        }
        options.start_wait(Duration::from_secs(5))
    }

    fn control(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/_control/{path}", self.port)
    }

    pub fn get(&self, path: &str) -> Value {
        let body = self.http.get(self.control(path)).call().unwrap().into_body().read_to_string().unwrap();
        serde_json::from_str(&body).unwrap()
    }

    pub fn put(&self, path: &str, body: &str) {
        let answer = self.http.put(self.control(path)).send(body).unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }

    pub fn delete(&self, path: &str) {
        self.http.delete(self.control(path)).call().unwrap();
    }

    pub fn post(&self, path: &str) {
        self.http.post(self.control(path)).send_empty().unwrap();
    }

    pub fn set(&self, document: &Value) {
        self.put("document", &document.to_string());
    }

    pub fn fault(&self, fault: Value) {
        self.put("fault", &fault.to_string());
    }

    /// The requests whose path begins so, as far as they have been answered.
    pub fn requests(&self, path: &str) -> Vec<Value> {
        let all = self.get("requests");
        let all = all.as_array().unwrap().iter();
        all.filter(|request| request["path"].as_str().unwrap().starts_with(path)).cloned().collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Waits until something holds, at most ten seconds.
pub fn until(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < end, "{what} does not come about");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A state of a feature.
pub fn state(id: u64, name: &str, enabled: bool, value: Value) -> Value {
    json!({"feature": {"id": id, "name": name, "type": "STANDARD"}, "enabled": enabled, "feature_state_value": value,
           "django_id": id + 100, "featurestate_uuid": "8fc91e55-7dd9-a062-65ac-caec8881a1e3"})
}

/// A document of features, with a segment `pros` (plan is pro) that switches `checkout` on.
pub fn document(features: &[Value]) -> Value {
    let mut own = state(1, "checkout", true, json!("v2"));
    own["feature_segment"] = json!({"priority": 1});
    json!({
        "id": 1, "api_key": "client", "name": "E", "feature_states": features, "identity_overrides": [],
        "updated_at": "2024-04-18T08:16:20.678868+00:00",
        "project": {"id": 1, "name": "P", "segments": [{
            "id": 55, "name": "pros", "feature_states": [own],
            "rules": [{"type": "ALL", "conditions": [], "rules": [
                {"type": "ANY", "rules": [], "conditions": [{"operator": "EQUAL", "property_": "plan", "value": "pro"}]}]}]}]}
    })
}

/// What an identity has instead of the default.
pub fn own(identifier: &str, state: Value) -> Value {
    json!({"identifier": identifier, "identity_features": [state]})
}
