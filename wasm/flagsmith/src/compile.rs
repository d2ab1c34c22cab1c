//! From what the host has of a document to what is evaluated.

use std::collections::HashMap;

use pennon_wire::guest::{Evaluator, LoadRequest, Time};
use pennon_wire::limits::MAX_OUTCOMES;
use pennon_wire::report::{Diagnostic, LoadReport, Outcome, Severity};
use pennon_wire::{Answer, Context, ErrorCode, Value as Raw};

use crate::answers::{Answer as EngineAnswer, Answers, Cause, Fact, Settings};
use crate::condition::{Condition, Place, Property};
use crate::diagnose;
use crate::feature::{Definition, Fault, Feature, Form, Group, Segment as Source};
use crate::hash::Prefix;
use crate::json::{Json, Node, quoted};
use crate::python::value_text;
use crate::rule::Rules;
use crate::scope::MEMOS;
use crate::state::State;
use crate::surroundings;
use crate::unit::{Asked, Flag, Identities, Messages, Order, Override, Segment, Unit};

/// The name under which an identity's own states are a segment.
pub(crate) const IDENTITY_OVERRIDES: &str = "identity_overrides";

/// Flagsmith's evaluator.
#[derive(Debug, Default)]
pub struct Flagsmith;

impl Evaluator for Flagsmith {
    type Unit = Unit;

    fn load(&mut self, request: LoadRequest<'_>) -> (Unit, LoadReport) {
        load(&request)
    }

    #[inline]
    fn evaluate(unit: &Unit, context: Context<'_>, _: Time) -> Answer {
        unit.evaluate(context)
    }

    fn evaluate_many(unit: &Unit, context: Context<'_>, _: Time) -> Vec<Answer> {
        unit.evaluate_many(context)
    }

    fn explain(&mut self, request: LoadRequest<'_>, context: Context<'_>, _: Time) -> String {
        let (unit, report) = load(&request);
        let json = std::str::from_utf8(request.unit).ok().and_then(|text| Json::parse(text).ok());
        let definition = json.as_ref().map(Definition::new);
        crate::explain::explain(&unit, &report, definition.as_ref(), context)
    }
}

/// What the ruleset says of itself.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    /// What begins the keys of identities.
    pub key: String,
    /// It and its name as JSON, for paths.
    pub json: String,
    pub settings: Settings,
}

impl Environment {
    /// Reads it from what the host adds to every context.
    fn new(enrichment: &[u8]) -> Self {
        let attributes = Context::new(enrichment).attributes();
        let text = |name: &[u8]| attributes.get_text(name).map(value_text).unwrap_or_default();
        let json = |name: &[u8]| match attributes.get_text(name) {
            Some(Raw::String(text)) => quoted(std::str::from_utf8(text).unwrap_or_default()),
            _ => "null".into(),
        };
        let is_set = |name: &[u8]| matches!(attributes.get_text(name), Some(Raw::Bool(true)));
        Self {
            key: text(b"key"),
            json: format!("{{\"key\":{},\"name\":{}}}", json(b"key"), json(b"name")),
            settings: Settings {
                booleans_are_values: is_set(b"use_boolean_config_value"),
                disabled_flags_have_values: is_set(b"return_value_for_disabled_flags"),
            },
        }
    }
}

fn load(request: &LoadRequest<'_>) -> (Unit, LoadReport) {
    let environment = Environment::new(request.enrichment);
    let text = std::str::from_utf8(request.unit).map_err(|error| error.to_string());
    match text.and_then(Json::parse) {
        Ok(json) => Compiler::new(&environment).compile(request.key, &Definition::new(&json)),
        Err(message) => refuse(ErrorCode::ParseError, format!("feature cannot be read: {message}")),
    }
}

/// A unit that always fails.
fn refuse(code: ErrorCode, message: String) -> (Unit, LoadReport) {
    let report = LoadReport {
        constant: Some(Answer::failure(0, code, 0)),
        tracked: true,
        outcomes: vec![Outcome::default()],
        diagnostics: vec![Diagnostic {
            severity: Severity::Error,
            code: "unreadable-flag".into(),
            rule: String::new(),
            column: 0,
            message: message.clone(),
            suggestion: String::new(),
        }],
        messages: vec![message],
        attributes: Some(Vec::new()),
        ..LoadReport::default()
    };
    (Unit::default(), report)
}

