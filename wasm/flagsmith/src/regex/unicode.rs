//! Characters as Python's `str` knows them.
//!
//! Python 3.11 has Unicode 14; the tables here are newer, so that characters assigned since are known too early.

mod classes {
    // Written by the build script.
    include!(concat!(env!("OUT_DIR"), "/classes.rs"));
}

/// Whether `str.isdecimal()` is true of it: category `Nd`.
pub(super) fn is_digit(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_digit();
    }
    range_of(classes::DIGITS, character).is_some()
}

/// Whether it is `_` or `str.isalnum()` is true of it: the categories of letters and numbers, without marks.
pub(super) fn is_word(character: char) -> bool {
    if character.is_ascii() {
        return is_ascii_word(character);
    }
    range_of(classes::WORDS, character).is_some()
}

/// Whether `str.isspace()` is true of it: white space, and the four separators of ASCII.
pub(super) fn is_space(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{1c}'..='\u{1f}')
}

/// `\w` under the flag `a`.
pub(super) fn is_ascii_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// `\s` under the flag `a`.
pub(super) fn is_ascii_space(character: char) -> bool {
    matches!(character, '\t'..='\r' | ' ')
}

/// The value of a decimal digit of any script.
pub(super) fn decimal(character: char) -> Option<u32> {
    // Digits of a script follow each other, from zero to nine.
    let (first, _) = range_of(classes::DIGITS, character)?;
    Some((u32::from(character) - u32::from(first)) % 10)
}

/// The character that `unicodedata.lookup` finds by a name, which may be written in small letters. An alias is found by
/// loose spellings too (`NEWLINE` for `NEW LINE`), which Python refuses: the crate does not tell its aliases.
pub(super) fn named(name: &str) -> Option<char> {
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

/// The range that holds a character.
fn range_of(ranges: &[(char, char)], character: char) -> Option<(char, char)> {
    let after = ranges.partition_point(|(first, _)| *first <= character);
    let range = ranges.get(after.checked_sub(1)?)?;
    (character <= range.1).then_some(*range)
}
