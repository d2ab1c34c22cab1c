//! GO Feature Flag's own module, for the test programs that need it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The module: `PENNON_MODULE`, or what tests/module/fetch.sh fetches (once) and names.
pub fn official() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        if let Some(path) = std::env::var_os("PENNON_MODULE") {
            return path.into();
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/module/fetch.sh");
        let output = Command::new("sh")
            .arg(script)
            .stderr(Stdio::inherit())
            .output()
            .expect("running tests/module/fetch.sh");
        assert!(
            output.status.success(),
            "tests/module/fetch.sh failed; PENNON_MODULE can name a module 0.2.4"
        );
        let text = String::from_utf8(output.stdout).expect("a path in UTF-8");
        text.lines().last().expect("fetch.sh names the module").into()
    })
}
