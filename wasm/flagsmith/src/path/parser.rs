//! Tokens to a query: segments and selectors. Expressions are in [`filter`](super::filter).

use super::expression::{Query, Segment, Selector, Slice};
use super::lexer::{self, Kind, Token};
use super::{Exception, FILTER_DEPTH, MAX_DEPTH, PathError, Patterns, literal};

/// The query of `text`.
pub fn parse(text: &str, patterns: &dyn Patterns) -> Result<Query, PathError> {
    let mut parser = Parser { tokens: lexer::tokens(text)?, at: 1, depth: 0, patterns };
    let query = parser.query()?;
    if parser.kind() != Kind::End {
        return parser.fail("a token is in no place");
    }
    Ok(query)
}

/// The tokens, and the one that is next.
pub struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    depth: usize,
    pub patterns: &'a dyn Patterns,
}

impl<'a> Parser<'a> {
    pub fn token(&self) -> Token<'a> {
        self.tokens.get(self.at).copied().unwrap_or(Token { kind: Kind::End, text: "", at: 0 })
    }

    pub fn kind(&self) -> Kind {
        self.token().kind
    }

    pub fn advance(&mut self) {
        self.at += 1;
    }

    pub fn fail<T>(&self, message: &'static str) -> Result<T, PathError> {
        Err(PathError::Syntax { message, at: self.token().at })
    }

    /// Reads what is `levels` further down, where as many are left.
    pub fn below<T>(
        &mut self,
        levels: usize,
        read: impl FnOnce(&mut Self) -> Result<T, PathError>,
    ) -> Result<T, PathError> {
        if self.depth + levels > MAX_DEPTH {
            return Err(PathError::Raises(Exception::Recursion));
        }
        self.depth += levels;
        let read = read(self);
        self.depth -= levels;
        read
    }

    /// The segments from here to the first token that belongs to none.
    pub fn query(&mut self) -> Result<Query, PathError> {
        let mut segments = Vec::new();
        loop {
            let descends = self.kind() == Kind::Descent;
            if descends {
                self.advance();
            }
            let token = self.token();
            let selectors = match token.kind {
                Kind::Property => vec![Selector::Name(token.text.into())],
                Kind::Wildcard => vec![Selector::Wildcard],
                Kind::Open => self.brackets()?,
                _ => return Ok(Query { segments }),
            };
            self.advance();
            segments.push(Segment { descends, selectors });
        }
    }

    /// The selectors between brackets; stops at the closing one.
    fn brackets(&mut self) -> Result<Vec<Selector>, PathError> {
        let mut selectors = Vec::new();
        self.advance();
        while self.kind() != Kind::Close {
            selectors.push(self.selector()?);
            match self.kind() {
                Kind::Close => {}
                Kind::Comma => {
                    self.advance();
                    if self.kind() == Kind::Close {
                        return self.fail("a comma is the last selector");
                    }
                }
                _ => return self.fail("',' or ']' is expected"),
            }
        }
        if selectors.is_empty() {
            return self.fail("brackets are empty");
        }
        Ok(selectors)
    }

    fn selector(&mut self) -> Result<Selector, PathError> {
        let token = self.token();
        let selector = match token.kind {
            Kind::Colon => return self.slice(),
            Kind::Index if self.tokens.get(self.at + 1).is_some_and(|next| next.kind == Kind::Colon) => {
                return self.slice();
            }
            Kind::Index if literal::has_leading_zero(&token) => {
                return self.fail("an index has a leading zero");
            }
            Kind::Index => Selector::Index(literal::check_index(literal::index(&token)?)?),
            Kind::SingleQuoted | Kind::DoubleQuoted => Selector::Name(literal::text(&token)?),
            Kind::Wildcard => Selector::Wildcard,
            Kind::Filter => {
                self.advance();
                return Ok(Selector::Filter(self.below(FILTER_DEPTH, Self::filter)?));
            }
            _ => return self.fail("a selector is expected"),
        };
        self.advance();
        Ok(selector)
    }

    /// A slice. Its second colon may be missing before a step: `1:2 3` is `1:2:3`.
    fn slice(&mut self) -> Result<Selector, PathError> {
        let start = self.bound()?;
        if self.kind() != Kind::Colon {
            return self.fail("':' is expected");
        }
        self.advance();
        let stop = self.bound()?;
        if self.kind() == Kind::Colon {
            self.advance();
        }
        let step = self.bound()?;
        // Whether they are too large is asked when all are read: a later syntax error is the error then.
        for bound in [start, stop, step].into_iter().flatten() {
            literal::check_index(bound)?;
        }
        Ok(Selector::Slice(Slice { start, stop, step }))
    }

    fn bound(&mut self) -> Result<Option<i64>, PathError> {
        let token = self.token();
        if token.kind != Kind::Index {
            return Ok(None);
        }
        if literal::has_leading_zero(&token) {
            return self.fail("a bound of a slice has a leading zero");
        }
        let bound = literal::index(&token)?;
        self.advance();
        Ok(Some(bound))
    }
}
