//! The answers that a unit can give, numbered.

use std::collections::HashMap;

use pennon_wire::Reason;
use pennon_wire::report::{Outcome, Switch};

use crate::feature::Feature;
use crate::json::{Json, Kind, Node, quoted};
use crate::python::{float_text, json_text};

/// The engine's reason of a flag that depends on itself (reference 2.8).
const CIRCULAR: &str = "ERROR; code=CIRCULAR_DEPENDENCY";

/// How outcomes are made of answers (options of the vendor's OpenFeature provider).
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    /// Whether a boolean is the value and not the switch.
    pub booleans_are_values: bool,
    /// Whether a flag that is switched off gives its value all the same.
    pub disabled_flags_have_values: bool,
}

/// An answer as the engine gives it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Answer {
    /// The name of the feature.
    pub name: Box<str>,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Its value, as JSON.
    pub value: Box<str>,
    /// The variant.
    pub variant: Option<Box<str>>,
    /// The engine's text.
    pub reason: Box<str>,
    /// The feature's id, as JSON.
    pub id: Option<Box<str>>,
    /// The engine's metadata, as JSON.
    pub metadata: Option<Box<str>>,
}

/// Why an answer is given, as far as it is known before the evaluation.
#[derive(Clone, Copy, Debug)]
pub enum Cause<'a> {
    /// No segment overrides the feature.
    Static,
    /// Segments override it, but none matched.
    Default,
    /// A segment of this name matched.
    Segment(&'a str),
}

impl Cause<'_> {
    fn reason(self) -> String {
        match self {
            Self::Static => "STATIC".into(),
            Self::Default => "DEFAULT".into(),
            Self::Segment(name) => format!("TARGETING_MATCH; segment={name}"),
        }
    }
}

impl Answer {
    /// The answer of a state without variants, or before they are looked at.
    pub fn plain(feature: &Feature<'_>, cause: Cause<'_>) -> Self {
        let metadata = feature.metadata.map(json_text).or_else(|| {
            let id = feature.id.map(json_text)?;
            Some(format!("{{\"id\":{id}}}"))
        });
        Self {
            name: feature.name.into(),
            enabled: feature.enabled,
            value: json_text(feature.value).into(),
            variant: None,
            reason: cause.reason().into(),
            id: feature.id.map(|id| json_text(id).into()),
            metadata: metadata.map(Into::into),
        }
    }

    /// That of an identity to whom no variant falls.
    pub fn control(self) -> Self {
        Self { variant: Some("control".into()), ..self }
    }

    /// That of an identity to whom this variant falls.
    pub fn split(self, value: Node<'_>, variant: Option<&str>, weight: Node<'_>) -> Self {
        let weight = match weight.kind() {
            Kind::Float(weight) => float_text(weight),
            _ => json_text(weight),
        };
        Self {
            value: json_text(value).into(),
            variant: variant.map(Into::into),
            reason: format!("SPLIT; weight={weight}").into(),
            ..self
        }
    }

    fn circular(&self) -> Self {
        Self { reason: CIRCULAR.into(), ..self.clone() }
    }

    /// As the engine has it among its flags.
    pub fn to_json(&self) -> String {
        let variant = self.variant.as_deref().map_or_else(|| "null".into(), quoted);
        let metadata = self.metadata.as_deref().map(|metadata| format!(",\"metadata\":{metadata}"));
        format!(
            "{{\"enabled\":{},\"name\":{},\"reason\":{},\"value\":{},\"variant\":{variant}{}}}",
            self.enabled,
            quoted(&self.name),
            quoted(&self.reason),
            self.value,
            metadata.unwrap_or_default()
        )
    }

    /// OpenFeature's reason, as the vendor's provider has it: its word for an environment's default is `STATIC`.
    fn openfeature_reason(&self) -> Reason {
        let word = self.reason.split(';').next().unwrap_or_default();
        match word {
            _ if !self.enabled => Reason::Disabled,
            "STATIC" | "DEFAULT" => Reason::Static,
            "TARGETING_MATCH" => Reason::TargetingMatch,
            "SPLIT" => Reason::Split,
            _ => Reason::Error,
        }
    }

    fn outcome(&self, settings: Settings) -> Outcome {
        let id = self.id.as_deref().unwrap_or("null");
        let experiment = self.variant.as_deref().map(|variant| {
            format!(
                ",\"experiment.arm\":{},\"experiment.active\":{},\"experiment.unit\":\"user\"",
                quoted(variant),
                self.enabled
            )
        });
        Outcome {
            variant: self.variant.as_deref().map(Into::into),
            value: Some(self.value.clone().into()),
            metadata: format!(
                "{{\"enabled\":{},\"featureId\":{id},\"reason\":{}{}}}",
                self.enabled,
                quoted(&self.reason),
                experiment.unwrap_or_default()
            ),
            switch: Some(Switch {
                is_on: self.enabled,
                answers_booleans: !settings.booleans_are_values,
                is_withheld: !self.enabled && !settings.disabled_flags_have_values,
            }),
        }
    }
}

/// All answers of a unit, by number.
#[derive(Debug, Default)]
pub struct Answers {
    answers: Vec<Answer>,
    numbers: HashMap<Answer, u32>,
    settings: Settings,
}

/// An answer in the form in which conditions read it.
#[derive(Debug)]
pub struct Fact {
    /// The answer as the engine has it among its flags.
    pub json: Json,
}

impl Answers {
    /// None yet.
    pub fn new(settings: Settings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// The number of an answer.
    pub fn add(&mut self, answer: Answer) -> u32 {
        let next = self.answers.len() as u32;
        *self.numbers.entry(answer).or_insert_with_key(|answer| {
            self.answers.push(answer.clone());
            next
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.answers.len()
    }

    /// Adds to each the same with the reason of a flag that depends on itself: answer `n` has `n + len` for it.
    pub fn add_circular(&mut self) {
        let circular: Vec<_> = self.answers.iter().map(Answer::circular).collect();
        self.answers.extend(circular);
    }

    /// In the form in which conditions read them.
    pub fn facts(&self) -> Vec<Fact> {
        let fact = |answer: &Answer| Fact { json: Json::parse_lax(&answer.to_json()).unwrap_or_default() };
        self.answers.iter().map(fact).collect()
    }

    /// What the host is told of those that `is_wanted`: by number of the answer the number of the outcome, and its reason.
    pub fn outcomes(
        &self,
        is_wanted: impl Fn(&Answer) -> bool,
        outcomes: &mut Vec<Outcome>,
    ) -> Vec<(u32, Reason)> {
        let mut number = |answer: &Answer| {
            if !is_wanted(answer) {
                return (u32::MAX, Reason::Unknown);
            }
            outcomes.push(answer.outcome(self.settings));
            (outcomes.len() as u32 - 1, answer.openfeature_reason())
        };
        self.answers.iter().map(&mut number).collect()
    }
}
