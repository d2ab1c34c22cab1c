//! Case as `sre` ignores it: both sides are made small letters by the simple mapping, and small letters that share their
//! capital are equal.

use std::sync::OnceLock;

/// Small letters that share a capital (`_EXTRA_CASES` of `re._casefix`, which Python generates from Unicode 14).
const EQUIVALENT: &[&[char]] = &[
    &['i', 'ı'],
    &['s', 'ſ'],
    &['µ', 'μ'],
    &['\u{345}', 'ι', '\u{1fbe}'],
    &['\u{390}', '\u{1fd3}'],
    &['\u{3b0}', '\u{1fe3}'],
    &['β', 'ϐ'],
    &['ε', 'ϵ'],
    &['θ', 'ϑ'],
    &['κ', 'ϰ'],
    &['π', 'ϖ'],
    &['ρ', 'ϱ'],
    &['ς', 'σ'],
    &['φ', 'ϕ'],
    &['в', '\u{1c80}'],
    &['д', '\u{1c81}'],
    &['о', '\u{1c82}'],
    &['с', '\u{1c83}'],
    &['т', '\u{1c84}', '\u{1c85}'],
    &['ъ', '\u{1c86}'],
    &['ѣ', '\u{1c87}'],
    &['\u{1c88}', '\u{a64b}'],
    &['\u{1e61}', '\u{1e9b}'],
    &['\u{fb05}', '\u{fb06}'],
];

/// The end of the planes that have letters with case.
const END_OF_CASE: u32 = 0x2_0000;

/// The small letter of a code, by the simple mapping.
pub(super) fn lower(code: u32) -> u32 {
    // Of the one letter with a longer mapping, İ, `sre` takes the first too.
    char::from_u32(code).and_then(|character| character.to_lowercase().next()).map_or(code, u32::from)
}

/// The capital of a code; of a longer one the first.
pub(super) fn upper(code: u32) -> u32 {
    char::from_u32(code).and_then(|character| character.to_uppercase().next()).map_or(code, u32::from)
}

/// The small letter of a code of ASCII; others stay.
pub(super) fn lower_ascii(code: u32) -> u32 {
    u8::try_from(code).map_or(code, |byte| u32::from(byte.to_ascii_lowercase()))
}

/// The small letters equal to `code`, itself among them where there are any others.
pub(super) fn equivalent(code: u32) -> &'static [char] {
    let found = EQUIVALENT.iter().find(|row| row.iter().any(|letter| u32::from(*letter) == code));
    found.copied().unwrap_or_default()
}

/// The other codes whose small letter is `code`, as pairs of the two.
pub(super) fn capitals(code: u32) -> &'static [(u32, u32)] {
    static CAPITALS: OnceLock<Vec<(u32, u32)>> = OnceLock::new();
    let pairs = CAPITALS.get_or_init(|| {
        let mut pairs: Vec<_> =
            (0..END_OF_CASE).map(|code| (lower(code), code)).filter(|(lower, code)| lower != code).collect();
        pairs.sort_unstable();
        pairs
    });
    let start = pairs.partition_point(|(lower, _)| *lower < code);
    let end = pairs.partition_point(|(lower, _)| *lower <= code);
    pairs.get(start..end).unwrap_or_default()
}

/// All codes that are equal to `code`, which is folded: case ignored for ASCII alone, or for all of Unicode.
pub(super) fn forms(code: u32, unicode: bool) -> impl Iterator<Item = u32> {
    let ascii = u8::try_from(code).ok().filter(|byte| !unicode && byte.is_ascii_lowercase());
    let ascii = ascii.map(|byte| u32::from(byte.to_ascii_uppercase()));
    // Rows of equal letters name their own letter too.
    let others = if unicode { equivalent(code) } else { &[] };
    let letters = std::iter::once(code).chain(others.iter().map(|letter| u32::from(*letter)));
    let capitals = move |letter| if unicode { capitals(letter) } else { &[] };
    let forms = letters.flat_map(move |letter| {
        std::iter::once(letter).chain(capitals(letter).iter().map(|(_, capital)| *capital))
    });
    forms.chain(ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table against the standard library: rows agree, and nothing is missing but what Unicode 15 and later brought.
    #[test]
    fn equivalent_letters_share_their_capital() {
        let capital = |letter: char| letter.to_uppercase().collect::<String>();
        for row in EQUIVALENT {
            assert!(row.iter().all(|letter| capital(*letter) == capital(row[0])), "{row:?}");
        }
        let mut by_capital = std::collections::BTreeMap::<String, Vec<char>>::new();
        for letter in (0..END_OF_CASE).filter_map(char::from_u32) {
            if lower(u32::from(letter)) == u32::from(letter) {
                by_capital.entry(capital(letter)).or_default().push(letter);
            }
        }
        for letters in by_capital.into_values().filter(|letters| letters.len() > 1) {
            let row = equivalent(u32::from(letters[0]));
            let mut row = row.to_vec();
            row.sort_unstable();
            assert_eq!(row, letters);
        }
    }
}
