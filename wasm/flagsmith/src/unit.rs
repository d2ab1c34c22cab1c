//! A feature, or a segment, in the form in which it is evaluated.

use hashbrown::HashTable;
use pennon_wire::{Answer, Context, ErrorCode, Reason, bytes};

use crate::answers::Fact;
use crate::bulk::Bulk;
use crate::condition::hash_of;
use crate::feature::Priority;
use crate::json::{Json, Node};
use crate::rule::Rules;
use crate::scope::{Names, Scope};
use crate::state::{NoShare, State};
use crate::tree::{Flags, World};
use crate::value::Value;

/// A compiled feature or segment, with all that its answer depends on.
#[derive(Debug, Default)]
pub struct Unit {
    pub(crate) asked: Asked,
    pub(crate) names: Names,
    /// What every identity's key begins with.
    pub(crate) key_prefix: Box<[u8]>,
    pub(crate) flags: Vec<Flag>,
    pub(crate) segments: Vec<Segment>,
    pub(crate) order: Order,
    /// What the tree has beside identity and flags.
    pub(crate) surroundings: Json,
    /// Of a unit of all: the answers of identities with the flags in their defaults, and the flags that may have others.
    pub(crate) fixed: Vec<Answer>,
    pub(crate) varying: Vec<usize>,
    /// Answers in the form in which conditions read them; none where no condition reads a flag.
    pub(crate) facts: Vec<Fact>,
    /// By number of the answer: the outcome and its reason.
    pub(crate) outcomes: Vec<(u32, Reason)>,
    /// From the number of an answer to that of the same in a cycle.
    pub(crate) circular: u32,
    pub(crate) messages: Messages,
    /// The outcome of every error.
    pub(crate) default_outcome: u32,
    /// The outcome of a segment that nobody is in; the next is that of one that somebody is in.
    pub(crate) segment_outcomes: u32,
}

/// What a unit answers for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Asked {
    /// The flag of this number.
    Flag(usize),
    /// The segment of this number: outcome 1 where the identity is in it, else 0.
    Segment(usize),
    /// All flags, then all segments, as many answers.
    All,
    /// Nothing: it always fails.
    #[default]
    Nothing,
}

/// Numbers of messages.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Messages {
    pub no_traits: u16,
    pub no_share: u16,
    /// Of an answer that Flagsmith's engine does not give, because it raises.
    pub raised: u16,
}

/// In which order flags are resolved.
#[derive(Debug, Default)]
pub(crate) enum Order {
    /// What is asked for depends on no other flag.
    #[default]
    Alone,
    /// These first, each before those that depend on it.
    First(Vec<usize>),
    /// As the engine does.
    Bulk,
}

/// A compiled segment.
#[derive(Debug)]
pub(crate) struct Segment {
    pub name: Box<str>,
    pub rules: Rules,
}

impl Segment {
    #[inline]
    pub fn matches(&self, scope: &Scope<'_>, world: &World<'_>) -> bool {
        self.rules.match_all(scope, world)
    }
}

/// A compiled feature.
#[derive(Debug)]
pub(crate) struct Flag {
    pub name: Box<str>,
    /// The answer without an identity.
    pub environment: u32,
    /// The state where nothing else applies.
    pub default: State,
    /// What segments have instead; the strongest first, of equals the first of the document.
    pub overrides: Vec<Override>,
    /// How many overrides are so strong that not even an identity's own beats them.
    pub strongest: usize,
    pub identities: Identities,
}

#[derive(Debug)]
pub(crate) struct Override {
    pub segment: usize,
    pub priority: Priority,
    pub state: State,
}

impl Flag {
    /// Whether identities may have another answer than the environment.
    pub fn varies(&self) -> bool {
        !self.overrides.is_empty() || !self.identities.is_empty() || self.default.is_split()
    }

    /// The number of its answer for an identity whose segments are those that `matches` says.
    #[inline]
    pub fn answer(&self, scope: &Scope<'_>, mut matches: impl FnMut(usize) -> bool) -> Result<u32, NoShare> {
        let identity = scope.identity.as_ref();
        let (strongest, others) = self.overrides.split_at_checked(self.strongest).unwrap_or_default();
        let mut find = |overrides: &'_ [Override]| {
            overrides
                .iter()
                .position(|own| matches(own.segment))
                .and_then(|number| overrides.get(number))
                .map(|own| own.state.answer(identity))
        };
        if !strongest.is_empty()
            && let Some(answer) = find(strongest)
        {
            return answer;
        }
        if let Some(answer) = identity.and_then(|identity| self.identities.find(identity.identifier)) {
            return Ok(answer);
        }
        find(others).unwrap_or_else(|| self.default.answer(identity))
    }
}

