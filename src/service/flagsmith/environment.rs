//! The environment document, taken apart: where its features, segments and identities stand (reference 1.1, 1.3).

use std::collections::HashMap;
use std::ops::Range;

use serde::Deserialize;

use super::closure::{Closure, Graph};
use super::fields::{Field, key, object, text};
use super::rules::{Reads, reads};
use crate::limits::MAX_UNITS;

/// A place in the document.
pub(super) type Place = Range<u32>;

/// A document's parts.
#[derive(Debug, Default)]
pub(super) struct Environment {
    pub(super) features: Vec<Feature>,
    pub(super) segments: Vec<Segment>,
    pub(super) groups: Vec<Group>,
    /// By feature, then by segment: what an answer depends on.
    pub(super) closures: Vec<Closure>,
    /// The environment's key and name, as JSON.
    pub(super) key: String,
    pub(super) name: String,
}

/// A feature.
#[derive(Debug)]
pub(super) struct Feature {
    pub(super) name: String,
    /// Where its name stands, with its quotes.
    pub(super) name_place: Place,
    /// Its default.
    pub(super) state: Place,
    /// Segments that override it, in their order.
    pub(super) overrides: Vec<u32>,
    /// Groups of identities that override it, in their order.
    pub(super) identities: Vec<u32>,
}

/// A segment.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) id: Place,
    pub(super) name: Place,
    pub(super) rules: Place,
    pub(super) reads: Reads,
    /// The names of the features that it overrides, and the states.
    pub(super) states: Vec<(String, Place)>,
}

/// Identities that have the same states of their own.
#[derive(Debug)]
pub(super) struct Group {
    /// Where their identifiers stand.
    pub(super) identifiers: Vec<Place>,
    /// The names of the features, in their order, and the states.
    pub(super) states: Vec<(String, Place)>,
}

#[derive(Deserialize)]
struct Document<'d> {
    #[serde(borrow, default)]
    api_key: Field<'d>,
    #[serde(borrow, default)]
    name: Field<'d>,
    #[serde(borrow, default)]
    project: Field<'d>,
    #[serde(borrow, default)]
    feature_states: Field<'d>,
    #[serde(borrow, default)]
    identity_overrides: Field<'d>,
}

#[derive(Deserialize)]
struct Project<'d> {
    #[serde(borrow, default)]
    segments: Field<'d>,
}

#[derive(Deserialize)]
struct SegmentFields<'d> {
    #[serde(borrow, default)]
    id: Field<'d>,
    #[serde(borrow, default)]
    name: Field<'d>,
    #[serde(borrow, default)]
    rules: Field<'d>,
    #[serde(borrow, default)]
    feature_states: Field<'d>,
}

#[derive(Deserialize)]
struct State<'d> {
    #[serde(borrow, default)]
    feature: Field<'d>,
    #[serde(borrow, default)]
    enabled: Field<'d>,
    #[serde(borrow, default)]
    feature_state_value: Field<'d>,
}

#[derive(Deserialize)]
struct FeatureFields<'d> {
    #[serde(borrow, default)]
    id: Field<'d>,
    #[serde(borrow, default)]
    name: Field<'d>,
}

#[derive(Deserialize)]
struct Override<'d> {
    #[serde(borrow, default)]
    identifier: Field<'d>,
    #[serde(borrow, default)]
    identity_features: Field<'d>,
}

/// Where `part` stands in the document that starts at `origin`.
fn place(part: &str, origin: usize) -> Place {
    let start = (part.as_ptr() as usize).wrapping_sub(origin) as u32;
    start..start.wrapping_add(part.len() as u32)
}

/// The feature of a state: its name, and where that stands. What else is wrong with a state is that feature's fault alone.
fn feature_of(state: &str) -> Result<(String, &str), String> {
    let state: State<'_> = object(state, "a feature state")?;
    let feature: FeatureFields<'_> = object(state.feature.need("feature")?, "a feature")?;
    let json = feature.name.need("feature.name")?;
    let name = text(json).ok_or("a feature's name is no string")?;
    Ok((name.into_owned(), json))
}

impl Environment {
    /// Takes a document apart.
    ///
    /// # Errors
    /// With what the vendor's client would refuse the document for.
    pub(super) fn new(document: &str) -> Result<Self, String> {
        let origin = document.as_ptr() as usize;
        let fields: Document<'_> = object(document, "the document")?;
        let project: Project<'_> = object(fields.project.need("project")?, "`project`")?;
        let mut environment = Self {
            key: fields.api_key.need("api_key")?.to_owned(),
            name: fields.name.need("name")?.to_owned(),
            ..Self::default()
        };
        for state in fields.feature_states.list("feature_states")? {
            environment.add_feature(state, origin)?;
        }
        let mut keys = HashMap::new();
        for segment in project.segments.list("project.segments")? {
            environment.add_segment(segment, origin, &mut keys)?;
        }
        let mut groups = HashMap::new();
        for own in fields.identity_overrides.list_if_any("identity_overrides")? {
            environment.add_identity(own, origin, &mut groups)?;
        }
        if environment.features.len() > MAX_UNITS {
            return Err(format!("more than {MAX_UNITS} features"));
        }
        environment.connect();
        Ok(environment)
    }

