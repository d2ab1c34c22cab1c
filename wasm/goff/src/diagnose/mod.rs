//! What a flag's author gets wrong without being told by the service (reference section 8, item 4).

mod advice;
mod columns;
mod place;
mod query;
mod shares;
mod steps;

use pennon_wire::report::{Diagnostic, Severity};

use self::place::{Part, Place};
use crate::flag::Flag;
use crate::query::Query;
use crate::validate::Invalid;

/// Diagnostics of one flag; one more says how many are left out. Generated flags can have one for each of their bytes,
/// and no author reads so many.
pub const MAX_DIAGNOSTICS: usize = 32;

/// Characters of a flag's text that a message repeats.
const MAX_EXCERPT: usize = 60;

/// A flag whose JSON could not be read.
pub fn unreadable(path: String, message: &str, offset: usize) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        code: "unreadable-flag".into(),
        rule: path,
        column: offset as u32 + 1,
        message: format!(
            "{message}; GO Feature Flag refuses the whole document for it, here this flag alone is an error"
        ),
        suggestion: String::new(),
    }
}

/// A flag that the relay drops at load.
pub fn invalid(invalid: &Invalid) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        code: "invalid-flag".into(),
        rule: invalid.rule.clone(),
        column: 0,
        message: format!("{}; GO Feature Flag drops the flag and answers FLAG_NOT_FOUND", invalid.message),
        suggestion: invalid.suggestion.clone(),
    }
}

/// What is worth saying about a readable flag. `query` compiles (or finds) a rule's query.
pub fn flag<Q: AsRef<Query>>(flag: &Flag<'_>, mut query: impl FnMut(&str) -> Q) -> Vec<Diagnostic> {
    let mut notes = Notes::default();
    for (place, rule) in place::rules(flag) {
        let mut note = notes.at(place);
        shares::check(rule, &mut note);
        if let (Part::Targeting(..), Some(text)) = (place.part, &rule.query) {
            query::check(text, query(text).as_ref(), &mut note);
        }
    }
    steps::check(flag, &mut notes);
    notes.finish()
}

/// The diagnostics of a flag so far.
#[derive(Default)]
struct Notes {
    /// At most [`MAX_DIAGNOSTICS`].
    first: Vec<Diagnostic>,
    /// How many were left out.
    more: usize,
}

impl Notes {
    fn at<'n>(&'n mut self, place: Place<'n>) -> Note<'n> {
        Note { place, notes: self }
    }

    fn finish(mut self) -> Vec<Diagnostic> {
        if self.more > 0 {
            self.first.push(Diagnostic {
                severity: Severity::Warning,
                code: "more-diagnostics".into(),
                rule: String::new(),
                column: 0,
                message: format!("{} more diagnostics of this flag are left out", self.more),
                suggestion: String::new(),
            });
        }
        self.first
    }
}

/// Where diagnostics of one place go.
struct Note<'n> {
    place: Place<'n>,
    notes: &'n mut Notes,
}

impl Note<'_> {
    fn warn(&mut self, code: &str, column: u32, message: impl Into<String>, suggestion: impl Into<String>) {
        if self.notes.first.len() >= MAX_DIAGNOSTICS {
            return self.leave_out(1);
        }
        self.notes.first.push(Diagnostic {
            severity: Severity::Warning,
            code: code.into(),
            rule: self.place.to_string(),
            column,
            message: message.into(),
            suggestion: suggestion.into(),
        });
    }

    /// Counts diagnostics that nobody looked into.
    fn leave_out(&mut self, count: usize) {
        self.notes.more += count;
    }
}

/// A text in quotes, or its beginning.
fn quoted(text: &str) -> String {
    match text.char_indices().nth(MAX_EXCERPT) {
        Some((end, _)) => format!("{:?}...", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}