/// The parts of a unit in the making.
pub(crate) struct Compiler<'e> {
    environment: &'e Environment,
    answers: Answers,
    diagnostics: Vec<Diagnostic>,
}

/// What of a feature has been read.
pub(crate) struct Read<'j> {
    feature: Feature<'j>,
    overrides: Vec<(usize, Feature<'j>)>,
    identities: Vec<(usize, Feature<'j>)>,
}

impl<'e> Compiler<'e> {
    pub fn new(environment: &'e Environment) -> Self {
        Self { environment, answers: Answers::new(environment.settings), diagnostics: Vec::new() }
    }

    fn compile(mut self, key: &str, definition: &Definition<'_>) -> (Unit, LoadReport) {
        let read = match self.read(key, definition) {
            Ok(read) => read,
            Err(message) => return refuse(ErrorCode::ParseError, message),
        };
        let asked = match definition.segment {
            _ if definition.is_all && read.len() == definition.features.len() => Asked::All,
            // The host asks for each feature alone.
            _ if definition.is_all => return refuse(ErrorCode::General, "a feature cannot be read".into()),
            Some(segment) => Asked::Segment(segment),
            None => match read.iter().position(|read| read.feature.name == key) {
                Some(flag) => Asked::Flag(flag),
                None => return refuse(ErrorCode::General, "feature is not in its own definition".into()),
            },
        };
        let unit = self.unit(asked, definition, &read);
        self.report(key, unit, &read)
    }

    /// Reads all states. A fault of another feature's makes that feature one that does not exist; the vendor's client refuses
    /// the whole document.
    pub fn read<'j>(&mut self, key: &str, definition: &Definition<'j>) -> Result<Vec<Read<'j>>, String> {
        let form = definition.form;
        let overrides = overrides(definition);
        let identities = identities(&definition.groups);
        let mut all = Vec::new();
        for node in &definition.features {
            let name = form.name(*node).unwrap_or_default();
            let feature = form.read(*node);
            let overrides = read_all(&overrides, name, |state| form.read(state));
            let identities = read_all(&identities, name, |state| Form::Document.read_identity(state));
            match (feature, overrides, identities) {
                (Ok(feature), Ok(overrides), Ok(identities)) => {
                    all.push(Read { feature, overrides, identities });
                }
                (Err(fault), _, _) | (_, Err(fault), _) | (_, _, Err(fault)) if name == key => {
                    return Err(format!("{}; Flagsmith's client refuses the whole document for it", fault.0));
                }
                _ => {}
            }
        }
        Ok(all)
    }

    /// All answers so far, in the form in which conditions read them.
    pub fn facts(&self) -> Vec<Fact> {
        self.answers.facts()
    }

    /// Compiles the whole of a definition.
    pub fn unit(&mut self, asked: Asked, definition: &Definition<'_>, read: &[Read<'_>]) -> Unit {
        let sources: Vec<_> = definition.segments.iter().map(|node| definition.form.segment(*node)).collect();
        let mut segments: Vec<Segment> = sources
            .iter()
            .enumerate()
            .map(|(number, source)| self.segment(number, source, definition))
            .collect();
        keep_traits(&mut segments);
        let environment = Json::parse_lax(&self.environment.json).unwrap_or_default();
        for condition in segments.iter_mut().flat_map(|segment| segment.rules.conditions_mut()) {
            condition.property.read(environment.root());
        }
        let flags: Vec<Flag> =
            read.iter().map(|read| self.flag(read, &sources, &definition.groups)).collect();
        let order = crate::order::order(asked, &flags, &segments, definition.is_whole);
        let circular = self.answers.len() as u32;
        let mut conditions = segments.iter().flat_map(|segment| segment.rules.conditions());
        let reads_flags = conditions.any(|condition| flags_read(&condition.property) != Some(None));
        if reads_flags && matches!(order, Order::Bulk) {
            self.answers.add_circular();
        }
        let reads_document =
            segments.iter().flat_map(|segment| segment.rules.conditions()).any(reads_document);
        let surroundings = if reads_document {
            surroundings::whole(&self.environment.json, definition)
        } else {
            format!("{{\"environment\":{}}}", self.environment.json)
        };
        Unit {
            asked,
            key_prefix: format!("{}_", self.environment.key).into_bytes().into(),
            flags,
            segments,
            order,
            surroundings: Json::parse_lax(&surroundings).unwrap_or_default(),
            facts: if reads_flags { self.answers.facts() } else { Vec::new() },
            circular: if reads_flags { circular } else { 0 },
            ..Unit::default()
        }
    }

    fn segment(&mut self, number: usize, source: &Source<'_>, definition: &Definition<'_>) -> Segment {
        let prefix = Prefix::new(format!("{},", source.key).as_bytes());
        let place = format!("segments[{number}] {}", quoted(&source.name));
        let rules = Rules::new(source.rules, definition.terms(), &prefix, &place, &mut self.diagnostics);
        diagnose::segment(&rules, &place, &mut self.diagnostics);
        Segment { name: source.name.as_str().into(), rules }
    }

    fn flag(&mut self, read: &Read<'_>, segments: &[Source<'_>], groups: &[Group<'_>]) -> Flag {
        let is_targeted = !read.overrides.is_empty() || !read.identities.is_empty();
        let cause = if is_targeted { Cause::Default } else { Cause::Static };
        let environment = self.answers.add(EngineAnswer::plain(&read.feature, Cause::Static));
        let default = State::new(&read.feature, cause, &mut self.answers);
        diagnose::priorities(&read.overrides, segments, &mut self.diagnostics);
        let mut overrides: Vec<Override> = read
            .overrides
            .iter()
            .map(|(segment, feature)| {
                let name = segments.get(*segment).map_or("", |segment| segment.name.as_str());
                let state = State::new(feature, Cause::Segment(name), &mut self.answers);
                Override { segment: *segment, priority: feature.priority.clone(), state }
            })
            .collect();
        // Stable: of two with one priority the first of the document wins.
        overrides.sort_by(|a, b| a.priority.compare(&b.priority));
        let strongest = overrides.iter().take_while(|own| own.priority.is_strongest()).count();
        let mut identities = Identities::default();
        for (group, feature) in &read.identities {
            let answer = self.answers.add(EngineAnswer::plain(feature, Cause::Segment(IDENTITY_OVERRIDES)));
            for identifier in groups.get(*group).into_iter().flat_map(|group| &group.identifiers) {
                identities.add(identifier, answer);
            }
        }
        Flag { name: read.feature.name.into(), environment, default, overrides, strongest, identities }
    }

    /// Numbers the outcomes, and says what the host needs to know.
    fn report(mut self, key: &str, mut unit: Unit, read: &[Read<'_>]) -> (Unit, LoadReport) {
        let mut report = LoadReport { tracked: true, ..LoadReport::default() };
        match unit.asked {
            Asked::Segment(_) => {
                report.outcomes.extend(segment_outcomes());
                report.tracked = false;
            }
            asked => {
                let is_all = matches!(asked, Asked::All);
                let is_wanted = |answer: &EngineAnswer| is_all || *answer.name == *key;
                unit.outcomes = self.answers.outcomes(is_wanted, &mut report.outcomes);
                if is_all {
                    unit.segment_outcomes = report.outcomes.len() as u32;
                    report.outcomes.extend(segment_outcomes());
                    unit.fix();
                }
                // A failure's answer has no value.
                unit.default_outcome = report.outcomes.len() as u32;
                report.outcomes.push(Outcome::default());
            }
        }
        if report.outcomes.len() > MAX_OUTCOMES {
            let message = format!("{} different answers are too many for one feature", report.outcomes.len());
            return refuse(ErrorCode::General, message);
        }
        report.messages = vec![
            "attribute `traits` is not an object".into(),
            "a variant's percentage_allocation is not a number".into(),
            "for some contexts a condition can't be evaluated: it does not match, where Flagsmith's engine raises and gives no answer; \
             `explain` names it".into(),
        ];
        unit.messages = Messages { no_traits: 0, no_share: 1, raised: 2 };
        report.constant = constant(&unit);
        report.attributes = attributes(&unit);
        if let Asked::Flag(flag) = unit.asked {
            diagnose::flag(read.get(flag).map(|read| &read.feature), &unit, flag, &mut self.diagnostics);
        }
        report.diagnostics = diagnose::bounded(self.diagnostics);
        (unit, report)
    }
}

