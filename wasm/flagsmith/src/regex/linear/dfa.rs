//! States of the automaton that texts have reached so far, and what follows them.

use super::simulate::Outcome;

/// States that are kept; then the cache starts anew. Two bytes for each and each class of characters.
const MAX_STATES: usize = 128;

/// Places that all states have together, at four bytes each.
const MAX_PLACES: usize = 8_192;

/// Steps over characters beyond ASCII that are kept, a power of two.
const WIDE_STEPS: usize = 32;

/// The state before the first character.
pub(super) const START: u32 = 0;

/// Entries of the table that are no states.
const UNKNOWN: u16 = u16::MAX;
const FAIL: u16 = u16::MAX - 1;
const MATCH: u16 = u16::MAX - 2;

/// What follows a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Match,
    Fail,
    State(u32),
}

/// The next character.
#[derive(Clone, Copy, Debug)]
pub(super) enum Symbol {
    /// A class, or one of the two behind them: the end, and a line break that ends the text.
    Class(usize),
    /// A character beyond ASCII.
    Wide(char),
}

#[derive(Clone, Copy, Debug)]
struct State {
    /// Its places, in [`Cache::places`].
    start: usize,
    end: usize,
    /// What its assertions see of the character before.
    trace: u8,
}

/// The states of one pattern.
#[derive(Debug)]
pub(super) struct Cache {
    first: u32,
    symbols: usize,
    states: Vec<State>,
    places: Vec<u32>,
    /// By state and symbol.
    table: Vec<u16>,
    /// The last steps over characters beyond ASCII: state, character, what followed.
    wide: Vec<(u32, char, u16)>,
}

impl Cache {
    /// A cache with the first state, which holds one place.
    pub fn new(first: u32, class_count: usize) -> Self {
        let symbols = class_count + 2;
        Self { first, symbols, states: Vec::new(), places: Vec::new(), table: Vec::new(), wide: Vec::new() }
    }

    /// What follows a state by a class, where it is known.
    #[inline]
    pub fn next(&self, state: u32, class: usize) -> Option<Verdict> {
        verdict(self.table.get(state as usize * self.symbols + class).copied().unwrap_or(UNKNOWN))
    }

    /// What follows a state, where it is known.
    pub fn look_up(&self, state: u32, symbol: Symbol) -> Option<Verdict> {
        match symbol {
            Symbol::Class(class) => self.next(state, class),
            Symbol::Wide(character) => match self.wide.get(slot(state, character)) {
                Some((own, known, next)) if (*own, *known) == (state, character) => verdict(*next),
                _ => None,
            },
        }
    }

    /// The places of a state.
    pub fn set(&mut self, state: u32) -> &[u32] {
        if self.states.is_empty() {
            self.restart();
        }
        let range = self.states.get(state as usize).map(|state| state.start..state.end);
        range.and_then(|range| self.places.get(range)).unwrap_or_default()
    }

    /// Keeps what follows a state.
    pub fn learn(&mut self, state: u32, symbol: Symbol, outcome: Outcome<'_>) -> Verdict {
        let (entry, kept) = match outcome {
            Outcome::Match => (MATCH, true),
            Outcome::Fail => (FAIL, true),
            Outcome::Set { places, trace } => {
                let full = self.states.len() >= MAX_STATES || self.places.len() + places.len() > MAX_PLACES;
                match self.find(places, trace) {
                    Some(found) => (found, true),
                    None if full => {
                        self.restart();
                        (self.add(places, trace), false)
                    }
                    None => (self.add(places, trace), true),
                }
            }
        };
        // After a new start, the number of the state that was left means nothing.
        if kept {
            self.keep(state, symbol, entry);
        }
        verdict(entry).unwrap_or(Verdict::Fail)
    }

    fn keep(&mut self, state: u32, symbol: Symbol, entry: u16) {
        match symbol {
            Symbol::Class(class) => {
                if let Some(cell) = self.table.get_mut(state as usize * self.symbols + class) {
                    *cell = entry;
                }
            }
            Symbol::Wide(character) => {
                self.wide.resize(WIDE_STEPS, (u32::MAX, '\0', UNKNOWN));
                if let Some(step) = self.wide.get_mut(slot(state, character)) {
                    *step = (state, character, entry);
                }
            }
        }
    }

    fn find(&self, places: &[u32], trace: u8) -> Option<u16> {
        let same = |state: &State| {
            state.trace == trace && self.places.get(state.start..state.end).is_some_and(|own| own == places)
        };
        // The first state is never found: nothing is before it.
        let found = self.states.iter().skip(1).position(same)?;
        u16::try_from(found + 1).ok()
    }

    fn add(&mut self, places: &[u32], trace: u8) -> u16 {
        let start = self.places.len();
        self.places.extend_from_slice(places);
        self.states.push(State { start, end: self.places.len(), trace });
        self.table.resize(self.states.len() * self.symbols, UNKNOWN);
        u16::try_from(self.states.len() - 1).unwrap_or(FAIL)
    }

    fn restart(&mut self) {
        self.states.clear();
        self.places.clear();
        self.table.clear();
        self.wide.clear();
        self.add(&[self.first], 0);
    }
}

fn verdict(entry: u16) -> Option<Verdict> {
    match entry {
        UNKNOWN => None,
        FAIL => Some(Verdict::Fail),
        MATCH => Some(Verdict::Match),
        state => Some(Verdict::State(u32::from(state))),
    }
}

fn slot(state: u32, character: char) -> usize {
    (u32::from(character).wrapping_add(state.wrapping_mul(7))) as usize % WIDE_STEPS
}
