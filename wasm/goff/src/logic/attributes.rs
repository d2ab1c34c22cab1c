//! Which attributes a rule reads.

use std::collections::BTreeSet;

use super::json::{Call, Items, Json, Object};
use super::operator::Operator;
use super::path::Path;
use crate::scope::Attribute;

/// Names of the attributes that `rule` reads, sorted; none where it may read any.
pub(super) fn of(rule: &Json) -> Option<Vec<&str>> {
    let mut reads = Reads::default();
    reads.rule(rule);
    (!reads.any).then(|| reads.names.into_iter().collect())
}

#[derive(Default)]
struct Reads<'r> {
    names: BTreeSet<&'r str>,
    /// Whether it may read any: what it reads depends on the context.
    any: bool,
}

impl<'r> Reads<'r> {
    /// What evaluating a member of the rule reads.
    fn rule(&mut self, json: &'r Json) {
        match json {
            Json::List(items) => items.iter().for_each(|json| self.rule(json)),
            Json::Object(object) => self.object(object),
            _ => {}
        }
    }

    fn object(&mut self, object: &'r Object) {
        let argument = object.argument().unwrap_or(&Json::Null);
        match &object.call {
            Call::Read(path) => self.path(path),
            Call::ReadOr(path) => {
                self.path(path);
                self.rule(argument);
            }
            Call::Operator(operator) => self.operator(*operator, argument),
            Call::Nothing | Call::Unknown => {}
        }
    }

    fn operator(&mut self, operator: Operator, argument: &'r Json) {
        use Operator as Op;
        let items: &[Json] = if let Json::List(items) = argument { items } else { &[] };
        match operator {
            Op::Var => self.variable(argument),
            Op::Missing => self.paths(argument),
            Op::MissingSome => match items {
                [needed, paths, rest @ ..] => {
                    self.rule(needed);
                    self.paths(paths);
                    rest.iter().for_each(|json| self.rule(json));
                }
                _ => self.rule(argument),
            },
            Op::If | Op::Choose => {
                self.rule(argument);
                // The relay runs a chosen map, and one of the context may read anything.
                let chosen = |index: usize| index % 2 == 1 || index + 1 == items.len();
                self.any |= items.iter().enumerate().any(|(i, json)| chosen(i) && may_be_attribute(json));
            }
            Op::Set => {
                self.rule(argument);
                self.any |= items.get(2).is_some_and(may_be_attribute);
            }
            Op::Map => self.subject(items),
            Op::Reduce => {
                self.subject(items);
                items.get(2).into_iter().for_each(|json| self.rule(json));
            }
            Op::Filter | Op::All | Op::None | Op::Some => {
                self.subject(items);
                items.get(1).into_iter().for_each(|json| self.outer(json));
            }
            _ => self.rule(argument),
        }
    }

    /// The subject of an operator over a list; one that is written out is not evaluated.
    fn subject(&mut self, items: &'r [Json]) {
        if let Some(Json::Object(object)) = items.first() {
            self.object(object);
        }
    }

    /// The outer variables of a body.
    fn outer(&mut self, json: &'r Json) {
        match json {
            Json::List(items) => items.iter().for_each(|json| self.outer(json)),
            Json::Object(object) => match &object.call {
                Call::Read(path) if path.relative => {}
                Call::Read(path) => self.path(path),
                _ => object.members().iter().for_each(|(name, value)| match &**name {
                    "var" => self.variable(value),
                    _ => self.outer(value),
                }),
            },
            _ => {}
        }
    }

    /// What `var` reads with this argument.
    fn variable(&mut self, argument: &'r Json) {
        match argument {
            Json::Null => {}
            Json::Text(path) => self.text(path),
            Json::List(items) => self.listed(items),
            _ => self.any = true,
        }
    }

    fn listed(&mut self, items: &'r Items) {
        match items.first() {
            Some(Json::Text(path)) => self.text(path),
            _ => self.any = true,
        }
        items.iter().for_each(|json| self.rule(json));
    }

    /// The paths of `missing`.
    fn paths(&mut self, json: &'r Json) {
        match json {
            Json::Text(path) => self.text(path),
            Json::List(items) => items.iter().for_each(|json| match json {
                // A list is a path and its default.
                Json::List(items) => self.listed(items),
                json => self.variable(json),
            }),
            _ => self.any = true,
        }
    }

    fn path(&mut self, path: &'r Path) {
        match path.attribute() {
            Some(attribute) => {
                self.names.insert(attribute.name());
            }
            None => self.any = true,
        }
    }

    fn text(&mut self, path: &'r str) {
        match path.split('.').find(|name| !name.is_empty()) {
            Some(name) => {
                // Two names of one attribute.
                let key = Attribute::new(name) == Attribute::TargetingKey;
                self.names.insert(if key { "targetingKey" } else { name });
            }
            None => self.any = true,
        }
    }
}

/// Whether a clause may give a map of the context, or one made of its values.
fn may_be_attribute(clause: &Json) -> bool {
    let Json::Object(object) = clause else { return false };
    match &object.call {
        Call::Read(_) | Call::ReadOr(_) | Call::Operator(Operator::Var | Operator::Set) => true,
        Call::Operator(Operator::And | Operator::Or | Operator::If | Operator::Choose) => {
            matches!(object.argument(), Some(Json::List(items)) if items.iter().any(may_be_attribute))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::logic::Logic;

    #[test]
    fn attributes_are_named_once_and_sorted() {
        for (rule, names) in [
            (
                r#"{"and": [{"==": [{"var": "b.c"}, {"var": ["a", {"var": "d"}]}]}, {"var": "b"}]}"#,
                vec!["a", "b", "d"],
            ),
            (r#"{"==": [{"var": "key"}, {"var": "targetingKey"}]}"#, vec!["targetingKey"]),
            (r#"{"var": 1}"#, vec!["1"]),
            (r#"{"missing": ["a.b", "..c", ["d", "e"]]}"#, vec!["a", "c", "d"]),
            (r#"{"missing_some": [{"var": "n"}, ["a", "b"]]}"#, vec!["a", "b", "n"]),
            (r#"{"map": [{"var": "list"}, {"+": [{"var": ""}, {"var": "x"}]}]}"#, vec!["list"]),
            (r#"{"some": [{"var": "list"}, {"==": [{"var": ".x"}, {"var": "x"}]}]}"#, vec!["list", "x"]),
            (r#"{"reduce": [{"var": "a"}, {"+": [{"var": "current"}, 1]}, {"var": "b"}]}"#, vec!["a", "b"]),
            (r#"{"if": [{"var": "a"}, {"==": [{"var": "b"}, 1]}, false]}"#, vec!["a", "b"]),
            (r#"{"a": {"var": "b"}, "c": 1}"#, vec![]),
        ] {
            let logic = Logic::parse(rule).unwrap();
            assert_eq!(logic.attributes(), Some(names), "{rule}");
        }
    }

    #[test]
    fn a_rule_that_may_read_any_attribute_says_so() {
        for rule in [
            r#"{"var": ""}"#,
            r#"{"var": []}"#,
            r#"{"var": {"var": "a"}}"#,
            r#"{"missing": {"var": "a"}}"#,
            r#"{"missing": [{"var": "a"}]}"#,
            r#"{"if": [true, {"var": "a"}]}"#,
            r#"{"if": [true, {"or": [0, {"var": "a"}]}, 1]}"#,
            r#"{"set": [{}, "a", {"var": "a"}]}"#,
            r#"{"some": [[1], {"var": [""]}]}"#,
        ] {
            assert_eq!(Logic::parse(rule).unwrap().attributes(), None, "{rule}");
        }
    }
}
