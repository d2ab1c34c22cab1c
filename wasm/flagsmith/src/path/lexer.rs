//! Text to tokens, all of them before anything is parsed: an error here comes before any error there.
//!
//! The library's lexer is a machine of five states that knows how deep it is in filters and calls. It decides by those
//! numbers, not by what encloses what, so some texts are read in a way that no grammar describes (`count(@[?@.a,'x'])`).

use super::PathError;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Root,
    Current,
    Property,
    Wildcard,
    Descent,
    Open,
    Close,
    Filter,
    Index,
    Comma,
    Colon,
    SingleQuoted,
    DoubleQuoted,
    Parenthesis,
    EndParenthesis,
    /// The name of a function; its parenthesis is no token.
    Function,
    Int,
    Float,
    True,
    False,
    Null,
    Not,
    And,
    Or,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    End,
}

/// A token: its kind, its text (of a quoted one without the quotes), and the byte at which it starts.
#[derive(Clone, Copy, Debug)]
pub struct Token<'a> {
    pub kind: Kind,
    pub text: &'a str,
    pub at: usize,
}

/// All tokens of `text`, the last of which is the only [`Kind::End`].
pub fn tokens(text: &str) -> Result<Vec<Token<'_>>, PathError> {
    let mut lexer =
        Lexer { text, at: 0, filters: 0, calls: Vec::new(), open: Vec::new(), tokens: Vec::new() };
    if !text.starts_with('$') {
        return lexer.fail("a path starts with '$'");
    }
    lexer.emit(Kind::Root, 1);
    let mut state = Some(State::Segment);
    while let Some(current) = state {
        state = match current {
            State::Segment => lexer.segment()?,
            State::Descent => lexer.name(true)?,
            State::Name => lexer.name(false)?,
            State::Brackets => lexer.brackets()?,
            State::Filter => lexer.filter()?,
        };
    }
    if !lexer.open.is_empty() {
        return lexer.fail("brackets or parentheses that do not close");
    }
    Ok(lexer.tokens)
}

#[derive(Clone, Copy)]
enum State {
    /// Before `.`, `..` or `[`.
    Segment,
    /// After `..`.
    Descent,
    /// After `.`.
    Name,
    /// Among selectors.
    Brackets,
    /// Among the tokens of an expression.
    Filter,
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    /// How many filters are open.
    filters: usize,
    /// Of each open call, how many of its parentheses are open.
    calls: Vec<usize>,
    /// The open brackets and parentheses.
    open: Vec<u8>,
    tokens: Vec<Token<'a>>,
}

