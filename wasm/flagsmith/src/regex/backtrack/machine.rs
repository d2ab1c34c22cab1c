//! The state of the backtracking matcher, and what it does when a way has failed.
//!
//! `sre` saves captures where it may come back to, but in most places only inside of repeats; otherwise it only forgets groups
//! that came later than all that were known ("last mark"). Back-references and conditionals can see the difference, so
//! [`Machine::save`] is called where `sre` saves, and what it does not undo is not undone here.

use super::super::{Exhausted, MAX_STEPS};
use super::{Instruction, Part, Program};

/// Entries of the stack, of some 40 bytes each in the guest: enough for texts of more than ten thousand characters, and no
/// more than 5 MB while the list grows, which the guest's memory does not give back.
const MAX_STACK: usize = 65_000;

/// Positions of captures that are saved at a time, at four bytes each.
const MAX_SAVED: usize = 250_000;

/// Characters and entries that the machine keeps the memory of between texts.
const KEPT: usize = 1_024;

/// No position.
pub(super) const NONE: u32 = u32::MAX;

/// A way has failed; the next is on the stack.
pub(super) struct Dead;

/// Captures as they were.
#[derive(Clone, Copy, Debug)]
pub(super) struct Saved {
    /// How many marks were known.
    pub known: usize,
    /// Where they start among the saved ones.
    pub start: usize,
    /// Whether they were saved at all.
    pub whole: bool,
}

/// A repeat that is running.
#[derive(Clone, Copy, Debug)]
pub(super) struct Running {
    pub repeat: usize,
    /// Rounds that were started, less one.
    pub count: i64,
    /// Where the last round started, where that is watched.
    pub last: u32,
    /// The repeat around it.
    pub outer: Option<usize>,
}

/// What to do when all that came later has failed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Entry {
    /// Try the next alternative, if there is one.
    Alternative { next: Option<usize>, at: usize, saved: Saved },
    /// Take one character less.
    TakenMany { place: usize, start: usize, count: usize, min: usize, saved: Saved },
    /// Take one more.
    TakenFew { place: usize, at: usize, count: usize, saved: Saved },
    /// Forget a repeat.
    Started { running: usize },
    /// Take back the count of a round.
    Counted { running: usize, count: i64 },
    /// Instead of another round, go on behind the repeat.
    Greedy { running: usize, at: usize, count: i64, last: u32, saved: Saved },
    /// Be inside of the repeat again.
    Left { running: usize },
    /// Instead of going on behind the repeat, another round.
    Lazy { running: usize, at: usize, count: i64, saved: Saved },
    /// Take back a round that was started late.
    LazyRound { running: usize, count: i64, last: u32 },
    /// The start of what is matched on its own: the last barrier.
    Barrier,
}

/// What is matched on its own, and how things were before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Barrier {
    pub part: Part,
    pub place: usize,
    pub after: usize,
    pub at: usize,
    /// Rounds of a possessive repeat that are complete.
    pub count: u64,
    /// How high the stack was.
    pub height: usize,
    pub repeat: Option<usize>,
    /// How many repeats were running.
    pub running: usize,
    pub saved: Saved,
}

/// The matcher. It is kept for its memory.
#[derive(Debug, Default)]
pub(super) struct Machine {
    pub text: Vec<char>,
    pub marks: Vec<u32>,
    /// How many marks mean something.
    pub known: usize,
    pub saved: Vec<u32>,
    pub stack: Vec<Entry>,
    pub running: Vec<Running>,
    /// The innermost repeat.
    pub repeat: Option<usize>,
    /// Those that have an entry on the stack.
    pub barriers: Vec<Barrier>,
    pub place: usize,
    pub at: usize,
    pub steps: usize,
}

impl Machine {
    /// Whether the program matches a prefix of the text.
    pub fn run(&mut self, program: &Program, text: &str) -> Result<bool, Exhausted> {
        self.start(program, text);
        let answer = loop {
            self.steps += 1;
            if self.steps > MAX_STEPS || self.stack.len() > MAX_STACK || self.saved.len() > MAX_SAVED {
                break Err(Exhausted);
            }
            match program.instructions.get(self.place) {
                None | Some(Instruction::Match) => break Ok(self.spans_are_right()),
                Some(instruction) => {
                    if let Err(Dead) = self.step(program, *instruction)
                        && !self.back(program)
                    {
                        break Ok(false);
                    }
                }
            }
        };
        self.tidy();
        answer
    }

