//! What a feature's author gets wrong without being told by the service.

use pennon_wire::report::{Diagnostic, Severity};

use crate::condition::{Place, Property};
use crate::feature::{Feature, Segment as Source};
use crate::json::Node;
use crate::python::json_text;
use crate::rule::{MAX_RULE_DEPTH, Rules};
use crate::unit::{Flag, Unit};
use crate::value::Value;

/// Diagnostics of one feature; one more says how many are left out.
const MAX_DIAGNOSTICS: usize = 32;

/// Identifiers that a message names.
const MAX_NAMED: usize = 5;

fn diagnostic(severity: Severity, code: &str, rule: &str, message: String) -> Diagnostic {
    Diagnostic {
        severity,
        code: code.into(),
        rule: rule.into(),
        column: 0,
        message,
        suggestion: String::new(),
    }
}

/// A segment that can never match.
pub fn segment(rules: &Rules, place: &str, diagnostics: &mut Vec<Diagnostic>) {
    let message = if rules.is_empty() {
        "the segment has no rules, so nobody is in it".into()
    } else if rules.is_too_deep() {
        format!(
            "rules are nested deeper than {MAX_RULE_DEPTH} levels; nobody is in the segment, and Flagsmith's engine raises"
        )
    } else if rules.never_match() {
        "no identity can be in this segment: a condition that has to match never does".into()
    } else {
        return;
    };
    diagnostics.push(diagnostic(Severity::Warning, "segment-never-matches", place, message));
}

/// A rule of a type that the engine does not know.
pub fn unknown_type(rule: Node<'_>, place: &str) -> Diagnostic {
    let kind = rule.get("type").map_or_else(|| "none".into(), json_text);
    let message = format!(
        "the rule's type is {kind}, not ALL, ANY or NONE: it does not match if it has conditions or rules; Flagsmith's engine raises"
    );
    diagnostic(Severity::Error, "unknown-rule-type", place, message)
}

/// Segments whose priority is null where another is to be compared with it.
pub fn priorities(read: &[(usize, Feature<'_>)], segments: &[Source<'_>], diagnostics: &mut Vec<Diagnostic>) {
    if read.len() < 2 {
        return;
    }
    for (segment, _) in read.iter().filter(|(_, feature)| feature.has_null_priority) {
        let name = segments.get(*segment).map_or("", |segment| segment.name.as_str());
        let message = format!(
            "segment `{name}` has the priority null, and counts as the weakest; Flagsmith's engine raises"
        );
        diagnostics.push(diagnostic(Severity::Error, "null-priority", name, message));
    }
}

/// What is worth saying of a feature, beside its segments.
pub fn flag(feature: Option<&Feature<'_>>, unit: &Unit, flag: usize, diagnostics: &mut Vec<Diagnostic>) {
    let Some(own) = unit.flags.get(flag) else { return };
    identifiers(own, diagnostics);
    overrides(own, unit, diagnostics);
    let reads_name = |property: &Property| matches!(property, Property::Path(_, Place::Identifier));
    let conditions = unit.segments.iter().flat_map(|segment| segment.rules.conditions());
    if conditions.map(|condition| &condition.property).any(reads_name) {
        diagnostics.push(diagnostic(
            Severity::Warning,
            "replaceable-identifier",
            "",
            "a condition reads `$.identity.identifier`; a trait of that name takes its place, so do not pass on names of \
             traits that users choose"
                .into(),
        ));
    }
    if let Some(feature) = feature
        && feature.variants.iter().any(|variant| variant.weight.is_null())
    {
        diagnostics.push(diagnostic(
            Severity::Error,
            "unusable-share",
            "",
            "a variant has no percentage_allocation: identities that come to it get an error".into(),
        ));
    }
}

/// Identities whose own states are not found by their identifiers (reference, gotcha 1).
fn identifiers(flag: &Flag, diagnostics: &mut Vec<Diagnostic>) {
    let is_lost = |text: &&str| match Value::of_text(text.as_bytes()) {
        Ok(Value::Int(number)) => number.to_string() != **text,
        Ok(Value::Text(_)) => false,
        _ => true,
    };
    let lost: Vec<_> = flag.identities.identifiers().filter(is_lost).collect();
    if lost.is_empty() {
        return;
    }
    let named: Vec<_> = lost.iter().take(MAX_NAMED).map(|text| format!("`{text}`")).collect();
    let more = lost.len().saturating_sub(MAX_NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    diagnostics.push(diagnostic(
        Severity::Warning,
        "numeric-identifier",
        "identity_overrides",
        format!(
            "identifiers that look like numbers are read as numbers, so what these identities have of their own never applies: {}{more}",
            named.join(", ")
        ),
    ));
}

/// Overrides that can never win: of a segment that overrides the feature twice, or that never matches.
fn overrides(flag: &Flag, unit: &Unit, diagnostics: &mut Vec<Diagnostic>) {
    for (number, own) in flag.overrides.iter().enumerate() {
        let Some(segment) = unit.segments.get(own.segment) else { continue };
        let is_second = flag.overrides.iter().take(number).any(|other| other.segment == own.segment);
        let always = flag.overrides.iter().take(number).find(|other| {
            unit.segments.get(other.segment).is_some_and(|segment| segment.rules.always_match())
        });
        let message = if is_second {
            format!("segment `{}` overrides the feature twice; this one never wins", segment.name)
        } else if let Some(stronger) = always.and_then(|other| unit.segments.get(other.segment)) {
            format!(
                "segment `{}` never wins: `{}` is stronger, and everybody is in it",
                segment.name, stronger.name
            )
        } else {
            continue;
        };
        diagnostics.push(diagnostic(Severity::Warning, "override-never-wins", &segment.name, message));
    }
}

/// As many as anybody reads.
pub fn bounded(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let more = diagnostics.len().saturating_sub(MAX_DIAGNOSTICS);
    if more > 0 {
        diagnostics.sort_by_key(|diagnostic| std::cmp::Reverse(diagnostic.severity));
        diagnostics.truncate(MAX_DIAGNOSTICS);
        diagnostics.push(diagnostic(Severity::Warning, "more", "", format!("{more} more are left out")));
    }
    diagnostics
}
