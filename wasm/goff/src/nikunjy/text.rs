//! Comparing text as the relay does: both sides in lower case by Go's simple mapping, rune by rune, then bytewise.

use std::cmp::Ordering;

use pennon_wire::bytes::{self, Subject};

/// Lower case of one character by the simple mapping: never more than one character, whatever stands around it.
fn lower_character(character: char) -> char {
    if character == '\u{130}' {
        return 'i';
    }
    let mut mapped = character.to_lowercase();
    match (mapped.next(), mapped.next()) {
        (Some(lower), None) => lower,
        _ => character,
    }
}

/// Lower case of a text.
pub fn lower(text: &str) -> String {
    text.chars().map(lower_character).collect()
}

/// Text of a context: it is UTF-8, since the encoder takes nothing else.
fn characters(bytes: &[u8]) -> impl DoubleEndedIterator<Item = char> {
    std::str::from_utf8(bytes).unwrap_or_default().chars().map(lower_character)
}

/// Compares `text` in lower case with `literal`, which is in lower case. The order of bytes is that of characters.
#[inline]
pub fn compare(text: &[u8], literal: &str) -> Ordering {
    characters(text).cmp(literal.chars())
}

/// Whether `text` in lower case is `literal`.
#[inline]
pub fn equal(text: &[u8], literal: &bytes::Literal) -> bool {
    literal.equals_lower(&Subject::new(text))
        || (!text.is_ascii() && characters(text).eq(characters_of(literal)))
}

#[cold]
fn characters_of(literal: &bytes::Literal) -> impl Iterator<Item = char> {
    std::str::from_utf8(literal.as_bytes()).unwrap_or_default().chars()
}

/// Whether `text` in lower case starts with `literal`.
#[inline]
pub fn starts(text: &[u8], literal: &str) -> bool {
    let head = text.get(..literal.len()).unwrap_or_default();
    if bytes::equal_lower(head, literal.as_bytes()) {
        return true;
    }
    let mut characters = characters(text);
    !text.is_ascii() && literal.chars().all(|expected| characters.next() == Some(expected))
}

/// Whether `text` in lower case ends with `literal`.
#[inline]
pub fn ends(text: &[u8], literal: &str) -> bool {
    let start = text.len().checked_sub(literal.len());
    let tail = start.and_then(|start| text.get(start..)).unwrap_or_default();
    if bytes::equal_lower(tail, literal.as_bytes()) {
        return true;
    }
    let mut characters = characters(text).rev();
    !text.is_ascii() && literal.chars().rev().all(|expected| characters.next() == Some(expected))
}

/// Whether `text` in lower case contains `literal`.
#[inline]
pub fn contains(text: &[u8], literal: &str) -> bool {
    let literal = literal.as_bytes();
    if text.is_ascii() {
        return bytes::contains_lower(text, literal);
    }
    literal.is_empty()
        || characters(text).collect::<String>().as_bytes().windows(literal.len()).any(|w| w == literal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lower_case_is_the_simple_mapping_of_each_rune() {
        assert_eq!(lower("İΟΔΟΣẞK"), "iοδοσßk");
        let is = |text: &str, literal: &str| equal(text.as_bytes(), &bytes::Literal::new(literal.as_bytes()));
        assert!(is("É", "é") && is("ABC", "abc"));
        assert!(is("K", "k"), "the Kelvin sign");
        assert!(!is("straße", "strasse"));
    }

    #[test]
    fn parts_are_found_in_any_case() {
        assert!(
            contains("xABCx".as_bytes(), "abc")
                && !contains("ab".as_bytes(), "abc")
                && contains("".as_bytes(), "")
        );
        assert!(starts("ABCx".as_bytes(), "abc") && !starts("xABC".as_bytes(), "abc"));
        assert!(ends("xABC".as_bytes(), "abc") && !ends("bc".as_bytes(), "abc"));
        assert!(
            contains("日本É".as_bytes(), "本é")
                && !contains("É".as_bytes(), "éé")
                && contains("É".as_bytes(), "")
        );
        assert!(starts("Éa".as_bytes(), "é") && ends("aÉ".as_bytes(), "é") && !ends("a".as_bytes(), "é"));
        assert_eq!(compare("B".as_bytes(), "a"), Ordering::Greater);
        assert_eq!(compare("é".as_bytes(), "z"), Ordering::Greater);
    }
}
