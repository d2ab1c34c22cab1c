//! Sets: `[...]`.

use super::super::Refusal;
use super::super::syntax::{Item, Mode, Node, Set};
use super::Parser;
use super::scanner::{Token, invalid};

impl Parser {
    /// A set; its bracket, at `at`, has been passed.
    pub(super) fn set(&mut self, at: usize, mode: Mode) -> Result<Node, Refusal> {
        let unterminated = || invalid("unterminated character set", at);
        let negated = self.scanner.take('^');
        let mut items = Vec::new();
        loop {
            let token = self.scanner.get().ok_or_else(unterminated)?;
            // A bracket that comes first is a member.
            if token.is(']') && !items.is_empty() {
                break;
            }
            let low = self.set_item(token)?;
            if !self.scanner.take('-') {
                items.push(low);
                continue;
            }
            let token = self.scanner.get().ok_or_else(unterminated)?;
            if token.is(']') {
                items.push(low);
                items.push(Item::Code(u32::from('-')));
                break;
            }
            match (low, self.set_item(token)?) {
                (Item::Code(low), Item::Code(high)) if low <= high => items.push(Item::Range(low, high)),
                _ => return Err(invalid("bad character range", token.at)),
            }
        }
        Ok(set_of(items, negated, mode))
    }

    fn set_item(&mut self, token: Token) -> Result<Item, Refusal> {
        if token.escaped { self.set_escape(token) } else { Ok(Item::Code(u32::from(token.character))) }
    }
}

/// A set, or a character where it has but one member: `sre` does so before it folds case.
fn set_of(items: Vec<Item>, negated: bool, mode: Mode) -> Node {
    match items.split_first() {
        Some((Item::Code(code), rest)) if rest.iter().all(|item| *item == Item::Code(*code)) => {
            Node::Code { code: *code, negated, mode }
        }
        _ => Node::Set(Set { negated, items, mode }),
    }
}
