//! From a flag's JSON to a unit and its load report.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use pennon_wire::guest::{Evaluator, LoadRequest, Time};
use pennon_wire::limits::MAX_OUTCOMES;
use pennon_wire::report::{LoadReport, Outcome};
use pennon_wire::{Answer, Context, ErrorCode, Name, Reason};

use crate::diagnose;
use crate::explain;
use crate::flag::{Flag, Rule, Values};
use crate::nikunjy::Comparisons;
use crate::query::Query;
use crate::rules::{Condition, Targeting};
use crate::schedule;
use crate::selection::{Failure, Hash, Selection};
use crate::unit::{Bucketing, CompiledRule, Messages, Phase, Rules, State, Unit};
use crate::validate;

/// Rules that all phases of a flag may have together. The relay has no bound: it applies steps at every evaluation;
/// here each phase is compiled, and a flag with thousands of steps on thousands of rules would not fit a guest.
pub const MAX_PHASE_RULES: usize = 65_536;

/// Name of the variant of the caller's own default.
const SDK_DEFAULT: &str = "SdkDefault";

/// GO Feature Flag's evaluator.
#[derive(Debug, Default)]
pub struct Goff {
    /// The enrichment of the last flag that was loaded; flags of one ruleset share it.
    enrichment: Option<Rc<[u8]>>,
}

impl Evaluator for Goff {
    type Unit = Unit;

    fn load(&mut self, request: LoadRequest<'_>) -> (Unit, LoadReport) {
        if request.enrichment.is_empty() {
            self.enrichment = None;
        } else if self.enrichment.as_deref() != Some(request.enrichment) {
            self.enrichment = Some(request.enrichment.into());
        }
        Compiler::new(request.key, self.enrichment.clone()).compile(request.unit)
    }

    #[inline]
    fn evaluate(unit: &Unit, context: Context<'_>, now: Time) -> Answer {
        unit.evaluate(context, now)
    }

    fn explain(&mut self, request: LoadRequest<'_>, context: Context<'_>, now: Time) -> String {
        let (unit, report) = self.load(request);
        let answer = unit.evaluate(context, now);
        let message = answer.message.and_then(|number| report.messages.get(usize::from(number)));
        explain::explain(request, &unit, context, now, answer, message.map_or("", String::as_str))
    }
}

struct Compiler {
    unit: Unit,
    report: LoadReport,
    outcomes: HashMap<Outcome, u32>,
    messages: HashMap<String, u16>,
    /// Queries by text: phases share those of the rules that a step did not touch.
    queries: HashMap<String, Rc<Query>>,
    /// Whether a rule of any step needs a bucketing key: the relay then wants one before the step happens, too.
    steps_need_key: bool,
}

impl Compiler {
    fn new(key: &str, enrichment: Option<Rc<[u8]>>) -> Self {
        let unit = Unit {
            enrichment,
            time_attribute: Name::new("gofeatureflag"),
            depends_on_time: false,
            hash: Hash::new().add(key.as_bytes()),
            bucketing: Bucketing::TargetingKey,
            comparisons: Comparisons::default(),
            phases: Vec::new(),
            default_outcome: 0,
            messages: Messages::default(),
        };
        let report = LoadReport { tracked: true, ..LoadReport::default() };
        Self {
            unit,
            report,
            outcomes: HashMap::new(),
            messages: HashMap::new(),
            queries: HashMap::new(),
            steps_need_key: false,
        }
    }

    fn compile(mut self, bytes: &[u8]) -> (Unit, LoadReport) {
        let parsed = std::str::from_utf8(bytes)
            .map_err(|error| (String::new(), format!("flag is not UTF-8: {error}"), error.valid_up_to()))
            .and_then(|text| {
                Flag::parse(text).map_err(|error| {
                    (error.path.clone(), format!("{} {}", error.path, error.message), error.offset)
                })
            });
        match parsed {
            Err((path, message, offset)) => {
                let message = message.trim_start().to_owned();
                self.report.diagnostics.push(diagnose::unreadable(path, &message, offset));
                self.refuse(ErrorCode::ParseError, message);
            }
            Ok(flag) => self.flag(&flag),
        }
        (self.unit, self.report)
    }

    /// Makes the unit one that always answers with this error.
    fn refuse(&mut self, code: ErrorCode, message: String) {
        let outcome = self.outcome(Outcome { variant: Some(SDK_DEFAULT.into()), ..Outcome::default() });
        let message = self.message(message);
        self.unit.phases = vec![Phase { start: None, state: State::Broken(message) }];
        self.unit.default_outcome = outcome;
        self.report.constant = Some(Answer::failure(outcome, code, message));
        self.report.attributes = Some(Vec::new());
    }

