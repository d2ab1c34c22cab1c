//! Why a feature answers as it does: which segments were come to, in the order of their strength, what their conditions
//! compared, and where the identity falls among variants.

use pennon_wire::Context;
use pennon_wire::report::{LoadReport, Severity};

use crate::bulk::Bulk;
use crate::condition::{Condition, Source, Terms};
use crate::feature::{Definition, Segment as Read};
use crate::hash::Prefix;
use crate::json::{Node, quoted};
use crate::python::{float_text, json_text};
use crate::scope::Scope;
use crate::state::{NoShare, State};
use crate::tree::{Flags, World};
use crate::unit::{Asked, Flag, Order, Override, Unit};
use crate::value::Value;

/// Segments that are told of.
const MAX_SEGMENTS: usize = 256;

/// Conditions of a segment that are told of.
const MAX_COMPARISONS: usize = 256;

/// Characters of a condition's value that are told.
const MAX_VALUE: usize = 200;

/// Explains, as a JSON object (docs/explain.md).
pub fn explain(
    unit: &Unit,
    report: &LoadReport,
    definition: Option<&Definition<'_>>,
    context: Context<'_>,
) -> String {
    let answer = unit.evaluate(context);
    let failure = answer.message.filter(|_| answer.error.is_some());
    if let Some(message) = failure.and_then(|number| report.messages.get(usize::from(number))) {
        return object("flag", message, "");
    }
    let Some(identifier) = context.targeting_key().filter(|key| !key.is_empty()) else {
        let because = "there is no targeting key, so the environment's default is the answer";
        return object("environment", because, "");
    };
    let scope = Scope::new(context, identifier, &unit.key_prefix, &unit.names);
    let (Some(definition), Asked::Flag(number), Ok(scope)) = (definition, unit.asked, scope) else {
        return object("flag", "it cannot be evaluated", "");
    };
    let Some(flag) = unit.flags.get(number) else { return object("flag", "it cannot be evaluated", "") };
    let form = definition.form;
    let segments: Vec<_> = definition.segments.iter().map(|node| form.segment(*node)).collect();
    let evaluation = Evaluation { unit, report, segments, terms: definition.terms(), scope: &scope };
    if let Order::Bulk = unit.order {
        let bulk = Bulk::new(unit, &scope);
        let outcome = bulk.run(std::iter::once(number));
        let world = World { unit, flags: Flags::Bulk(&bulk) };
        let matched = |segment: usize| outcome.segments.contains(&segment);
        // Another flag may have asked for its answer before all segments were known: then that answer stands.
        let given = outcome.flags.first().copied().unwrap_or(Err(NoShare));
        let is_given =
            |answer: Result<u32, NoShare>| answer == given || answer.map(|own| unit.circular(own)) == given;
        let is_early = !is_given(flag.answer(&scope, matched));
        let gave = |own: &Override| is_given(own.state.answer(scope.identity.as_ref()));
        let early = |segment: usize| flag.overrides.iter().any(|own| own.segment == segment && gave(own));
        return evaluation.explain(
            flag,
            &world,
            |segment| if is_early { early(segment) } else { matched(segment) },
        );
    }
    let answers = unit.first_answers(&scope);
    let world = World { unit, flags: Flags::Resolved(&answers) };
    evaluation.explain(flag, &world, |segment| {
        unit.segments.get(segment).is_some_and(|segment| segment.matches(&scope, &world))
    })
}

/// An evaluation that is explained.
struct Evaluation<'e> {
    unit: &'e Unit,
    report: &'e LoadReport,
    /// The segments as the document has them.
    segments: Vec<Read<'e>>,
    terms: Terms<'e>,
    scope: &'e Scope<'e>,
}

