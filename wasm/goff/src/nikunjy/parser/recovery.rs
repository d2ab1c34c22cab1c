//! ANTLR's default error recovery: what the parser does with a token that does not fit.

use super::repair::{Repair, RepairKind};
use crate::nikunjy::lexer::{Kind, Kinds, Token, Tokens};

/// Where the parser is, innermost last: what may follow, and how far a fault skips, depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// The query as a whole.
    Whole,
    /// A query in parentheses.
    Group,
    /// The right side of `and` or `or`.
    Right,
    /// A value.
    Value,
    /// The rest of a list.
    List,
}

/// A rule under way, with the tokens that recovery took within it.
pub(super) struct Frame<'a> {
    rule: Rule,
    taken: Vec<Token<'a>>,
}

/// A syntax error, which gives up the rule at hand.
pub(super) struct SyntaxError;

pub(super) const START: Kinds = Kinds::of(&[Kind::Not, Kind::Space, Kind::Open, Kind::Name]);
pub(super) const GROUP_START: Kinds = Kinds::of(&[Kind::Not, Kind::Space, Kind::Open]);
pub(super) const SPACE: Kinds = Kinds::of(&[Kind::Space]);
pub(super) const SPACE_OR_OPEN: Kinds = Kinds::of(&[Kind::Space, Kind::Open]);
pub(super) const SPACE_OR_CLOSE: Kinds = Kinds::of(&[Kind::Space, Kind::Close]);
const END: Kinds = Kinds::of(&[Kind::End]);
pub(super) const VALUE: Kinds = Kinds::of(&[
    Kind::Boolean,
    Kind::Null,
    Kind::Version,
    Kind::String,
    Kind::Double,
    Kind::Minus,
    Kind::Int,
    Kind::OpenList,
]);

#[derive(Default)]
pub(super) struct Parser<'a> {
    pub(super) tokens: Tokens<'a>,
    pub(super) at: usize,
    /// Whether a fault was met and no token has matched since.
    pub(super) recovering: bool,
    /// Where the last fault was given up, and in which states: a second one there must make progress.
    last_fault: Option<usize>,
    fault_states: Vec<u8>,
    pub(super) frames: Vec<Frame<'a>>,
    pub(super) depth: usize,
    pub(super) too_deep: bool,
    pub(super) repairs: Vec<Repair>,
    /// The token behind the one that was skipped last: skipping that too is no repair of its own.
    skipped_to: Option<usize>,
}

impl<'a> Parser<'a> {
    pub(super) fn new(tokens: Tokens<'a>) -> Self {
        Self { tokens, ..Self::default() }
    }

    pub(super) fn ahead(&self, distance: usize) -> Token<'a> {
        self.tokens.get(self.at + distance)
    }

    pub(super) fn kind(&self, distance: usize) -> Kind {
        self.tokens.kind(self.at + distance)
    }

    pub(super) fn current(&self) -> Token<'a> {
        self.ahead(0)
    }

    pub(super) fn consume(&mut self) -> Token<'a> {
        let token = self.current();
        if self.recovering
            && let Some(frame) = self.frames.last_mut()
        {
            frame.taken.push(token);
        }
        if token.kind != Kind::End {
            self.at += 1;
        }
        token
    }

    /// Consumes a token that belongs to nothing.
    fn skip(&mut self) {
        let Token { kind, start, text } = self.current();
        if kind != Kind::End {
            let end = start + text.len();
            match self.repairs.last_mut() {
                Some(last) if self.skipped_to == Some(self.at) && last.kind == RepairKind::Skipped => {
                    last.end = end;
                }
                _ => self.repairs.push(Repair { kind: RepairKind::Skipped, start, end }),
            }
            self.skipped_to = Some(self.at + 1);
        }
        self.consume();
    }

    pub(super) fn matched(&mut self) {
        self.recovering = false;
        self.last_fault = None;
        self.fault_states.clear();
    }

    /// Takes the current token, which fits.
    pub(super) fn accept(&mut self) -> Token<'a> {
        self.matched();
        self.consume()
    }

    /// Deletes the current token if the one behind it is expected.
    pub(super) fn delete(&mut self, expected: Kinds) -> bool {
        if !expected.contains(self.kind(1)) {
            return false;
        }
        self.recovering = true;
        self.skip();
        self.matched();
        true
    }

    /// Before an optional part or a choice: makes the current token one of `expected`, or faults.
    pub(super) fn synchronise(&mut self, expected: Kinds) -> Result<(), SyntaxError> {
        if self.recovering || expected.contains(self.kind(0)) || self.delete(expected) {
            Ok(())
        } else {
            Err(SyntaxError)
        }
    }

    /// Takes a token of this kind; else deletes the one before it; else, where the current token may `follow`, goes on
    /// as if it had been there (and answers none).
    pub(super) fn expect(&mut self, kind: Kind, follow: Kinds) -> Result<Option<Token<'a>>, SyntaxError> {
        if self.kind(0) == kind {
            return Ok(Some(self.accept()));
        }
        if self.delete(Kinds::of(&[kind])) {
            return Ok(Some(self.consume()));
        }
        if follow.contains(self.kind(0)) {
            self.recovering = true;
            let text = match kind {
                Kind::Open => "(",
                Kind::Close => ")",
                _ => " ",
            };
            let start = self.current().start;
            self.repairs.push(Repair { kind: RepairKind::Conjured(text), start, end: start });
            return Ok(None);
        }
        Err(SyntaxError)
    }

    /// What may follow the query or value at hand.
    pub(super) fn follow(&self) -> Kinds {
        let mut follow = Kinds::NONE;
        for frame in self.frames.iter().rev() {
            match frame.rule {
                Rule::Whole => return follow.with(END),
                Rule::Group => return follow.with(SPACE_OR_CLOSE),
                Rule::Right | Rule::Value => follow = follow.with(SPACE),
                Rule::List => {}
            }
        }
        follow
    }

    /// Gives the rule at hand up and skips to what any rule under way can go on with.
    pub(super) fn recover(&mut self, state: u8) {
        if self.last_fault == Some(self.at) && self.fault_states.contains(&state) {
            self.skip();
        }
        self.recovering = true;
        self.last_fault = Some(self.at);
        self.fault_states.push(state);
        let stop = self.frames.iter().fold(END, |stop, frame| match frame.rule {
            Rule::Group => stop.with(SPACE_OR_CLOSE),
            Rule::Right | Rule::Value => stop.with(SPACE),
            Rule::Whole | Rule::List => stop,
        });
        while !stop.contains(self.kind(0)) {
            self.skip();
        }
    }

    pub(super) fn enter(&mut self, rule: Rule) {
        self.frames.push(Frame { rule, taken: Vec::new() });
    }

    /// A new alternative begins: what was taken before it belongs to none.
    pub(super) fn forget_taken(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.taken.clear();
        }
    }

    pub(super) fn taken(&self) -> &[Token<'a>] {
        self.frames.last().map_or(&[], |frame| &frame.taken)
    }
}
