//! Tokens to a query, with the error recovery of ANTLR's default strategy as the relay's parser has it.
//!
//! The grammar has three rules: a query (a group or a comparison, then any number of `and`/`or`), a value, and the
//! rest of a list. Where the text fits none, the parser deletes a token, conjures one, or gives the rule up and skips on.

mod recovery;
mod repair;
mod tree;

use self::recovery::{
    GROUP_START, Parser, Rule, SPACE, SPACE_OR_CLOSE, SPACE_OR_OPEN, START, SyntaxError, VALUE,
};
use super::MAX_QUERY_DEPTH;
use super::lexer::{Kind, Kinds, tokens};
use super::literal::{Literal, Operator, Test};

pub use self::repair::{Repair, RepairKind, Repairs};
pub use self::tree::{Chain, Comparison, Logical, Path, Term};

/// What a text is read as.
#[derive(Debug)]
pub struct Parsed {
    pub chain: Chain,
    pub repairs: Repairs,
    /// Whether it passes [`MAX_QUERY_DEPTH`].
    pub too_deep: bool,
}

/// Parses a trimmed query.
pub fn parse(text: &str) -> Parsed {
    let (tokens, dropped) = tokens(text);
    let mut parser = Parser::new(tokens);
    let chain = parser.query(Rule::Whole, true);
    let tail = parser.current().start;
    let mut repairs = parser.repairs;
    if text.get(tail..).is_some_and(|tail| !tail.trim_matches(' ').is_empty()) {
        repairs.push(Repair { kind: RepairKind::IgnoredTail, start: tail, end: text.len() });
    }
    let dropped = dropped.into_iter().map(|(start, end)| Repair { kind: RepairKind::Dropped, start, end });
    repairs.extend(dropped);
    Parsed { chain, repairs: Repairs::new(repairs), too_deep: parser.too_deep }
}

impl<'a> Parser<'a> {
    /// A query in the position of `rule`; with `joins` it may go on with `and` and `or`.
    fn query(&mut self, rule: Rule, joins: bool) -> Chain {
        let mut chain = Chain { first: Term::Faulty, rest: Vec::new() };
        self.depth += 1;
        if self.depth > MAX_QUERY_DEPTH {
            // The depth grows with parentheses alone; what is left of the text does not matter any more.
            self.too_deep = true;
            self.at = self.tokens.len().saturating_sub(1);
            self.depth -= 1;
            return chain;
        }
        self.enter(rule);
        let mut state = 47;
        if self.query_body(&mut chain, joins, &mut state).is_err() {
            self.recover(state);
        }
        self.negate_by_taken(&mut chain);
        self.frames.pop();
        self.depth -= 1;
        chain
    }

    fn query_body(&mut self, chain: &mut Chain, joins: bool, state: &mut u8) -> Result<(), SyntaxError> {
        self.synchronise(START)?;
        match self.kind(0) {
            kind if GROUP_START.contains(kind) => self.group(&mut chain.first, state)?,
            Kind::Name => self.comparison(&mut chain.first, state)?,
            _ => return Err(SyntaxError),
        }
        *state = 56;
        while joins && self.kind(0) == Kind::Space && self.kind(1) == Kind::Logical {
            self.negate_by_taken(chain);
            self.forget_taken();
            self.accept();
            let logical = if self.accept().text == "or" { Logical::Or } else { Logical::And };
            chain.rest.push((logical, Term::Faulty));
            *state = 52;
            self.expect(Kind::Space, START)?;
            *state = 53;
            let right = self.query(Rule::Right, false);
            if let Some((_, term)) = chain.rest.last_mut() {
                *term = right.first;
            }
            *state = 58;
        }
        Ok(())
    }

    /// A `not` that recovery took within a group negates it as well as one in its place.
    fn negate_by_taken(&self, chain: &mut Chain) {
        if let (Term::Group { negated, .. }, []) = (&mut chain.first, chain.rest.as_slice())
            && self.taken().iter().any(|token| token.kind == Kind::Not)
        {
            *negated = true;
        }
    }

    fn group(&mut self, term: &mut Term, state: &mut u8) -> Result<(), SyntaxError> {
        self.forget_taken();
        let faulty = Chain { first: Term::Faulty, rest: Vec::new() };
        *term = Term::Group { negated: false, chain: Box::new(faulty) };
        let Term::Group { negated, chain } = term else { return Err(SyntaxError) };
        if self.kind(0) == Kind::Not {
            *state = 21;
            self.accept();
            *negated = true;
        }
        *state = 25;
        self.synchronise(SPACE_OR_OPEN)?;
        if self.kind(0) == Kind::Space {
            *state = 24;
            self.accept();
        }
        *state = 27;
        self.expect(Kind::Open, START)?;
        *state = 29;
        if !self.recovering && !START.contains(self.kind(0)) && !self.delete(START) {
            return Err(SyntaxError);
        }
        match self.kind(0) {
            Kind::Space if START.contains(self.kind(1)) => {
                self.accept();
            }
            Kind::Space => return Err(SyntaxError),
            kind if START.contains(kind) => {}
            _ => return Err(SyntaxError),
        }
        *state = 31;
        **chain = self.query(Rule::Group, true);
        *state = 33;
        self.synchronise(SPACE_OR_CLOSE)?;
        if self.kind(0) == Kind::Space {
            *state = 32;
            self.accept();
        }
        *state = 35;
        let follow = SPACE.with(self.follow());
        self.expect(Kind::Close, follow).map(|_| ())
    }

