//! A flag in the form in which it is evaluated, and its evaluation (reference 3.1).

use std::rc::Rc;

use pennon_wire::guest::Time;
use pennon_wire::{Answer, Context, ErrorCode, Name, Reason, Value};

use crate::nikunjy::Comparisons;
use crate::rules::Targeting;
use crate::scope::Scope;
use crate::selection::{Failure, Hash, Selection};

/// A compiled flag.
#[derive(Debug)]
pub struct Unit {
    /// What the ruleset adds to every context, encoded; shared by all flags.
    pub(crate) enrichment: Option<Rc<[u8]>>,
    /// `gofeatureflag`, the attribute in which a caller can set the time.
    pub(crate) time_attribute: Name,
    /// Whether any of this needs to know what time it is.
    pub(crate) depends_on_time: bool,
    /// The hash after the flag's key.
    pub(crate) hash: Hash,
    pub(crate) bucketing: Bucketing,
    /// What its queries compare.
    pub(crate) comparisons: Comparisons,
    /// The flag after none, one, two... of its scheduled steps; never empty.
    pub(crate) phases: Vec<Phase>,
    /// Outcome of every error.
    pub(crate) default_outcome: u32,
    pub(crate) messages: Messages,
}

/// Numbers of the messages that evaluations can give, in the load report.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Messages {
    pub empty_targeting_key: u16,
    pub missing_bucketing_key: u16,
    pub invalid_bucketing_key: u16,
    pub empty_bucketing_key: u16,
    pub no_key_for_rule: u16,
    pub no_default_rule: u16,
    pub no_bucket: u16,
    pub incomplete_rollout: u16,
    pub no_choice: u16,
}

impl Messages {
    fn of(&self, failure: Failure) -> u16 {
        match failure {
            Failure::NoBucket => self.no_bucket,
            Failure::IncompleteRollout => self.incomplete_rollout,
            Failure::NoChoice => self.no_choice,
        }
    }
}

/// By what users are split (reference 3.3).
#[derive(Debug)]
pub(crate) enum Bucketing {
    /// The targeting key, which must not be empty where one is needed.
    TargetingKey,
    /// The targeting key, unchecked: the flag names the empty attribute.
    Unchecked,
    /// An attribute, by its path.
    Attribute(Vec<Name>),
}

/// A flag between two scheduled steps.
#[derive(Debug)]
pub(crate) struct Phase {
    /// From when on; the first phase has no beginning.
    pub start: Option<Time>,
    pub state: State,
}

/// What a phase does.
#[derive(Debug)]
pub(crate) enum State {
    /// The step that leads here cannot be applied; the message says why.
    Broken(u16),
    Whole(Rules),
}

/// The rules of a phase.
#[derive(Debug)]
pub(crate) struct Rules {
    /// Whether any rule, of this phase or of a step, splits users.
    pub needs_key: bool,
    pub disabled: bool,
    /// When the flag is switched on: from, until.
    pub window: (Option<Time>, Option<Time>),
    pub disabled_outcome: u32,
    pub targeting: Targeting,
    /// What the rules of `targeting` give.
    pub rules: Vec<CompiledRule>,
    pub default: Option<CompiledRule>,
}

/// What a rule of a phase gives.
#[derive(Debug)]
pub(crate) struct CompiledRule {
    pub needs_key: bool,
    pub reason: Reason,
    pub selection: Selection,
}

impl Unit {
    /// Evaluates the flag. What not every flag needs is behind calls: a guest's compiler keeps the values of a small function
    /// in registers, and those of a large one in memory. `now` counts only for flags that depend on time.
    #[inline(always)]
    pub fn evaluate(&self, context: Context<'_>, now: Time) -> Answer {
        let scope = self.scope(context);
        let date = if self.depends_on_time { self.own_date(&scope, now) } else { now };
        match &self.phase(date).state {
            State::Broken(message) => self.failure(ErrorCode::General, *message),
            State::Whole(rules) => self.evaluate_rules(rules, &scope, date, now),
        }
    }

    /// What its rules see of `context`.
    #[inline(always)]
    pub(crate) fn scope<'a>(&'a self, context: Context<'a>) -> Scope<'a> {
        let enrichment = self.enrichment.as_deref().map(|bytes| Context::new(bytes).attributes());
        Scope::new(context, enrichment)
    }

    #[inline]
    fn phase(&self, date: Time) -> &Phase {
        if let [only] = self.phases.as_slice() {
            return only;
        }
        let later = self.phases.partition_point(|phase| phase.start.is_none_or(|start| start <= date));
        self.phases.get(later.saturating_sub(1)).unwrap_or(&NO_PHASE)
    }

    /// The date by which phases and windows are chosen: before the enrichment.
    #[inline(never)]
    pub(crate) fn own_date(&self, scope: &Scope<'_>, now: Time) -> Time {
        self.date(scope.own(&self.time_attribute), now)
    }

    /// The date of rollouts, which read the time again, now with the enrichment (reference 3.1, step 5).
    pub(crate) fn merged_date(&self, scope: &Scope<'_>, now: Time) -> Time {
        self.date(scope.merged(&self.time_attribute).map(|(value, _)| value), now)
    }

