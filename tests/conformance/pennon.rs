//! Asks Pennon, through the command line program: the same door for every test of this folder.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::outcome::Outcome;

/// One evaluation to ask for. The context is JSON text, because its spelling is part of what is tested.
#[derive(Clone, Debug)]
pub struct Question {
    pub flag: String,
    pub context: String,
}

impl Question {
    pub fn new(flag: &str, context: &Value) -> Self {
        Self { flag: flag.to_owned(), context: context.to_string() }
    }
}

/// Asks all `questions` of the ruleset in `ruleset`; one answer for each, in order.
pub fn ask(ruleset: &Path, questions: &[Question]) -> Vec<Outcome> {
    ask_with(ruleset, questions, &[]).into_iter().map(Outcome::from_answer).collect()
}

/// The same with more `arguments` of the command; answers as they were written.
pub fn ask_with(ruleset: &Path, questions: &[Question], arguments: &[&OsStr]) -> Vec<Value> {
    let lines: String = questions
        .iter()
        .map(|question| {
            format!("{{\"flag\":{},\"context\":{}}}\n", Value::from(question.flag.as_str()), question.context)
        })
        .collect();
    let input = ruleset.with_extension("questions");
    fs::write(&input, lines).expect("writing the questions");
    let output = Command::new(binary())
        .args(["eval", "--service", "goff", "--batch", "--ruleset"])
        .arg(ruleset)
        .args(arguments)
        .stdin(Stdio::from(File::open(&input).expect("opening the questions")))
        .output()
        .expect("starting pennon");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "pennon eval of {} ended with {}: {stderr}",
        ruleset.display(),
        output.status
    );
    let answers = String::from_utf8(output.stdout).expect("answers in UTF-8");
    let answers: Vec<Value> = answers.lines().map(read).collect();
    assert_eq!(answers.len(), questions.len(), "one answer for each question; stderr: {stderr}");
    answers
}

/// Asks one question of a ruleset given as JSON.
pub fn ask_one(folder: &Scratch, ruleset: &Value, question: Question) -> Outcome {
    let file = folder.file("ruleset.json");
    fs::write(&file, ruleset.to_string()).expect("writing the ruleset");
    ask(&file, &[question]).remove(0)
}

fn read(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("pennon wrote {line:?}: {error}"))
}

/// The program under test: the one Cargo built, unless `PENNON_BIN` names another.
fn binary() -> PathBuf {
    std::env::var_os("PENNON_BIN")
        .map(PathBuf::from)
        .or_else(|| option_env!("CARGO_BIN_EXE_pennon").map(PathBuf::from))
        .expect("CARGO_BIN_EXE_pennon or PENNON_BIN names the program")
}

/// A folder for one test's files, below target/, removed when the test is through.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new(test: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("making the scratch folder");
        Self(folder)
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A failed test keeps its files: they are what one wants to look at.
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}
