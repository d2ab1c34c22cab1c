//! Characters that a pattern calls by their names.

use std::borrow::Cow;

/// The pattern with `\U0000XXXX` for every `\N{NAME}` whose character is known. Names stay where they are not: to the parser
/// none is defined.
pub fn with_codes(pattern: &str, named: impl Fn(&str) -> Option<char>) -> Cow<'_, str> {
    const NAMED: &str = "N{";
    if !pattern.contains("\\N{") {
        return pattern.into();
    }
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some((before, behind)) = rest.split_once('\\') {
        out.push_str(before);
        let name = behind.strip_prefix(NAMED).and_then(|name| Some(name.split_once('}')?.0));
        if let Some((name, character)) = name.and_then(|name| Some((name, named(name)?))) {
            out.push_str(&format!("\\U{:08x}", u32::from(character)));
            rest = behind.get(NAMED.len() + name.len() + 1..).unwrap_or_default();
            continue;
        }
        out.push('\\');
        let escaped = behind.chars().next().map_or(0, char::len_utf8);
        let (escaped, behind) = behind.split_at_checked(escaped).unwrap_or_default();
        out.push_str(escaped);
        rest = behind;
    }
    out.push_str(rest);
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_known_become_codes() {
        let named = |name: &str| (name == "BULLET").then_some('•');
        let cases = [
            (r"\N{BULLET}", r"\U00002022"),
            (r"[a-\N{BULLET}]\d\N{BULLET}x", r"[a-\U00002022]\d\U00002022x"),
            (r"\\N{BULLET}", r"\\N{BULLET}"),
            (r"\\\N{BULLET}", r"\\\U00002022"),
            (r"\N{NOWHERE}\N{BULLET", r"\N{NOWHERE}\N{BULLET"),
            (r"é\é\N{BULLET}\", r"é\é\U00002022\"),
        ];
        for (pattern, expected) in cases {
            assert_eq!(with_codes(pattern, named), expected, "{pattern}");
        }
    }
}
