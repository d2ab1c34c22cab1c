//! The regular expressions of `match()` and `search()`: what of RFC 9485 passes, and what Python's `regex` module makes of it.
//!
//! A pattern must pass `iregexp_check`, then it is given to `regex` with its dots replaced. The two disagree: `^` and `$`
//! are characters to the first and anchors to the second, and `search()` turns on `regex`'s version 1, where `&&`, `||` and
//! `~~` are operators in a class. What a pattern means to `regex` is written out here in a small language that engines
//! agree on, so that whoever implements [`Patterns`] needs to know nothing of this.

mod class;

use super::MAX_DEPTH;

/// Compiles regular expressions.
///
/// The language: characters, as they are or, where ASCII punctuation, behind a backslash; `\n`, `\r`, `\t`; classes
/// `[...]` and `[^...]` of characters, ranges and categories; `\p{Lu}` and `\P{L}`, general categories of Unicode, in and out
/// of classes; `(?:...)`, `|`; `*`, `+`, `?`, `{2}`, `{2,}`, `{2,3}`, all greedy and with one digit per number; `^`, the
/// start; `$`, the end or the place before a newline that is the last character. Case counts, and nothing is captured.
///
/// A class of `search()` that has both operators and categories, and no other, has classes in it, and `&&` (both) or `~~`
/// (one, but not both) between two: `[[a-z]&&[\p{L}]]`. Nobody writes such; an engine may refuse them.
pub trait Patterns {
    /// Compiles one pattern; none if the engine cannot, and then nothing matches.
    fn compile(&self, pattern: &str, extent: Extent) -> Option<Box<dyn Compiled>>;
}

/// A compiled pattern.
pub trait Compiled: std::fmt::Debug {
    /// Whether the text matches.
    fn matches(&self, text: &str) -> bool;
}

/// How much of a text must match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of it: `match()`.
    Whole,
    /// Any part of it: `search()`.
    Part,
}

/// The pattern, compiled; none if it is none to the library, which then answers that nothing matches.
pub fn compile(pattern: &str, extent: Extent, patterns: &dyn Patterns) -> Option<Box<dyn Compiled>> {
    patterns.compile(&translate(pattern, extent)?, extent)
}

/// The pattern in the language of [`Patterns`].
fn translate(pattern: &str, extent: Extent) -> Option<String> {
    let mut translated = String::with_capacity(pattern.len() + 16);
    let mut rest = Characters(pattern);
    let mut depth = 0_usize;
    while let Some(c) = rest.next() {
        match c {
            '|' => {
                translated.push('|');
                continue;
            }
            '(' if depth == MAX_DEPTH => return None,
            '(' => {
                depth += 1;
                translated.push_str("(?:");
                continue;
            }
            ')' => {
                depth = depth.checked_sub(1)?;
                translated.push(')');
            }
            '.' => translated.push_str("[^\\r\\n]"),
            '[' => class::translate(&mut rest, extent, &mut translated)?,
            '\\' => push(&escaped(&mut rest)?, &mut translated),
            // Groups, because some engines have no quantifier behind an anchor.
            '^' => translated.push_str("(?:^)"),
            '$' => translated.push_str("(?:$)"),
            '*' | '+' | '?' | ']' | '{' | '}' => return None,
            c => push(&Item::Character(c), &mut translated),
        }
        quantifier(&mut rest, &mut translated)?;
    }
    (depth == 0).then_some(translated)
}

/// A quantifier, if there is one.
fn quantifier(rest: &mut Characters<'_>, translated: &mut String) -> Option<()> {
    match rest.peek() {
        Some(sign @ ('*' | '+' | '?')) => {
            rest.next();
            translated.push(sign);
        }
        Some('{') => {
            let (counts, tail) = rest.0.get(1..)?.split_once('}')?;
            let mut digits = counts.splitn(2, ',');
            let (least, most) = (digits.next()?, digits.next());
            let is_digit = |text: &str| matches!(text.as_bytes(), [b'0'..=b'9']);
            if !is_digit(least) || most.is_some_and(|most| !most.is_empty() && !is_digit(most)) {
                return None;
            }
            if most.is_some_and(|most| !most.is_empty() && most < least) {
                return None;
            }
            translated.extend(["{", counts, "}"]);
            rest.0 = tail;
        }
        _ => {}
    }
    Some(())
}

/// What is not yet read of a pattern.
struct Characters<'a>(&'a str);

impl Characters<'_> {
    fn peek(&self) -> Option<char> {
        self.0.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.0 = self.0.get(c.len_utf8()..)?;
        Some(c)
    }

    fn skip(&mut self, prefix: &str) -> bool {
        let tail = self.0.strip_prefix(prefix);
        self.0 = tail.unwrap_or(self.0);
        tail.is_some()
    }
}

/// A character or a category.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    Character(char),
    Category { name: String, without: bool },
}

/// What is behind a backslash.
fn escaped(rest: &mut Characters<'_>) -> Option<Item> {
    Some(Item::Character(match rest.next()? {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        c @ ('(' | ')' | '*' | '+' | '-' | '.' | '?' | '[' | '\\' | ']' | '^' | '{' | '|' | '}') => c,
        c @ ('p' | 'P') => {
            let (name, tail) = rest.0.strip_prefix('{')?.split_once('}')?;
            rest.0 = tail;
            return is_category(name).then(|| Item::Category { name: name.to_owned(), without: c == 'P' });
        }
        _ => return None,
    }))
}

fn is_category(name: &str) -> bool {
    let mut letters = name.chars();
    let subcategories = match letters.next() {
        Some('L') => "lmotu",
        Some('M') => "cen",
        Some('N') => "dlo",
        Some('P') => "cdefios",
        Some('Z') => "lps",
        Some('S') => "ckmo",
        Some('C') => "cfno",
        _ => return false,
    };
    letters.next().is_none_or(|letter| subcategories.contains(letter)) && letters.next().is_none()
}

fn push(item: &Item, translated: &mut String) {
    match item {
        Item::Character('\n') => translated.push_str("\\n"),
        Item::Character('\r') => translated.push_str("\\r"),
        Item::Character('\t') => translated.push_str("\\t"),
        Item::Character(c) => {
            if matches!(c, '!'..='/' | ':' | ';' | '=' | '?' | '@' | '['..='^' | '`' | '{'..='~') {
                translated.push('\\');
            }
            translated.push(*c);
        }
        Item::Category { name, without } => {
            translated.extend([if *without { "\\P{" } else { "\\p{" }, name, "}"]);
        }
    }
}