    fn comparison(&mut self, term: &mut Term, state: &mut u8) -> Result<(), SyntaxError> {
        let mut length = 1;
        while self.kind(length) == Kind::Dot && self.kind(length + 1) == Kind::Name {
            length += 2;
        }
        let verb = self.kind(length + 1);
        if self.kind(length) != Kind::Space || !matches!(verb, Kind::Present | Kind::Operator) {
            return Err(SyntaxError);
        }
        self.forget_taken();
        let start = self.current().start;
        let names = (0..length).step_by(2).map(|distance| self.ahead(distance).text);
        let path = Path::new(names).ok_or(SyntaxError)?;
        for _ in 0..length {
            // Taken before it counts as matched: within a recovery it is one of the tokens taken.
            self.consume();
            self.matched();
        }
        self.consume();
        let operator = Operator::parse(self.consume().text);
        self.matched();
        let Some(operator) = operator else {
            let end = self.current().start;
            *term = Term::Comparison(Comparison { path, test: None, start, end });
            return Ok(());
        };
        let end = self.current().start;
        *term = Term::Comparison(Comparison { path, test: Some(Test::Fault), start, end });
        *state = 44;
        self.expect(Kind::Space, VALUE)?;
        let literal = self.value();
        let after = self.current().start;
        if let Term::Comparison(Comparison { test, end, .. }) = term {
            (*test, *end) = (Some(Test::new(operator, literal)), after);
        }
        Ok(())
    }

    fn value(&mut self) -> Literal<'a> {
        self.enter(Rule::Value);
        let (mut literal, mut state) = (Literal::Missing, 81);
        if self.value_body(&mut literal, &mut state).is_err() {
            self.recover(state);
        }
        self.frames.pop();
        literal
    }

    fn value_body(&mut self, literal: &mut Literal<'a>, state: &mut u8) -> Result<(), SyntaxError> {
        self.synchronise(VALUE)?;
        self.forget_taken();
        match self.kind(0) {
            Kind::Boolean => *literal = Literal::Boolean(self.accept().text == "true"),
            Kind::Null => {
                self.accept();
                *literal = Literal::Null;
            }
            Kind::Version => *literal = Literal::Version(self.accept().text),
            Kind::String => *literal = Literal::String(self.accept().text),
            Kind::Double => *literal = Literal::Double(self.accept().text),
            Kind::Minus | Kind::Int => self.integer(literal, state)?,
            Kind::OpenList => match self.kind(1) {
                kind @ (Kind::Int | Kind::Double | Kind::String) => {
                    self.accept();
                    *literal = match (kind, self.list(kind)) {
                        (Kind::Int, items) => Literal::Ints(items),
                        (Kind::Double, items) => Literal::Doubles(items),
                        (_, items) => Literal::Strings(items),
                    };
                }
                _ => return Err(SyntaxError),
            },
            _ => return Err(SyntaxError),
        }
        Ok(())
    }

    fn integer(&mut self, literal: &mut Literal<'a>, state: &mut u8) -> Result<(), SyntaxError> {
        *literal = Literal::Int(None);
        let sign = if self.kind(0) == Kind::Minus { self.accept().text } else { "" };
        *state = 74;
        let is_integer = self.kind(0) == Kind::Int;
        let follow = Kinds::of(&[Kind::Exponent, Kind::Space]).with(self.follow());
        let digits = self.expect(Kind::Int, follow)?;
        if let (true, Some(digits)) = (is_integer, digits) {
            *literal = Literal::Int(Some(format!("{sign}{}", digits.text)));
        }
        if self.kind(0) == Kind::Exponent {
            self.accept();
            *literal = Literal::Int(None);
        }
        Ok(())
    }

    /// The elements of a list of one kind, up to its end or its first fault; none where the fault left no element.
    fn list(&mut self, kind: Kind) -> Option<Vec<&'a str>> {
        const LIST_STATE: u8 = 200;
        let mut items = Vec::new();
        self.enter(Rule::List);
        let found = loop {
            match self.list_item(kind, &mut items) {
                Ok(true) => self.forget_taken(),
                Ok(false) => break Some(items),
                Err(SyntaxError) => {
                    self.recover(LIST_STATE);
                    break self.taken().iter().find(|token| token.kind == kind).map(|token| {
                        items.push(token.text);
                        items
                    });
                }
            }
        };
        self.frames.pop();
        found
    }

    /// One element and the comma (true) or bracket (false) behind it.
    fn list_item(&mut self, kind: Kind, items: &mut Vec<&'a str>) -> Result<bool, SyntaxError> {
        self.synchronise(Kinds::of(&[kind]))?;
        if self.kind(0) != kind || !matches!(self.kind(1), Kind::Comma | Kind::CloseList) {
            return Err(SyntaxError);
        }
        self.forget_taken();
        items.push(self.accept().text);
        Ok(self.accept().kind == Kind::Comma)
    }
}
