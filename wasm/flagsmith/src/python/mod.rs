//! What Python makes of values and texts: `str`, `repr`, `int`, `float`.

mod number;
mod text;

pub use number::{float, int};
pub use text::{float_text, json_text, value_text};

use regex_syntax::hir::{Class, HirKind};

/// Where the run of characters of a class begins in which a character stands; none where it is in none. The class is made
/// anew: only texts beyond ASCII need one, and only when they are loaded or written out.
fn run_in(class: &str, c: char) -> Option<char> {
    let parsed = regex_syntax::parse(class).ok()?;
    let HirKind::Class(Class::Unicode(class)) = parsed.kind() else { return None };
    let run = class.ranges().iter().find(|run| (run.start()..=run.end()).contains(&c))?;
    Some(run.start())
}
