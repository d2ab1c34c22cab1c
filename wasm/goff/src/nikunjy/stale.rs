//! Comparisons that may read an operand that is not theirs (reference 3.9, "stale operand").
//!
//! Where the parent of a dotted path is missing, the relay keeps the operand of the comparison that ran before. That
//! does harm only if the parent can be missing there, and if something else can have been read before. Both are
//! followed through the query: what is known after a comparison depends on whether it holds.

use super::literal::Test;
use super::parser::{Chain, Comparison, Logical, Path, Term};

/// A comparison that may read another operand than its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StaleOperand {
    /// The byte of the query at which its path starts.
    pub start: usize,
    /// Whether it does so because a path of three segments or more before it left a parent behind, not because its own
    /// parent may be missing.
    pub left_behind: bool,
}

/// All of them in the order of the text.
pub fn operands(chain: &Chain) -> Vec<StaleOperand> {
    let mut search = Search::default();
    chain.comparisons(&mut |comparison| search.add_parent(&comparison.path));
    search.chain(chain, START);
    search.found
}

/// A set of parents, one bit each.
type Parents = u32;

/// Parents that are told apart; all others share the last bit and are never known to exist.
const MAX_PARENTS: usize = 31;
const OTHER: Parents = 1 << MAX_PARENTS;

/// What is known before a comparison runs.
#[derive(Clone, Copy)]
struct State {
    /// Parents that exist and are not null.
    exist: Parents,
    /// Parents of which it is known: if they are missing, then the operand left over is null, as it should be.
    harmless: Parents,
    /// Whether a longer path may have left a parent behind.
    left_behind: bool,
}

const START: State = State { exist: 0, harmless: !0, left_behind: false };

/// Where evaluation never comes everything is known.
const UNREACHED: State = State { exist: !0, harmless: !0, left_behind: false };

impl State {
    /// What is known when evaluation comes from either.
    fn or(self, other: Self) -> Self {
        Self {
            exist: self.exist & other.exist,
            harmless: self.harmless & other.harmless,
            left_behind: self.left_behind || other.left_behind,
        }
    }
}

/// What is known after a term.
struct After {
    holds: State,
    fails: State,
}

#[derive(Default)]
struct Search<'q> {
    /// A path and how many of its segments are the parent.
    parents: Vec<(&'q Path, usize)>,
    found: Vec<StaleOperand>,
}

impl<'q> Search<'q> {
    fn add_parent(&mut self, path: &'q Path) {
        let length = path.len() - 1;
        if length > 0 && self.parents.len() < MAX_PARENTS && self.parent(path) == OTHER {
            self.parents.push((path, length));
        }
    }

    /// The parents that this path passes through or ends in, and those of so many segments among them.
    fn on_path(&self, path: &Path, length: usize) -> (Parents, Parents) {
        let same = |parent: &Path, length: usize| (0..length).all(|at| parent.name(at) == path.name(at));
        let (mut all, mut exact) = (0, 0);
        for (bit, (parent, segments)) in self.parents.iter().enumerate() {
            if *segments <= path.len() && same(parent, *segments) {
                all |= 1 << bit;
                exact |= if *segments == length { 1 << bit } else { 0 };
            }
        }
        (all, exact)
    }

    /// The parent of a dotted path.
    fn parent(&self, path: &Path) -> Parents {
        match self.on_path(path, path.len() - 1) {
            (_, 0) => OTHER,
            (_, parent) => parent,
        }
    }

    fn chain(&mut self, chain: &'q Chain, before: State) -> After {
        let mut after = self.term(&chain.first, before);
        for (logical, term) in &chain.rest {
            after = match logical {
                Logical::And => {
                    let right = self.term(term, after.holds);
                    After { holds: right.holds, fails: after.fails.or(right.fails) }
                }
                Logical::Or => {
                    let right = self.term(term, after.fails);
                    After { holds: after.holds.or(right.holds), fails: right.fails }
                }
            };
        }
        after
    }