    fn flag(&mut self, flag: &Flag<'_>) {
        self.report.tracked = flag.track_events.unwrap_or(true);
        self.report.version = flag.version.clone().unwrap_or_default();
        let mut diagnostics = diagnose::flag(flag, |text| self.query(text));
        let validity = validate::validate(flag, |text| self.query(text));
        self.report.diagnostics.extend(validity.as_ref().err().map(diagnose::invalid));
        self.report.diagnostics.append(&mut diagnostics);
        if let Err(invalid) = validity {
            let place = if invalid.rule.is_empty() { String::new() } else { format!("{}: ", invalid.rule) };
            let advice = if invalid.suggestion.is_empty() {
                String::new()
            } else {
                format!("; {}", invalid.suggestion)
            };
            return self.refuse(ErrorCode::FlagConfig, format!("{place}{}{advice}", invalid.message));
        }
        let steps = schedule::dated(flag);
        let rules = |flag: &Flag<'_>| flag.targeting.as_ref().map_or(0, Vec::len);
        let added: usize = steps.iter().map(|(_, step)| rules(&step.flag)).sum();
        if (rules(flag) + added + 1) * (steps.len() + 1) > MAX_PHASE_RULES {
            let message = format!("{} scheduled steps are too many for this flag's rules", steps.len());
            return self.refuse(ErrorCode::FlagConfig, message);
        }
        self.steps_need_key = flag.scheduled.iter().flatten().any(|step| needs_key(&step.flag));
        self.unit.default_outcome = self.outcome(default_outcome(flag));
        self.unit.messages = self.messages(flag);
        self.unit.bucketing = match flag.bucketing_key.as_deref() {
            None => Bucketing::TargetingKey,
            Some("") => Bucketing::Unchecked,
            Some(path) => Bucketing::Attribute(path.split('.').map(Name::new).collect()),
        };
        self.phases(flag, &steps);
        if self.report.outcomes.len() > MAX_OUTCOMES {
            let outcomes = self.report.outcomes.len();
            self.report.outcomes.clear();
            self.outcomes.clear();
            return self.refuse(
                ErrorCode::FlagConfig,
                format!("{outcomes} different answers are too many for one flag"),
            );
        }
        self.unit.depends_on_time =
            self.unit.phases.len() > 1 || self.unit.phases.iter().any(depends_on_time);
        self.report.depends_on_time = self.unit.depends_on_time;
        self.report.constant = self.unit.constant();
        self.report.attributes = self.attributes(flag);
        self.unit.comparisons.close();
    }

