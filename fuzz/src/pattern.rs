//! Regular expressions of Python's dialect: a pattern and a text, with a zero between.

use pennon_flagsmith::regex::Regex;

/// Compiles and matches.
pub fn run(data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == 0);
    let [pattern, text] = [parts.next(), parts.next()].map(|part| part.map(std::str::from_utf8));
    let (Some(Ok(pattern)), Some(Ok(text))) = (pattern, text) else { return };
    let Ok(regex) = Regex::new(pattern) else { return };
    let matches = regex.is_match(text);
    assert!(!regex.is_linear() || matches.is_ok(), "an automaton needs no limit");
    assert_eq!(matches, regex.is_match(text), "the same text again");
}
