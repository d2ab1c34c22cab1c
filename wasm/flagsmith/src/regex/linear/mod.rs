//! Patterns that a finite automaton decides.
//!
//! Greed does not matter to a yes or a no, and neither do captures: what counts is whether any prefix of the text is matched.
//! The automaton's states are sets of instructions. They are found as texts need them and kept in a small [`dfa::Cache`],
//! so that nearly all characters cost one look into a table.

mod compile;
mod dfa;
mod look;
mod simulate;

use std::cell::RefCell;

use super::Refusal;
use super::charset::CharSet;
use super::syntax::{Assertion, Tree};
use dfa::{Cache, Symbol, Verdict};
use look::Look;
use simulate::Simulation;

/// One instruction of the automaton; numbers are places of instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Instruction {
    /// Takes a character of a set, which is named by its place.
    Take {
        set: u32,
        next: u32,
    },
    Split(u32, u32),
    Assert(Assertion, u32),
    Match,
}

/// The instructions of a pattern.
#[derive(Debug)]
struct Program {
    instructions: Vec<Instruction>,
    sets: Vec<CharSet>,
    start: u32,
    /// The class of each code below 128; codes of a class are in the same sets.
    classes: [u8; 128],
    class_count: usize,
}

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Automaton {
    program: Program,
    cache: RefCell<Cache>,
}

thread_local! {
    /// The sets of a step. A pattern's share of it is used during one step only, so all patterns have it in common.
    static SIMULATION: RefCell<Simulation> = RefCell::default();
}

impl Automaton {
    /// Compiles a regular tree.
    pub fn new(tree: &Tree) -> Result<Self, Refusal> {
        let program = compile::compile(tree)?;
        let cache = RefCell::new(Cache::new(program.start, program.class_count));
        Ok(Self { program, cache })
    }

    /// Whether a prefix of the text is matched.
    pub fn is_match(&self, text: &str) -> bool {
        // The cache is borrowed nowhere else, and nothing below comes back here.
        let Ok(mut cache) = self.cache.try_borrow_mut() else { return false };
        let cache = &mut *cache;
        let bytes = text.as_bytes();
        let (mut at, mut state) = (0, dfa::START);
        loop {
            let byte = bytes.get(at).copied();
            let class = byte.and_then(|byte| self.program.classes.get(usize::from(byte)));
            let known = match class {
                // Only the last character may be a line break that ends the text.
                Some(class) if byte != Some(b'\n') => cache.next(state, usize::from(*class)),
                _ => None,
            };
            let next = match known {
                Some(next) => next,
                None => self.slow_step(cache, state, Look::at(text, at)),
            };
            match next {
                Verdict::Match => return true,
                Verdict::Fail => return false,
                Verdict::State(next) => state = next,
            }
            at += match byte {
                Some(byte) if byte >= 0x80 => {
                    text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
                }
                _ => 1,
            };
        }
    }

    /// What a state becomes by the next character, from the cache or, if need be, by the instructions.
    fn slow_step(&self, cache: &mut Cache, state: u32, look: Look) -> Verdict {
        let symbol = self.program.symbol(&look);
        if let Some(verdict) = cache.look_up(state, symbol) {
            return verdict;
        }
        SIMULATION.with(|simulation| match simulation.try_borrow_mut() {
            Ok(mut simulation) => {
                let outcome = simulation.step(&self.program, cache.set(state), &look);
                cache.learn(state, symbol, outcome)
            }
            Err(_) => Verdict::Fail,
        })
    }
}

impl Program {
    fn symbol(&self, look: &Look) -> Symbol {
        match look.next {
            None => Symbol::Class(self.class_count),
            Some('\n') if look.last => Symbol::Class(self.class_count + 1),
            Some(character) => {
                let class =
                    usize::try_from(u32::from(character)).ok().and_then(|code| self.classes.get(code));
                class.map_or(Symbol::Wide(character), |class| Symbol::Class(usize::from(*class)))
            }
        }
    }
}
