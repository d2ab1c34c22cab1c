//! `--batch`: a question a line, an answer a line, in constant memory.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};

use pennon::{Client, Context, FlagType};
use serde_json::value::RawValue;

use crate::answer;

/// Bytes of a line; a longer one gets an error for its answer.
const MAX_LINE_BYTES: usize = 16 << 20;

/// Answers questions until the input ends.
pub fn run(client: &Client, input: impl Read, output: &mut impl Write) -> io::Result<()> {
    let mut input = BufReader::with_capacity(1 << 16, input);
    let mut output = BufWriter::with_capacity(1 << 16, output);
    let mut line = Vec::new();
    while read_line(&mut input, &mut line)? {
        if line.len() > MAX_LINE_BYTES {
            let details = format!("line is longer than {MAX_LINE_BYTES} bytes");
            writeln!(output, "{}", answer::unreadable(None, "PARSE_ERROR", &details))?;
        } else {
            writeln!(output, "{}", respond(client, &line))?;
        }
        // Who asks and waits for the answer before asking again gets it; who streams is not slowed down.
        if input.buffer().is_empty() {
            output.flush()?;
        }
    }
    output.flush()
}

/// Reads a line, of which no more than one byte too many is kept; false at the end of the input.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    if line.capacity() > 1 << 20 {
        line.shrink_to(0);
    }
    input.take(MAX_LINE_BYTES as u64 + 1).read_until(b'\n', line)?;
    if line.len() > MAX_LINE_BYTES && line.last() != Some(&b'\n') {
        input.skip_until(b'\n')?;
    }
    Ok(!line.is_empty())
}

fn respond(client: &Client, line: &[u8]) -> String {
    let parse_error = |details: &str| answer::unreadable(None, "PARSE_ERROR", details);
    let Ok(line) = std::str::from_utf8(line) else { return parse_error("line is not UTF-8") };
    let question: BTreeMap<String, &RawValue> = match serde_json::from_str(line) {
        Ok(question) => question,
        Err(error) => return parse_error(&format!("line is not a JSON object: {error}")),
    };
    if let Some(unknown) = question.keys().find(|name| !matches!(name.as_str(), "flag" | "context")) {
        return parse_error(&format!("member {unknown} is unknown; known: flag, context"));
    }
    let key: Option<String> =
        match question.get("flag").map(|flag| serde_json::from_str(flag.get())).transpose() {
            Ok(key) => key,
            Err(_) => return parse_error("flag is not a string"),
        };
    let context =
        match question.get("context").map_or(Ok(Context::new()), |json| Context::from_json(json.get())) {
            Ok(context) => context,
            Err(error) => return answer::unreadable(key.as_deref(), "INVALID_CONTEXT", &error.to_string()),
        };
    match key {
        Some(key) => client.evaluate(&key, FlagType::Any, &context).to_json(),
        None => answer::all(client, &context),
    }
}
