//! JSONLogic rules.

use pennon_goff::logic::Logic;
use pennon_goff::scope::Scope;
use pennon_wire::Context;

use super::input::{encoded, encoded_some, texts};

/// Contexts that every rule is asked for, beside the input's own.
const CONTEXTS: [&str; 3] = [
    "{}",
    r#"{"targetingKey": "u", "anonymous": true, "a": "x", "b": 2, "c": [1, "x", {"b": 3}], "d": {"e": 1.5, "f": null}}"#,
    r#"{"a": {"var": "b"}, "b": "2", "c": {"==": [1, 1]}, "d": [[], {}, -0.0, 18446744073709551615]}"#,
];

/// A rule gives one answer, or one fault, for one context and enrichment, and reads nothing that it does not name.
pub fn run(data: &[u8]) {
    let Some([text, context, enrichment]) = texts(data) else { return };
    let (Some(rule), Some(twin)) = (Logic::parse(text), Logic::parse(text)) else { return };
    assert_eq!(rule.validity().is_ok(), twin.validity().is_ok());
    let names = rule.attributes();
    let enrichment = encoded(enrichment).unwrap_or_default();
    let enrichment = (!enrichment.is_empty()).then(|| Context::new(&enrichment).attributes());

    for context in CONTEXTS.into_iter().chain([context]) {
        let Some(bytes) = encoded(context) else { continue };
        let scope = Scope::new(Context::new(&bytes), enrichment);
        let answer = rule.matches(&scope);
        assert_eq!(rule.matches(&scope), answer, "asked again");
        assert_eq!(twin.matches(&scope), answer, "read again");
        if let Some(names) = &names {
            let some = encoded_some(context, |name| names.contains(&name)).unwrap_or_default();
            let without = rule.matches(&Scope::new(Context::new(&some), enrichment));
            assert_eq!(without, answer, "it names {names:?} alone, and reads more of {context}");
        }
    }
}
