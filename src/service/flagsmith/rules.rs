//! What the rules of a segment depend on, and whether the vendor's client would take them (reference 1.3, M7, M11).

use std::collections::BTreeSet;

use serde::Deserialize;

use super::characters;
use super::fields::{Field, object, text};

/// Levels of rules within rules that the vendor's client maps (reference M7).
const MAX_DEPTH: usize = 497;

/// What conditions read beside the identity and its traits.
#[derive(Debug, Default)]
pub(super) struct Reads {
    /// Features by name.
    pub(super) features: BTreeSet<String>,
    /// Whether they may read any part of the document.
    pub(super) anything: bool,
    /// Characters that their regular expressions call by their names.
    pub(super) characters: BTreeSet<(String, char)>,
}

#[derive(Deserialize)]
struct Rule<'d> {
    #[serde(borrow, default, rename = "type")]
    kind: Field<'d>,
    #[serde(borrow, default)]
    conditions: Field<'d>,
    #[serde(borrow, default)]
    rules: Field<'d>,
}

#[derive(Deserialize)]
struct Condition<'d> {
    #[serde(borrow, default)]
    operator: Field<'d>,
    #[serde(borrow, default)]
    value: Field<'d>,
    #[serde(borrow, default)]
    property_: Field<'d>,
}

/// Looks through the rules of a segment. Level by level and without recursion: a thread may have little stack.
pub(super) fn reads(rules: Field<'_>) -> Result<Reads, String> {
    let mut reads = Reads::default();
    let mut level = rules.list("rules")?;
    for _ in 0..MAX_DEPTH {
        let mut next = Vec::new();
        for rule in level {
            let rule: Rule<'_> = object(rule, "a rule")?;
            rule.kind.need("type")?;
            for condition in rule.conditions.list_or_none("conditions")? {
                let condition: Condition<'_> = object(condition, "a condition")?;
                let operator = condition.operator.need("operator")?;
                let value = condition.value.need("value")?;
                if text(operator).as_deref() == Some("REGEX") {
                    reads.pattern(&text(value).unwrap_or_default());
                }
                if let Some(property) = condition.property_.given().and_then(text) {
                    reads.property(&property);
                }
            }
            next.extend(rule.rules.list_or_none("rules")?);
        }
        if next.is_empty() {
            return Ok(reads);
        }
        level = next;
    }
    Err(format!("rules are nested deeper than {MAX_DEPTH} levels"))
}

/// What follows a name in a path that goes on.
fn goes_on(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(['.', '[', ' ', '\t', '\r', '\n'])
}

impl Reads {
    /// Adds what a regular expression names.
    fn pattern(&mut self, pattern: &str) {
        let named = characters::in_pattern(pattern);
        self.characters.extend(named.map(|(name, character)| (name.to_owned(), character)));
    }

    /// Adds what a property may read. Cautious: whatever is not plainly one part of the document counts as all of it; the guest
    /// alone reads paths.
    fn property(&mut self, property: &str) {
        let Some(path) = property.strip_prefix("$.") else { return };
        // A filter may begin at the root again.
        if path.contains('?') {
            self.anything = true;
            return;
        }
        for part in ["identity", "environment"] {
            if path.strip_prefix(part).is_some_and(goes_on) {
                return;
            }
        }
        let within = path.strip_prefix("flags").or_else(|| path.strip_prefix("features"));
        match within.and_then(first_name) {
            Some(name) => {
                self.features.insert(name.to_owned());
            }
            None => self.anything = true,
        }
    }
}

/// The name in `.NAME...`, `['NAME']...` or `["NAME"]...`, where it is plain.
fn first_name(path: &str) -> Option<&str> {
    if let Some(rest) = path.strip_prefix('.') {
        let end =
            rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))).unwrap_or(rest.len());
        let (name, rest) = rest.split_at_checked(end)?;
        return (!name.is_empty() && goes_on(rest)).then_some(name);
    }
    let rest = path.strip_prefix('[')?;
    let quote = rest.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    let (name, rest) = rest.get(1..)?.split_once(quote)?;
    (rest.starts_with(']') && !name.contains('\\')).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(property: &str) -> Option<Vec<String>> {
        let mut reads = Reads::default();
        reads.property(property);
        (!reads.anything).then(|| reads.features.into_iter().collect())
    }

    #[test]
    fn a_path_reads_a_feature_nothing_or_anything() {
        for property in
            ["plan", "$", "$.identity.key", "$.identity['traits'].*", "$.environment..name", "$.identity"]
        {
            assert_eq!(read(property), Some(Vec::new()), "{property}");
        }
        for property in
            ["$.flags.a-b.enabled", "$.flags['a-b']", "$.flags[\"a-b\"].value", "$.features.a-b..x"]
        {
            assert_eq!(read(property), Some(vec!["a-b".to_owned()]), "{property}");
        }
        for property in [
            "$..flags",
            "$.flags",
            "$.flags.*",
            "$.flags['a','b']",
            "$.flags.é.value",
            "$.identity[?$.flags.a]",
            "$.segments.*",
            "$.flagsx.a",
            "$.[",
            "$.*",
            "$.flags[ 'a'].value",
        ] {
            assert_eq!(read(property), None, "{property}");
        }
    }
}
