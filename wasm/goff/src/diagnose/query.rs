//! Queries that say something else than they seem to.

use super::columns::Columns;
use super::{Note, advice, quoted};
use crate::nikunjy::{self, Repair, RepairKind};
use crate::query::{Query, trim};

/// Looks at a rule's query, of which `query` is what `text` compiles to.
pub fn check(text: &str, query: &Query, note: &mut Note<'_>) {
    if joins_words(text, matches!(query, Query::Logic(_))) {
        note.warn(
            "line-break",
            0,
            "line breaks are removed, and are not spaces: words on both sides of one run together",
            "end each line with a space, or write the query on one line",
        );
    }
    let Query::Nikunjy(query) = query else { return };
    let mut columns = Columns::new(text);
    repairs(&trim(text), query, &mut columns, note);
    for operand in query.stale_operands() {
        let (message, suggestion) = if operand.left_behind {
            (
                "where a parent of the dotted attribute before this one is missing, the service does not read this \
                 attribute but looks for it in what is left of the other",
                "test the parents of the other attribute with `pr` first, or put this comparison before it",
            )
        } else {
            (
                "where the parent of this attribute is missing, the service compares the attribute of the comparison \
                 before it",
                "test the parent with `pr` first, or put this comparison first",
            )
        };
        note.warn("stale-operand", columns.of(operand.start), message, suggestion);
    }
}

/// Whether the line breaks of a text, which vanish with the spaces behind them, stand where something has to separate
/// what is before from what is behind.
fn joins_words(text: &str, is_json: bool) -> bool {
    let mut lines = text.split('\n').map(|line| line.trim_start_matches(' ')).filter(|line| !line.is_empty());
    let Some(mut before) = lines.next() else { return false };
    lines.any(|line| {
        let joined = joins(before, line, is_json);
        before = line;
        joined
    })
}

fn joins(before: &str, behind: &str, is_json: bool) -> bool {
    // The relay drops the other half of a foreign line break, which is told by itself.
    let before = before.trim_end_matches('\r');
    let (Some(last), Some(first)) = (before.chars().next_back(), behind.chars().next()) else { return false };
    if is_json {
        return last.is_alphanumeric() && first.is_alphanumeric();
    }
    let needs_none = matches!(last, ' ' | '(' | '[' | ',' | '.')
        || matches!(first, ')' | ']' | ',' | '.' | '\r')
        || first == '(' && (before.ends_with("not") || before.ends_with("NOT"));
    !needs_none
}

/// Tells every mistake once: what the parser had to skip because of dropped characters is told with them.
fn repairs(text: &str, query: &nikunjy::Query, columns: &mut Columns<'_>, note: &mut Note<'_>) {
    let repairs = query.repairs();
    note.leave_out(repairs.more);
    let (mut causes, others): (Vec<Repair>, Vec<Repair>) =
        repairs.first.iter().partition(|repair| repair.kind == RepairKind::Dropped);
    join_quotes(text, &mut causes);
    let cause = |repair: &Repair| causes.iter().position(|cause| touches(text, *cause, *repair));
    let mut told: Vec<(Repair, Vec<Repair>)> = causes.iter().map(|cause| (*cause, Vec::new())).collect();
    for repair in others {
        match cause(&repair).and_then(|cause| told.get_mut(cause)) {
            Some((_, consequences)) => consequences.push(repair),
            None => told.push((repair, Vec::new())),
        }
    }
    told.sort_by_key(|(repair, _)| repair.start);
    for (repair, consequences) in told {
        let (code, mut message) = describe(text, repair);
        for consequence in consequences {
            message.push_str("; ");
            message.push_str(&describe(text, consequence).1);
        }
        let (start, suggestion) = advice::on(text, repair);
        note.warn(code, columns.of(start), message, suggestion);
    }
}

/// Makes one of two dropped quotes and what stands between them.
fn join_quotes(text: &str, dropped: &mut Vec<Repair>) {
    let mut open = false;
    let is_quote = |repair: &Repair| text.get(repair.start..repair.end) == Some("'");
    dropped.dedup_by(|next, last| {
        open = !open && is_quote(last) && is_quote(next);
        if open {
            last.end = next.end;
        }
        open
    });
}

/// Whether nothing but spaces stands between dropped characters and another repair, or nothing at all.
fn touches(text: &str, dropped: Repair, other: Repair) -> bool {
    let end = if other.kind == RepairKind::IgnoredTail { other.start } else { other.end };
    let (from, to) =
        if dropped.start < other.start { (dropped.end, other.start) } else { (end, dropped.start) };
    text.get(from..to).is_none_or(|between| between.bytes().all(|byte| byte == b' '))
}

/// The code and message of a repair.
fn describe(text: &str, repair: Repair) -> (&'static str, String) {
    let piece = text.get(repair.start..repair.end).unwrap_or_default();
    match repair.kind {
        RepairKind::Dropped => ("dropped-characters", dropped(piece)),
        RepairKind::Skipped => {
            ("skipped-text", format!("{} does not fit here and is skipped", quoted(piece)))
        }
        RepairKind::Conjured(token) => {
            ("missing-text", format!("{token:?} is missing here and is taken as written"))
        }
        RepairKind::IgnoredTail => {
            ("ignored-tail", format!("everything from {} on is ignored", quoted(piece)))
        }
    }
}

fn dropped(piece: &str) -> String {
    // These two take the character behind them along.
    let sign = piece.chars().next().filter(|c| matches!(c, '=' | '!'));
    match (sign, piece.get(1..).unwrap_or_default()) {
        (Some(sign), "") => format!("`{sign}` is no operator and is dropped"),
        (Some(sign), " ") => {
            format!("`{sign}` is no operator and is dropped, and the space behind it is lost too")
        }
        (Some(sign), lost) => {
            format!("`{sign}` is no operator and is dropped, and {} behind it is lost too", quoted(lost))
        }
        (None, _) if piece.starts_with('\'') && piece.len() > 1 => {
            format!("{} is in quotes that the language does not have", quoted(piece))
        }
        (None, _) => format!("{} is no part of the language and is dropped", quoted(piece)),
    }
}
