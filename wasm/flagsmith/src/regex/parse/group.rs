//! What follows an opening parenthesis.

use super::super::Refusal;
use super::super::syntax::{Mode, NodeId};
use super::flags::Inline;
use super::scanner::{Token, invalid};
use super::{Kind, Parser, name};

/// The widest look-behind, `MAXCODE` of `sre`.
const MAX_LOOK_BEHIND: u128 = u32::MAX as u128;

impl Parser {
    /// Opens what starts with the parenthesis at `at`, which has been passed.
    pub(super) fn open(&mut self, at: usize) -> Result<(), Refusal> {
        let mode = self.frame.mode;
        if !self.scanner.take('?') {
            let index = Some(self.tree.open_group());
            return self.enter(Kind::Group { index, scoped: false }, at, mode);
        }
        let token = self.extension()?;
        match token.plain() {
            Some('P') => self.python_extension(at, mode),
            Some(':') => self.enter(Kind::Group { index: None, scoped: false }, at, mode),
            Some('#') => self.comment(at),
            Some('=') => self.look(false, false, at, mode),
            Some('!') => self.look(false, true, at, mode),
            Some('<') => {
                let token = self.extension()?;
                match token.plain() {
                    Some('=') => self.look(true, false, at, mode),
                    Some('!') => self.look(true, true, at, mode),
                    _ => Err(unknown("<", token, at)),
                }
            }
            Some('(') => self.conditional(at, mode),
            Some('>') => self.enter(Kind::Atomic, at, mode),
            Some('-' | 'a' | 'i' | 'L' | 'm' | 's' | 't' | 'u' | 'x') => match self.flags(token, mode)? {
                Inline::Group { mode, scoped } => self.enter(Kind::Group { index: None, scoped }, at, mode),
                Inline::Global(mode) => self.global_flags(mode, at),
            },
            _ => Err(unknown("", token, at)),
        }
    }

    /// The character after `(?`.
    fn extension(&mut self) -> Result<Token, Refusal> {
        let position = self.scanner.position();
        self.scanner.get().ok_or_else(|| invalid("unexpected end of pattern", position))
    }

    fn global_flags(&mut self, mode: Mode, at: usize) -> Result<(), Refusal> {
        let first =
            self.outer.is_empty() && self.frame.alternatives.is_empty() && self.frame.items.is_empty();
        if !first {
            return Err(invalid("global flags not at the start of the expression", at));
        }
        self.frame.mode = mode;
        Ok(())
    }

    fn comment(&mut self, at: usize) -> Result<(), Refusal> {
        loop {
            match self.scanner.get() {
                None => return Err(invalid("missing ), unterminated comment", at)),
                Some(token) if token.is(')') => return Ok(()),
                Some(_) => {}
            }
        }
    }

    /// `(?P<name>...)` and `(?P=name)`.
    fn python_extension(&mut self, at: usize, mode: Mode) -> Result<(), Refusal> {
        if self.scanner.take('<') {
            let name = self.scanner.take_until('>', "group name")?;
            name::check(&name, at)?;
            let index = self.tree.open_group();
            if let Some(earlier) = self.names.insert(name.clone(), index) {
                let message =
                    format!("redefinition of group name {name:?} as group {index}; was group {earlier}");
                return Err(invalid(message, at));
            }
            return self.enter(Kind::Group { index: Some(index), scoped: false }, at, mode);
        }
        if self.scanner.take('=') {
            let name = self.scanner.take_until(')', "group name")?;
            name::check(&name, at)?;
            let group = self.named_group(&name, at)?;
            let node = self.back_reference(group, at, mode)?;
            self.push(node);
            return Ok(());
        }
        let token = self.extension()?;
        Err(unknown("P", token, at))
    }

    fn named_group(&self, name: &str, at: usize) -> Result<usize, Refusal> {
        let group = self.names.get(name).copied();
        group.ok_or_else(|| invalid(format!("unknown group name {name:?}"), at))
    }

    fn look(&mut self, behind: bool, negated: bool, at: usize, mode: Mode) -> Result<(), Refusal> {
        let outermost = behind && self.look_behind.is_none();
        if outermost {
            self.look_behind = Some(self.tree.group_count());
        }
        self.enter(Kind::Look { behind, negated, outermost }, at, mode)
    }

    /// `(?(group)yes|no)`.
    fn conditional(&mut self, at: usize, mode: Mode) -> Result<(), Refusal> {
        let name = self.scanner.take_until(')', "group name")?;
        let group = if name::is_identifier(&name) {
            self.named_group(&name, at)?
        } else {
            let group = name::number(&name, at)?;
            if self.awaited.is_none_or(|(highest, _)| highest < group) {
                self.awaited = Some((group, at));
            }
            group
        };
        self.check_look_behind(group, at)?;
        self.enter(Kind::Conditional { group }, at, mode)
    }

    /// A look-behind may refer only to groups that are closed before it.
    pub(super) fn check_look_behind(&self, group: usize, at: usize) -> Result<(), Refusal> {
        match self.look_behind {
            Some(_) if !self.tree.is_closed(group) => Err(invalid("cannot refer to an open group", at)),
            Some(groups) if group >= groups => {
                Err(invalid("cannot refer to group defined in the same lookbehind subpattern", at))
            }
            _ => Ok(()),
        }
    }

    /// How far a look-behind goes back.
    pub(super) fn look_behind_width(&self, body: NodeId, at: usize) -> Result<u32, Refusal> {
        let width = self.tree.width(body);
        if width.least > MAX_LOOK_BEHIND {
            return Err(invalid("looks too much behind", at));
        }
        if width.least != width.most {
            return Err(invalid("look-behind requires fixed-width pattern", at));
        }
        Ok(u32::try_from(width.least).unwrap_or(u32::MAX))
    }
}

fn unknown(before: &str, token: Token, at: usize) -> Refusal {
    invalid(format!("unknown extension ?{before}{}", token.character), at)
}
