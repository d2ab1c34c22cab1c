//! What is around a position of the text.

use super::super::syntax::Assertion;
use super::super::unicode;

/// The characters at a position.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub previous: Option<char>,
    pub next: Option<char>,
    /// Whether the next character is the text's last.
    pub last: bool,
}

impl Look {
    /// The look at a byte's place, which starts a character or ends the text.
    pub fn at(text: &str, at: usize) -> Self {
        let (before, after) = text.split_at_checked(at).unwrap_or((text, ""));
        let mut rest = after.chars();
        let next = rest.next();
        Self { previous: before.chars().next_back(), next, last: rest.as_str().is_empty() }
    }

    /// Whether an assertion holds here.
    pub fn allows(&self, assertion: Assertion) -> bool {
        match assertion {
            Assertion::Start => self.previous.is_none(),
            Assertion::LineStart => self.previous.is_none_or(|previous| previous == '\n'),
            Assertion::End => self.next.is_none(),
            Assertion::LineEnd => self.next.is_none_or(|next| next == '\n'),
            Assertion::EndOrFinalBreak => self.next.is_none_or(|next| next == '\n' && self.last),
            // Both fail on an empty text.
            Assertion::Boundary { .. } if self.previous.is_none() && self.next.is_none() => false,
            Assertion::Boundary { ascii, negated } => {
                let is_word = if ascii { unicode::is_ascii_word } else { unicode::is_word };
                let boundary = self.previous.is_some_and(is_word) != self.next.is_some_and(is_word);
                boundary != negated
            }
        }
    }

    /// What assertions can see of the next character, once it has been passed.
    pub fn trace(&self) -> u8 {
        let Some(next) = self.next else { return 0 };
        u8::from(next == '\n')
            | u8::from(unicode::is_word(next)) << 1
            | u8::from(unicode::is_ascii_word(next)) << 2
    }
}
