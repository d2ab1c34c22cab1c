//! The rules of a segment (reference 2.2): conditions and further rules, each group combined by the rule's type.

use pennon_wire::report::Diagnostic;

use crate::condition::{Condition, Source, Terms};
use crate::diagnose;
use crate::hash::Prefix;
use crate::json::{Kind, Node};
use crate::scope::Scope;
use crate::tree::World;

/// Levels of rules within rules; Python's recursion ends at 328 (reference M7).
pub const MAX_RULE_DEPTH: usize = 328;

/// Levels that are followed by recursion: a guest has 64 KiB of stack. The API takes two.
const MAX_RECURSION: usize = 32;

/// The rules of a segment, each before those within it.
#[derive(Debug, Default)]
pub struct Rules {
    rules: Vec<Rule>,
    conditions: Vec<Condition>,
    /// By condition: what comes next. Without those where rules are nested too deep for recursion.
    steps: Vec<Step>,
    /// The condition that is looked at first, or [`MATCH`] or [`NO_MATCH`].
    entry: u32,
    /// Levels of rules within rules.
    depth: usize,
    /// Whether they are nested deeper than Python can follow.
    is_too_deep: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Combination {
    All,
    Any,
    None,
    /// Python raises where there is something to combine.
    Unknown,
}

/// Everybody is in.
const MATCH: u32 = u32::MAX;

/// Nobody is in.
const NO_MATCH: u32 = u32::MAX - 1;

/// Which condition is looked at behind one that holds, and behind one that does not; or [`MATCH`] or [`NO_MATCH`].
#[derive(Clone, Copy, Debug)]
struct Step {
    holds: u32,
    fails: u32,
}

#[derive(Debug)]
struct Rule {
    combination: Combination,
    /// Its conditions.
    conditions: (u32, u32),
    /// The number of the rule behind those within it.
    end: u32,
}

/// What is left to compile, the next last.
enum Task<'j> {
    Begin { rule: Node<'j>, depth: usize, place: String },
    End(usize),
}

/// What begins the rules of a list, the first last.
fn begin<'j>(rules: Node<'j>, depth: usize, place: &str) -> Vec<Task<'j>> {
    let named = |(index, rule)| Task::Begin { rule, depth, place: format!("{place}.rules[{index}]") };
    let mut tasks: Vec<_> = rules.items().enumerate().map(named).collect();
    tasks.reverse();
    tasks
}

impl Rules {
    /// Compiles the rules of a segment that hashes as `segment`; what there is to say goes to `diagnostics`, by places that begin
    /// with `place`.
    pub fn new(
        rules: Node<'_>,
        terms: Terms<'_>,
        segment: &Prefix,
        place: &str,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut compiled = Self::default();
        let mut tasks = begin(rules, 1, place);
        while let Some(task) = tasks.pop() {
            let (rule, depth, place) = match task {
                Task::End(number) => {
                    let end = compiled.rules.len() as u32;
                    compiled.rules.get_mut(number).into_iter().for_each(|rule| rule.end = end);
                    continue;
                }
                Task::Begin { rule, depth, place } => (rule, depth, place),
            };
            if depth > MAX_RULE_DEPTH {
                compiled.is_too_deep = true;
                break;
            }
            compiled.depth = compiled.depth.max(depth);
            tasks.push(Task::End(compiled.rules.len()));
            compiled.add(rule, terms, segment, &place, diagnostics);
            tasks.extend(rule.get("rules").map(|rules| begin(rules, depth + 1, &place)).unwrap_or_default());
        }
        compiled.chain();
        compiled
    }

    /// Finds out what comes behind each condition, so that rules need not be gone through.
    fn chain(&mut self) {
        if self.is_too_deep || self.depth > MAX_RECURSION {
            return;
        }
        let mut steps = vec![Step { holds: NO_MATCH, fails: NO_MATCH }; self.conditions.len()];
        let top: Vec<_> = self.top().map(|(number, _)| number).collect();
        self.entry = match top.is_empty() {
            true => NO_MATCH,
            false => Combination::All.chain(top.into_iter(), MATCH, NO_MATCH, |rule, holds, fails| {
                self.chain_rule(rule, holds, fails, &mut steps)
            }),
        };
        self.steps = steps;
    }

