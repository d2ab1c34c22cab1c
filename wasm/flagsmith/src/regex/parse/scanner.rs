//! The pattern as tokens: single characters, and backslashes together with what they escape.

use super::super::Refusal;

/// A character, or a backslash and the character behind it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub character: char,
    pub escaped: bool,
    /// The token's place, in characters from 0.
    pub at: usize,
}

impl Token {
    /// Whether it is this character, not escaped.
    pub fn is(self, character: char) -> bool {
        !self.escaped && self.character == character
    }

    /// Whether it is one of these characters, not escaped.
    pub fn is_one_of(self, characters: &str) -> bool {
        !self.escaped && characters.contains(self.character)
    }

    /// The character of a token that is not escaped.
    pub fn plain(self) -> Option<char> {
        (!self.escaped).then_some(self.character)
    }
}

/// A place in the pattern's tokens.
#[derive(Debug)]
pub(super) struct Scanner {
    tokens: Vec<Token>,
    next: usize,
    /// Characters of the pattern.
    end: usize,
}

impl Scanner {
    /// Splits a pattern. One that ends in a lone backslash is refused at once, as no other reading of it is legal.
    pub fn new(pattern: &str) -> Result<Self, Refusal> {
        let mut tokens = Vec::new();
        let mut characters = pattern.chars().enumerate();
        let mut end = 0;
        while let Some((at, character)) = characters.next() {
            let token = if character == '\\' {
                match characters.next() {
                    Some((_, character)) => Token { character, escaped: true, at },
                    None => return Err(invalid("bad escape (end of pattern)", at)),
                }
            } else {
                Token { character, escaped: false, at }
            };
            end = at + 1 + usize::from(token.escaped);
            tokens.push(token);
        }
        Ok(Self { tokens, next: 0, end })
    }

    pub fn peek(&self) -> Option<Token> {
        self.tokens.get(self.next).copied()
    }

    pub fn get(&mut self) -> Option<Token> {
        let token = self.peek();
        self.next += usize::from(token.is_some());
        token
    }

    /// Whether `character` is next, which is then passed.
    pub fn take(&mut self, character: char) -> bool {
        let found = self.peek().is_some_and(|token| token.is(character));
        self.next += usize::from(found);
        found
    }

    /// Passes at most `most` characters that `wanted` accepts.
    pub fn take_while(&mut self, most: usize, wanted: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        for _ in 0..most {
            match self.peek().and_then(Token::plain) {
                Some(character) if wanted(character) => taken.push(character),
                _ => break,
            }
            self.next += 1;
        }
        taken
    }

    /// Passes everything to `terminator` and that too; `name` says what is missing where it is not there.
    pub fn take_until(&mut self, terminator: char, name: &str) -> Result<String, Refusal> {
        let start = self.position();
        let mut taken = String::new();
        loop {
            match self.get() {
                None if taken.is_empty() => return Err(invalid(format!("missing {name}"), start)),
                None => return Err(invalid(format!("missing {terminator}, unterminated name"), start)),
                Some(token) if token.is(terminator) && taken.is_empty() => {
                    return Err(invalid(format!("missing {name}"), start));
                }
                Some(token) if token.is(terminator) => return Ok(taken),
                Some(token) => {
                    taken.extend(token.escaped.then_some('\\'));
                    taken.push(token.character);
                }
            }
        }
    }

    /// The place of the next token.
    pub fn position(&self) -> usize {
        self.peek().map_or(self.end, |token| token.at)
    }

    /// What [`Scanner::rewind`] takes.
    pub fn mark(&self) -> usize {
        self.next
    }

    /// Goes back to a mark.
    pub fn rewind(&mut self, mark: usize) {
        self.next = mark;
    }
}

/// A refusal of what stands at `position`, in characters from 0.
pub(super) fn invalid(message: impl Into<String>, position: usize) -> Refusal {
    let column = u32::try_from(position + 1).unwrap_or(u32::MAX);
    Refusal::Invalid { message: message.into(), column }
}
