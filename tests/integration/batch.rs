//! `pennon eval --batch`: a question a line, an answer a line.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::thread;

use serde_json::Value;

use crate::cli::{flags_file, pennon};
use crate::flags::{constant, ruleset};
use crate::support::{Scratch, peak_memory};

struct Batch {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

fn start(file: &std::path::Path) -> Batch {
    let mut command = pennon(file);
    command.arg("--batch").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("starting pennon");
    let input = child.stdin.take().expect("a pipe");
    let output = BufReader::new(child.stdout.take().expect("a pipe"));
    Batch { child, input, output }
}

impl Batch {
    /// Ends the input; exit code and what stderr said.
    fn end(self) -> (Option<i32>, String) {
        let Self { child, input, output } = self;
        drop(input);
        drop(output);
        let output = child.wait_with_output().expect("the end");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// The answers to all lines of `input`.
fn answers(input: &[u8]) -> Vec<String> {
    let folder = Scratch::new();
    let Batch { child, input: mut pipe, mut output } = start(&flags_file(&folder));
    let mut text = String::new();
    thread::scope(|scope| {
        scope.spawn(move || pipe.write_all(input).expect("writing questions"));
        output.read_to_string(&mut text).expect("answers in UTF-8");
    });
    let ended = child.wait_with_output().expect("the end");
    assert!(ended.status.success() && ended.stderr.is_empty(), "{ended:?}");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn answers_keep_the_order_of_the_questions() {
    let mut input = String::new();
    for number in 0..10_000 {
        let plan = if number % 3 == 0 { "pro" } else { "free" };
        input += &format!(
            "{{\"flag\": \"fine\", \"context\": {{\"plan\": \"{plan}\"}}}}\n{{\"flag\": \"absent-{number}\"}}\n"
        );
    }
    let answers = answers(input.as_bytes());
    assert_eq!(answers.len(), 20_000);
    for (number, pair) in answers.chunks(2).enumerate() {
        let value = if number % 3 == 0 { "\"value\":\"yes\"" } else { "\"value\":\"no\"" };
        assert!(pair[0].contains(value), "{number}: {}", pair[0]);
        assert!(
            pair[1].contains(&format!("\"key\":\"absent-{number}\",\"errorCode\":\"FLAG_NOT_FOUND\"")),
            "{}",
            pair[1]
        );
    }
}

#[test]
fn a_bad_line_gets_an_error_and_the_run_goes_on() {
    let long = format!("{{\"flag\": \"{}\"}}", "x".repeat(17 << 20));
    let bad: &[(&[u8], &str, &str)] = &[
        (b"no json", "PARSE_ERROR", "not a JSON object"),
        (b"[]", "PARSE_ERROR", "not a JSON object"),
        (b"", "PARSE_ERROR", "not a JSON object"),
        (b"{\"flag\": \"fine\"} {}", "PARSE_ERROR", "not a JSON object"),
        (b"{\"flag\": \"\xff\"}", "PARSE_ERROR", "not UTF-8"),
        (b"{\"flag\": \"fine\", \"contxt\": {}}", "PARSE_ERROR", "contxt"),
        (b"{\"flag\": 5}", "PARSE_ERROR", "not a string"),
        (long.as_bytes(), "PARSE_ERROR", "longer than"),
        (b"{\"flag\": \"fine\", \"context\": []}", "INVALID_CONTEXT", "not a JSON object"),
        (b"{\"flag\": \"fine\", \"context\": {\"a\": 1e999}}", "INVALID_CONTEXT", "number"),
    ];
    let mut input = Vec::new();
    for (line, _, _) in bad {
        input.extend_from_slice(line);
        input.extend_from_slice(b"\n{\"flag\": \"number\"}\n");
    }
    // The last line needs no line break.
    input.extend_from_slice(b"{\"flag\": \"number\"}");
    let answers = answers(&input);
    assert_eq!(answers.len(), 2 * bad.len() + 1);
    for (pair, (line, code, details)) in answers.chunks(2).zip(bad) {
        let shown = String::from_utf8_lossy(&line[..line.len().min(40)]);
        let error: Value = serde_json::from_str(&pair[0]).expect("JSON");
        assert_eq!(error["errorCode"], *code, "{shown}: {error}");
        let text = error["errorDetails"].as_str().expect("details");
        assert!(text.contains(details) && text.len() < 300, "{shown}: {text}");
        assert!(pair[1].contains("9007199254740993"), "after {shown}: {}", pair[1]);
    }
    assert!(answers.last().is_some_and(|answer| answer.contains("9007199254740993")));
}

#[test]
fn numbers_are_written_as_the_ruleset_has_them() {
    let folder = Scratch::new();
    let numbers = [
        "9007199254740993",
        "18446744073709551615",
        "1.0",
        "-0.0",
        "1e2",
        "0.1",
        "123456789012345678901234567890",
    ];
    let keys: Vec<_> = (0..numbers.len()).map(|number| format!("n{number}")).collect();
    let flags: Vec<_> = numbers.iter().map(|number| constant(number)).collect();
    let document = ruleset(keys.iter().map(String::as_str).zip(flags.iter().map(String::as_str)));
    let mut batch = start(&folder.file("flags.json", document));
    for (key, number) in keys.iter().zip(numbers) {
        writeln!(batch.input, "{{\"flag\": \"{key}\"}}").expect("asking");
        let mut answer = String::new();
        batch.output.read_line(&mut answer).expect("an answer");
        assert!(answer.contains(&format!("\"value\":{number},")), "{number}: {answer}");
    }
    assert_eq!(batch.end(), (Some(0), String::new()));
}

#[test]
fn a_question_without_a_flag_is_about_all_flags() {
    let answers = answers(b"{\"context\": {\"plan\": \"pro\"}}\n{}\n");
    let all: Value = serde_json::from_str(&answers[0]).expect("JSON");
    assert_eq!(all["flags"]["fine"]["value"], "yes");
    assert_eq!(all["flags"]["split"]["errorCode"], "TARGETING_KEY_MISSING");
    let all: Value = serde_json::from_str(&answers[1]).expect("JSON");
    assert_eq!((&all["flags"]["fine"]["value"], answers.len()), (&Value::from("no"), 2));
}

#[test]
fn who_waits_for_each_answer_gets_it() {
    let folder = Scratch::new();
    let mut batch = start(&flags_file(&folder));
    for round in 0..1000 {
        let (plan, value) = if round % 2 == 0 { ("pro", "yes") } else { ("free", "no") };
        writeln!(batch.input, "{{\"flag\": \"fine\", \"context\": {{\"plan\": \"{plan}\"}}}}")
            .expect("asking");
        let mut answer = String::new();
        batch.output.read_line(&mut answer).expect("an answer");
        assert!(answer.contains(&format!("\"value\":\"{value}\"")), "{answer}");
    }
    assert_eq!(batch.end(), (Some(0), String::new()));
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let folder = Scratch::new();
    let Batch { child, mut input, mut output } = start(&flags_file(&folder));
    let writer = thread::spawn(move || {
        // Ends when the program has ended.
        while input.write_all(b"{\"flag\": \"fine\"}\n").is_ok() {}
    });
    let mut answer = String::new();
    output.read_line(&mut answer).expect("an answer");
    drop(output);
    let ended = child.wait_with_output().expect("the end");
    writer.join().expect("the writer");
    assert_eq!((ended.status.code(), ended.stderr.as_slice()), (Some(0), b"".as_slice()));
}

#[test]
fn memory_does_not_grow_with_the_number_of_questions() {
    const QUESTIONS: usize = 200_000;
    let folder = Scratch::new();
    let Batch { mut child, mut input, mut output } = start(&flags_file(&folder));
    let id = child.id().to_string();
    let mut peaks = Vec::new();
    thread::scope(|scope| {
        let writer = scope.spawn(move || {
            for number in 0..QUESTIONS {
                let line = format!("{{\"flag\": \"fine\", \"context\": {{\"targetingKey\": \"user-{number}\", \"plan\": \"pro\"}}}}\n");
                input.write_all(line.as_bytes()).expect("asking");
            }
            input
        });
        let mut answer = String::new();
        for number in 1..=QUESTIONS {
            answer.clear();
            output.read_line(&mut answer).expect("an answer");
            assert!(answer.contains("\"value\":\"yes\""), "{answer}");
            if number == QUESTIONS / 100 || number == QUESTIONS {
                peaks.push(peak_memory(&id));
            }
        }
        drop(writer.join().expect("the writer"));
    });
    assert!(child.wait().expect("the end").success());
    println!(
        "figure: peak memory after 1 % and 100 % of {QUESTIONS} questions: {} and {} KiB",
        peaks[0] >> 10,
        peaks[1] >> 10
    );
    assert!(peaks[1] < peaks[0] + (1 << 20), "{peaks:?}");
}
