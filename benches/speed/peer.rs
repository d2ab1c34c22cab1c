//! Flagsmith's own client, in a process of its own that answers a line of JSON at a time.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

/// The vendor's client.
pub struct Peer {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The Python that has the vendor's packages; none where they cannot be had.
pub fn python() -> Option<PathBuf> {
    let output = Command::new(root().join("tests/flagsmith/peer.sh")).output().ok()?;
    let path = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| path.trim().into())
}

/// Makes the documents.
pub fn generate(python: &Path, directory: &Path, seed: &str) {
    let script = root().join("benches/flagsmith/documents.py");
    let status = Command::new(python).arg("-B").arg(script).arg(directory).arg(seed).status().unwrap();
    assert!(status.success(), "documents.py failed");
}

impl Peer {
    pub fn start(python: &Path, directory: &Path) -> Self {
        let mut command = Command::new(python);
        command.arg("-B").arg(root().join("benches/flagsmith/peer.py")).arg(directory);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { requests: child.stdin.take(), answers, child }
    }

    /// What it answers to a request.
    pub fn ask(&mut self, request: &Value) -> Value {
        let requests = self.requests.as_mut().unwrap();
        writeln!(requests, "{request}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).expect("an answer")
    }

    /// A figure of its answer to a request.
    pub fn figure(&mut self, request: &Value, name: &str) -> f64 {
        self.ask(request)[name].as_f64().expect("a figure")
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.requests = None;
        let _ = self.child.wait();
    }
}
