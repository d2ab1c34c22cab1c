//! Names and numbers of groups.

use super::super::{Refusal, unicode};
use super::scanner::invalid;

/// The groups that a pattern can have, `MAXGROUPS` of `sre`.
const MAX_GROUPS: u64 = 1_073_741_823;

/// Whether Python takes `name` for an identifier.
pub(super) fn is_identifier(name: &str) -> bool {
    let mut characters = name.chars();
    let first = characters.next();
    first.is_some_and(|first| first == '_' || unicode_ident::is_xid_start(first))
        && characters.all(unicode_ident::is_xid_continue)
}

/// Refuses what is no identifier.
pub(super) fn check(name: &str, at: usize) -> Result<(), Refusal> {
    if is_identifier(name) { Ok(()) } else { Err(bad_character(name, at)) }
}

/// A group's number, as Python's `int()` reads it: with spaces around it, a sign, underscores and any script's digits.
pub(super) fn number(text: &str, at: usize) -> Result<usize, Refusal> {
    let digits = text.trim_matches(unicode::is_space);
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    // `-0` is taken for 0, which is refused as well.
    let mut number: u64 = 0;
    let mut after_digit = false;
    for character in digits.chars() {
        match unicode::decimal(character) {
            Some(digit) => number = number.saturating_mul(10).saturating_add(u64::from(digit)),
            None if character == '_' && after_digit => {
                after_digit = false;
                continue;
            }
            None => return Err(bad_character(text, at)),
        }
        after_digit = true;
    }
    match usize::try_from(number) {
        _ if !after_digit => Err(bad_character(text, at)),
        Ok(0) => Err(invalid("bad group number", at)),
        Ok(group) if number < MAX_GROUPS => Ok(group),
        _ => Err(invalid(format!("invalid group reference {number}"), at)),
    }
}

fn bad_character(name: &str, at: usize) -> Refusal {
    invalid(format!("bad character in group name {name:?}"), at)
}
