//! Patterns that need more than a finite automaton: look-around, back-references, conditionals, atomic groups, possessive
//! repeats.
//!
//! The matcher tries one way after the other, as `sre` does, and counts its steps. What a capture holds after a way has failed
//! can be seen by back-references and conditionals, and `sre` does not put all of it back; the matcher saves and restores
//! captures in the same places ([`machine`]). Its stack is a list.

mod compile;
mod machine;
mod step;

use std::cell::RefCell;

use super::Exhausted;
use super::charset::{CharSet, Fold};
use super::syntax::{Assertion, Greed, Tree};
use machine::Machine;

/// One instruction; numbers are places of instructions, but for sets, groups and repeats.
#[derive(Clone, Copy, Debug)]
enum Instruction {
    /// Takes a character of a set.
    Take(usize),
    Assert(Assertion),
    /// Notes the position: the start (even) or the end (odd) of a group.
    Mark(usize),
    Jump(usize),
    /// Starts an alternative; `next` is the one to try if it fails.
    Alternative {
        next: Option<usize>,
    },
    /// Takes characters of a set as often as it may.
    TakeMany {
        set: usize,
        min: u32,
        max: u32,
        greed: Greed,
    },
    /// Starts a repeat; goes to its [`Instruction::Until`].
    Repeat(usize),
    /// Ends the body of a repeat.
    Until,
    /// Starts what is matched on its own, up to [`Instruction::Leave`].
    Enter {
        part: Part,
        after: usize,
    },
    Leave,
    BackReference {
        group: usize,
        fold: Fold,
    },
    /// Goes on if the group was matched, else at `no`.
    Conditional {
        group: usize,
        no: usize,
    },
    Match,
}

/// What is matched on its own: once it has matched, there is no other way through it.
#[derive(Clone, Copy, Debug)]
enum Part {
    Atomic,
    Look { behind: Option<u32>, negated: bool },
    Possessive { min: u32, max: u32 },
}

/// A repeat of more than single characters. Its body follows its start.
#[derive(Clone, Copy, Debug)]
struct Repeat {
    min: u32,
    max: u32,
    lazy: bool,
    body: usize,
    until: usize,
}

/// A compiled pattern.
#[derive(Debug, Default)]
pub(super) struct Program {
    instructions: Vec<Instruction>,
    sets: Vec<CharSet>,
    repeats: Vec<Repeat>,
    groups: usize,
}

thread_local! {
    static MACHINE: RefCell<Machine> = RefCell::default();
}

impl Program {
    /// Compiles any tree.
    pub fn new(tree: &Tree) -> Self {
        compile::compile(tree)
    }

    /// Whether a prefix of the text is matched.
    pub fn is_match(&self, text: &str) -> Result<bool, Exhausted> {
        // Nothing below comes back here.
        MACHINE.with(|machine| machine.try_borrow_mut().map_err(|_| Exhausted)?.run(self, text))
    }

    fn set(&self, set: usize) -> Option<&CharSet> {
        self.sets.get(set)
    }
}
