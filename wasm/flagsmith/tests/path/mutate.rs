//! What is nearly a path.

use crate::rng::Rng;

/// Pieces of paths.
pub const FRAGMENTS: [&str; 66] = [
    ".",
    "..",
    "[",
    "]",
    "(",
    ")",
    "?",
    "@",
    "$",
    "*",
    ",",
    ":",
    "'",
    "\"",
    "\\",
    "!",
    "=",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "&&",
    "||",
    "&",
    " ",
    "\n",
    "\t",
    "\u{1}",
    "-",
    "0",
    "00",
    "-0",
    "1",
    "-1",
    "01",
    "1e2",
    "1e-2",
    "1.5",
    ":1.5",
    "1e400",
    "1.0e400",
    "9007199254740992",
    "-9007199254740991",
    "true",
    "false",
    "null",
    "nullx",
    "count(",
    "length(",
    "foo(1)",
    "match(",
    "value(@)",
    "😀",
    "é",
    "\u{ffff}",
    "\\u0041",
    "\\ud83d\\ude00",
    "\\u001f",
    "\\ud83d",
    "@.a,",
    "!@",
    "[?@]",
    "'a'",
    "\u{a0}",
];

/// The text, with a few of its characters lost, moved, or repeated, or pieces put in.
pub fn mutated(text: &str, rng: &mut Rng) -> String {
    let mut text: Vec<char> = text.chars().collect();
    for _ in 0..rng.between(1, 3) {
        let at = rng.below(text.len() + 1);
        match rng.below(5) {
            0 if at < text.len() => drop(text.remove(at)),
            1 if at + 1 < text.len() => text.swap(at, at + 1),
            2 if at < text.len() => {
                let end = rng.between(at, text.len());
                let copied: Vec<char> = text[at..end.min(at + 8)].to_vec();
                let place = rng.below(text.len() + 1);
                text.splice(place..place, copied);
            }
            3 => text.truncate(at.max(1)),
            _ => drop(text.splice(at..at, rng.word(&FRAGMENTS).chars()).count()),
        }
    }
    text.into_iter().collect()
}
