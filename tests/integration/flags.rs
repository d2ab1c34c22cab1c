//! Flags and rulesets as JSON text, which is what is under test: a tree of values would hide its depth and spelling.

use serde_json::{Value, json};

/// A flag that answers `"yes"` where `plan` is `pro`, `"no"` elsewhere: never a constant.
pub const FINE: &str = r#"{"variations": {"yes": "yes", "no": "no"}, "targeting": [{"query": "plan eq \"pro\"", "variation": "yes"}], "defaultRule": {"variation": "no"}}"#;

/// A document of these flags.
pub fn ruleset<'a>(flags: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let members: Vec<_> =
        flags.into_iter().map(|(key, flag)| format!("{}: {flag}", Value::from(key))).collect();
    format!("{{{}}}", members.join(",\n"))
}

/// A flag with one targeting rule, which gives `on` (true); else `off` (false).
pub fn targeted(query: &str) -> String {
    json!({
        "variations": {"on": true, "off": false},
        "targeting": [{"name": "rule", "query": query, "variation": "on"}],
        "defaultRule": {"variation": "off"},
    })
    .to_string()
}

/// A flag that always gives this value.
pub fn constant(value: &str) -> String {
    format!(r#"{{"variations": {{"only": {value}}}, "defaultRule": {{"variation": "only"}}}}"#)
}

/// A query that compares `email` with so many addresses, one by one.
pub fn conditions(count: usize) -> String {
    let conditions: Vec<_> = (0..count).map(|n| format!("email eq \"user-{n}@example.com\"")).collect();
    conditions.join(" or ")
}

/// A flag that takes seconds of CPU time for anyone whose `plan` is `pro`: each of its rules uses up a rule's own bound.
pub fn heavy() -> String {
    let list: Vec<_> = (0..1000).collect();
    let inner = json!({"all": [list, {"<": [{"var": ""}, 5000]}]});
    let query = json!({"and": [{"==": [{"var": "plan"}, "pro"]}, {"all": [list, inner]}]}).to_string();
    let rule = json!({"query": query, "variation": "yes"});
    json!({
        "variations": {"yes": "yes", "no": "no"},
        "targeting": vec![rule; 200],
        "defaultRule": {"variation": "no"},
    })
    .to_string()
}
