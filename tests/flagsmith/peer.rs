//! The vendor's engine and client, run by the Python that `peer.sh` installs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Something of the shared reference; none where it is absent, which is said.
pub fn shared(path: &str) -> Option<PathBuf> {
    let path = root().join("../shared").join(path);
    if !path.exists() {
        println!("not run: {} is absent", path.display());
        return None;
    }
    Some(path)
}

/// The Python that has the vendor's packages.
pub fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let output = Command::new(root().join("tests/flagsmith/peer.sh")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
    })
}

/// What a script of this folder prints.
pub fn run(script: &str, arguments: &[&str]) -> String {
    let output = Command::new(python())
        .arg(root().join("tests/flagsmith").join(script))
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "{script} failed");
    String::from_utf8(output.stdout).unwrap()
}

/// A number from the environment, or a default.
pub fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap())
}

/// `PENNON_SEED`, or another one at each run.
pub fn seed() -> u64 {
    number("PENNON_SEED", SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs())
}