/// The answers of identities that have one of their own, by identifier.
#[derive(Debug, Default)]
pub(crate) struct Identities {
    answers: HashTable<(u64, Box<[u8]>, u32)>,
}

impl Identities {
    /// Adds an identity's answer, unless it has one.
    pub fn add(&mut self, identifier: &str, answer: u32) {
        let text = identifier.as_bytes();
        if self.get(text).is_none() {
            let hash = hash_of(text);
            self.answers.insert_unique(hash, (hash, text.into(), answer), |(hash, ..)| *hash);
        }
    }

    fn get(&self, text: &[u8]) -> Option<u32> {
        let hash = hash_of(text);
        let found = self.answers.find(hash, |(other, known, _)| *other == hash && bytes::equal(known, text));
        found.map(|(.., answer)| *answer)
    }

    /// The answer of an identity. Conditions see its identifier, so one that looks like an integer is found as that integer,
    /// and one that looks like another number not at all (reference, gotcha 1).
    #[inline]
    pub fn find(&self, identifier: &[u8]) -> Option<u32> {
        if self.answers.is_empty() {
            return None;
        }
        match Value::of_text(identifier).ok()? {
            Value::Text(text) => self.get(text),
            Value::Int(number) => self.get(number.to_string().as_bytes()),
            _ => None,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.answers.is_empty()
    }

    /// All identifiers, in no order.
    pub fn identifiers(&self) -> impl Iterator<Item = &str> {
        self.answers.iter().map(|(_, text, _)| std::str::from_utf8(text).unwrap_or_default())
    }
}

impl Unit {
    /// Evaluates what is asked for.
    #[inline(always)]
    pub fn evaluate(&self, context: Context<'_>) -> Answer {
        let Some(identifier) = context.targeting_key().filter(|key| !key.is_empty()) else {
            return self.without_identity();
        };
        match Scope::new(context, identifier, &self.key_prefix, &self.names) {
            Ok(scope) => {
                let answer = self.evaluate_in(&scope);
                if scope.take_raised() { self.marked(answer) } else { answer }
            }
            Err(_) => self.without_traits(),
        }
    }

    /// Evaluates all flags, then all segments.
    pub fn evaluate_many(&self, context: Context<'_>) -> Vec<Answer> {
        let count = self.flags.len() + self.segments.len();
        let Some(identifier) = context.targeting_key().filter(|key| !key.is_empty()) else {
            return self.fixed.clone();
        };
        let Ok(scope) = Scope::new(context, identifier, &self.key_prefix, &self.names) else {
            return vec![self.without_traits(); count];
        };
        let outcome = Bulk::new(self, &scope).run(self.varying.iter().copied());
        let mut answers = self.fixed.clone();
        for (flag, answer) in self.varying.iter().zip(outcome.flags) {
            answers.get_mut(*flag).into_iter().for_each(|place| *place = self.give(answer));
        }
        self.mark(&outcome.raised, &mut answers);
        let flags = self.flags.len();
        let mut change = |segment: usize, change: &dyn Fn(Answer) -> Answer| {
            answers.get_mut(flags + segment).into_iter().for_each(|answer| *answer = change(*answer));
        };
        outcome.segments.iter().for_each(|segment| change(*segment, &|_| self.segment_answer(true)));
        outcome.raised.iter().for_each(|segment| change(*segment, &|answer| self.marked(answer)));
        answers
    }

    /// Says of flags with an override by one of these segments that Flagsmith's engine raises.
    fn mark(&self, raised: &[usize], answers: &mut [Answer]) {
        if raised.is_empty() {
            return;
        }
        for (flag, answer) in self.flags.iter().zip(answers) {
            if flag.overrides.iter().any(|own| raised.contains(&own.segment)) {
                *answer = self.marked(*answer);
            }
        }
    }

    /// The answer, with the remark that Flagsmith's engine gives none.
    #[cold]
    fn marked(&self, answer: Answer) -> Answer {
        Answer { message: answer.message.or(Some(self.messages.raised)), ..answer }
    }

    /// Finds the answers that every identity has.
    pub(crate) fn fix(&mut self) {
        let flags = self.flags.iter().map(|flag| self.give(Ok(flag.environment)));
        self.fixed = flags.chain(self.segments.iter().map(|_| self.segment_answer(false))).collect();
        let varying = self.flags.iter().enumerate().filter(|(_, flag)| flag.varies());
        self.varying = varying.map(|(number, _)| number).collect();
    }

    fn segment_answer(&self, is_in: bool) -> Answer {
        let answer = in_or_out(is_in);
        Answer { outcome: self.segment_outcomes + answer.outcome, ..answer }
    }

