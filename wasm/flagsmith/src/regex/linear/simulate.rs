//! One step of the automaton, by its instructions.

use super::look::Look;
use super::{Instruction, Program};

/// Sets of instructions, kept from step to step for their memory.
#[derive(Debug, Default)]
pub(super) struct Simulation {
    now: Places,
    next: Places,
    /// Places that are still to be followed.
    pending: Vec<u32>,
}

/// What a step makes of a set.
pub(super) enum Outcome<'s> {
    Match,
    Fail,
    Set {
        /// In order.
        places: &'s [u32],
        /// What assertions of the set can see of the character before it; 0 where there are none.
        trace: u8,
    },
}

/// A set of places, emptied at no cost.
#[derive(Debug, Default)]
struct Places {
    /// By place, where it stands in `seen`; what stands there decides whether that is true.
    index: Vec<u32>,
    seen: Vec<u32>,
    /// Those of `seen` that do more than lead to others.
    kept: Vec<u32>,
}

impl Places {
    fn clear(&mut self, size: usize) {
        if self.index.len() < size {
            self.index.resize(size, 0);
        }
        self.seen.clear();
        self.kept.clear();
    }

    /// Adds a place; false where it was there.
    fn insert(&mut self, place: u32) -> bool {
        let Some(index) = self.index.get_mut(place as usize) else { return false };
        if self.seen.get(*index as usize) == Some(&place) {
            return false;
        }
        *index = self.seen.len() as u32;
        self.seen.push(place);
        true
    }
}

impl Simulation {
    /// The set that `set` becomes by the next character.
    pub fn step(&mut self, program: &Program, set: &[u32], look: &Look) -> Outcome<'_> {
        let Self { now, next, pending } = self;
        now.clear(program.instructions.len());
        next.clear(program.instructions.len());
        for place in set {
            if close(program, *place, Some(look), now, pending) {
                return Outcome::Match;
            }
        }
        let Some(character) = look.next else { return Outcome::Fail };
        let mut asserts = false;
        for place in &now.kept {
            let Some(Instruction::Take { set, next: after }) = program.instructions.get(*place as usize)
            else {
                continue;
            };
            let holds = program.sets.get(*set as usize).is_some_and(|set| set.contains(character));
            if holds && close(program, *after, None, next, pending) {
                return Outcome::Match;
            }
        }
        if next.kept.is_empty() {
            return Outcome::Fail;
        }
        next.kept.sort_unstable();
        for place in &next.kept {
            asserts |= matches!(program.instructions.get(*place as usize), Some(Instruction::Assert(..)));
        }
        Outcome::Set { places: &next.kept, trace: if asserts { look.trace() } else { 0 } }
    }
}

/// Adds a place and all that it leads to. Without a look, assertions are kept for the next step, which has one. True where a
/// match is reached.
fn close(
    program: &Program,
    place: u32,
    look: Option<&Look>,
    places: &mut Places,
    pending: &mut Vec<u32>,
) -> bool {
    pending.clear();
    pending.push(place);
    while let Some(place) = pending.pop() {
        if !places.insert(place) {
            continue;
        }
        match program.instructions.get(place as usize) {
            Some(Instruction::Take { .. }) => places.kept.push(place),
            Some(Instruction::Split(first, second)) => pending.extend([*second, *first]),
            Some(Instruction::Assert(assertion, next)) => match look {
                Some(look) if look.allows(*assertion) => pending.push(*next),
                Some(_) => {}
                None => places.kept.push(place),
            },
            Some(Instruction::Match) => return true,
            None => {}
        }
    }
    false
}
