//! What each instruction of the backtracking matcher does.

use super::super::charset::Fold;
use super::super::syntax::{Assertion, Greed, UNBOUNDED};
use super::super::unicode;
use super::machine::{Barrier, Dead, Entry, Machine, NONE, Running, Saved};
use super::{Instruction, Part, Program, Repeat};

impl Machine {
    /// Runs one instruction, which stands at the current place.
    pub(super) fn step(&mut self, program: &Program, instruction: Instruction) -> Result<(), Dead> {
        match instruction {
            Instruction::Take(set) => {
                let character = self.text.get(self.at).ok_or(Dead)?;
                if !program.set(set).ok_or(Dead)?.contains(*character) {
                    return Err(Dead);
                }
                self.at += 1;
            }
            Instruction::Assert(assertion) => {
                if !self.allows(assertion) {
                    return Err(Dead);
                }
            }
            Instruction::Mark(mark) => self.mark(mark),
            Instruction::Jump(place) => {
                self.place = place;
                return Ok(());
            }
            Instruction::Alternative { next } => {
                let saved = self.save(self.repeat.is_some());
                self.stack.push(Entry::Alternative { next, at: self.at, saved });
            }
            Instruction::TakeMany { set, min, max, greed } => {
                self.take_many(program, set, (min, max), greed)?
            }
            Instruction::Repeat(repeat) => return self.start_repeat(program, repeat),
            Instruction::Until => return self.until(program),
            Instruction::Enter { part, after } => return self.enter(part, self.place, after, 0, None),
            Instruction::Leave => return self.leave(),
            Instruction::BackReference { group, fold } => self.back_reference(group, fold)?,
            Instruction::Conditional { group, no } => {
                if self.group(group).is_none() {
                    self.place = no;
                    return Ok(());
                }
            }
            // The run stops before it.
            Instruction::Match => {}
        }
        self.place += 1;
        Ok(())
    }

    fn mark(&mut self, mark: usize) {
        if mark >= self.known {
            self.marks.iter_mut().take(mark).skip(self.known).for_each(|mark| *mark = NONE);
            self.known = mark + 1;
        }
        if let Some(mark) = self.marks.get_mut(mark) {
            *mark = self.at as u32;
        }
    }

    /// Where a group was matched.
    fn group(&self, group: usize) -> Option<(usize, usize)> {
        // `sre` looks only at groups whose end is among the known marks.
        if 2 * group + 1 >= self.known {
            return None;
        }
        let start = *self.marks.get(2 * group)?;
        let end = *self.marks.get(2 * group + 1)?;
        (start != NONE && end != NONE && start <= end).then_some((start as usize, end as usize))
    }

    fn back_reference(&mut self, group: usize, fold: Fold) -> Result<(), Dead> {
        let (start, end) = self.group(group).ok_or(Dead)?;
        let wanted = self.text.get(start..end).ok_or(Dead)?;
        let found = self.text.get(self.at..self.at + wanted.len()).ok_or(Dead)?;
        self.steps += wanted.len() / 8;
        let same = |(a, b): (&char, &char)| a == b || fold.apply(u32::from(*a)) == fold.apply(u32::from(*b));
        if !wanted.iter().zip(found).all(same) {
            return Err(Dead);
        }
        self.at += wanted.len();
        Ok(())
    }

    fn allows(&self, assertion: Assertion) -> bool {
        let (at, end) = (self.at, self.text.len());
        let next = self.text.get(at).copied();
        let previous = at.checked_sub(1).and_then(|before| self.text.get(before)).copied();
        match assertion {
            Assertion::Start => at == 0,
            Assertion::LineStart => previous.is_none_or(|previous| previous == '\n'),
            Assertion::End => at == end,
            Assertion::LineEnd => next.is_none_or(|next| next == '\n'),
            Assertion::EndOrFinalBreak => next.is_none_or(|next| next == '\n' && at + 1 == end),
            // Both fail on an empty text.
            Assertion::Boundary { .. } if end == 0 => false,
            Assertion::Boundary { ascii, negated } => {
                let is_word = if ascii { unicode::is_ascii_word } else { unicode::is_word };
                (previous.is_some_and(is_word) != next.is_some_and(is_word)) != negated
            }
        }
    }

