//! What was probably meant by text that the language does not have.

use crate::nikunjy::{Repair, RepairKind};

/// The byte of the text that a repair is best told at, and what to write instead; the latter may be empty.
pub fn on(text: &str, repair: Repair) -> (usize, String) {
    let piece = text.get(repair.start..repair.end).unwrap_or_default();
    if let Some((at, operator)) = glued_operator(text, repair, piece) {
        return (at, format!("write one space on each side of `{operator}`"));
    }
    let advice = match repair.kind {
        RepairKind::Dropped => on_dropped(text, repair, piece),
        RepairKind::Skipped if piece.trim_matches(' ').is_empty() => "use a single space",
        RepairKind::Conjured(" ") => "write a space here",
        RepairKind::Conjured(_) => "write it",
        RepairKind::Skipped | RepairKind::IgnoredTail => on_word(piece),
    };
    (repair.start, advice.into())
}

fn on_dropped(text: &str, repair: Repair, piece: &str) -> &'static str {
    match piece.as_bytes() {
        [b'&', ..] => "write `and`",
        [b'|', ..] => "write `or`",
        [b'!', ..] => "write `not (...)`",
        [b'=', ..] => "write `eq` or `==`",
        [b'\'', ..] => "use double quotes",
        [b'"', ..] => "close the quotes, and escape backslashes in them",
        [b'\t' | b'\r', ..] => {
            // Next to a space, another one would end the query.
            let is_space = |at: Option<usize>| at.is_some_and(|at| text.as_bytes().get(at) == Some(&b' '));
            if is_space(repair.start.checked_sub(1)) || is_space(Some(repair.end)) || repair.end == text.len()
            {
                "remove it"
            } else {
                "use a single space"
            }
        }
        _ => "",
    }
}

fn on_word(piece: &str) -> &'static str {
    let is_single = !piece.starts_with("  ");
    let text = piece.trim_start_matches(' ');
    let length = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let word = text.get(..length).unwrap_or_default();
    let lower = word.to_ascii_lowercase();
    if matches!(lower.as_str(), "and" | "or") && lower != word && is_single {
        "write `and` and `or` in lower case"
    } else if text.starts_with('\t') {
        "use a single space"
    } else if ["and", "or", "not"].iter().any(|logical| lower.starts_with(logical)) {
        "put exactly one space on each side of `and`, `or` and `not`"
    } else {
        ""
    }
}

/// The operator without a space on a side that made the parser skip, and where it is.
fn glued_operator<'t>(text: &'t str, repair: Repair, piece: &'t str) -> Option<(usize, &'t str)> {
    let is_sign = |c: char| matches!(c, '<' | '>' | '=' | '!');
    let at = match repair.kind {
        // Texts in quotes may hold anything.
        RepairKind::Skipped => match piece.split('"').next()?.find(is_sign) {
            Some(at) => repair.start + at,
            None => before(text, repair.start)?,
        },
        RepairKind::Conjured(" ") => before(text, repair.start)?,
        _ => return None,
    };
    let rest = text.get(at..)?;
    let end = rest.find(|c| !is_sign(c)).unwrap_or(rest.len());
    let operator =
        rest.get(..end).filter(|operator| matches!(*operator, "<" | ">" | "<=" | ">=" | "==" | "!="))?;
    let is_apart = text.get(..at)?.ends_with(' ') && rest.get(end..)?.starts_with(' ');
    (!is_apart).then_some((at, operator))
}

/// Where the signs right before this byte start.
fn before(text: &str, end: usize) -> Option<usize> {
    let before = text.get(..end)?;
    let start = before.trim_end_matches(['<', '>', '=', '!']).len();
    (start < end).then_some(start)
}
