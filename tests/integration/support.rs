//! What tests need around the library: contexts, bounded waits, processes of their own, files, and figures of the system.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pennon::{Client, Context, Options, Service};

/// How long a condition may take to come true before the test fails.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub fn options(ruleset: &str) -> Options {
    Options::new(Service::Goff).ruleset(ruleset)
}

pub fn client(ruleset: &str) -> Client {
    Client::new(options(ruleset)).expect("a client of a good ruleset")
}

pub fn context(json: &str) -> Context {
    Context::from_json(json).expect("a context")
}

pub fn user(key: &str) -> Context {
    let mut context = Context::new();
    context.set_targeting_key(key).expect("setting the targeting key");
    context
}

/// Waits until `condition` holds; fails when it does not within [`PATIENCE`].
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        thread::park_timeout(Duration::from_millis(1));
    }
}

/// Ends threads that run until a flag is set, also where the test fails: a scope would wait for them for ever.
#[derive(Debug)]
pub struct Ending<'a>(pub &'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// CPU time that `work` takes on the calling thread, on which guests run too.
pub fn cpu_of<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let before = thread_cpu();
    let result = work();
    (result, thread_cpu().saturating_sub(before))
}

fn thread_cpu() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").expect("reading schedstat");
    let nanoseconds =
        text.split(' ').next().and_then(|field| field.parse().ok()).expect("a number in schedstat");
    Duration::from_nanos(nanoseconds)
}

/// Peak of the resident memory of a process (`self` or its number), in bytes.
pub fn peak_memory(process: &str) -> usize {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("reading status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("VmHWM in status");
    let kilobytes: usize = line.trim().trim_end_matches(" kB").parse().expect("a number of kB");
    kilobytes << 10
}

/// Waits until the library has the threads of these names and no others. A thread has its name soon after it was
/// started, so that all threads are counted too: `others` are not the library's.
pub fn library_threads_become(others: usize, expected: &[&str]) {
    let mut seen = Vec::new();
    let is_so = || {
        seen = threads();
        let mut names: Vec<_> = seen.iter().filter(|name| name.starts_with("pennon")).collect();
        names.sort();
        seen.len() == others + expected.len() && names == expected
    };
    eventually(&format!("the threads are {expected:?}"), is_so);
}

/// Names of all threads of this process.
pub fn threads() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").expect("reading the tasks");
    // A thread may end between the listing and the reading.
    let names = tasks.flatten().filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
    names.map(|name| name.trim().to_owned()).collect()
}

/// Runs `body` in a process in which nothing else runs; `test` is the full name of the calling test.
pub fn alone(test: &str, body: impl FnOnce()) {
    const VARIABLE: &str = "PENNON_ALONE";
    if std::env::var(VARIABLE).as_deref() == Ok(test) {
        return body();
    }
    let output = Command::new(std::env::current_exe().expect("the test's own path"))
        .args(["--exact", test, "--test-threads=1", "--nocapture"])
        .env(VARIABLE, test)
        .output()
        .expect("starting the test alone");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{test} alone: {}\n{stdout}{stderr}", output.status);
    assert!(stdout.contains("1 passed"), "{test} is not the test's name\n{stdout}");
    // The first one stands behind the test's name.
    for figure in stdout.lines().filter_map(|line| line.find("figure:").and_then(|start| line.get(start..))) {
        println!("{figure}");
    }
}

/// A folder for one test's files, below target/, removed when the test is through.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("integration-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).expect("making the scratch folder");
        Self(folder)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file and answers where it is.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).expect("writing a file");
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A failed test keeps its files: they are what one wants to look at.
        if !thread::panicking() {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}
