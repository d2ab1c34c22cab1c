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

/// The range that holds a character.
fn range_of(ranges: &[(char, char)], character: char) -> Option<(char, char)> {
    let after = ranges.partition_point(|(first, _)| *first <= character);
    let range = ranges.get(after.checked_sub(1)?)?;
    (character <= range.1).then_some(*range)
}
