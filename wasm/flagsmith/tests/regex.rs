//! Pennon's regular expressions against Python's own `re`, on patterns and texts made at random.
//!
//! `PENNON_SEED` repeats a run, `PENNON_CASES` raises its size. It needs `python3` of version 3.11.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's way to fail is to panic"
)]

#[path = "../../../src/service/flagsmith/characters.rs"]
mod characters;
#[path = "regex/generator.rs"]
mod generator;
#[path = "regex/parts.rs"]
mod parts;
#[path = "../../../tests/conformance/rng.rs"]
#[expect(dead_code, reason = "one generator of numbers for all tests, of which these need less")]
mod rng;

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use pennon_flagsmith::regex::{Refusal, Regex, with_codes};

/// Pairs of a run, unless `PENNON_CASES` asks for more.
const CASES: u64 = 20_000;

/// A pattern and a text.
type Case = (String, String);

/// What Python says of each case.
fn oracle(cases: &[Case]) -> Vec<String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/regex.py");
    let mut python = Command::new("python3")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 must be there");
    let mut input = python.stdin.take().unwrap();
    let lines: String = cases.iter().map(|case| serde_json::to_string(case).unwrap() + "\n").collect();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()).unwrap());
    let output = python.wait_with_output().unwrap();
    writer.join().unwrap();
    let answers: Vec<String> = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(answers.len(), cases.len(), "the oracle stopped early");
    answers
}

/// What we say, in the oracle's words; a case that cannot be compared is named by why.
fn ours(pattern: &str, text: &str) -> Result<&'static str, &'static str> {
    match Regex::new(&with_codes(pattern, characters::named)) {
        Ok(regex) => match regex.is_match(text) {
            Ok(true) => Ok("match"),
            Ok(false) => Ok("no"),
            Err(_) => Err("exhausted: Python has no step limit"),
        },
        Err(Refusal::Invalid { .. }) => Ok("error"),
        Err(Refusal::TooLarge(_)) => Err("too large: Python has no bound on the size of repeats"),
        Err(_) => unreachable!(),
    }
}

/// Compares all cases; counts answers and what was left out.
fn compare(cases: &[Case]) {
    let mut counts = BTreeMap::<String, usize>::new();
    let mut different = 0;
    for ((pattern, text), python) in cases.iter().zip(oracle(cases)) {
        let outcome = match python.as_str() {
            "slow" => "left out: slow in Python".to_owned(),
            // Python 3.11 has Unicode 14, the tables here are newer.
            "unassigned" => "left out: unassigned in Python's Unicode".to_owned(),
            _ => match ours(pattern, text) {
                Err(why) => format!("left out: {why}"),
                Ok(ours) if ours == python.split(':').next().unwrap_or_default() => python,
                // Nothing is found then.
                Ok("no") if python == "raises" => python,
                Ok(ours) => {
                    different += 1;
                    if different <= 20 {
                        println!("{}: Python {python}, ours {ours}", serde_json::json!([pattern, text]));
                    }
                    "different".to_owned()
                }
            },
        };
        *counts.entry(outcome).or_default() += 1;
    }
    println!("{counts:#?}");
    assert_eq!(different, 0);
}

#[test]
fn patterns_answer_as_in_python() {
    let mut rng = rng::Rng::new(rng::seed());
    let mut left = rng::number_from_environment("PENNON_CASES").unwrap_or(CASES);
    while left > 0 {
        let count = left.min(100_000);
        let cases: Vec<Case> = (0..count).map(|_| generator::case(&mut rng)).collect();
        compare(&cases);
        left -= count;
    }
}

/// Every letter that has case, against its other forms, alone and in sets.
#[test]
fn case_is_ignored_as_in_python() {
    let mut cases = Vec::new();
    for letter in '\0'..=char::MAX {
        let forms: Vec<char> =
            letter.to_lowercase().chain(letter.to_uppercase()).filter(|form| *form != letter).collect();
        for form in forms {
            for pattern in
                [format!("(?i){letter}"), format!("(?i)[{letter}-{letter}_]"), format!("(?ia){letter}")]
            {
                cases.push((pattern.clone(), form.to_string()));
            }
            cases.push((format!("(?i)[^{letter}]"), form.to_string()));
            cases.push((format!("(?i)[^_{letter}]"), form.to_string()));
            cases.push((format!("(?i)({letter})\\1"), format!("{letter}{form}")));
        }
    }
    compare(&cases);
}

/// Every character against the classes.
#[test]
fn characters_have_the_classes_of_python() {
    let mut cases = Vec::new();
    for character in '\0'..=char::MAX {
        let code = u32::from(character);
        let dense = code < 0x3000 || (0xa000..0xac00).contains(&code) || (0xf900..0x1_8000).contains(&code);
        // The rest is mostly ideographs and private characters: every sixteenth will do.
        if dense || code % 16 == 0 {
            cases.extend([r"(\w)|(\d)", r"\d", r"\s"].map(|class| (class.to_owned(), character.to_string())));
        }
    }
    compare(&cases);
}

/// Every name of a character, as it is and spelled in other ways.
#[test]
fn characters_have_the_names_of_python() {
    let mut cases = Vec::new();
    for character in '\0'..=char::MAX {
        // Of names that are made from the code, some will do.
        let Some(name) = unicode_names2::name(character) else { continue };
        let name = name.to_string();
        let made = name.starts_with("CJK UNIFIED") || name.starts_with("HANGUL SYLLABLE");
        if made && u32::from(character) % 61 != 0 {
            continue;
        }
        let mut names = vec![name.to_ascii_lowercase(), name.clone() + " "];
        names.extend(name.split_once([' ', '-']).map(|(first, rest)| format!("{first}{rest}")));
        names.extend(name.split_once(' ').map(|(first, rest)| format!("{first}-{rest}")));
        names.push(name);
        cases.extend(names.into_iter().map(|name| (format!("\\N{{{name}}}"), character.to_string())));
    }
    for alias in ["LF", "NULL", "NEW LINE", "new line", "ZWJ", "BOM", "NBSP", "LATIN CAPITAL LETTER GHA"] {
        cases.push((format!("\\N{{{alias}}}"), "\n".to_owned()));
    }
    compare(&cases);
}