/// Has evaluations keep the first traits that they look for.
fn keep_traits(segments: &mut [Segment]) {
    let mut places: HashMap<String, u8> = HashMap::new();
    for condition in segments.iter_mut().flat_map(|segment| segment.rules.conditions_mut()) {
        for name in condition.property.names_mut() {
            let next = places.len() as u8;
            match places.get(name.as_str()) {
                Some(place) => name.set_memo(*place),
                None if next < MEMOS => {
                    places.insert(name.as_str().to_owned(), next);
                    name.set_memo(next);
                }
                None => {}
            }
        }
    }
}

/// Whether a context is in a segment.
fn segment_outcomes() -> [Outcome; 2] {
    ["false", "true"].map(|value| Outcome { value: Some(value.into()), ..Outcome::default() })
}

/// States by the names of their features, each with the number of the segment or the group that has it.
type States<'j> = HashMap<&'j str, Vec<(usize, Node<'j>)>>;

/// What segments have instead of features' defaults, in the order of the document.
fn overrides<'j>(definition: &Definition<'j>) -> States<'j> {
    let form = definition.form;
    let mut states = States::new();
    for (number, segment) in definition.segments.iter().enumerate() {
        for state in form.segment(*segment).overrides {
            states.entry(form.name(state).unwrap_or_default()).or_default().push((number, state));
        }
    }
    states
}