impl Evaluation<'_> {
    fn explain(&self, flag: &Flag, world: &World<'_>, matches: impl Fn(usize) -> bool) -> String {
        let mut rules = Vec::new();
        let (strongest, others) = flag.overrides.split_at_checked(flag.strongest).unwrap_or_default();
        let mut find = |overrides: &'_ [Override]| {
            overrides.iter().position(|own| {
                let is_in = matches(own.segment);
                rules.push(self.rule(own.segment, is_in, world));
                is_in
            })
        };
        let own = self.scope.identity.and_then(|identity| flag.identities.find(identity.identifier));
        let mut decided = find(strongest).and_then(|number| strongest.get(number));
        if decided.is_none() && own.is_some() {
            return object("identity_overrides", "the identity has a state of its own", &members(&rules, ""));
        }
        if decided.is_none() {
            decided = find(others).and_then(|number| others.get(number));
        }
        let Some(decided) = decided else {
            let because = if rules.is_empty() {
                "no segment overrides the feature, and the identity has no state of its own"
            } else {
                "the identity is in no segment that overrides the feature"
            };
            return object("environment", because, &members(&rules, &self.choice(&flag.default)));
        };
        let because = "the identity is in this segment, and in none that is stronger";
        let name = self.unit.segments.get(decided.segment).map_or("", |segment| &segment.name);
        object(&format!("segment {name}"), because, &members(&rules, &self.choice(&decided.state)))
    }

    /// What became of a segment's rules.
    fn rule(&self, number: usize, matches: bool, world: &World<'_>) -> String {
        let (Some(segment), Some(read)) = (self.unit.segments.get(number), self.segments.get(number)) else {
            return "{}".into();
        };
        let (query, sources) = query(read.rules, self.terms);
        let conditions = segment.rules.conditions().iter().zip(sources).take(MAX_COMPARISONS);
        let compared: Vec<_> =
            conditions.map(|(condition, source)| self.comparison(condition, source, world)).collect();
        format!(
            "{{\"rule\":{},\"result\":\"{}\",\"query\":{},\"comparisons\":[{}]}}",
            quoted(&format!("segment {}", segment.name)),
            if matches { "matches" } else { "does not match" },
            quoted(&query),
            compared.join(",")
        )
    }

    /// One condition: what it compared, whether it holds, and what is wrong with it.
    fn comparison(&self, condition: &Condition, source: Source<'_>, world: &World<'_>) -> String {
        let mut notes = Vec::new();
        Condition::new(source, &Prefix::new(b""), &mut notes);
        notes.retain(|note| note.severity == Severity::Error);
        self.scope.take_raised();
        let holds = condition.holds(self.scope, world);
        let fault = if let Some(note) = notes.pop() {
            Some(note.message)
        } else {
            self.scope.take_raised().then(|| "Flagsmith's engine raises for this value".into())
        };
        let mut operands = Vec::new();
        let mut operand = |name: &str, value: String| {
            operands.push(format!("{{\"attribute\":{},\"value\":{value}}}", quoted(name)));
        };
        if let Ok(value) = condition.value(self.scope, world) {
            operand(
                if source.property.is_empty() { "$.identity.key" } else { source.property },
                value_json(&value),
            );
        }
        if let Some(percentage) = condition.percentage(self.scope, world) {
            operand("percentage", float_text(percentage));
        }
        format!(
            "{{\"comparison\":{},\"operands\":[{}],\"holds\":{holds}{}}}",
            quoted(&text(source)),
            operands.join(","),
            fault.map(|fault| format!(",\"fault\":{}", quoted(&fault))).unwrap_or_default()
        )
    }

    /// Where the identity falls among a state's variants; nothing where it has none.
    fn choice(&self, state: &State) -> String {
        let Some(identity) = self.scope.identity else { return String::new() };
        let Some((percentage, shares)) = state.shares(&identity) else { return String::new() };
        let variant = |answer: u32| {
            let (outcome, _) = self.unit.outcomes.get(answer as usize)?;
            self.report.outcomes.get(*outcome as usize)?.variant.clone()
        };
        let name = |answer: Option<u32>| quoted(&answer.and_then(variant).unwrap_or_default());
        let of = |answer: Option<u32>, from: f64, below: f64| {
            let (from, below) = (finite(from), finite(below));
            format!("{{\"variation\":{},\"from\":{from},\"below\":{below}}}", name(answer))
        };
        let chosen = state.answer(Some(&identity)).ok();
        let shares: Vec<_> =
            shares.iter().map(|(from, below, answer)| of(Some(*answer), *from, *below)).collect();
        format!(
            ",\"choice\":{{\"variation\":{},\"split\":{{\"attribute\":\"targetingKey\",\"value\":{},\"bucket\":{},\"of\":100,\
             \"shares\":[{}]}}}}",
            name(chosen),
            quoted(std::str::from_utf8(identity.identifier).unwrap_or_default()),
            float_text(percentage),
            shares.join(",")
        )
    }
}