    #[cold]
    fn without_traits(&self) -> Answer {
        Answer::failure(self.default_outcome, ErrorCode::InvalidContext, self.messages.no_traits)
    }

    fn without_identity(&self) -> Answer {
        match self.asked {
            Asked::Flag(flag) => {
                self.flags.get(flag).map_or_else(|| self.broken(), |flag| self.give(Ok(flag.environment)))
            }
            Asked::Segment(_) => Answer::value(0, Reason::Static),
            Asked::All | Asked::Nothing => self.broken(),
        }
    }

    #[inline]
    fn evaluate_in(&self, scope: &Scope<'_>) -> Answer {
        match (&self.order, self.asked) {
            (Order::Alone, Asked::Flag(flag)) => {
                let world = World { unit: self, flags: Flags::Resolved(&[]) };
                let Some(flag) = self.flags.get(flag) else { return self.broken() };
                self.give(flag.answer(scope, |segment| self.segment_matches(segment, scope, &world)))
            }
            _ => self.evaluate_with_flags(scope),
        }
    }

    #[inline(always)]
    fn segment_matches(&self, segment: usize, scope: &Scope<'_>, world: &World<'_>) -> bool {
        self.segments.get(segment).is_some_and(|segment| segment.matches(scope, world))
    }

    /// Where the answer may depend on other flags.
    #[inline(never)]
    fn evaluate_with_flags(&self, scope: &Scope<'_>) -> Answer {
        if let Order::Bulk = self.order {
            let outcome = Bulk::new(self, scope).run(self.asked_flag().into_iter());
            if !outcome.raised.is_empty() {
                scope.raise();
            }
            return match self.asked {
                Asked::Flag(_) => self.give(outcome.flags.first().copied().unwrap_or(Err(NoShare))),
                Asked::Segment(segment) => in_or_out(outcome.segments.contains(&segment)),
                Asked::All | Asked::Nothing => self.broken(),
            };
        }
        let answers = self.first_answers(scope);
        let world = World { unit: self, flags: Flags::Resolved(&answers) };
        match self.asked {
            Asked::Flag(flag) => match self.flags.get(flag) {
                Some(flag) => {
                    self.give(flag.answer(scope, |segment| self.segment_matches(segment, scope, &world)))
                }
                None => self.broken(),
            },
            Asked::Segment(segment) => in_or_out(self.segment_matches(segment, scope, &world)),
            Asked::All | Asked::Nothing => self.broken(),
        }
    }

    /// The answers of the flags that are resolved first.
    pub(crate) fn first_answers(&self, scope: &Scope<'_>) -> Vec<Option<u32>> {
        let mut answers = vec![None; self.flags.len()];
        let first = if let Order::First(first) = &self.order { first.as_slice() } else { &[] };
        for number in first {
            let world = World { unit: self, flags: Flags::Resolved(&answers) };
            let matches = |segment| self.segment_matches(segment, scope, &world);
            let answer = self.flags.get(*number).and_then(|flag| flag.answer(scope, matches).ok());
            answers.get_mut(*number).into_iter().for_each(|place| *place = answer);
        }
        answers
    }

    fn asked_flag(&self) -> Option<usize> {
        match self.asked {
            Asked::Flag(flag) => Some(flag),
            _ => None,
        }
    }

    #[inline]
    fn give(&self, answer: Result<u32, NoShare>) -> Answer {
        let given = answer.ok().and_then(|answer| self.outcomes.get(answer as usize));
        given.map_or_else(|| self.broken(), |(outcome, reason)| Answer::value(*outcome, *reason))
    }

    /// A share of the split is no number: the engine raises.
    #[cold]
    fn broken(&self) -> Answer {
        Answer::failure(self.default_outcome, ErrorCode::General, self.messages.no_share)
    }

    pub(crate) fn flags(&self) -> &[Flag] {
        &self.flags
    }

    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    pub(crate) fn flag_number(&self, name: &str) -> Option<usize> {
        self.flags.iter().position(|flag| *flag.name == *name)
    }

    /// Whether conditions read flags.
    pub(crate) fn reads_flags(&self) -> bool {
        !self.facts.is_empty()
    }

    pub(crate) fn fact(&self, answer: u32) -> Option<&Fact> {
        self.facts.get(answer as usize)
    }

    pub(crate) fn surroundings(&self) -> Node<'_> {
        self.surroundings.root()
    }

    /// The same answer of a flag that depends on itself.
    pub(crate) fn circular(&self, answer: u32) -> u32 {
        answer + self.circular
    }
}

fn in_or_out(is_in: bool) -> Answer {
    Answer::value(u32::from(is_in), if is_in { Reason::TargetingMatch } else { Reason::Static })
}
