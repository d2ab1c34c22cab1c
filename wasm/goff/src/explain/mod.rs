//! Why a flag's answer is what it is: which rule decided, what its query compared, and what would have to differ.
//!
//! Works on the flag as its author wrote it, beside the compiled form that evaluates; a test compares what both say.

mod json;
mod split;
mod tree;

use std::collections::BTreeSet;

use pennon_wire::guest::{LoadRequest, Time};
use pennon_wire::{Answer, Context, ErrorCode, Name, Reason, Value};

use self::json::Object;
use self::tree::MAX_COMPARISONS;
pub use self::tree::{Comparison, Tree};
use crate::flag::{Flag, Rule};
use crate::nikunjy::Comparisons;
use crate::query::Query;
use crate::schedule;
use crate::scope::Scope;
use crate::unit::Unit;
use crate::validate::rule_name;

/// Rules that are explained; those after them are counted.
const MAX_RULES: usize = 256;

/// A value of a context as JSON.
pub fn value_json(value: Value<'_>) -> String {
    json::value(value, 0)
}

/// Explains, as a JSON object, why `unit`, which was compiled from `request`, gave `answer`; `message` is that of the answer,
/// if it is an error.
pub fn explain(
    request: LoadRequest<'_>,
    unit: &Unit,
    context: Context<'_>,
    now: Time,
    answer: Answer,
    message: &str,
) -> String {
    let text = std::str::from_utf8(request.unit).unwrap_or_default();
    let scope = unit.scope(context);
    let explained = match Flag::parse(text) {
        Ok(flag) if message.is_empty() || is_come_to(answer) => {
            let read = BTreeSet::new();
            Explanation { request, unit, scope: &scope, now, answer, message, read }.flag(&flag)
        }
        _ => Object::default().text("decidedBy", "flag").text("because", message),
    };
    explained.finish()
}

/// Whether an error was met in the rules, not before them.
fn is_come_to(answer: Answer) -> bool {
    answer.error == Some(ErrorCode::FlagConfig)
}

struct Explanation<'e> {
    request: LoadRequest<'e>,
    unit: &'e Unit,
    scope: &'e Scope<'e>,
    now: Time,
    answer: Answer,
    message: &'e str,
    /// Paths of the attributes that were read.
    read: BTreeSet<String>,
}

/// What became of a rule.
struct Verdict {
    json: String,
    matched: bool,
}

impl<'e> Explanation<'e> {
    fn flag(&mut self, flag: &Flag<'_>) -> Object {
        let time = self.unit.own_date(self.scope, self.now);
        let (current, steps) = self.apply_steps(flag, time);
        let head = |by: &str, because: &str| {
            let object = Object::default().text("decidedBy", by).text("because", because);
            object.list("scheduledSteps", &steps)
        };
        if self.answer.reason == Reason::Disabled {
            let because = match current.disable {
                Some(true) => "the flag is switched off (disable)",
                _ => "the time is outside of the flag's experimentation",
            };
            return head("flag", because);
        }
        let (rules, matched, more) = self.rules(&current);
        let targeting = current.targeting.as_deref().unwrap_or_default();
        let decided =
            matched.and_then(|index| Some((rule_name(index, targeting.get(index)?), targeting.get(index)?)));
        let (by, because) = match &decided {
            _ if !self.message.is_empty() => ("flag".to_owned(), self.message),
            Some((name, _)) => (name.clone(), "its query matches, and no rule before it does"),
            None if targeting.is_empty() => ("defaultRule".to_owned(), "the flag has no other rule"),
            None => ("defaultRule".to_owned(), "no other rule matches"),
        };
        let rule = decided.map(|(_, rule)| rule).or(current.default_rule.as_ref());
        let object = head(&by, because);
        let object = match rule {
            Some(rule) => object.json("choice", &self.choice(rule, flag, time)),
            None => object,
        };
        let read: Vec<_> = self.read.iter().map(|name| json::quoted(name)).collect();
        let object = object.list("attributesRead", &read).list("rules", &rules);
        if more > 0 { object.json("moreRules", &more.to_string()) } else { object }
    }

