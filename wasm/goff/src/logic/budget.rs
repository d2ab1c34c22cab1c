//! Bounds of a rule and of its evaluation. A caller's attributes can hold rules, and operators over lists nest, so that
//! a rule's own text bounds neither the depth nor the length of its evaluation.

use std::cell::Cell;

use super::Fault;

/// Levels of objects in a rule, and of lists right within lists: so many evaluations can nest. Rules in the field have
/// a few; the deepest evaluation takes some 40 KiB of a guest's native stack.
pub const MAX_RULE_DEPTH: u32 = 48;

/// Levels of nested evaluation, enough for any rule by itself; rules of the context that run within one add theirs.
pub const MAX_DEPTH: u32 = MAX_RULE_DEPTH;

/// Steps of one evaluation: about one for each operator, list element and 64 bytes of text that it passes over. So many
/// take a third of an evaluation's default deadline: it is this bound that ends a rule, which then does not match, and
/// not the deadline, which costs the instance and every flag that it has loaded. A rule that looks at each of 16,384
/// elements with a handful of operators stays below it.
pub const MAX_STEPS: u32 = 350_000;

/// Bytes of lists, maps and texts that one evaluation may make, against a guest's memory of 64 MiB.
pub const MAX_MADE_BYTES: usize = 8 << 20;

/// What an evaluation has used.
#[derive(Debug, Default)]
pub(super) struct Budget {
    steps: Cell<u32>,
    depth: Cell<u32>,
    bytes: Cell<usize>,
}

impl Budget {
    /// Takes `count` steps.
    #[inline]
    pub fn step(&self, count: usize) -> Result<(), Fault> {
        let steps = self.steps.get().saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
        self.steps.set(steps);
        if steps > MAX_STEPS { Err(Fault::TooLong) } else { Ok(()) }
    }

    /// Takes the steps of passing over a text once.
    #[inline]
    pub fn pass(&self, text: &[u8]) -> Result<(), Fault> {
        if text.len() < 64 { Ok(()) } else { self.step(text.len() / 64) }
    }

    /// Takes `count` bytes.
    pub fn make(&self, count: usize) -> Result<(), Fault> {
        let bytes = self.bytes.get().saturating_add(count);
        self.bytes.set(bytes);
        if bytes > MAX_MADE_BYTES { Err(Fault::TooLong) } else { Ok(()) }
    }

    /// Does `work` one level deeper. A fault ends the evaluation, so that after one the level no longer matters.
    #[inline]
    pub fn deeper<T>(&self, work: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
        self.step(1)?;
        let depth = self.depth.get();
        if depth >= MAX_DEPTH {
            return Err(Fault::TooDeep);
        }
        self.depth.set(depth + 1);
        let result = work()?;
        self.depth.set(depth);
        Ok(result)
    }
}
