//! Text to tokens: longest match, ties to the earlier rule, and what matches no rule is dropped from the token's start
//! through the first impossible character.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    Space,
    Open,
    Close,
    Dot,
    OpenList,
    CloseList,
    Comma,
    Operator,
    Present,
    Not,
    Logical,
    Boolean,
    Null,
    Exponent,
    Name,
    Int,
    Double,
    Version,
    String,
    Minus,
    End,
}

/// A set of token kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds(u32);

impl Kinds {
    pub const NONE: Self = Self(0);

    pub const fn of(kinds: &[Kind]) -> Self {
        let (mut set, mut rest) = (0, kinds);
        while let [kind, tail @ ..] = rest {
            set |= 1 << *kind as u32;
            rest = tail;
        }
        Self(set)
    }

    pub const fn contains(self, kind: Kind) -> bool {
        self.0 & 1 << kind as u32 != 0
    }

    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// A token: its kind, its text, and the byte at which it starts.
#[derive(Clone, Copy, Debug)]
pub struct Token<'a> {
    pub kind: Kind,
    pub text: &'a str,
    pub start: usize,
}

/// All tokens of a text, without their texts: a query of megabytes has some hundred thousand.
#[derive(Debug, Default)]
pub struct Tokens<'a> {
    text: &'a str,
    /// Kind, first byte and length. Units are shorter than 4 GiB.
    spans: Vec<(Kind, u32, u32)>,
}

impl<'a> Tokens<'a> {
    fn push(&mut self, kind: Kind, start: usize, length: usize) {
        self.spans.push((kind, start as u32, length as u32));
    }

    /// How many there are, with the last one, [`Kind::End`].
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// The kind of the token at `index`; beyond the last one it is the last one's.
    #[inline]
    pub fn kind(&self, index: usize) -> Kind {
        self.spans.get(index).map_or(Kind::End, |(kind, _, _)| *kind)
    }

    /// The token at `index`; beyond the last one it is the last one.
    #[inline]
    pub fn get(&self, index: usize) -> Token<'a> {
        let Some((kind, start, length)) = self.spans.get(index).copied() else {
            return Token { kind: Kind::End, text: "", start: self.text.len() };
        };
        let start = start as usize;
        Token { kind, text: self.text.get(start..start + length as usize).unwrap_or_default(), start }
    }
}

/// All tokens of `text`, and the byte ranges that were dropped, neighbours as one.
pub fn tokens(text: &str) -> (Tokens<'_>, Vec<(usize, usize)>) {
    let mut tokens = Tokens { text, spans: Vec::new() };
    let mut dropped = Vec::<(usize, usize)>::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        match token(rest) {
            Ok((kind, length)) => {
                tokens.push(kind, at, length);
                at += length;
            }
            Err(length) => {
                match dropped.last_mut() {
                    Some((_, end)) if *end == at => *end += length,
                    _ => dropped.push((at, at + length)),
                }
                at += length;
            }
        }
    }
    tokens.push(Kind::End, text.len(), 0);
    (tokens, dropped)
}

/// The token at the start of `rest`, or how many bytes to drop; both are at least one whole character.
fn token(rest: &str) -> Result<(Kind, usize), usize> {
    let mut characters = rest.chars();
    let first = characters.next().unwrap_or_default();
    let second = characters.next();
    match first {
        ' ' => Ok((Kind::Space, 1 + run(rest, 1, |byte| byte == b'\n'))),
        '(' => Ok((Kind::Open, 1)),
        ')' => Ok((Kind::Close, 1)),
        '.' => Ok((Kind::Dot, 1)),
        '[' => Ok((Kind::OpenList, 1)),
        ']' => Ok((Kind::CloseList, 1)),
        ',' => Ok((Kind::Comma, 1 + run(rest, 1, |byte| byte == b' '))),
        '<' | '>' => Ok((Kind::Operator, if second == Some('=') { 2 } else { 1 })),
        '=' | '!' => match second {
            Some('=') => Ok((Kind::Operator, 2)),
            // The sign can only start `==` or `!=`: the character that disproves it is lost with it.
            _ => Err(1 + second.map_or(0, char::len_utf8)),
        },
        '"' => string(rest),
        'a'..='z' | 'A'..='Z' => Ok(word(rest)),
        '0'..='9' | '-' => Ok(number(rest)),
        _ => Err(first.len_utf8()),
    }
}

