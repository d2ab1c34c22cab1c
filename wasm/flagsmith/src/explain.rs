//! Why a feature answers as it does: which segments were looked at, in the order of their strength, and whether each matched.

use pennon_wire::Context;
use pennon_wire::report::LoadReport;

use crate::json::quoted;
use crate::scope::Scope;
use crate::tree::{Flags, World};
use crate::unit::{Asked, Order, Unit};

/// Explains, as a JSON object.
pub fn explain(unit: &Unit, report: &LoadReport, context: Context<'_>) -> String {
    let answer = unit.evaluate(context);
    if let Some(message) = answer.message.and_then(|number| report.messages.get(usize::from(number))) {
        return object("flag", message, &[]);
    }
    let Some(identifier) = context.targeting_key().filter(|key| !key.is_empty()) else {
        return object(
            "environment",
            "there is no targeting key, so the environment's default is the answer",
            &[],
        );
    };
    let (Asked::Flag(flag), Ok(scope)) =
        (unit.asked, Scope::new(context, identifier, &unit.key_prefix, &unit.names))
    else {
        return object("flag", "it cannot be evaluated", &[]);
    };
    let Some(flag) = unit.flags.get(flag) else { return object("flag", "it cannot be evaluated", &[]) };
    if flag.overrides.is_empty() && flag.identities.is_empty() {
        let split = if flag.default.is_split() { "; a variant by the identity's percentage" } else { "" };
        return object(
            "environment",
            &format!("no segment and no identity overrides the feature{split}"),
            &[],
        );
    }
    if let Order::Bulk = unit.order {
        return object(
            "flag",
            "flags depend on each other in ways that only the whole evaluation tells",
            &[],
        );
    }
    if flag.strongest == 0 && flag.identities.find(identifier).is_some() {
        return object("identity_overrides", "the identity has a state of its own", &[]);
    }
    let answers = unit.first_answers(&scope);
    let world = World { unit, flags: Flags::Resolved(&answers) };
    let mut rules = Vec::new();
    let mut decided = None;
    for own in &flag.overrides {
        let Some(segment) = unit.segments.get(own.segment) else { continue };
        let matches = segment.matches(&scope, &world);
        let result = if matches { "matches" } else { "does not match" };
        rules.push(format!(
            "{{\"rule\":{},\"result\":\"{result}\"}}",
            quoted(&format!("segment {}", segment.name))
        ));
        if matches {
            decided = Some(&segment.name);
            break;
        }
    }
    match decided {
        Some(name) => {
            let because = "the identity is in this segment, and in none that is stronger";
            object(&format!("segment {name}"), because, &rules)
        }
        None => object("environment", "the identity is in no segment that overrides the feature", &rules),
    }
}

fn object(decided_by: &str, because: &str, rules: &[String]) -> String {
    let rules = if rules.is_empty() { String::new() } else { format!(",\"rules\":[{}]", rules.join(",")) };
    format!("{{\"decidedBy\":{},\"because\":{}{rules}}}", quoted(decided_by), quoted(because))
}