    fn phases(&mut self, flag: &Flag<'_>, steps: &[(Time, &crate::flag::Step<'_>)]) {
        let state = State::Whole(self.rules(flag, flag));
        self.unit.phases.push(Phase { start: None, state });
        let mut current = flag.clone();
        for (index, (date, step)) in steps.iter().enumerate() {
            let applied = schedule::apply(&mut current, &step.flag);
            // Of several steps with one date only what all of them leave is ever seen.
            let superseded = steps.get(index + 1).is_some_and(|(next, _)| next == date);
            let state = match applied {
                Ok(()) if superseded => continue,
                Ok(()) => State::Whole(self.rules(&current, flag)),
                Err(impossible) => State::Broken(self.message(impossible.0.into())),
            };
            let broken = matches!(state, State::Broken(_));
            self.unit.phases.push(Phase { start: Some(*date), state });
            if broken {
                break;
            }
        }
    }

    /// Compiles the rules of `phase`, which is `flag` after some of its steps.
    fn rules(&mut self, phase: &Flag<'_>, flag: &Flag<'_>) -> Rules {
        let cacheable = flag.scheduled.as_ref().is_none_or(Vec::is_empty) && flag.experimentation.is_none();
        let rules = phase.targeting.as_deref().unwrap_or_default();
        let conditions: Vec<_> = rules
            .iter()
            .map(|rule| Condition {
                query: self.query(rule.query.as_deref().unwrap_or_default()),
                disabled: rule.disable.unwrap_or_default(),
            })
            .collect();
        let compiled = rules
            .iter()
            .map(|rule| {
                let reason =
                    if is_split(rule) { Reason::TargetingMatchSplit } else { Reason::TargetingMatch };
                self.rule(rule, phase, flag, reason, cacheable, rule.name.as_deref())
            })
            .collect();
        let default = phase.default_rule.as_ref().map(|rule| {
            let reason = match rules {
                _ if is_split(rule) => Reason::Split,
                [] => Reason::Static,
                _ => Reason::Default,
            };
            self.rule(rule, phase, flag, reason, cacheable, None)
        });
        let experimentation = phase.experimentation.clone().unwrap_or_default();
        let disabled = Outcome {
            variant: Some(SDK_DEFAULT.into()),
            metadata: metadata(flag, None, cacheable),
            ..Outcome::default()
        };
        Rules {
            needs_key: self.steps_need_key || needs_key(phase),
            disabled: phase.disable.unwrap_or_default(),
            window: (experimentation.start, experimentation.end),
            disabled_outcome: self.outcome(disabled),
            targeting: Targeting::new(&conditions),
            rules: compiled,
            default,
        }
    }

    fn rule(
        &mut self,
        rule: &Rule,
        phase: &Flag<'_>,
        flag: &Flag<'_>,
        reason: Reason,
        cacheable: bool,
        name: Option<&str>,
    ) -> CompiledRule {
        let metadata = metadata(flag, name, cacheable && rule.progressive.is_none());
        let no_variations = Values::new();
        let variations = phase.variations.as_ref().unwrap_or(&no_variations);
        let selection = Selection::new(rule, |variation| {
            self.outcome(Outcome {
                variant: Some(variation.into()),
                value: Some(variations.get(variation).copied().unwrap_or("null").into()),
                metadata: metadata.clone(),
                switch: None,
            })
        });
        CompiledRule { needs_key: rule.needs_key(), reason, selection }
    }

    fn query(&mut self, text: &str) -> Rc<Query> {
        if let Some(query) = self.queries.get(text) {
            return Rc::clone(query);
        }
        let query = Rc::new(Query::parse(text, &mut self.unit.comparisons));
        self.queries.insert(text.to_owned(), Rc::clone(&query));
        query
    }

    fn outcome(&mut self, outcome: Outcome) -> u32 {
        let next = self.report.outcomes.len() as u32;
        *self.outcomes.entry(outcome).or_insert_with_key(|outcome| {
            self.report.outcomes.push(outcome.clone());
            next
        })
    }

    fn message(&mut self, message: String) -> u16 {
        let next = self.report.messages.len() as u16;
        *self.messages.entry(message).or_insert_with_key(|message| {
            self.report.messages.push(message.clone());
            next
        })
    }

    fn messages(&mut self, flag: &Flag<'_>) -> Messages {
        let path = flag.bucketing_key.as_deref().unwrap_or_default();
        let missing = format!("impossible to find bucketingKey in context: nested key not found: {path}");
        let mut message = |text: &str| self.message(text.to_owned());
        Messages {
            empty_targeting_key: message("Error: Empty targeting key"),
            missing_bucketing_key: message(&missing),
            invalid_bucketing_key: message("invalid bucketing key"),
            empty_bucketing_key: message("Error: Empty bucketing key"),
            no_key_for_rule: message("evaluate Rule: no key for bucketing-required rule"),
            no_default_rule: message("no default targeting for the flag"),
            no_bucket: message(Failure::NoBucket.message()),
            incomplete_rollout: message(Failure::IncompleteRollout.message()),
            no_choice: message(Failure::NoChoice.message()),
        }
    }

    /// Names of the attributes that the flag reads; none where a rule may read any.
    fn attributes(&self, flag: &Flag<'_>) -> Option<Vec<String>> {
        let read = self.unit.comparisons.attributes();
        let mut names: Vec<_> = read.iter().map(|attribute| attribute.name().to_owned()).collect();
        for query in self.queries.values() {
            query.attributes(&mut names).then_some(())?;
        }
        if self.unit.depends_on_time {
            names.push("gofeatureflag".into());
        }
        let bucketing = flag.bucketing_key.as_deref().filter(|path| !path.is_empty());
        names.extend(bucketing.and_then(|path| path.split('.').next()).map(str::to_owned));
        let splits = |phase: &Phase| matches!(&phase.state, State::Whole(rules) if rules.needs_key);
        if bucketing.is_none() && self.unit.phases.iter().any(splits) {
            names.push("targetingKey".into());
        }
        names.sort();
        names.dedup();
        Some(names)
    }
}

fn default_outcome(flag: &Flag<'_>) -> Outcome {
    Outcome { variant: Some(SDK_DEFAULT.into()), metadata: metadata(flag, None, false), ..Outcome::default() }
}

/// The flag's metadata as an object, with what an evaluation adds to it (reference 3.1, step 11, and 4.4).
fn metadata(flag: &Flag<'_>, rule: Option<&str>, cacheable: bool) -> String {
    let text = |text: &str| serde_json::to_string(text).unwrap_or_default();
    let mut members: BTreeMap<&str, String> =
        flag.metadata.iter().flatten().map(|(name, value)| (name.as_str(), (*value).to_owned())).collect();
    if let Some(rule) = rule.filter(|rule| !rule.is_empty()) {
        members.insert("evaluatedRuleName", text(rule));
    }
    if cacheable {
        members.insert("gofeatureflag_cacheable", "true".into());
    }
    if members.is_empty() {
        return String::new();
    }
    let members: Vec<_> = members.iter().map(|(name, value)| format!("{}:{value}", text(name))).collect();
    format!("{{{}}}", members.join(","))
}

/// Whether a rule counts as a split: any progressive rollout, or shares of which none is exactly 100 (reference 3.6).
fn is_split(rule: &Rule) -> bool {
    let shares = rule.percentage.as_ref().filter(|shares| !shares.is_empty());
    rule.progressive.is_some() || shares.is_some_and(|shares| shares.values().all(|share| *share != 100.0))
}

fn needs_key(flag: &Flag<'_>) -> bool {
    flag.targeting.iter().flatten().chain(&flag.default_rule).any(Rule::needs_key)
}

fn depends_on_time(phase: &Phase) -> bool {
    let State::Whole(rules) = &phase.state else { return false };
    let progressive = |rule: &CompiledRule| matches!(rule.selection, Selection::Progressive(_));
    rules.window != (None, None) || rules.rules.iter().chain(&rules.default).any(progressive)
}