    /// Gives back what a long text needed.
    fn tidy(&mut self) {
        self.text.clear();
        self.text.shrink_to(KEPT);
        self.stack.clear();
        self.stack.shrink_to(KEPT);
        self.saved.clear();
        self.saved.shrink_to(KEPT);
        self.running.clear();
        self.running.shrink_to(KEPT);
        self.barriers.clear();
        self.barriers.shrink_to(KEPT);
    }

    /// Whether no group ends before it starts. `sre` can come to that where it does not put captures back, and then raises
    /// `SystemError` instead of answering: no match is found.
    fn spans_are_right(&self) -> bool {
        let mut spans = self.marks.get(..self.known).unwrap_or_default().chunks_exact(2);
        spans.all(|span| !matches!(span, [start, end] if *start != NONE && *end != NONE && start > end))
    }

    /// Begins a text; lists are empty.
    fn start(&mut self, program: &Program, text: &str) {
        self.text.extend(text.chars());
        self.marks.clear();
        self.marks.resize(2 * program.groups, NONE);
        (self.known, self.place, self.at, self.steps) = (0, 0, 0, 0);
        self.repeat = None;
    }

    /// Notes how captures are: all of them, or only how many are known.
    pub fn save(&mut self, whole: bool) -> Saved {
        let start = self.saved.len();
        if whole {
            self.saved.extend_from_slice(self.marks.get(..self.known).unwrap_or_default());
            self.steps += self.known / 8;
        }
        Saved { known: self.known, start, whole }
    }

    /// Puts captures back, and keeps what was saved.
    pub fn restore(&mut self, saved: Saved) {
        self.known = saved.known;
        if saved.whole {
            let from = self.saved.get(saved.start..saved.start + saved.known).unwrap_or_default();
            for (mark, old) in self.marks.iter_mut().zip(from) {
                *mark = *old;
            }
        }
        self.saved.truncate(saved.start + if saved.whole { saved.known } else { 0 });
    }

    /// Puts captures back and forgets what was saved.
    pub fn take_back(&mut self, saved: Saved) {
        self.restore(saved);
        self.saved.truncate(saved.start);
    }

    /// Goes on with the next way; false where there is none.
    fn back(&mut self, program: &Program) -> bool {
        while let Some(entry) = self.stack.pop() {
            self.steps += 1;
            if self.resume(program, entry) {
                return true;
            }
            if self.steps > MAX_STEPS {
                // Stops the run: it looks at the steps first.
                return true;
            }
        }
        false
    }

    /// Does what an entry says; true where that is another way.
    fn resume(&mut self, program: &Program, entry: Entry) -> bool {
        match entry {
            Entry::Alternative { next, at, saved } => {
                self.take_back(saved);
                next.map(|next| (self.place, self.at) = (next, at)).is_some()
            }
            Entry::TakenMany { place, start, count, min, saved } => {
                self.take_less(place, start, count, min, saved)
            }
            Entry::TakenFew { place, at, count, saved } => self.take_more(program, place, at, count, saved),
            Entry::Started { running } => {
                self.repeat = self.running.get(running).and_then(|running| running.outer);
                self.running.truncate(running);
                false
            }
            Entry::Counted { running, count } => {
                self.set_count(running, count);
                false
            }
            Entry::Greedy { running, at, count, last, saved } => {
                self.take_back(saved);
                self.set_count(running, count);
                self.set_last(running, last);
                self.at = at;
                self.leave_repeat(program, running);
                true
            }
            Entry::Left { running } => {
                self.repeat = Some(running);
                false
            }
            Entry::Lazy { running, at, count, saved } => self.lazy_round(program, running, at, count, saved),
            Entry::LazyRound { running, count, last } => {
                self.set_count(running, count);
                self.set_last(running, last);
                false
            }
            Entry::Barrier => self.barriers.pop().is_some_and(|barrier| self.part_failed(barrier)),
        }
    }

    pub fn set_count(&mut self, running: usize, count: i64) {
        if let Some(running) = self.running.get_mut(running) {
            running.count = count;
        }
    }

    pub fn set_last(&mut self, running: usize, last: u32) {
        if let Some(running) = self.running.get_mut(running) {
            running.last = last;
        }
    }

    /// What was matched on its own has failed in all ways.
    fn part_failed(&mut self, barrier: Barrier) -> bool {
        self.repeat = barrier.repeat;
        self.at = barrier.at;
        self.place = barrier.after;
        match barrier.part {
            Part::Look { negated: true, .. } => {
                self.take_back(barrier.saved);
                true
            }
            Part::Possessive { min, .. } if barrier.count >= u64::from(min) => {
                self.take_back(barrier.saved);
                true
            }
            _ => {
                self.saved.truncate(barrier.saved.start);
                false
            }
        }
    }
}