impl<'a> Lexer<'a> {
    fn fail<T>(&self, message: &'static str) -> Result<T, PathError> {
        Err(PathError::Syntax { message, at: self.at })
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn emit(&mut self, kind: Kind, length: usize) {
        let text = self.rest().get(..length).unwrap_or_default();
        self.tokens.push(Token { kind, text, at: self.at });
        self.at += length;
    }

    /// Skips whitespace; whether there was any.
    fn skip_space(&mut self) -> bool {
        let length = run(self.rest().as_bytes(), |byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t'));
        self.at += length;
        length > 0
    }

    fn segment(&mut self) -> Result<Option<State>, PathError> {
        if self.skip_space() && self.rest().is_empty() {
            return self.fail("whitespace at the end");
        }
        match self.peek() {
            None => {
                self.emit(Kind::End, 0);
                Ok(None)
            }
            Some(b'.') if self.rest().starts_with("..") => {
                self.emit(Kind::Descent, 2);
                Ok(Some(State::Descent))
            }
            Some(b'.') => {
                self.at += 1;
                Ok(Some(State::Name))
            }
            Some(b'[') => Ok(Some(self.open_bracket())),
            Some(_) if self.filters > 0 => Ok(Some(State::Filter)),
            Some(_) => self.fail("'.', '..' or '[' is expected"),
        }
    }

    fn open_bracket(&mut self) -> State {
        self.open.push(b'[');
        self.emit(Kind::Open, 1);
        State::Brackets
    }

    fn name(&mut self, descends: bool) -> Result<Option<State>, PathError> {
        match self.peek() {
            Some(b'*') => self.emit(Kind::Wildcard, 1),
            Some(b'[') if descends => return Ok(Some(self.open_bracket())),
            _ => match name_length(self.rest()) {
                0 => return self.fail("a name is expected"),
                length => self.emit(Kind::Property, length),
            },
        }
        Ok(Some(State::Segment))
    }

    fn brackets(&mut self) -> Result<Option<State>, PathError> {
        loop {
            self.skip_space();
            match self.peek() {
                Some(b']') => {
                    if self.open.last() != Some(&b'[') {
                        return self.fail("']' closes nothing");
                    }
                    self.open.pop();
                    self.emit(Kind::Close, 1);
                    return Ok(Some(State::Segment));
                }
                Some(b'?') => {
                    self.emit(Kind::Filter, 1);
                    self.filters += 1;
                    return Ok(Some(State::Filter));
                }
                Some(b'*') => self.emit(Kind::Wildcard, 1),
                Some(b',') => self.emit(Kind::Comma, 1),
                Some(b':') => self.emit(Kind::Colon, 1),
                Some(quote @ (b'\'' | b'"')) => self.quoted(quote)?,
                _ => match integer_length(self.rest()) {
                    0 => return self.fail("a selector is expected"),
                    length => self.emit(Kind::Index, length),
                },
            }
        }
    }

    fn quoted(&mut self, quote: u8) -> Result<(), PathError> {
        self.at += 1;
        let bytes = self.rest().as_bytes();
        let mut length = 0;
        loop {
            match bytes.get(length) {
                None => return self.fail("a string does not close"),
                Some(byte) if *byte == quote => break,
                Some(b'\\') => match bytes.get(length + 1) {
                    Some(b'b' | b'f' | b'n' | b'r' | b't' | b'u' | b'/' | b'\\') => length += 2,
                    Some(byte) if *byte == quote => length += 2,
                    _ => return self.fail("a string has an invalid escape"),
                },
                Some(_) => length += 1,
            }
        }
        self.emit(if quote == b'"' { Kind::DoubleQuoted } else { Kind::SingleQuoted }, length);
        self.at += 1;
        Ok(())
    }

    fn filter(&mut self) -> Result<Option<State>, PathError> {
        loop {
            self.skip_space();
            match self.peek() {
                None => return self.fail("a filter does not close"),
                Some(b']') => {
                    self.filters = self.filters.saturating_sub(1);
                    return Ok(Some(State::Brackets));
                }
                Some(b',') => {
                    self.emit(Kind::Comma, 1);
                    // In a call it separates arguments, even where a bracket is nearer.
                    if self.calls.is_empty() {
                        self.filters = self.filters.saturating_sub(1);
                        return Ok(Some(State::Brackets));
                    }
                }
                Some(quote @ (b'\'' | b'"')) => self.quoted(quote)?,
                Some(b'(') => self.open_parenthesis(),
                Some(b')') => self.close_parenthesis()?,
                Some(b'$') => {
                    self.emit(Kind::Root, 1);
                    return Ok(Some(State::Segment));
                }
                Some(b'@') => {
                    self.emit(Kind::Current, 1);
                    return Ok(Some(State::Segment));
                }
                Some(b'.') => return Ok(Some(State::Segment)),
                Some(_) => self.operator_or_literal()?,
            }
        }
    }

    fn open_parenthesis(&mut self) {
        self.open.push(b'(');
        self.emit(Kind::Parenthesis, 1);
        if let Some(parentheses) = self.calls.last_mut() {
            *parentheses += 1;
        }
    }

    fn close_parenthesis(&mut self) -> Result<(), PathError> {
        if self.open.last() != Some(&b'(') {
            return self.fail("')' closes nothing");
        }
        self.open.pop();
        self.emit(Kind::EndParenthesis, 1);
        match self.calls.last_mut() {
            Some(1) => drop(self.calls.pop()),
            Some(parentheses) => *parentheses -= 1,
            None => {}
        }
        Ok(())
    }

    fn operator_or_literal(&mut self) -> Result<(), PathError> {
        let rest = self.rest();
        if let Some((sign, kind)) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)) {
            self.emit(*kind, sign.len());
            return Ok(());
        }
        let float = float_length(rest);
        if float > 0 {
            self.emit(Kind::Float, float);
            return Ok(());
        }
        let int = int_length(rest);
        if int > 0 {
            self.emit(Kind::Int, int);
            return Ok(());
        }
        let function = function_length(rest);
        if function == 0 || rest.as_bytes().get(function) != Some(&b'(') {
            return self.fail("an operand or an operator is expected");
        }
        self.emit(Kind::Function, function);
        self.calls.push(1);
        self.open.push(b'(');
        self.at += 1;
        Ok(())
    }
}

