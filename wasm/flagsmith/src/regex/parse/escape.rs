//! What follows a backslash.

use super::super::Refusal;
use super::super::syntax::{Assertion, Category, Item, Mode, Node, Set};
use super::Parser;
use super::scanner::{Token, invalid};

/// The highest value of an octal escape.
const MAX_OCTAL: u32 = 0o377;

fn is_octal(character: char) -> bool {
    matches!(character, '0'..='7')
}

impl Parser {
    /// An escape outside of sets; `token` has been passed.
    pub(super) fn escape(&mut self, token: Token, mode: Mode) -> Result<Node, Refusal> {
        let boundary = |negated| Node::Assertion(Assertion::Boundary { ascii: mode.ascii, negated });
        match token.character {
            'A' => return Ok(Node::Assertion(Assertion::Start)),
            'Z' => return Ok(Node::Assertion(Assertion::End)),
            'b' => return Ok(boundary(false)),
            'B' => return Ok(boundary(true)),
            '0' => {
                let digits = self.scanner.take_while(2, is_octal);
                return Ok(literal(number(&digits, 8), mode));
            }
            '1'..='9' => return self.reference_or_octal(token, mode),
            _ => {}
        }
        match self.common_escape(token)? {
            Item::Code(code) => Ok(literal(code, mode)),
            item => Ok(Node::Set(Set { negated: false, items: vec![item], mode })),
        }
    }

    /// An escape inside a set.
    pub(super) fn set_escape(&mut self, token: Token) -> Result<Item, Refusal> {
        match token.character {
            'b' => Ok(Item::Code(8)),
            first @ '0'..='7' => {
                let digits = format!("{first}{}", self.scanner.take_while(2, is_octal));
                octal(&digits, token)
            }
            _ => self.common_escape(token),
        }
    }

    /// An escape that means the same inside and outside of sets.
    fn common_escape(&mut self, token: Token) -> Result<Item, Refusal> {
        let category = |category, negated| Ok(Item::Category { category, negated });
        match token.character {
            'a' => Ok(Item::Code(7)),
            'f' => Ok(Item::Code(12)),
            'n' => Ok(Item::Code(10)),
            'r' => Ok(Item::Code(13)),
            't' => Ok(Item::Code(9)),
            'v' => Ok(Item::Code(11)),
            'd' => category(Category::Digit, false),
            'D' => category(Category::Digit, true),
            's' => category(Category::Space, false),
            'S' => category(Category::Space, true),
            'w' => category(Category::Word, false),
            'W' => category(Category::Word, true),
            'x' => self.hexadecimal(token, 2),
            'u' => self.hexadecimal(token, 4),
            'U' => match self.hexadecimal(token, 8)? {
                Item::Code(code) if code > u32::from(char::MAX) => Err(bad_escape(token)),
                item => Ok(item),
            },
            'N' => self.named_character(token),
            character if character.is_ascii_alphanumeric() => Err(bad_escape(token)),
            character => Ok(Item::Code(u32::from(character))),
        }
    }

    fn hexadecimal(&mut self, token: Token, length: usize) -> Result<Item, Refusal> {
        let digits = self.scanner.take_while(length, |character| character.is_ascii_hexdigit());
        if digits.len() == length {
            Ok(Item::Code(number(&digits, 16)))
        } else {
            Err(invalid(format!("incomplete escape \\{}{digits}", token.character), token.at))
        }
    }

    /// `\N{NAME}`, see [`super::super::with_codes`].
    fn named_character(&mut self, token: Token) -> Result<Item, Refusal> {
        if !self.scanner.take('{') {
            return Err(invalid("missing {", self.scanner.position()));
        }
        let name = self.scanner.take_until('}', "character name")?;
        // Those that are defined have become codes before.
        Err(invalid(format!("undefined character name {name:?}"), token.at))
    }

    /// `\1` to `\99` are references; three octal digits are a character.
    fn reference_or_octal(&mut self, token: Token, mode: Mode) -> Result<Node, Refusal> {
        let mut digits = String::from(token.character);
        digits.push_str(&self.scanner.take_while(1, |character| character.is_ascii_digit()));
        if digits.len() == 2 && digits.chars().all(is_octal) {
            let third = self.scanner.take_while(1, is_octal);
            if !third.is_empty() {
                return match octal(&format!("{digits}{third}"), token)? {
                    Item::Code(code) => Ok(literal(code, mode)),
                    _ => Err(bad_escape(token)),
                };
            }
        }
        let group = number(&digits, 10) as usize;
        if group >= self.tree.group_count() {
            return Err(invalid(format!("invalid group reference {group}"), token.at + 1));
        }
        self.back_reference(group, token.at, mode)
    }

    /// A reference to a group that was opened.
    pub(super) fn back_reference(&self, group: usize, at: usize, mode: Mode) -> Result<Node, Refusal> {
        if !self.tree.is_closed(group) {
            return Err(invalid("cannot refer to an open group", at));
        }
        self.check_look_behind(group, at)?;
        Ok(Node::BackReference { group, mode })
    }
}

fn literal(code: u32, mode: Mode) -> Node {
    Node::Code { code, negated: false, mode }
}

/// The value of digits that were checked; of none it is 0.
fn number(digits: &str, radix: u32) -> u32 {
    u32::from_str_radix(digits, radix).unwrap_or(0)
}

fn octal(digits: &str, token: Token) -> Result<Item, Refusal> {
    let code = number(digits, 8);
    if code > MAX_OCTAL {
        return Err(invalid(format!("octal escape value \\{digits} outside of range 0-0o377"), token.at));
    }
    Ok(Item::Code(code))
}

fn bad_escape(token: Token) -> Refusal {
    invalid(format!("bad escape \\{}", token.character), token.at)
}