    /// The condition that a rule begins with, or what it comes to without any.
    fn chain_rule(&self, number: u32, holds: u32, fails: u32, steps: &mut [Step]) -> u32 {
        let Some(rule) = self.rules.get(number as usize) else { return fails };
        let inner: Vec<_> = self.within(number + 1, rule.end).map(|(number, _)| number).collect();
        let behind = rule.combination.chain(inner.into_iter(), holds, fails, |rule, holds, fails| {
            self.chain_rule(rule, holds, fails, steps)
        });
        let (first, end) = rule.conditions;
        rule.combination.chain(first..end, behind, fails, |condition, holds, fails| {
            steps.get_mut(condition as usize).into_iter().for_each(|step| *step = Step { holds, fails });
            condition
        })
    }

    fn add(
        &mut self,
        rule: Node<'_>,
        terms: Terms<'_>,
        segment: &Prefix,
        place: &str,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let first = self.conditions.len() as u32;
        let conditions = rule.get("conditions");
        for (index, condition) in conditions.iter().flat_map(|conditions| conditions.items()).enumerate() {
            let mut notes = Vec::new();
            self.conditions.push(Condition::new(Source::read(condition, terms), segment, &mut notes));
            let place = format!("{place}.conditions[{index}]");
            diagnostics.extend(notes.into_iter().map(|note| note.at(&place)));
        }
        let combination = match rule.get("type").map(Node::kind) {
            Some(Kind::Text("ALL")) => Combination::All,
            Some(Kind::Text("ANY")) => Combination::Any,
            Some(Kind::Text("NONE")) => Combination::None,
            _ => {
                diagnostics.push(diagnose::unknown_type(rule, place));
                Combination::Unknown
            }
        };
        self.rules.push(Rule { combination, conditions: (first, self.conditions.len() as u32), end: 0 });
    }

    /// Whether all rules match; without any, nobody matches.
    #[inline]
    pub fn match_all(&self, scope: &Scope<'_>, world: &World<'_>) -> bool {
        if self.depth <= MAX_RECURSION && !world.counts_reads() {
            return self.follow(scope, world);
        }
        !self.rules.is_empty() && !self.is_too_deep && self.top().all(|rule| self.matches(rule, scope, world))
    }

    /// From condition to condition.
    #[inline]
    fn follow(&self, scope: &Scope<'_>, world: &World<'_>) -> bool {
        let mut next = self.entry;
        while let Some((condition, step)) =
            self.conditions.get(next as usize).zip(self.steps.get(next as usize))
        {
            next = if condition.holds(scope, world) { step.holds } else { step.fails };
        }
        next == MATCH
    }

    /// The rules from one number to another, without those within them.
    fn within(&self, first: u32, end: u32) -> impl Iterator<Item = (u32, &Rule)> {
        let rule = move |number: u32| {
            (number < end).then(|| self.rules.get(number as usize).map(|rule| (number, rule))).flatten()
        };
        std::iter::successors(rule(first), move |(_, before)| rule(before.end))
    }

    fn matches(&self, rule: (u32, &Rule), scope: &Scope<'_>, world: &World<'_>) -> bool {
        if self.depth > MAX_RECURSION {
            self.matches_deep(rule.0, scope, world)
        } else {
            self.matches_by_recursion(rule, scope, world)
        }
    }

    /// A rule's own conditions.
    #[inline]
    fn own_match(&self, rule: &Rule, scope: &Scope<'_>, world: &World<'_>) -> bool {
        let conditions = self.conditions_of(rule);
        conditions.is_empty()
            || rule.combination.combine(conditions.iter().map(|condition| condition.holds(scope, world)))
    }

    /// Whether what is within a rule need not be looked at. Also where its own conditions do not hold it is, where reads count:
    /// what is read there may end a cycle of flags.
    #[inline]
    fn is_decided(&self, (number, rule): (u32, &Rule), own: bool, world: &World<'_>) -> bool {
        number + 1 == rule.end || (!own && !world.counts_reads())
    }

