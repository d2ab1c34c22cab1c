//! Inline flags: `(?im)`, `(?i-s:...)`.

use super::super::Refusal;
use super::super::syntax::Mode;
use super::Parser;
use super::scanner::{Token, invalid};

/// A set of flags, by letter.
#[derive(Clone, Copy, Debug, Default)]
struct Flags(u16);

impl Flags {
    const LETTERS: &str = "aiLmstux";
    /// How letters, digits and `_` are understood; one of them at most.
    const TYPES: Flags = Flags::of("aLu");
    /// Those that hold for the whole pattern only.
    const GLOBAL: Flags = Flags::of("t");

    const fn of(letters: &str) -> Self {
        let (mut bits, mut rest) = (0, letters.as_bytes());
        while let [letter, tail @ ..] = rest {
            bits |= Self::bit(*letter);
            rest = tail;
        }
        Self(bits)
    }

    const fn bit(letter: u8) -> u16 {
        let (mut bit, mut rest) = (1, Self::LETTERS.as_bytes());
        while let [first, tail @ ..] = rest {
            if *first == letter {
                return bit;
            }
            bit <<= 1;
            rest = tail;
        }
        0
    }

    /// The flag of a token, where it is one.
    fn read(token: Token) -> Option<Self> {
        let letter = u8::try_from(token.plain()?).ok()?;
        Some(Self(Self::bit(letter))).filter(|flag| flag.0 != 0)
    }

    fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// What flags in parentheses do.
pub(super) enum Inline {
    /// They hold for the whole pattern.
    Global(Mode),
    /// They hold for the group that they open. `scoped` is false where there are none.
    Group { mode: Mode, scoped: bool },
}

impl Parser {
    /// Flags, of which `first` (a letter or `-`) has been passed.
    pub(super) fn flags(&mut self, first: Token, mode: Mode) -> Result<Inline, Refusal> {
        let (added, end) = if first.is('-') { (Flags::default(), first) } else { self.added(first)? };
        if end.is(')') {
            self.template |= added.has(Flags::GLOBAL);
            self.types |= added.0 & Flags::TYPES.0;
            if self.types == Flags::of("au").0 {
                return Err(invalid("ASCII and UNICODE flags are incompatible", first.at));
            }
            return Ok(Inline::Global(combine(mode, added, Flags::default())));
        }
        if added.has(Flags::GLOBAL) {
            return Err(invalid("bad inline flags: cannot turn on global flag", end.at));
        }
        let removed = if end.is('-') { self.removed()? } else { Flags::default() };
        if removed.has(Flags::GLOBAL) {
            return Err(invalid("bad inline flags: cannot turn off global flag", end.at));
        }
        if added.has(removed) {
            return Err(invalid("bad inline flags: flag turned on and off", end.at));
        }
        Ok(Inline::Group { mode: combine(mode, added, removed), scoped: added.0 | removed.0 != 0 })
    }

    /// Flags before `-`, `:` or `)`, which is returned too.
    fn added(&mut self, first: Token) -> Result<(Flags, Token), Refusal> {
        let (mut added, mut token) = (Flags::default(), first);
        while let Some(flag) = Flags::read(token) {
            if token.is('L') {
                return Err(invalid("bad inline flags: cannot use 'L' flag with a str pattern", token.at));
            }
            added.add(flag);
            if flag.has(Flags::TYPES) && (added.0 & Flags::TYPES.0) != flag.0 {
                return Err(invalid("bad inline flags: flags 'a', 'u' and 'L' are incompatible", token.at));
            }
            token = self.flag_or("missing -, : or )")?;
            if token.is_one_of(")-:") {
                return Ok((added, token));
            }
        }
        Err(no_flag(token, "missing -, : or )"))
    }

    /// Flags after `-`, with the colon behind them.
    fn removed(&mut self) -> Result<Flags, Refusal> {
        let mut removed = Flags::default();
        let mut token = self.flag_or("missing flag")?;
        let mut missing = "missing flag";
        while let Some(flag) = Flags::read(token) {
            if flag.has(Flags::TYPES) {
                let message = "bad inline flags: cannot turn off flags 'a', 'u' and 'L'";
                return Err(invalid(message, token.at));
            }
            removed.add(flag);
            missing = "missing :";
            token = self.flag_or(missing)?;
            if token.is(':') {
                return Ok(removed);
            }
        }
        Err(no_flag(token, missing))
    }

    fn flag_or(&mut self, missing: &str) -> Result<Token, Refusal> {
        let position = self.scanner.position();
        self.scanner.get().ok_or_else(|| invalid(missing, position))
    }
}

fn no_flag(token: Token, missing: &str) -> Refusal {
    let unknown = token.plain().is_some_and(char::is_alphabetic);
    invalid(if unknown { "unknown flag" } else { missing }, token.at)
}

fn combine(mode: Mode, added: Flags, removed: Flags) -> Mode {
    let decide = |flag: Flags, now: bool| (now || added.has(flag)) && !removed.has(flag);
    Mode {
        ignore_case: decide(Flags::of("i"), mode.ignore_case),
        multiline: decide(Flags::of("m"), mode.multiline),
        dot_all: decide(Flags::of("s"), mode.dot_all),
        verbose: decide(Flags::of("x"), mode.verbose),
        // `a` and `u` exclude each other: one that is turned on turns the other off.
        ascii: added.has(Flags::of("a")) || mode.ascii && !added.has(Flags::of("u")),
    }
}