/// What groups of identities have instead.
fn identities<'j>(groups: &[Group<'j>]) -> States<'j> {
    let mut states = States::new();
    for (number, group) in groups.iter().enumerate() {
        for state in &group.states {
            states.entry(Form::Document.name(*state).unwrap_or_default()).or_default().push((number, *state));
        }
    }
    states
}

fn read_all<'j>(
    states: &States<'j>,
    name: &str,
    read: impl Fn(Node<'j>) -> Result<Feature<'j>, Fault>,
) -> Result<Vec<(usize, Feature<'j>)>, Fault> {
    let states = states.get(name).into_iter().flatten();
    states.map(|(number, state)| Ok((*number, read(*state)?))).collect()
}

/// The answer that no context can change.
fn constant(unit: &Unit) -> Option<Answer> {
    let Asked::Flag(flag) = unit.asked else { return None };
    let flag = unit.flags.get(flag)?;
    let is_constant = !flag.varies();
    let (outcome, reason) = unit.outcomes.get(flag.environment as usize)?;
    // In a cycle, and where flags are read by paths, also such a flag's answer has to be found.
    (is_constant && matches!(unit.order, Order::Alone)).then(|| Answer::value(*outcome, *reason))
}

/// The attributes that an answer depends on; none where it may be any.
fn attributes(unit: &Unit) -> Option<Vec<String>> {
    let mut names = vec!["targetingKey".to_owned(), "traits".to_owned()];
    for condition in unit.segments.iter().flat_map(|segment| segment.rules.conditions()) {
        names.extend(condition.property.traits()?.into_iter().map(str::to_owned));
    }
    names.sort();
    names.dedup();
    if constant(unit).is_some() {
        names.clear();
    }
    Some(names)
}

/// By which flags a condition's value is found; none where it may be any.
pub(crate) fn flags_read(property: &Property) -> Option<Option<&str>> {
    match property {
        Property::Path(_, Place::Flag(name, _)) => Some(Some(name)),
        Property::Path(_, Place::Any(path)) => match path.names()? {
            [first, name, ..] if &**first == "flags" => Some(Some(name)),
            _ => Some(None),
        },
        _ => Some(None),
    }
}

/// Whether a condition may read features or segments as the document has them.
fn reads_document(condition: &Condition) -> bool {
    let Property::Path(_, Place::Any(path)) = &condition.property else { return false };
    let first = path.names().and_then(<[_]>::first).map(|name| &**name);
    !matches!(first, Some("environment" | "identity" | "flags"))
}

/// Numbers by name.
pub(crate) fn numbers(flags: &[Flag]) -> HashMap<&str, usize> {
    flags.iter().enumerate().map(|(number, flag)| (&*flag.name, number)).collect()
}
