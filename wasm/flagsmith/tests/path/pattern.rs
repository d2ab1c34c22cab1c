//! Regular expressions.

use crate::rng::Rng;

/// A regular expression, mostly one of RFC 9485.
pub fn pattern(rng: &mut Rng) -> String {
    const ATOMS: [&str; 24] = [
        "a", "b", ".", "A", "é", "1", "\\.", "\\-", "\\p{L}", "\\P{Lu}", "\\p{Nd}", "^", "$", "(a|b)", "()",
        "(ab", ")", "😀", "\\n", "&", " ", "\\d", "~", "(a|ab)",
    ];
    const MEMBERS: [&str; 18] = [
        "a", "b", "a-c", "&&", "||", "~~", "\\p{L}", "\\]", "^", "-", ".", "é-ü", "c-a", "\\-", "&", "|",
        "\\n", "~",
    ];
    const QUANTIFIERS: [&str; 10] = ["*", "+", "?", "{2}", "{1,}", "{1,2}", "{2,1}", "{10}", "*?", "{,2}"];
    let mut text = String::new();
    for _ in 0..rng.between(0, 4) {
        if rng.chance(30) {
            text.push('[');
            text.push_str(if rng.chance(25) { "^" } else { "" });
            for _ in 0..rng.between(1, 4) {
                text.push_str(rng.word(&MEMBERS));
            }
            text.push(']');
        } else {
            text.push_str(common(&ATOMS, rng));
        }
        if rng.chance(35) {
            text.push_str(common(&QUANTIFIERS, rng));
        }
        text.push_str(if rng.chance(8) { "|" } else { "" });
    }
    text
}

fn common(words: &[&'static str], rng: &mut Rng) -> &'static str {
    rng.common::<&'static str>(words)
}