    /// How many characters of a set follow, at most `max`.
    fn count(&mut self, program: &Program, set: usize, max: u32) -> usize {
        let (Some(set), Some(rest)) = (program.set(set), self.text.get(self.at..)) else { return 0 };
        let most = if max == UNBOUNDED { usize::MAX } else { max as usize };
        let count = rest.iter().take(most).take_while(|character| set.contains(**character)).count();
        self.steps += count / 8;
        count
    }

    fn take_many(
        &mut self,
        program: &Program,
        set: usize,
        (min, max): (u32, u32),
        greed: Greed,
    ) -> Result<(), Dead> {
        let least = min as usize;
        if least > self.text.len().saturating_sub(self.at) {
            return Err(Dead);
        }
        let start = self.at;
        let count = self.count(program, set, if greed == Greed::Lazy { min } else { max });
        if count < least {
            return Err(Dead);
        }
        self.at += count;
        if greed == Greed::Possessive {
            return Ok(());
        }
        let saved = self.save(self.repeat.is_some());
        let place = self.place;
        self.stack.push(match greed {
            Greed::Lazy => Entry::TakenFew { place, at: self.at, count, saved },
            _ => Entry::TakenMany { place, start, count, min: least, saved },
        });
        Ok(())
    }

    pub(super) fn take_less(
        &mut self,
        place: usize,
        start: usize,
        count: usize,
        min: usize,
        saved: Saved,
    ) -> bool {
        if count <= min {
            self.take_back(saved);
            return false;
        }
        self.restore(saved);
        self.stack.push(Entry::TakenMany { place, start, count: count - 1, min, saved });
        (self.place, self.at) = (place + 1, start + count - 1);
        true
    }

    pub(super) fn take_more(
        &mut self,
        program: &Program,
        place: usize,
        at: usize,
        count: usize,
        saved: Saved,
    ) -> bool {
        let Some(Instruction::TakeMany { set, max, .. }) = program.instructions.get(place) else {
            return false;
        };
        let set = program.set(*set);
        let next = self.text.get(at);
        let more = *max == UNBOUNDED || count < *max as usize;
        if !more || !next.zip(set).is_some_and(|(next, set)| set.contains(*next)) {
            self.take_back(saved);
            return false;
        }
        self.restore(saved);
        self.stack.push(Entry::TakenFew { place, at: at + 1, count: count + 1, saved });
        (self.place, self.at) = (place + 1, at + 1);
        true
    }

    fn start_repeat(&mut self, program: &Program, repeat: usize) -> Result<(), Dead> {
        let running = self.running.len();
        self.running.push(Running { repeat, count: -1, last: NONE, outer: self.repeat });
        self.stack.push(Entry::Started { running });
        self.repeat = Some(running);
        self.place = program.repeats.get(repeat).ok_or(Dead)?.until;
        Ok(())
    }

    /// The end of a round, or the start of the first.
    fn until(&mut self, program: &Program) -> Result<(), Dead> {
        let running = self.repeat.ok_or(Dead)?;
        let state = *self.running.get(running).ok_or(Dead)?;
        let repeat = *program.repeats.get(state.repeat).ok_or(Dead)?;
        let count = state.count + 1;
        if count < i64::from(repeat.min) {
            self.stack.push(Entry::Counted { running, count: state.count });
            self.set_count(running, count);
            self.place = repeat.body;
            return Ok(());
        }
        if repeat.lazy {
            self.repeat = state.outer;
            let saved = self.save(self.repeat.is_some());
            self.stack.push(Entry::Lazy { running, at: self.at, count, saved });
            self.place = repeat.until + 1;
            return Ok(());
        }
        // A round that took nothing is the last.
        if may_go_on(repeat, count) && self.at as u32 != state.last {
            let saved = self.save(true);
            let entry = Entry::Greedy { running, at: self.at, count: state.count, last: state.last, saved };
            self.stack.push(entry);
            self.set_count(running, count);
            self.set_last(running, self.at as u32);
            self.place = repeat.body;
            return Ok(());
        }
        self.leave_repeat(program, running);
        Ok(())
    }

