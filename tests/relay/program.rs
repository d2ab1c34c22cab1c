//! The relay proxy's program, for the test programs that run one.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The relay program: `PENNON_RELAY`, or what tests/relay/build.sh builds (once) and names.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(path) = std::env::var_os("PENNON_RELAY") {
            return path.into();
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/relay/build.sh");
        let mut build = Command::new("sh")
            .arg(script)
            .stdout(Stdio::piped())
            .spawn()
            .expect("running tests/relay/build.sh");
        let output = BufReader::new(build.stdout.take().expect("a piped stdout"));
        let last = output.lines().map_while(Result::ok).last();
        let status = build.wait().expect("waiting for tests/relay/build.sh");
        assert!(status.success(), "tests/relay/build.sh failed; PENNON_RELAY can name a relay proxy v1.55.2");
        last.expect("build.sh names the binary").into()
    })
}

/// A loopback port that is free now.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("binding a loopback port");
    listener.local_addr().expect("the port just bound").port()
}
