//! A ruleset in a file that is watched.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pennon::{Client, Context, ErrorCode, FlagType, Log, LogLevel, Options, Service, State};

use crate::flags::{constant, ruleset};
use crate::support::{PATIENCE, Scratch, alone, eventually, library_threads_become, threads};

const INTERVAL: Duration = Duration::from_millis(10);

/// Keeps what the library says.
#[derive(Debug, Default)]
struct Messages(Mutex<Vec<(LogLevel, String)>>);

impl Log for Messages {
    fn log(&self, level: LogLevel, message: &str) {
        self.0.lock().expect("the messages").push((level, message.to_owned()));
    }
}

impl Messages {
    fn all(&self) -> Vec<(LogLevel, String)> {
        self.0.lock().expect("the messages").clone()
    }
}

fn document(number: i64) -> String {
    ruleset([("number", constant(&number.to_string()).as_str())])
}

fn watched(file: &Path) -> (Client, Arc<Messages>) {
    let messages = Arc::new(Messages::default());
    let options =
        Options::new(Service::Goff).ruleset_file(file).watch_interval(INTERVAL).log(messages.clone());
    (Client::new(options).expect("a client"), messages)
}

fn number(client: &Client) -> i64 {
    client.get_int("number", &Context::new(), -1)
}

fn becomes(client: &Client, expected: i64) {
    eventually(&format!("the number becomes {expected}"), || number(client) == expected);
    eventually("READY", || client.state() == State::Ready);
}

#[test]
fn edits_arrive_and_a_broken_one_keeps_the_last_good_ruleset() {
    let folder = Scratch::new();
    let file = folder.file("flags.json", document(1));
    let (client, messages) = watched(&file);
    assert_eq!(
        (number(&client), client.state()),
        (1, State::Ready),
        "the file has been read when the client is there"
    );
    for edit in 2..20 {
        folder.file("flags.json", document(edit));
        becomes(&client, edit);
    }
    // A file that is written in place may be read half-written, which is reported too.
    let before = messages.all().len();
    folder.file("flags.json", "{\"number\": {\n \"variations\": }");
    eventually("STALE", || client.state() == State::Stale && client.stats().last_error.contains("line 2"));
    assert_eq!(number(&client), 19, "the last good ruleset stays in force");
    assert!(client.wait_ready(Duration::ZERO), "which is as good as ready");
    eventually("the log tells it", || {
        messages.all().iter().skip(before).any(|(level, text)| {
            *level == LogLevel::Error
                && text.contains("line 2")
                && text.contains("last good")
                && !text.contains('\n')
        })
    });
    folder.file("flags.json", document(20));
    becomes(&client, 20);
    assert_eq!(client.stats().last_error, "");
}

#[test]
fn edits_of_one_length_in_quick_succession_all_arrive() {
    let folder = Scratch::new();
    let file = folder.file("flags.json", document(1000));
    let (client, _) = watched(&file);
    for edit in 1001..1200 {
        folder.file("flags.json", document(edit));
        becomes(&client, edit);
    }
}

#[test]
fn a_file_that_is_replaced_by_rename_is_noticed() {
    let folder = Scratch::new();
    let file = folder.file("flags.json", document(1));
    let (client, messages) = watched(&file);
    for edit in 2..30 {
        // As a writer does that keeps the time stamp and the length: only the file's identity differs.
        let time = fs::metadata(&file).and_then(|metadata| metadata.modified()).expect("a time stamp");
        let next = folder.file("flags.json.new", document(edit % 10));
        fs::File::options()
            .write(true)
            .open(&next)
            .and_then(|file| file.set_modified(time))
            .expect("setting the time");
        fs::rename(&next, &file).expect("renaming");
        becomes(&client, edit % 10);
    }
    assert_eq!(messages.all(), [], "a rename is never seen half-done");
}

#[test]
fn a_symbolic_link_that_is_swapped_is_noticed() {
    let folder = Scratch::new();
    // As Kubernetes mounts a ConfigMap: the file is a link through a link to a folder, which is swapped.
    for version in 1..=5 {
        let version_folder = folder.path(&format!("v{version}"));
        fs::create_dir(&version_folder).expect("a folder");
        fs::write(version_folder.join("flags.json"), document(version)).expect("writing");
    }
    let data = folder.path("data");
    symlink("v1", &data).expect("linking");
    let file = folder.path("flags.json");
    symlink("data/flags.json", &file).expect("linking");
    let (client, messages) = watched(&file);
    for version in [2, 3, 4, 5, 1] {
        let next = folder.path("data.new");
        symlink(format!("v{version}"), &next).expect("linking");
        fs::rename(&next, &data).expect("renaming");
        becomes(&client, version);
    }
    assert_eq!(messages.all(), []);
}