    /// Goes on behind a repeat.
    pub(super) fn leave_repeat(&mut self, program: &Program, running: usize) {
        let Some(state) = self.running.get(running) else { return };
        self.repeat = state.outer;
        self.stack.push(Entry::Left { running });
        self.place = program.repeats.get(state.repeat).map_or(usize::MAX, |repeat| repeat.until + 1);
    }

    /// The way behind a lazy repeat has failed: one more round.
    pub(super) fn lazy_round(
        &mut self,
        program: &Program,
        running: usize,
        at: usize,
        count: i64,
        saved: Saved,
    ) -> bool {
        self.take_back(saved);
        self.repeat = Some(running);
        let state = self.running.get(running).copied();
        let Some((state, repeat)) =
            state.and_then(|state| Some((state, *program.repeats.get(state.repeat)?)))
        else {
            return false;
        };
        if !may_go_on(repeat, count) || at as u32 == state.last {
            return false;
        }
        self.stack.push(Entry::LazyRound { running, count: count - 1, last: state.last });
        self.set_count(running, count);
        self.set_last(running, at as u32);
        (self.place, self.at) = (repeat.body, at);
        true
    }

    /// Starts what is matched on its own; of a possessive repeat, the next round. `last` is where the round before started,
    /// where that is watched.
    fn enter(
        &mut self,
        part: Part,
        place: usize,
        after: usize,
        count: u64,
        last: Option<usize>,
    ) -> Result<(), Dead> {
        let whole = match part {
            Part::Atomic => false,
            Part::Look { negated, .. } => negated && self.repeat.is_some(),
            Part::Possessive { min, max } => {
                let optional = count >= u64::from(min);
                if optional && (max != UNBOUNDED && count >= u64::from(max) || last == Some(self.at)) {
                    self.place = after;
                    return Ok(());
                }
                optional
            }
        };
        let start = match part {
            Part::Look { behind: Some(behind), negated } => match self.at.checked_sub(behind as usize) {
                Some(start) => start,
                None if negated => {
                    self.place = after;
                    return Ok(());
                }
                None => return Err(Dead),
            },
            _ => self.at,
        };
        let saved = self.save(whole);
        let (height, repeat, running) = (self.stack.len(), self.repeat, self.running.len());
        self.barriers.push(Barrier {
            part,
            place,
            after,
            at: self.at,
            count,
            height,
            repeat,
            running,
            saved,
        });
        self.stack.push(Entry::Barrier);
        (self.place, self.at) = (place + 1, start);
        Ok(())
    }

    /// What is matched on its own has matched: other ways through it are forgotten.
    fn leave(&mut self) -> Result<(), Dead> {
        let barrier = self.barriers.pop().ok_or(Dead)?;
        self.stack.truncate(barrier.height);
        self.running.truncate(barrier.running);
        self.saved.truncate(barrier.saved.start);
        self.repeat = barrier.repeat;
        self.place = barrier.after;
        match barrier.part {
            Part::Atomic => Ok(()),
            Part::Look { negated: true, .. } => Err(Dead),
            Part::Look { .. } => {
                self.at = barrier.at;
                Ok(())
            }
            Part::Possessive { min, .. } => {
                let last = (barrier.count >= u64::from(min)).then_some(barrier.at);
                self.enter(barrier.part, barrier.place, barrier.after, barrier.count + 1, last)
            }
        }
    }
}

fn may_go_on(repeat: Repeat, count: i64) -> bool {
    repeat.max == UNBOUNDED || count < i64::from(repeat.max)
}