    /// The flag after the steps of the past, and the steps as JSON.
    fn apply_steps<'f>(&self, flag: &Flag<'f>, time: Time) -> (Flag<'f>, Vec<String>) {
        let mut current = flag.clone();
        let mut steps = Vec::new();
        for (date, step) in schedule::dated(flag) {
            let happened = date <= time;
            let applied = happened && schedule::apply(&mut current, &step.flag).is_ok();
            let object = Object::default().text("date", &crate::time::format(date));
            steps.push(object.json("applied", if applied { "true" } else { "false" }).finish());
        }
        (current, steps)
    }

    /// What became of each rule, which matched, and how many rules are not shown.
    fn rules(&mut self, flag: &Flag<'_>) -> (Vec<String>, Option<usize>, usize) {
        let targeting = flag.targeting.as_deref().unwrap_or_default();
        let (mut rules, mut matched) = (Vec::new(), None);
        for (index, rule) in targeting.iter().enumerate() {
            if matched.is_some() || rules.len() >= MAX_RULES {
                // Rules that are not shown still decide.
                if matched.is_none() && !rule.disable.unwrap_or_default() && self.read_query(rule).1 {
                    matched = Some(index);
                }
                continue;
            }
            let verdict = self.verdict(&rule_name(index, rule), rule);
            rules.push(verdict.json);
            matched = verdict.matched.then_some(index);
        }
        let more = targeting.len() - rules.len();
        (rules, matched, more)
    }

    /// The rule's query, and whether it matches.
    fn read_query(&self, rule: &Rule) -> (Query, bool) {
        let mut comparisons = Comparisons::default();
        let query = Query::parse(rule.query.as_deref().unwrap_or_default(), &mut comparisons);
        let matches = query.matches(&comparisons, self.scope);
        (query, matches)
    }

    fn verdict(&mut self, name: &str, rule: &Rule) -> Verdict {
        let text = rule.query.as_deref().unwrap_or_default();
        let object = Object::default().text("rule", name).text("query", text);
        if rule.disable.unwrap_or_default() {
            return Verdict { json: object.text("result", "switched off").finish(), matched: false };
        }
        let (query, matched) = self.read_query(rule);
        let tree = query.explain(text, self.scope);
        let (result, differ) =
            if matched { ("matches", "notToMatch") } else { ("does not match", "toMatch") };
        let note = if tree.matches() == matched {
            ""
        } else {
            "its comparisons do not stand alone here: one reads an operand that another left behind, or an attribute \
             is itself a rule"
        };
        let trace = tree.trace();
        self.read
            .extend(trace.iter().flat_map(|comparison| &comparison.operands).map(|(name, _)| name.clone()));
        let shown: Vec<_> =
            trace.iter().take(MAX_COMPARISONS).map(|comparison| comparison.to_json()).collect();
        let object = object.text("result", result).list("comparisons", &shown).note("note", note);
        let object = if note.is_empty() { object.list(differ, &tree.differences(!matched)) } else { object };
        Verdict { json: object.finish(), matched }
    }

    /// What the rule gives, and why to this user.
    fn choice(&mut self, rule: &Rule, flag: &Flag<'_>, time: Time) -> String {
        let key = self.bucketing_key(flag);
        if rule.needs_key() {
            let by = flag.bucketing_key.as_deref().filter(|path| !path.is_empty());
            self.read.insert(by.unwrap_or("targetingKey").to_owned());
        }
        let time =
            if rule.progressive.is_some() { self.unit.merged_date(self.scope, self.now) } else { time };
        split::choice(rule, self.request.key, flag.bucketing_key.as_deref(), key, time)
    }

    fn bucketing_key(&self, flag: &Flag<'_>) -> &'e [u8] {
        let Some(path) = flag.bucketing_key.as_deref().filter(|path| !path.is_empty()) else {
            return self.scope.targeting_key();
        };
        let names: Vec<_> = path.split('.').map(Name::new).collect();
        match crate::unit::attribute(&names, self.scope) {
            Some(Value::String(key)) => key,
            _ => &[],
        }
    }
}
