//! Paths against the vendor's library: generated paths over generated documents, the first node of each.
//!
//! `PENNON_SEED` repeats a run, `PENNON_CASES` says how many cases; `PENNON_PEER_PYTHON` is a Python that has the library,
//! which `tests/flagsmith/peer.sh` installs otherwise.
//!
//! What is not generated, because it cannot be equal: more than 64 levels of a path, where Python's bound of a few hundred
//! depends on its caller; walks of more than `MAX_STEPS`; NaN in two lists that are compared, where Python takes an object for equal to itself; a text with a newline at its end, where the engine of this test, but not
//! `Patterns`, has another `$`.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's way to fail is to panic"
)]

mod document;
mod fixed;
mod generate;
mod mutate;
mod pattern;
#[path = "../../../../tests/conformance/rng.rs"]
mod rng;
mod stack;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use document::{Node, Value};
use pennon_flagsmith::path::{Compiled, Extent, Path, PathError, Patterns, Raised};
use rng::Rng;

/// The engine of this test.
pub struct Engine;

#[derive(Debug)]
struct Expression(regex::Regex);

impl Patterns for Engine {
    fn compile(&self, pattern: &str, extent: Extent) -> Option<Box<dyn Compiled>> {
        let pattern = match extent {
            Extent::Whole => format!("^(?:{pattern})$"),
            Extent::Part => pattern.to_owned(),
        };
        let compiled = regex::Regex::new(&pattern);
        Some(Box::new(Expression(
            compiled.unwrap_or_else(|error| panic!("{pattern:?} is not in the language: {error}")),
        )))
    }
}

impl Compiled for Expression {
    fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

fn answer(path: &str, document: &Value) -> String {
    let path = match Path::parse(path, &Engine) {
        Ok(path) => path,
        Err(PathError::Raises(exception)) => return format!("raises {}", exception.name()),
        Err(_) => return "syntax".to_owned(),
    };
    match path.first(Node::root(document), &Engine) {
        Ok(Some(node)) => format!("at {}", node.place.join("/")),
        Ok(None) => "none".to_owned(),
        Err(Raised::Exception(exception)) => format!("raises {}", exception.name()),
        Err(Raised::TooDeep) => "warns".to_owned(),
        Err(other) => format!("{other:?}"),
    }
}

/// The Python that has the library; none while nothing can install it.
fn python() -> Option<String> {
    if let Ok(python) = std::env::var("PENNON_PEER_PYTHON") {
        return Some(python);
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/flagsmith/peer.sh");
    if !std::path::Path::new(script).exists() {
        return None;
    }
    let output = Command::new(script).output().expect("the script runs");
    assert!(output.status.success(), "{script} failed: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).expect("a path is text").trim().to_owned())
}

#[test]
fn the_first_node_is_the_librarys() {
    let Some(python) = python() else {
        println!("skipped: there is neither PENNON_PEER_PYTHON nor tests/flagsmith/peer.sh");
        return;
    };
    let count = rng::number_from_environment("PENNON_CASES").unwrap_or(20_000) as usize;
    let mut rng = Rng::new(rng::seed());
    let mut oracle = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/path/oracle.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python starts");
    let mut questions = oracle.stdin.take().expect("it is piped");
    let mut answers = BufReader::new(oracle.stdout.take().expect("it is piped")).lines();

    let mut cases = fixed::cases(&mut rng);
    let generated = (0..count).map(|_| {
        let document = document::document(&mut rng);
        generate::case(&mut rng, document)
    });
    cases.extend(generated);
    let lines: Vec<String> = cases.iter().map(|(path, document)| generate::line(path, document)).collect();
    let writer = std::thread::spawn(move || {
        for line in &lines {
            questions.write_all(line.as_bytes()).expect("Python reads");
        }
    });
    let mut kinds = std::collections::BTreeMap::<String, usize>::new();
    let mut differences = 0;
    for (path, document) in &cases {
        let expected = answers.next().expect("an answer for each case").expect("Python writes text");
        let got = answer(path, document);
        let kind = if expected.starts_with("at") { "at" } else { &expected };
        *kinds.entry(kind.to_owned()).or_default() += 1;
        if got != expected {
            differences += 1;
            if differences <= 20 {
                let line = generate::line(path, document);
                println!("path {path:?}\n  here {got}\n  there {expected}\n  {line}");
            }
        }
    }
    writer.join().expect("all was written");
    assert!(oracle.wait().expect("Python ends").success());
    println!("{} cases: {kinds:?}", cases.len());
    assert_eq!(differences, 0, "{differences} of {} cases differ", cases.len());
}
