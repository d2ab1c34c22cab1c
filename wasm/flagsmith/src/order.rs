//! In which order flags are resolved that others depend on.

use crate::compile::{flags_read, numbers};
use crate::unit::{Asked, Flag, Order, Segment};

/// A step of the search, the next last.
enum Step {
    Enter(usize),
    Leave(usize),
}

/// Finds the order; that of the engine where flags depend on themselves, or a path may read any.
pub(crate) fn order(asked: Asked, flags: &[Flag], segments: &[Segment], is_whole: bool) -> Order {
    let numbers = numbers(flags);
    let mut by_segment = Vec::new();
    for segment in segments {
        let mut read = Vec::new();
        for condition in segment.rules.conditions() {
            match flags_read(&condition.property) {
                None => return Order::Bulk,
                Some(name) => read.extend(name.and_then(|name| numbers.get(name).copied())),
            }
        }
        by_segment.push(read);
    }
    if is_whole {
        return Order::Bulk;
    }
    let read_by_segment = |segment: usize| by_segment.get(segment).cloned().unwrap_or_default();
    let read_by_flag = |flag: usize| {
        let overrides = flags.get(flag).into_iter().flat_map(|flag| &flag.overrides);
        overrides.flat_map(|own| read_by_segment(own.segment)).collect::<Vec<_>>()
    };
    let (first, own) = match asked {
        Asked::Flag(flag) => (read_by_flag(flag), Some(flag)),
        Asked::Segment(segment) => (read_by_segment(segment), None),
        Asked::All | Asked::Nothing => (Vec::new(), None),
    };
    if first.is_empty() {
        return Order::Alone;
    }
    // Whether each flag is on the way from what is asked for (`Some(false)`), or done with (`Some(true)`).
    let mut marks: Vec<Option<bool>> = vec![None; flags.len()];
    own.and_then(|own| marks.get_mut(own)).into_iter().for_each(|mark| *mark = Some(false));
    let mut order = Vec::new();
    let mut steps: Vec<_> = first.into_iter().map(Step::Enter).collect();
    while let Some(step) = steps.pop() {
        let (Step::Enter(flag) | Step::Leave(flag)) = step;
        let Some(mark) = marks.get_mut(flag) else { continue };
        match (step, *mark) {
            (Step::Leave(_), _) => {
                *mark = Some(true);
                order.push(flag);
            }
            (Step::Enter(_), None) => {
                *mark = Some(false);
                steps.push(Step::Leave(flag));
                steps.extend(read_by_flag(flag).into_iter().map(Step::Enter));
            }
            (Step::Enter(_), Some(true)) => {}
            (Step::Enter(_), Some(false)) => return Order::Bulk,
        }
    }
    Order::First(order)
}
