//! The engine's own order of things: every segment in its turn, flags that others depend on when they are read (reference
//! 2.1, 2.8). What a unit answers where flags depend on themselves, or a path may read any part of the context.

use std::cell::RefCell;

use crate::scope::Scope;
use crate::state::NoShare;
use crate::tree::{Flags, World};
use crate::unit::Unit;

/// Flags that may be in the middle of being resolved, one because of the other. Python's recursion ends some levels further
/// on, as its caller's depth has it; a guest has 64 KiB of stack. Beyond, a flag counts as one that does not exist.
const MAX_CHAIN: usize = 40;

/// One evaluation.
#[derive(Debug)]
pub struct Bulk<'b> {
    unit: &'b Unit,
    scope: &'b Scope<'b>,
    state: RefCell<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Answers by number of the flag.
    answers: Vec<Option<u32>>,
    /// Flags in the order in which their answers were found.
    known: Vec<usize>,
    /// Flags that are being resolved.
    stack: Vec<usize>,
    /// By number of the flag: whether it depends on itself.
    cyclic: Vec<bool>,
    /// How often a cycle was ended.
    hits: u64,
    /// By number of the segment: whether it matches, where that is known for flags that others depend on.
    matched: Vec<Option<bool>>,
}

/// What a whole evaluation gives.
#[derive(Debug)]
pub struct Outcome {
    /// By number of the flag: its answer.
    pub flags: Vec<Result<u32, NoShare>>,
    /// The segments that matched.
    pub segments: Vec<usize>,
    /// The segments of which Python raises.
    pub raised: Vec<usize>,
}

impl<'b> Bulk<'b> {
    /// Nothing is known yet.
    pub fn new(unit: &'b Unit, scope: &'b Scope<'b>) -> Self {
        let state = State {
            answers: vec![None; unit.flags().len()],
            cyclic: vec![false; unit.flags().len()],
            matched: vec![None; unit.segments().len()],
            ..State::default()
        };
        Self { unit, scope, state: RefCell::new(state) }
    }

    fn matches(&self, segment: usize) -> bool {
        let world = World { unit: self.unit, flags: Flags::Bulk(self) };
        self.unit.segments().get(segment).is_some_and(|segment| segment.matches(self.scope, &world))
    }

    fn hits(&self) -> u64 {
        self.state.borrow().hits
    }

    /// Flags that are known by now, by their answers.
    pub fn known(&self) -> Vec<u32> {
        let state = self.state.borrow();
        state.known.iter().filter_map(|flag| state.answers.get(*flag).copied().flatten()).collect()
    }

    /// The answer of a flag that a condition reads.
    pub fn flag(&self, flag: usize) -> Option<u32> {
        let known = self.state.borrow().answers.get(flag).copied().flatten();
        if known.is_some() {
            return known;
        }
        self.resolve(flag);
        self.state.borrow().answers.get(flag).copied().flatten()
    }

    fn resolve(&self, flag: usize) {
        {
            let mut state = self.state.borrow_mut();
            let State { stack, cyclic, hits, .. } = &mut *state;
            if let Some(start) = stack.iter().position(|other| *other == flag) {
                for member in stack.iter().skip(start) {
                    cyclic.get_mut(*member).into_iter().for_each(|is| *is = true);
                }
                *hits += 1;
                return;
            }
            if stack.len() == MAX_CHAIN {
                return;
            }
            stack.push(flag);
        }
        let answer = self.unit.flags().get(flag).map(|flag| {
            // All of them, in the order of the document, as the engine does: what is read there may end a cycle.
            let mut segments: Vec<_> = flag.overrides.iter().map(|own| own.segment).collect();
            segments.sort_unstable();
            segments.retain(|segment| self.matches_for_a_flag(*segment));
            flag.answer(self.scope, |segment| segments.contains(&segment))
        });
        let mut state = self.state.borrow_mut();
        state.stack.pop();
        let is_cyclic = state.cyclic.get(flag).is_some_and(|is| *is);
        if let Some(Ok(answer)) = answer
            && !is_cyclic
        {
            state.answers.get_mut(flag).into_iter().for_each(|place| *place = Some(answer));
            state.known.push(flag);
        }
    }

    /// Whether a segment matches, asked for a flag that another depends on. One that reads a flag that depends on itself does not.
    fn matches_for_a_flag(&self, segment: usize) -> bool {
        if let Some(known) = self.state.borrow().matched.get(segment).copied().flatten() {
            return known;
        }
        let hits = self.hits();
        let matches = self.matches(segment);
        if self.hits() != hits {
            return false;
        }
        self.state.borrow_mut().matched.get_mut(segment).into_iter().for_each(|place| *place = Some(matches));
        matches
    }

    /// Evaluates all segments, and the flags that are `wanted`.
    pub fn run(&self, wanted: impl Iterator<Item = usize>) -> Outcome {
        let mut matched = vec![false; self.unit.segments().len()];
        let mut raised = Vec::new();
        for (segment, place) in matched.iter_mut().enumerate() {
            let hits = self.hits();
            let matches = self.matches(segment);
            *place = matches && self.hits() == hits;
            if self.scope.take_raised() {
                raised.push(segment);
            }
        }
        let answer = |flag: usize| {
            let own = self.unit.flags().get(flag).ok_or(NoShare)?;
            let own = own.answer(self.scope, |segment| matched.get(segment).is_some_and(|matches| *matches));
            let state = self.state.borrow();
            let answer = state.answers.get(flag).copied().flatten().map_or(own, Ok)?;
            let is_cyclic = state.cyclic.get(flag).is_some_and(|is| *is);
            Ok(if is_cyclic { self.unit.circular(answer) } else { answer })
        };
        let flags = wanted.map(answer).collect();
        let segments =
            matched.iter().enumerate().filter(|(_, matches)| **matches).map(|(segment, _)| segment);
        Outcome { flags, segments: segments.collect(), raised }
    }
}
