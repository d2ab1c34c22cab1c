//! Characters by their names, which Python's regular expressions may call them by: `\N{BULLET}`.
//!
//! A guest is told of those that its patterns name. The names of all are 855 KB, which every instance would hold.

/// The character that `unicodedata.lookup` finds by a name, which may be written in small letters. An alias is found by
/// loose spellings too (`NEWLINE` for `NEW LINE`), which Python refuses: the crate does not tell its aliases.
pub fn named(name: &str) -> Option<char> {
    // The crate overlooks spaces and hyphens, which Python does not, and reads before the start of a name that starts with a
    // hyphen; no name does.
    if !name.starts_with(|first: char| first.is_ascii_alphanumeric()) || name.ends_with([' ', '_', '-']) {
        return None;
    }
    let character = unicode_names2::character(name)?;
    let known = unicode_names2::name(character).map(|name| name.to_string()).unwrap_or_default();
    let computed = known.starts_with("CJK UNIFIED IDEOGRAPH-") || known.starts_with("HANGUL SYLLABLE ");
    // One that has another name was found by an alias, or by a loose spelling.
    let squeezed = |text: &str| {
        let kept = text.chars().filter(|character| character.is_ascii_alphanumeric());
        kept.map(|character| character.to_ascii_uppercase()).collect::<String>()
    };
    let exact = if computed { known == name } else { known.eq_ignore_ascii_case(name) };
    (exact || squeezed(&known) != squeezed(name)).then_some(character)
}

/// The characters that a pattern may name, with their names as they stand there.
pub fn in_pattern(pattern: &str) -> impl Iterator<Item = (&str, char)> {
    let names = pattern.split("\\N{").skip(1).filter_map(|rest| Some(rest.split_once('}')?.0));
    names.filter_map(|name| Some((name, named(name)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_found_by_the_names_that_a_pattern_has() {
        let found: Vec<_> = in_pattern(r"a\N{BULLET}[\N{digit one}-\N{NOWHERE}]\N{DIGIT").collect();
        assert_eq!(found, [("BULLET", '•'), ("digit one", '1')]);
        assert_eq!(named("BUL LET"), None);
    }
}
