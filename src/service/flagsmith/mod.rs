//! Flagsmith: its ruleset is the environment document of the API.

pub(crate) mod api;
mod characters;
mod closure;
mod environment;
mod fields;
pub(crate) mod remote;
pub(crate) mod report;
mod rules;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use self::closure::Closure;
use self::environment::{Environment, Place};
use super::{Composition, Member, SegmentName, Split, ValueOptions};
use crate::json::quoted;

/// Takes a document apart.
///
/// # Errors
/// With what is wrong with it.
pub(crate) fn split(document: &str, values: ValueOptions) -> Result<Split, String> {
    let environment = Environment::new(document).map_err(|error| format!("environment document: {error}"))?;
    let member = |feature: &environment::Feature| {
        let inside = feature.name_place.start + 1..feature.name_place.end - 1;
        let is_plain = feature.name.len() == inside.len();
        Member {
            key: if is_plain { inside } else { 0..0 },
            decoded: (!is_plain).then(|| feature.name.as_str().into()),
            value: feature.state.clone(),
        }
    };
    Ok(Split {
        members: environment.features.iter().map(member).collect(),
        inside: 0..0,
        enrichment: Some(format!(
            "{{\"key\":{},\"name\":{},\"use_boolean_config_value\":{},\"return_value_for_disabled_flags\":{}}}",
            environment.key, environment.name, values.booleans_are_values, values.disabled_flags_have_values
        )),
        composition: Some(Box::new(environment)),
    })
}

fn text<'d>(document: &'d str, place: &Range<u32>) -> Cow<'d, str> {
    Cow::Borrowed(document.get(place.start as usize..place.end as usize).unwrap_or_default())
}

/// What a definition is for.
#[derive(Clone, Copy)]
enum Asked {
    /// The first of its features.
    Feature,
    /// The segment of this number.
    Segment(u32),
    /// All of it.
    All,
}

/// Pieces of a definition in the making.
struct Pieces<'d> {
    document: &'d str,
    pieces: Vec<Cow<'d, str>>,
}

impl<'d> Pieces<'d> {
    fn fixed(&mut self, text: &'static str) {
        self.pieces.push(Cow::Borrowed(text));
    }

    fn place(&mut self, place: &Place) {
        self.pieces.push(text(self.document, place));
    }

    /// Each with a comma between it and the one before.
    fn each<T>(&mut self, items: impl Iterator<Item = T>, mut write: impl FnMut(&mut Self, T)) {
        for (number, item) in items.enumerate() {
            if number > 0 {
                self.fixed(",");
            }
            write(self, item);
        }
    }
}

impl Composition for Environment {
    fn definition<'d>(&self, document: &'d str, member: usize) -> Vec<Cow<'d, str>> {
        self.closures
            .get(member)
            .map(|closure| self.compose(document, closure, Asked::Feature))
            .unwrap_or_default()
    }

    fn depends_on_all(&self, member: usize) -> bool {
        self.closures.get(member).is_some_and(|closure| closure.is_whole)
    }

    fn definition_of_all<'d>(&self, document: &'d str) -> Vec<Cow<'d, str>> {
        self.compose(document, &Closure::whole(self.features.len(), self.segments.len()), Asked::All)
    }

    fn segments(&self) -> usize {
        self.segments.len()
    }

    fn segment_definition<'d>(&self, document: &'d str, segment: usize) -> Vec<Cow<'d, str>> {
        let closure = self.closures.get(self.features.len() + segment);
        closure
            .map(|closure| self.compose(document, closure, Asked::Segment(segment as u32)))
            .unwrap_or_default()
    }

    fn stream_key(&self) -> Option<String> {
        fields::text(&self.key).map(Cow::into_owned)
    }

    fn segment_name(&self, document: &str, segment: usize) -> SegmentName {
        let place =
            |place: Option<&Place>| place.map(|place| text(document, place).into_owned()).unwrap_or_default();
        let segment = self.segments.get(segment);
        SegmentName {
            id: place(segment.map(|segment| &segment.id)),
            name: place(segment.map(|segment| &segment.name)),
        }
    }
}

impl Environment {
    /// The definition that goes with a closure, in the form that the guest reads: the parts of the document as they are,
    /// `{"features": [...], "segments": [...], "groups": [...]}`.
    fn compose<'d>(&self, document: &'d str, closure: &Closure, asked: Asked) -> Vec<Cow<'d, str>> {
        let mut pieces = Pieces { document, pieces: Vec::new() };
        let features = || closure.features.iter().filter_map(|feature| self.features.get(*feature as usize));
        let is_asked_for = |name: &str| closure.is_whole || features().any(|feature| feature.name == name);
        pieces.fixed("{\"features\":[");
        pieces.each(features(), |pieces, feature| pieces.place(&feature.state));
        pieces.fixed("],\"segments\":[");
        pieces.each(closure.segments.iter(), |pieces, number| {
            let Some(segment) = self.segments.get(*number as usize) else { return };
            pieces.fixed("{\"id\":");
            pieces.place(&segment.id);
            pieces.fixed(",\"name\":");
            pieces.place(&segment.name);
            pieces.fixed(",\"rules\":");
            pieces.place(&segment.rules);
            pieces.fixed(",\"feature_states\":[");
            let states = segment.states.iter().filter(|(name, _)| is_asked_for(name));
            pieces.each(states.map(|(_, state)| state), Pieces::place);
            pieces.fixed("]}");
        });
        pieces.fixed("],\"groups\":[");
        let mut groups: Vec<u32> = features().flat_map(|feature| &feature.identities).copied().collect();
        if closure.is_whole {
            groups = (0..self.groups.len() as u32).collect();
        }
        groups.sort_unstable();
        groups.dedup();
        pieces.each(groups.into_iter(), |pieces, number| {
            let Some(group) = self.groups.get(number as usize) else { return };
            pieces.fixed("{\"identifiers\":[");
            pieces.each(group.identifiers.iter(), |pieces, place| match text(document, place) {
                string if string.starts_with('"') => pieces.pieces.push(string),
                other => pieces.pieces.push(quoted(&other).into()),
            });
            pieces.fixed("],\"states\":[");
            let states = group.states.iter().filter(|(name, _)| is_asked_for(name));
            pieces.each(states.map(|(_, state)| state), Pieces::place);
            pieces.fixed("]}");
        });
        pieces.fixed("]");
        let segments = closure.segments.iter().filter_map(|number| self.segments.get(*number as usize));
        let characters: BTreeSet<_> = segments.flat_map(|segment| &segment.reads.characters).collect();
        if !characters.is_empty() {
            pieces.fixed(",\"characters\":{");
            pieces.each(characters.into_iter(), |pieces, (name, character)| {
                let text = format!("{}:{}", quoted(name), quoted(&character.to_string()));
                pieces.pieces.push(text.into());
            });
            pieces.fixed("}");
        }
        if closure.is_whole {
            pieces.fixed(",\"whole\":true");
        }
        match asked {
            Asked::Feature => {}
            Asked::All => pieces.fixed(",\"all\":true"),
            Asked::Segment(asked) => {
                let position = closure.segments.iter().position(|segment| *segment == asked);
                pieces.pieces.push(format!(",\"segment\":{}", position.unwrap_or_default()).into());
            }
        }
        pieces.fixed("}");
        pieces.pieces
    }
}