    /// As [`Rules::matches`], with its own stack.
    #[cold]
    fn matches_deep(&self, first: u32, scope: &Scope<'_>, world: &World<'_>) -> bool {
        // Rules that are begun: the number, the next within it, whether its own conditions hold.
        let mut begun: Vec<(u32, u32, bool)> = Vec::new();
        let mut entered = Some(first);
        let mut result = false;
        loop {
            if let Some((number, rule)) =
                entered.take().and_then(|number| Some((number, self.rules.get(number as usize)?)))
            {
                let own = self.own_match(rule, scope, world);
                if self.is_decided((number, rule), own, world) {
                    result = own;
                } else {
                    begun.push((number, number + 1, own));
                    entered = Some(number + 1);
                    continue;
                }
            }
            let Some((number, next, own)) = begun.pop() else { return result };
            let Some(rule) = self.rules.get(number as usize) else { return false };
            let behind = self.rules.get(next as usize).map_or(rule.end, |inner| inner.end);
            match rule.combination.decide(result, behind >= rule.end) {
                Some(inner) => result = inner && own,
                None => {
                    begun.push((number, behind, own));
                    entered = Some(behind);
                }
            }
        }
    }

    fn matches_by_recursion(
        &self,
        (number, rule): (u32, &Rule),
        scope: &Scope<'_>,
        world: &World<'_>,
    ) -> bool {
        let own = self.own_match(rule, scope, world);
        if self.is_decided((number, rule), own, world) {
            return own;
        }
        let inner = self.within(number + 1, rule.end);
        let inner = inner.map(|rule| self.matches_by_recursion(rule, scope, world));
        rule.combination.combine(inner) && own
    }

    /// All conditions, to be changed.
    pub fn conditions_mut(&mut self) -> &mut [Condition] {
        &mut self.conditions
    }

    /// All conditions.
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// Whether there are none, so that nobody matches.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether it is plain that nobody matches.
    pub fn never_match(&self) -> bool {
        self.top().any(|(_, rule)| {
            let mut own = self.conditions_of(rule).iter();
            match rule.combination {
                Combination::All => own.any(Condition::never_holds),
                Combination::Any => own.len() > 0 && own.all(Condition::never_holds),
                Combination::None | Combination::Unknown => false,
            }
        })
    }

    /// Whether it is plain that everybody matches.
    pub fn always_match(&self) -> bool {
        !self.rules.is_empty()
            && !self.is_too_deep
            && self.conditions.is_empty()
            && self.rules.iter().enumerate().all(|(number, rule)| rule.end as usize == number + 1)
    }

    fn top(&self) -> impl Iterator<Item = (u32, &Rule)> {
        self.within(0, self.rules.len() as u32)
    }

    fn conditions_of(&self, rule: &Rule) -> &[Condition] {
        let (first, end) = rule.conditions;
        self.conditions.get(first as usize..end as usize).unwrap_or_default()
    }

    /// Whether they are nested deeper than [`MAX_RULE_DEPTH`], so that nobody matches.
    pub fn is_too_deep(&self) -> bool {
        self.is_too_deep
    }
}

impl Combination {
    /// What one more result makes of all of them; none where the next is needed.
    fn decide(self, result: bool, is_last: bool) -> Option<bool> {
        match (self, result) {
            (Self::All, false) | (Self::None, true) | (Self::Unknown, _) => Some(false),
            (Self::Any, true) => Some(true),
            _ if is_last => Some(self != Self::Any),
            _ => None,
        }
    }

    /// Puts one behind the other: what is looked at first. `place` says what comes behind one that holds, and behind one that
    /// does not.
    fn chain(
        self,
        each: impl DoubleEndedIterator<Item = u32>,
        holds: u32,
        fails: u32,
        mut place: impl FnMut(u32, u32, u32) -> u32,
    ) -> u32 {
        let mut each = each.rev().peekable();
        if each.peek().is_none() {
            return holds;
        }
        match self {
            Self::All => each.fold(holds, |next, one| place(one, next, fails)),
            Self::Any => each.fold(fails, |next, one| place(one, holds, next)),
            Self::None => each.fold(holds, |next, one| place(one, fails, next)),
            Self::Unknown => fails,
        }
    }

    /// As Python does: from left to right, and no further than needed.
    #[inline]
    fn combine(self, mut each: impl Iterator<Item = bool>) -> bool {
        match self {
            Self::All => each.all(|holds| holds),
            Self::Any => each.any(|holds| holds),
            Self::None => !each.any(|holds| holds),
            Self::Unknown => false,
        }
    }
}
