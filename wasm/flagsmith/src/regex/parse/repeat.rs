//! Repeats: `*`, `+`, `?`, `{m,n}`, and what may follow them.

use super::super::Refusal;
use super::super::syntax::{Greed, Mode, Node, UNBOUNDED};
use super::Parser;
use super::scanner::{Token, invalid};

impl Parser {
    /// A repeat of the last item; `token`, which starts it, has been passed.
    pub(super) fn repeat(&mut self, token: Token, mode: Mode) -> Result<(), Refusal> {
        let (min, max) = match token.character {
            '?' => (0, 1),
            '*' => (0, UNBOUNDED),
            '+' => (1, UNBOUNDED),
            _ => match self.counts(token)? {
                Some(counts) => counts,
                // A brace that starts no repeat is a character.
                None => {
                    self.push(Node::Code { code: u32::from(token.character), negated: false, mode });
                    return Ok(());
                }
            },
        };
        let item = self.last_item().and_then(|id| Some((id, self.tree.node(id)?)));
        let body = match item {
            None | Some((_, Node::Assertion(_))) => return Err(invalid("nothing to repeat", token.at)),
            Some((_, Node::Repeat { .. })) => return Err(invalid("multiple repeat", token.at)),
            Some((id, _)) => id,
        };
        let greed = if self.scanner.take('?') {
            Greed::Lazy
        } else if self.scanner.take('+') {
            Greed::Possessive
        } else {
            Greed::Greedy
        };
        let repeat = self.tree.add(Node::Repeat { body, min, max, greed });
        self.replace_last(repeat);
        Ok(())
    }

    /// The bounds in braces; none, and nothing passed, where this is no repeat.
    fn counts(&mut self, token: Token) -> Result<Option<(u32, u32)>, Refusal> {
        if self.scanner.peek().is_some_and(|token| token.is('}')) {
            return Ok(None);
        }
        let mark = self.scanner.mark();
        let digits = |character: char| character.is_ascii_digit();
        let low = self.scanner.take_while(usize::MAX, digits);
        let high =
            if self.scanner.take(',') { self.scanner.take_while(usize::MAX, digits) } else { low.clone() };
        if !self.scanner.take('}') {
            self.scanner.rewind(mark);
            return Ok(None);
        }
        let min = count(&low, 0, token)?;
        let max = count(&high, UNBOUNDED, token)?;
        if max < min {
            return Err(invalid("min repeat greater than max repeat", token.at));
        }
        Ok(Some((min, max)))
    }
}

fn count(digits: &str, default: u32, token: Token) -> Result<u32, Refusal> {
    if digits.is_empty() {
        return Ok(default);
    }
    match digits.parse() {
        Ok(count) if count < UNBOUNDED => Ok(count),
        _ => Err(invalid("the repetition number is too large", token.at)),
    }
}