    /// The date that a `gofeatureflag` attribute sets, else `now`.
    fn date(&self, attribute: Option<Value<'_>>, now: Time) -> Time {
        let Some(Value::Map(attribute)) = attribute else { return now };
        match attribute.get_text(b"currentDateTime") {
            Some(Value::String(text)) => {
                std::str::from_utf8(text).ok().and_then(crate::time::parse).unwrap_or(now)
            }
            _ => now,
        }
    }

    #[inline(always)]
    fn evaluate_rules(&self, rules: &Rules, scope: &Scope<'_>, date: Time, now: Time) -> Answer {
        let key = match self.bucketing_key(rules, scope) {
            Ok(key) => key,
            Err(message) => return self.failure(ErrorCode::TargetingKeyMissing, message),
        };
        let (start, end) = rules.window;
        if rules.disabled || start.is_some_and(|start| date < start) || end.is_some_and(|end| date > end) {
            return Answer::value(rules.disabled_outcome, Reason::Disabled);
        }
        let matched = rules.targeting.first_match(&self.comparisons, scope).map(|number| number as usize);
        if key.is_empty() && rules.needs_key {
            // Every rule that is come to needs one, also one that is switched off.
            let visited = matched.and_then(|number| rules.rules.get(..=number)).unwrap_or(&rules.rules);
            if visited.iter().any(|rule| rule.needs_key) {
                return self.failure(ErrorCode::FlagConfig, self.messages.no_key_for_rule);
            }
        }
        if let Some(rule) = matched.and_then(|number| rules.rules.get(number)) {
            return self.select(rule, key, scope, now);
        }
        match &rules.default {
            None => self.failure(ErrorCode::FlagConfig, self.messages.no_default_rule),
            Some(rule) if rule.needs_key && key.is_empty() => {
                self.failure(ErrorCode::FlagConfig, self.messages.no_key_for_rule)
            }
            Some(rule) => self.select(rule, key, scope, now),
        }
    }

    #[inline(always)]
    fn select(&self, rule: &CompiledRule, key: &[u8], scope: &Scope<'_>, now: Time) -> Answer {
        if let Selection::Fixed(outcome) = &rule.selection {
            return Answer::value(*outcome, rule.reason);
        }
        self.split(rule, key, scope, now)
    }

    #[inline(never)]
    fn split(&self, rule: &CompiledRule, key: &[u8], scope: &Scope<'_>, now: Time) -> Answer {
        match rule.selection.choose(|| self.hash.add(key), || self.merged_date(scope, now)) {
            Ok(outcome) => Answer::value(outcome, rule.reason),
            Err(failure) => self.failure(ErrorCode::FlagConfig, self.messages.of(failure)),
        }
    }

    #[inline(always)]
    fn bucketing_key<'a>(&self, rules: &Rules, scope: &Scope<'a>) -> Result<&'a [u8], u16> {
        match &self.bucketing {
            // Not even looked at where nothing depends on it.
            Bucketing::TargetingKey | Bucketing::Unchecked if !rules.needs_key => Ok(&[]),
            Bucketing::TargetingKey if scope.targeting_key().is_empty() => {
                Err(self.messages.empty_targeting_key)
            }
            Bucketing::TargetingKey | Bucketing::Unchecked => Ok(scope.targeting_key()),
            Bucketing::Attribute(path) => self.attribute_key(path, rules, scope),
        }
    }

    #[inline(never)]
    fn attribute_key<'a>(&self, path: &[Name], rules: &Rules, scope: &Scope<'a>) -> Result<&'a [u8], u16> {
        match attribute(path, scope) {
            None => Err(self.messages.missing_bucketing_key),
            Some(Value::String([])) if rules.needs_key => Err(self.messages.empty_bucketing_key),
            Some(Value::String(key)) => Ok(key),
            Some(_) => Err(self.messages.invalid_bucketing_key),
        }
    }

    #[cold]
    fn failure(&self, code: ErrorCode, message: u16) -> Answer {
        Answer::failure(self.default_outcome, code, message)
    }

    /// The answer that no context and no time can change, where there is one.
    pub(crate) fn constant(&self) -> Option<Answer> {
        let ([phase], false) = (self.phases.as_slice(), self.depends_on_time) else { return None };
        let State::Whole(rules) = &phase.state else { return None };
        if rules.needs_key || matches!(self.bucketing, Bucketing::Attribute(_)) {
            return None;
        }
        (rules.disabled || rules.targeting.is_unconditional())
            .then(|| self.evaluate(Context::new(&[]), Time::default()))
    }
}

/// Stands in where a unit without phases would be: none is ever made.
const NO_PHASE: Phase = Phase { start: None, state: State::Broken(0) };

/// The attribute at `path`, through objects, without the keys that are injected for rules.
pub(crate) fn attribute<'a>(path: &[Name], scope: &Scope<'a>) -> Option<Value<'a>> {
    let (first, rest) = path.split_first()?;
    let (value, _) = scope.merged(first)?;
    rest.iter().try_fold(value, |value, name| match value {
        Value::Map(map) => map.get(name),
        _ => None,
    })
}
