//! A flag as its author wrote it (reference 2.1 and 2.2).

use std::collections::BTreeMap;

use pennon_wire::guest::Time;

use crate::json::{Place, Unreadable, is_field};

/// Named JSON values, as their text.
pub type Values<'a> = BTreeMap<String, &'a str>;

/// A flag, or the fields of one that a scheduled step changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Flag<'a> {
    /// Values by variation name.
    pub variations: Option<Values<'a>>,
    /// Rules, of which the first that matches decides.
    pub targeting: Option<Vec<Rule>>,
    /// Path of the attribute that splits users instead of the targeting key.
    pub bucketing_key: Option<String>,
    /// What decides where no rule matches.
    pub default_rule: Option<Rule>,
    /// When the flag is switched on.
    pub experimentation: Option<Experimentation>,
    /// Changes to come.
    pub scheduled: Option<Vec<Step<'a>>>,
    /// Whether evaluations are reported; they are by default.
    pub track_events: Option<bool>,
    /// Whether the flag is switched off.
    pub disable: Option<bool>,
    /// The author's own version.
    pub version: Option<String>,
    /// What evaluations carry with them.
    pub metadata: Option<Values<'a>>,
}

/// A change of some fields of a flag at a date.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step<'a> {
    /// The fields it changes.
    pub flag: Flag<'a>,
    /// When; a step without a date never happens.
    pub date: Option<Time>,
}

/// A targeting rule or the default rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rule {
    /// Name under which steps change it and metadata reports it.
    pub name: Option<String>,
    /// Which contexts it is for.
    pub query: Option<String>,
    /// The variation it gives.
    pub variation: Option<String>,
    /// Shares by variation name.
    pub percentage: Option<BTreeMap<String, f64>>,
    /// A change from one variation to another over time.
    pub progressive: Option<Progressive>,
    /// Whether it is switched off.
    pub disable: Option<bool>,
}

/// A progressive rollout.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progressive {
    /// Where it begins.
    pub initial: Option<Milestone>,
    /// Where it ends.
    pub end: Option<Milestone>,
}

/// One end of a progressive rollout.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Milestone {
    /// The variation on this side.
    pub variation: Option<String>,
    /// The share of users who have the end's variation.
    pub percentage: Option<f64>,
    /// When.
    pub date: Option<Time>,
}

/// When a flag is switched on; bounds included, a missing one is open.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Experimentation {
    /// From when on.
    pub start: Option<Time>,
    /// Until when.
    pub end: Option<Time>,
}

impl<'a> Flag<'a> {
    /// Reads a flag.
    ///
    /// # Errors
    /// When the text is no JSON or a field of it has a wrong type.
    pub fn parse(text: &'a str) -> Result<Self, Unreadable> {
        let mut flag = Self::default();
        let root = Place::root(text)?;
        if root.text() != "null" {
            root.members(|name, place| flag.field(&name, place))?;
        }
        Ok(flag)
    }

    fn field(&mut self, name: &str, place: &Place<'a, '_>) -> Result<(), Unreadable> {
        let is = |field| is_field(name, field);
        if is("variations") {
            place.into(&mut self.variations, values)
        } else if is("targeting") {
            place.into(&mut self.targeting, |place, rules| list(place, rules, Rule::read))
        } else if is("bucketingKey") {
            place.into(&mut self.bucketing_key, Place::string)
        } else if is("defaultRule") {
            place.into(&mut self.default_rule, Rule::read)
        } else if is("experimentation") {
            place.into(&mut self.experimentation, Experimentation::read)
        } else if is("scheduledRollout") {
            place.into(&mut self.scheduled, |place, steps| list(place, steps, Step::read))
        } else if is("trackEvents") {
            place.into(&mut self.track_events, Place::boolean)
        } else if is("disable") {
            place.into(&mut self.disable, Place::boolean)
        } else if is("version") {
            place.into(&mut self.version, Place::string)
        } else if is("metadata") {
            place.into(&mut self.metadata, values)
        } else {
            Ok(())
        }
    }
}

impl<'a> Step<'a> {
    fn read(place: &Place<'a, '_>, step: &mut Self) -> Result<(), Unreadable> {
        place.members(|name, place| {
            if is_field(&name, "date") {
                place.into(&mut step.date, Place::date)
            } else {
                step.flag.field(&name, place)
            }
        })
    }
}

impl Rule {
    fn read(place: &Place<'_, '_>, rule: &mut Self) -> Result<(), Unreadable> {
        place.members(|name, place| {
            let is = |field| is_field(&name, field);
            if is("name") {
                place.into(&mut rule.name, Place::string)
            } else if is("query") {
                place.into(&mut rule.query, Place::string)
            } else if is("variation") {
                place.into(&mut rule.variation, Place::string)
            } else if is("percentage") {
                place.into(&mut rule.percentage, shares)
            } else if is("progressiveRollout") {
                place.into(&mut rule.progressive, Progressive::read)
            } else if is("disable") {
                place.into(&mut rule.disable, Place::boolean)
            } else {
                Ok(())
            }
        })
    }

    /// Whether it splits users, and so needs a bucketing key.
    pub fn needs_key(&self) -> bool {
        self.progressive.is_some() || self.percentage.as_ref().is_some_and(|shares| !shares.is_empty())
    }
}

impl Progressive {
    fn read(place: &Place<'_, '_>, rollout: &mut Self) -> Result<(), Unreadable> {
        place.members(|name, place| {
            if is_field(&name, "initial") {
                place.into(&mut rollout.initial, Milestone::read)
            } else if is_field(&name, "end") {
                place.into(&mut rollout.end, Milestone::read)
            } else {
                Ok(())
            }
        })
    }
}

impl Milestone {
    fn read(place: &Place<'_, '_>, milestone: &mut Self) -> Result<(), Unreadable> {
        place.members(|name, place| {
            if is_field(&name, "variation") {
                place.into(&mut milestone.variation, Place::string)
            } else if is_field(&name, "percentage") {
                place.into(&mut milestone.percentage, Place::number)
            } else if is_field(&name, "date") {
                place.into(&mut milestone.date, Place::date)
            } else {
                Ok(())
            }
        })
    }
}

impl Experimentation {
    fn read(place: &Place<'_, '_>, experimentation: &mut Self) -> Result<(), Unreadable> {
        place.members(|name, place| {
            if is_field(&name, "start") {
                place.into(&mut experimentation.start, Place::date)
            } else if is_field(&name, "end") {
                place.into(&mut experimentation.end, Place::date)
            } else {
                Ok(())
            }
        })
    }
}

fn values<'a>(place: &Place<'a, '_>, values: &mut Values<'a>) -> Result<(), Unreadable> {
    place.members(|name, place| {
        values.insert(name.into_owned(), place.text());
        Ok(())
    })
}

fn shares(place: &Place<'_, '_>, shares: &mut BTreeMap<String, f64>) -> Result<(), Unreadable> {
    place.members(|name, place| {
        // Go leaves a null in a map of numbers at zero.
        let mut share = None;
        place.into(&mut share, Place::number)?;
        shares.insert(name.into_owned(), share.unwrap_or_default());
        Ok(())
    })
}

/// Reads a list over what was there; a null item is an empty one.
fn list<'a, T: Default>(
    place: &Place<'a, '_>,
    items: &mut Vec<T>,
    read: impl Fn(&Place<'a, '_>, &mut T) -> Result<(), Unreadable>,
) -> Result<(), Unreadable> {
    items.clear();
    place.items(|place| {
        let mut item = None;
        place.into(&mut item, &read)?;
        items.push(item.unwrap_or_default());
        Ok(())
    })
}
