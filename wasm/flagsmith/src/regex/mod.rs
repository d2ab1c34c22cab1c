//! Python's regular expressions, as `re.match` of Python 3.11 answers them: anchored at the start, not at the end.
//!
//! A pattern is parsed into a [`syntax::Tree`] by rules of its own, those of Python's `re` (reference, R). What a finite
//! automaton can decide runs in [`linear`], in time bounded by pattern times text; look-around, back-references,
//! conditionals, atomic groups and possessive repeats run in [`backtrack`], which counts its steps. Python's own engine has
//! no bound at all: a pattern such as `(a+)+$` stops it for ever.
//!
//! Nothing here calls itself: the guest's stack is 64 KiB, and patterns come from outside.

mod backtrack;
mod charset;
mod fold;
mod linear;
mod named;
mod parse;
mod syntax;
#[cfg(test)]
mod tests;
mod unicode;

use std::fmt;

pub use self::named::with_codes;

/// Bytes of a pattern. Far beyond what is written by hand; the parser's memory is some forty times as much.
pub const MAX_PATTERN_BYTES: usize = 20_000;

/// Levels of groups. Python's own bound is its recursion limit, some 300 levels by how it was called.
pub const MAX_GROUP_DEPTH: usize = 200;

/// Instructions of an automaton, counted repeats written out: 12 bytes each, so at most 240 KB for one pattern.
pub const MAX_INSTRUCTIONS: usize = 20_000;

/// Steps of the backtracking matcher for one text: some ten milliseconds natively, which a hostile pattern may cost.
pub const MAX_STEPS: usize = 1_000_000;

/// A compiled pattern. It keeps what it learns from texts, some kilobytes at most for common patterns.
///
/// Threads: one at a time (`Send`, not `Sync`).
#[derive(Debug)]
pub struct Regex {
    matcher: Matcher,
}

#[derive(Debug)]
enum Matcher {
    Linear(Box<linear::Automaton>),
    Backtracking(backtrack::Program),
}

/// Why a pattern was not compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Python refuses the pattern too, by `re.error` or `OverflowError`.
    Invalid {
        /// What is wrong, mostly in Python's words.
        message: String,
        /// The character at fault, counted from 1.
        column: u32,
    },
    /// Python takes the pattern, but it passes one of our bounds, which the text names.
    TooLarge(String),
}

/// The backtracking matcher passed [`MAX_STEPS`] or its memory, so that the answer is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted;

impl Regex {
    /// Compiles a pattern of Python's dialect.
    pub fn new(pattern: &str) -> Result<Self, Refusal> {
        if pattern.len() > MAX_PATTERN_BYTES {
            return Err(Refusal::TooLarge(format!("a pattern of more than {MAX_PATTERN_BYTES} bytes")));
        }
        let tree = parse::parse(pattern)?;
        let matcher = if tree.is_regular() {
            Matcher::Linear(Box::new(linear::Automaton::new(&tree)?))
        } else {
            Matcher::Backtracking(backtrack::Program::new(&tree))
        };
        Ok(Self { matcher })
    }

    /// Whether Python's `re.match(pattern, text)` finds something. Where it raises, which a few patterns with captures in
    /// failed rounds bring about, it does not.
    pub fn is_match(&self, text: &str) -> Result<bool, Exhausted> {
        match &self.matcher {
            Matcher::Linear(automaton) => Ok(automaton.is_match(text)),
            Matcher::Backtracking(program) => program.is_match(text),
        }
    }

    /// Whether the time of a match is bounded by the pattern's size times the text's; then no text exhausts it.
    pub fn is_linear(&self) -> bool {
        matches!(self.matcher, Matcher::Linear(_))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid { message, column } => write!(formatter, "{message}, at character {column}"),
            Self::TooLarge(what) => formatter.write_str(what),
        }
    }
}

impl std::error::Error for Refusal {}

impl fmt::Display for Exhausted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "no answer within {MAX_STEPS} steps")
    }
}

impl std::error::Error for Exhausted {}