    /// Of two features with one name the later counts, in the place of the earlier.
    fn add_feature(&mut self, state: &str, origin: usize) -> Result<(), String> {
        let (name, json) = feature_of(state)?;
        self.features.push(Feature {
            name,
            name_place: place(json, origin),
            state: place(state, origin),
            overrides: Vec::new(),
            identities: Vec::new(),
        });
        Ok(())
    }

    fn add_segment(
        &mut self,
        json: &str,
        origin: usize,
        keys: &mut HashMap<String, usize>,
    ) -> Result<(), String> {
        let fields: SegmentFields<'_> = object(json, "a segment")?;
        let id = fields.id.need("id of a segment")?;
        let name = fields.name.need("name of a segment")?;
        let in_segment = |message: String| format!("segment {name}: {message}");
        let mut states = Vec::new();
        for state in fields.feature_states.list_if_any("feature_states").map_err(in_segment)? {
            let (name, _) = feature_of(state).map_err(in_segment)?;
            states.push((name, place(state, origin)));
        }
        let rules = fields.rules.need("rules").map_err(in_segment)?;
        let segment = Segment {
            id: place(id, origin),
            name: place(name, origin),
            rules: place(rules, origin),
            reads: reads(fields.rules).map_err(in_segment)?,
            states,
        };
        let number = *keys.entry(key(id).into_owned()).or_insert(self.segments.len());
        match self.segments.get_mut(number) {
            Some(earlier) => *earlier = segment,
            None => self.segments.push(segment),
        }
        Ok(())
    }

    /// Adds an identity to those that have the same states: groups are in the order of their first member, which decides where
    /// an identity is in several.
    fn add_identity(
        &mut self,
        json: &str,
        origin: usize,
        groups: &mut HashMap<String, usize>,
    ) -> Result<(), String> {
        let fields: Override<'_> = object(json, "an identity override")?;
        fields.identity_features.need("identity_features")?;
        let mut states = Vec::new();
        for json in fields.identity_features.list_if_any("identity_features")? {
            let (name, _) = feature_of(json)?;
            states.push((name, json));
        }
        if states.is_empty() {
            return Ok(());
        }
        let identifier = place(fields.identifier.need("identifier")?, origin);
        states.sort_by(|a, b| a.0.cmp(&b.0));
        let mut identity = String::new();
        for (_, state) in &states {
            describe(state, &mut identity)?;
        }
        let number = *groups.entry(identity).or_insert(self.groups.len());
        match self.groups.get_mut(number) {
            Some(group) => group.identifiers.push(identifier),
            None => self.groups.push(Group {
                identifiers: vec![identifier],
                states: states.into_iter().map(|(name, state)| (name, place(state, origin))).collect(),
            }),
        }
        Ok(())
    }

    /// Tells features who overrides them, and what their answers depend on.
    fn connect(&mut self) {
        let mut numbers: HashMap<String, u32> = HashMap::new();
        let mut features: Vec<Feature> = Vec::new();
        for feature in std::mem::take(&mut self.features) {
            let number = *numbers.entry(feature.name.clone()).or_insert(features.len() as u32);
            match features.get_mut(number as usize) {
                Some(earlier) => *earlier = feature,
                None => features.push(feature),
            }
        }
        let mut connect = |states: &[(String, Place)],
                           number: usize,
                           list: fn(&mut Feature) -> &mut Vec<u32>| {
            for (name, _) in states {
                let feature = numbers.get(name).and_then(|feature| features.get_mut(*feature as usize));
                if let Some(list) = feature.map(list).filter(|list| list.last() != Some(&(number as u32))) {
                    list.push(number as u32);
                }
            }
        };
        for (number, segment) in self.segments.iter().enumerate() {
            connect(&segment.states, number, |feature| &mut feature.overrides);
        }
        for (number, group) in self.groups.iter().enumerate() {
            connect(&group.states, number, |feature| &mut feature.identities);
        }
        self.features = features;
        let graph = Graph::new(&self.features, &self.segments, &numbers);
        let of_features = (0..self.features.len() as u32).map(|feature| graph.of_feature(feature));
        let of_segments = (0..self.segments.len() as u32).map(|segment| graph.of_segment(segment));
        self.closures = of_features.chain(of_segments).collect();
    }
}

/// Adds to `identity` what tells this state from another: id, name, switch and value, with their types.
fn describe(state: &str, identity: &mut String) -> Result<(), String> {
    let state: State<'_> = object(state, "a feature state")?;
    let feature: FeatureFields<'_> = object(state.feature.need("feature")?, "a feature")?;
    for field in [feature.id, feature.name, state.enabled, state.feature_state_value] {
        let json = field.need("").unwrap_or("-");
        match text(json) {
            Some(text) => identity.extend(["\"", &text]),
            None => identity.push_str(json),
        }
        identity.push('\0');
    }
    Ok(())
}