/// What is read as it stands, wherever it stands: `nullx` is `null` and `x`.
const SIGNS: [(&str, Kind); 12] = [
    ("!=", Kind::NotEqual),
    ("!", Kind::Not),
    ("==", Kind::Equal),
    ("<=", Kind::LessOrEqual),
    ("<", Kind::Less),
    (">=", Kind::GreaterOrEqual),
    (">", Kind::Greater),
    ("&&", Kind::And),
    ("||", Kind::Or),
    ("true", Kind::True),
    ("false", Kind::False),
    ("null", Kind::Null),
];

fn run(bytes: &[u8], wanted: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|byte| !wanted(*byte)).unwrap_or(bytes.len())
}

fn digits(text: &str, from: usize) -> usize {
    run(text.as_bytes().get(from..).unwrap_or_default(), |byte| byte.is_ascii_digit())
}

/// A shorthand name: more than the standard's, except for characters beyond U+FFFF, which end it.
fn name_length(text: &str) -> usize {
    let is_first = |c: char| c.is_ascii_alphabetic() || c == '_' || ('\u{80}'..='\u{ffff}').contains(&c);
    if !text.starts_with(is_first) {
        return 0;
    }
    text.find(|c| !(is_first(c) || c == '-' || c.is_ascii_digit())).unwrap_or(text.len())
}

fn function_length(text: &str) -> usize {
    if !text.starts_with(|c: char| c.is_ascii_lowercase()) {
        return 0;
    }
    run(text.as_bytes(), |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// `-?[0-9]+`
fn integer_length(text: &str) -> usize {
    let sign = usize::from(text.starts_with('-'));
    match digits(text, sign) {
        0 => 0,
        count => sign + count,
    }
}

/// `-?[0-9]+([eE]\+?[0-9]+)?`
fn int_length(text: &str) -> usize {
    let length = integer_length(text);
    if length == 0 { 0 } else { length + exponent_length(text, length, b"+") }
}

/// `:?-?[0-9]+\.[0-9]+([eE][+-]?[0-9]+)?` or `-?[0-9]+[eE]-[0-9]+`; the colon is the library's slip, and no number.
fn float_length(text: &str) -> usize {
    let colon = usize::from(text.starts_with(':'));
    let whole = integer_length(text.get(colon..).unwrap_or_default());
    if whole == 0 {
        return 0;
    }
    let point = colon + whole;
    let fraction = if text.as_bytes().get(point) == Some(&b'.') { digits(text, point + 1) } else { 0 };
    if fraction > 0 {
        let length = point + 1 + fraction;
        return length + exponent_length(text, length, b"+-");
    }
    match exponent_length(text, point, b"-") {
        length if colon == 0 && length > 0 && text.as_bytes().get(point + 1) == Some(&b'-') => point + length,
        _ => 0,
    }
}

/// The exponent at `at`, with one of `signs` or none.
fn exponent_length(text: &str, at: usize, signs: &[u8]) -> usize {
    let bytes = text.as_bytes();
    if !matches!(bytes.get(at), Some(b'e' | b'E')) {
        return 0;
    }
    let sign = usize::from(bytes.get(at + 1).is_some_and(|byte| signs.contains(byte)));
    match digits(text, at + 1 + sign) {
        0 => 0,
        count => 1 + sign + count,
    }
}