/// What is left of rules to write, the next last.
enum Task<'j> {
    Rule(Node<'j>),
    Text(&'static str),
}

/// The rules of a segment in words, as `ALL(plan EQUAL "pro"; ANY(...))`, and their conditions in the order in which they are
/// compiled; no more than are told of.
fn query<'j>(rules: Node<'j>, terms: Terms<'j>) -> (String, Vec<Source<'j>>) {
    let (mut query, mut sources) = (String::new(), Vec::new());
    let mut tasks = Vec::new();
    push(rules, "", &mut tasks);
    while let Some(task) = tasks.pop() {
        let rule = match task {
            Task::Text(text) => {
                query.push_str(text);
                continue;
            }
            Task::Rule(_) if sources.len() >= MAX_COMPARISONS => {
                query.push_str("...");
                continue;
            }
            Task::Rule(rule) => rule,
        };
        query.push_str(rule.get("type").and_then(Node::text).unwrap_or("?"));
        query.push('(');
        let own = rule.get("conditions").into_iter().flat_map(Node::items);
        let own: Vec<_> = own.map(|condition| Source::read(condition, terms)).collect();
        query.push_str(&own.iter().map(|source| text(*source)).collect::<Vec<_>>().join("; "));
        tasks.push(Task::Text(")"));
        let separator = if own.is_empty() { "" } else { "; " };
        rule.get("rules").into_iter().for_each(|rules| push(rules, separator, &mut tasks));
        sources.extend(own);
    }
    (query, sources)
}

/// The rules of a list, the first last, each with what separates it from what is before it.
fn push<'j>(rules: Node<'j>, first: &'static str, tasks: &mut Vec<Task<'j>>) {
    let rules: Vec<_> = rules.items().collect();
    for (number, rule) in rules.into_iter().enumerate().rev() {
        tasks.push(Task::Rule(rule));
        tasks.push(Task::Text(if number == 0 { first } else { "; " }));
    }
}

/// A condition in words.
fn text(source: Source<'_>) -> String {
    let property = if source.property.is_empty() { "$.identity.key" } else { source.property };
    let mut value =
        if source.value.is_null() { String::new() } else { format!(" {}", json_text(source.value)) };
    if let Some((end, _)) = value.char_indices().nth(MAX_VALUE) {
        value.truncate(end);
        value.push_str("...");
    }
    format!("{property} {}{value}", source.operator.unwrap_or("?"))
}

/// A value as conditions see it, as JSON.
fn value_json(value: &Value<'_>) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(value) => value.to_string(),
        // More than a double holds is more than JSON is read with.
        Value::Int(value) if value.to_f64().is_some() => value.to_string(),
        Value::Float(value) => finite(*value),
        value => quoted(&value.to_text()),
    }
}

/// A number as JSON, which has no infinity.
fn finite(number: f64) -> String {
    let text = float_text(number);
    if number.is_finite() { text } else { quoted(&text) }
}

/// The members behind the first two.
fn members(rules: &[String], choice: &str) -> String {
    let more = rules.len().saturating_sub(MAX_SEGMENTS);
    let told = rules.get(..rules.len() - more).unwrap_or_default();
    let mut members = choice.to_owned();
    if !told.is_empty() {
        members.push_str(&format!(",\"rules\":[{}]", told.join(",")));
    }
    if more > 0 {
        members.push_str(&format!(",\"moreRules\":{more}"));
    }
    members
}

fn object(decided_by: &str, because: &str, members: &str) -> String {
    format!("{{\"decidedBy\":{},\"because\":{}{members}}}", quoted(decided_by), quoted(because))
}