/// How many bytes from `start` on satisfy `accept`.
fn run(text: &str, start: usize, accept: impl Fn(u8) -> bool) -> usize {
    let rest = text.as_bytes().get(start..).unwrap_or_default();
    rest.iter().take_while(|byte| accept(**byte)).count()
}

fn string(rest: &str) -> Result<(Kind, usize), usize> {
    let mut at = 1;
    loop {
        at += run(rest, at, |byte| !matches!(byte, b'"' | b'\\'));
        match rest.as_bytes().get(at) {
            Some(b'"') => return Ok((Kind::String, at + 1)),
            Some(_) => at = escape(rest, at + 1)?,
            // A string that is never closed takes everything with it.
            None => return Err(rest.len()),
        }
    }
}

/// The byte behind the escape whose backslash stands before `start`, or behind the character that makes it none.
fn escape(rest: &str, start: usize) -> Result<usize, usize> {
    let mut characters = rest.get(start..).unwrap_or_default().char_indices();
    let lost = |found: Option<(usize, char)>| {
        Err(found.map_or(rest.len(), |(at, character)| start + at + character.len_utf8()))
    };
    match characters.next() {
        Some((_, '"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't')) => Ok(start + 1),
        Some((_, 'u')) => {
            for _ in 0..4 {
                match characters.next() {
                    Some((_, digit)) if digit.is_ascii_hexdigit() => {}
                    other => return lost(other),
                }
            }
            Ok(start + 5)
        }
        other => lost(other),
    }
}

fn word(rest: &str) -> (Kind, usize) {
    let length = run(rest, 0, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'_' | b'-'));
    let exponent = exponent(rest);
    if exponent > length {
        return (Kind::Exponent, exponent);
    }
    let kind = match rest.get(..length).unwrap_or_default() {
        "pr" => Kind::Present,
        "not" | "NOT" => Kind::Not,
        "and" | "or" => Kind::Logical,
        "true" | "false" => Kind::Boolean,
        "null" => Kind::Null,
        "eq" | "EQ" | "ne" | "NE" | "gt" | "GT" | "lt" | "LT" | "ge" | "GE" | "le" | "LE" | "co" | "CO"
        | "sw" | "SW" | "ew" | "EW" | "in" | "IN" => Kind::Operator,
        _ => Kind::Name,
    };
    (kind, length)
}

fn number(rest: &str) -> (Kind, usize) {
    let sign = usize::from(rest.starts_with('-'));
    let integer = integer(rest, sign);
    let plain = if sign == 1 { (Kind::Minus, 1) } else { (Kind::Int, integer) };
    if integer == 0 {
        return plain;
    }
    let version = if sign == 0 { version(rest) } else { 0 };
    let fraction = sign + integer + 1;
    let digits = run(rest, fraction, |byte| byte.is_ascii_digit());
    if rest.as_bytes().get(fraction - 1) != Some(&b'.') || digits == 0 {
        return plain;
    }
    let double = fraction + digits;
    let double = double + exponent(rest.get(double..).unwrap_or_default());
    if version >= double { (Kind::Version, version) } else { (Kind::Double, double) }
}

/// Length of `0` or digits without a leading zero, from `start` on.
fn integer(text: &str, start: usize) -> usize {
    match text.as_bytes().get(start) {
        Some(b'0') => 1,
        _ => run(text, start, |byte| byte.is_ascii_digit()),
    }
}

/// Length of `e+12` and its like at the start of `text`, zero where there is none.
fn exponent(text: &str) -> usize {
    let mark = usize::from(text.starts_with(['e', 'E']));
    let sign = text.as_bytes().get(mark).is_some_and(|byte| matches!(byte, b'+' | b'-'));
    let start = mark + usize::from(sign);
    match integer(text, start) {
        digits if mark == 1 && digits > 0 => start + digits,
        _ => 0,
    }
}

/// Length of the longest semantic version at the start of `text`, zero where there is none.
fn version(text: &str) -> usize {
    let mut at = 0;
    for part in 0..3 {
        if part > 0 {
            if text.as_bytes().get(at) != Some(&b'.') {
                return 0;
            }
            at += 1;
        }
        match integer(text, at) {
            0 => return 0,
            digits => at += digits,
        }
    }
    let identifier = |start: usize| run(text, start, |byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let prerelease = |start: usize| {
        let whole = identifier(start);
        let bytes = text.as_bytes().get(start..start + whole).unwrap_or_default();
        if bytes.iter().all(u8::is_ascii_digit) { integer(text, start) } else { whole }
    };
    at += parts(text, at, b'-', prerelease);
    at + parts(text, at, b'+', identifier)
}

/// Length of `mark`, an identifier, and any number of further ones behind dots; zero where there is none.
fn parts(text: &str, start: usize, mark: u8, identifier: impl Fn(usize) -> usize) -> usize {
    let (mut at, mut expected) = (start, mark);
    while text.as_bytes().get(at) == Some(&expected) {
        match identifier(at + 1) {
            0 => break,
            length => at += 1 + length,
        }
        expected = b'.';
    }
    at - start
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(Kind, &str)> {
        let tokens = tokens(text).0;
        (0..tokens.len()).map(|index| tokens.get(index)).map(|token| (token.kind, token.text)).collect()
    }

    #[test]
    fn the_longest_match_wins_and_ties_go_to_the_earlier_rule() {
        use Kind::*;
        assert_eq!(kinds("1e3"), [(Int, "1"), (Name, "e3"), (End, "")]);
        assert_eq!(kinds("1e+3"), [(Int, "1"), (Exponent, "e+3"), (End, "")]);
        assert_eq!(kinds("-1.5e3"), [(Double, "-1.5e3"), (End, "")]);
        assert_eq!(kinds("-1"), [(Minus, "-"), (Int, "1"), (End, "")]);
        assert_eq!(kinds("1.2.3-01"), [(Version, "1.2.3-0"), (Int, "1"), (End, "")]);
        assert_eq!(
            kinds("1.2.3-beta..1"),
            [(Version, "1.2.3-beta"), (Dot, "."), (Dot, "."), (Int, "1"), (End, "")]
        );
        assert_eq!(kinds("1.2.3--"), [(Version, "1.2.3--"), (End, "")]);
        assert_eq!(kinds("1.2.3-a+b.c"), [(Version, "1.2.3-a+b.c"), (End, "")]);
        assert_eq!(kinds("a <=1"), [(Name, "a"), (Space, " "), (Operator, "<="), (Int, "1"), (End, "")]);
    }

    #[test]
    fn what_no_rule_matches_is_dropped() {
        use Kind::*;
        assert_eq!(kinds("!(a"), [(Name, "a"), (End, "")]);
        assert_eq!(kinds("=é)"), [(Close, ")"), (End, "")]);
        assert_eq!(kinds("\"x\\qy\""), [(Name, "y"), (End, "")]);
        assert_eq!(kinds(r#""\n\u00zé y"#), [(Space, " "), (Name, "y"), (End, "")]);
        assert_eq!(kinds("a \"never closed"), [(Name, "a"), (Space, " "), (End, "")]);
        assert_eq!(tokens("é\ta&").1, [(0, 3), (4, 5)]);
    }
}