#[test]
fn a_deleted_file_is_stale_and_is_found_again() {
    let folder = Scratch::new();
    let file = folder.file("flags.json", document(1));
    let (client, messages) = watched(&file);
    let away = folder.path("away.json");
    fs::rename(&file, &away).expect("moving it away");
    eventually("STALE", || client.state() == State::Stale);
    assert_eq!(number(&client), 1);
    assert!(client.stats().last_error.contains("flags.json"), "{}", client.stats().last_error);
    fs::rename(&away, &file).expect("moving it back");
    eventually("READY", || client.state() == State::Ready);
    assert_eq!(messages.all().len(), 1, "its absence is reported once: {:?}", messages.all());
    fs::remove_file(&file).expect("deleting it");
    eventually("STALE", || client.state() == State::Stale);
    folder.file("flags.json", document(2));
    becomes(&client, 2);
}

#[test]
fn a_missing_file_is_an_error_until_it_appears() {
    let folder = Scratch::new();
    let file = folder.path("flags.json");
    let (client, messages) = watched(&file);
    assert_eq!(client.state(), State::Error);
    let context = Context::new();
    let evaluation = client.evaluate("number", FlagType::Integer, &context);
    assert_eq!(evaluation.error_code(), Some(ErrorCode::ProviderNotReady));
    assert!(!evaluation.error_message().is_empty());
    assert_eq!(number(&client), -1);
    assert!(client.evaluate_all(&context).is_none() && client.diagnostics().is_empty());
    assert!(!client.wait_ready(Duration::ZERO) && !client.wait_ready(INTERVAL * 2));
    let path = file.to_str().expect("a path in UTF-8");
    assert!(client.stats().last_error.contains(path), "{}", client.stats().last_error);
    let shown = messages.all();
    assert!(shown.len() == 1 && shown[0].1.contains(path), "said once, with the path: {shown:?}");

    let temporary = folder.file("flags.json.new", document(7));
    fs::rename(temporary, &file).expect("renaming");
    assert!(client.wait_ready(PATIENCE));
    assert_eq!((number(&client), client.state()), (7, State::Ready));
}

#[test]
fn an_interval_of_zero_never_reads_again_but_refresh_does() {
    alone("files::an_interval_of_zero_never_reads_again_but_refresh_does", || {
        let folder = Scratch::new();
        let file = folder.file("flags.json", document(1));
        let options = Options::new(Service::Goff).ruleset_file(&file).watch_interval(Duration::ZERO);
        let others = threads().len();
        let client = Client::new(options).expect("a client");
        // No thread could notice an edit.
        library_threads_become(others, &["pennon-ticker"]);
        folder.file("flags.json", document(2));
        assert_eq!(number(&client), 1);
        assert_eq!(client.refresh(), Ok(()));
        assert_eq!(number(&client), 2);
        folder.file("flags.json", "{");
        let error = client.refresh().expect_err("a broken file").to_string();
        assert_eq!((client.state(), number(&client)), (State::Stale, 2));
        assert_eq!(client.stats().last_error, error);
        folder.file("flags.json", document(3));
        assert_eq!(client.refresh(), Ok(()));
        assert_eq!((client.state(), number(&client)), (State::Ready, 3));
    });
}

#[test]
fn errors_of_a_file_name_the_file() {
    let folder = Scratch::new();
    let file = folder.file("flags.json", "{\"number\": ]");
    let (client, messages) = watched(&file);
    let path = file.to_str().expect("a path in UTF-8");
    assert_eq!(client.state(), State::Error);
    assert!(client.stats().last_error.contains(path), "{}", client.stats().last_error);
    assert!(messages.all().iter().all(|(_, text)| text.contains(path)), "{:?}", messages.all());
}

#[test]
fn shutdown_and_drop_end_the_library_s_threads() {
    alone("files::shutdown_and_drop_end_the_library_s_threads", || {
        let folder = Scratch::new();
        let file = folder.file("flags.json", document(1));
        let others = threads().len();
        library_threads_become(others, &[]);
        let (first, _) = watched(&file);
        let (second, _) = watched(&file);
        library_threads_become(others, &["pennon-ticker", "pennon-watch", "pennon-watch"]);
        first.shutdown(PATIENCE);
        // The ticker goes when nothing is evaluated any more, and comes back with an evaluation that needs it.
        library_threads_become(others, &["pennon-watch"]);
        assert_eq!(number(&first), 1, "evaluations still work after a shutdown");
        first.shutdown(PATIENCE);
        drop(second);
        library_threads_become(others, &[]);
        drop(first);
        library_threads_become(others, &[]);
        for _ in 0..50 {
            drop(watched(&file));
        }
        library_threads_become(others, &[]);
    });
}