    fn term(&mut self, term: &'q Term, before: State) -> After {
        match term {
            Term::Comparison(comparison) => self.comparison(comparison, before),
            Term::Group { negated, chain } => match (self.chain(chain, before), negated) {
                (after, false) => after,
                (After { holds, fails }, true) => After { holds: fails, fails: holds },
            },
            Term::Faulty => After { holds: UNREACHED, fails: UNREACHED },
        }
    }

    fn comparison(&mut self, comparison: &Comparison, before: State) -> After {
        let path = &comparison.path;
        let (passed, itself) = self.on_path(path, path.len());
        let parent = if path.len() > 1 { self.parent(path) } else { 0 };
        let exists = parent == 0 || before.exist & parent != 0;
        let harmless = exists || before.harmless & parent != 0;
        let safe = harmless && !before.left_behind;
        if !safe {
            self.found.push(StaleOperand { start: comparison.start, left_behind: before.left_behind });
        }
        // Whatever parent is missing on the way to this operand, either it is null now or it stayed what it was.
        let kept = passed & (before.harmless | if exists { itself } else { 0 });
        let left_behind = path.len() > 2 && !exists;
        let any = State { exist: before.exist, harmless: if safe { kept } else { 0 }, left_behind };
        let null = State { harmless: !0, ..any };
        let present = if safe { State { exist: any.exist | passed, left_behind: false, ..any } } else { any };
        match &comparison.test {
            None | Some(Test::IsNull(false)) => After { holds: present, fails: null },
            Some(Test::IsNull(true)) => After { holds: null, fails: present },
            Some(_) => After { holds: present, fails: any },
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::nikunjy::Query;

    fn stale(query: &str) -> Vec<usize> {
        Query::parse(query, &mut super::super::Comparisons::default())
            .stale_operands()
            .iter()
            .map(|operand| operand.start)
            .collect()
    }

    #[test]
    fn what_reads_only_its_own_operand_is_not_found() {
        for query in [
            "a.b eq 1",
            "a.b eq 1 or a.b eq 2 or a.c eq 3",
            "a pr and z eq 1 and a.b eq 1 and a.c eq 2",
            "a ne null and z eq 1 and a.b eq 1",
            "z eq 1 and (a pr and a.b eq 1)",
            "a eq null or a.b eq 1",
            "not (a eq null) and z eq 1 and a.b eq 1",
            "a.b eq 1 and z eq 1 and a.c eq 1",
            "z pr or a.b eq 1",
            "a.b pr and z eq 1 and a.b.c eq 1",
            "a.b.c eq 1 and z eq 1",
            "key eq \"x\" and plan eq \"y\"",
        ] {
            assert!(stale(query).is_empty(), "{query}");
        }
    }

    #[test]
    fn what_may_read_another_operand_is_found() {
        for (query, starts) in [
            ("z eq 1 and a.b eq 1", [11].as_slice()),
            ("z eq 1 and a.b eq 1 and a.c eq 1", &[11, 24]),
            ("a pr or z eq 1 or a.b eq 1", &[18]),
            ("a pr and a.b eq 1 or z eq 1 or a.b eq 2", &[31]),
            ("not (a pr) and z eq 1 and a.b eq 1", &[26]),
            ("a.b eq 1 or c.d eq 1", &[12]),
            ("a pr and z eq 1 and a.b.c eq 1", &[20]),
            ("a.b eq null and z eq 1 and a.c eq 1", &[27]),
            ("a.b.c eq 1 or z eq 1", &[14]),
            ("a.b.c eq null and z eq 1", &[18]),
        ] {
            assert_eq!(stale(query), starts, "{query}");
        }
    }

    #[test]
    fn more_parents_than_are_told_apart_are_taken_for_missing() {
        let known: Vec<_> = (0..40).map(|n| format!("a{n} pr and z eq 1 and a{n}.b eq 1")).collect();
        assert_eq!(stale(&known.join(" and ")).len(), 40 - super::MAX_PARENTS);
    }
}
