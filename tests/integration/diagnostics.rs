//! What a flag's author is told of mistakes that the service does not report.

use pennon::{Diagnostic, Severity};
use serde_json::{Value, json};

use crate::flags::{FINE, ruleset, targeted};
use crate::support::client;

/// What there is to say about this flag.
fn of(flag: &str) -> Vec<Diagnostic> {
    let all = client(&ruleset([("fine", FINE), ("flag", flag)])).diagnostics();
    assert!(all.iter().all(|flag| flag.key == "flag" && !flag.diagnostics.is_empty()), "{all:?}");
    all.into_iter().flat_map(|flag| flag.diagnostics).collect()
}

/// The first diagnostic of this code; all of them have to be of one line, and end without a period.
fn one(flag: &str, code: &str) -> Diagnostic {
    let all = of(flag);
    for diagnostic in &all {
        println!(
            "figure: {} | {} | {} | {} | {} | {}",
            diagnostic.severity.name(),
            diagnostic.code,
            diagnostic.rule,
            diagnostic.column,
            diagnostic.message,
            diagnostic.suggestion
        );
        for text in [&diagnostic.message, &diagnostic.suggestion] {
            assert!(!text.contains('\n') && !text.ends_with('.'), "{text:?}");
        }
    }
    let found = all.iter().find(|diagnostic| diagnostic.code == code);
    found.unwrap_or_else(|| panic!("no {code} in {all:#?} of {flag}")).clone()
}

/// A query with a mistake: it is found in this rule at this column, and told how to be written.
fn query(query: &str, code: &str, column: u32, suggestion: &str) -> Diagnostic {
    let diagnostic = one(&targeted(query), code);
    assert_eq!(
        (diagnostic.rule.as_str(), diagnostic.column),
        ("targeting[0] \"rule\"", column),
        "{query:?}: {diagnostic:?}"
    );
    assert!(diagnostic.suggestion.contains(suggestion), "{query:?}: {diagnostic:?}");
    diagnostic
}

fn with_default(fields: Value) -> String {
    let mut flag = json!({"variations": {"a": 1, "b": 2, "c": 3}, "defaultRule": {"variation": "a"}});
    for (name, value) in fields.as_object().expect("an object") {
        flag[name] = value.clone();
    }
    flag.to_string()
}

#[test]
fn a_flag_without_mistakes_has_no_diagnostics() {
    for query in
        ["plan eq \"pro\" and not (age gt 5)", "a.b eq 1", "n in [1, 2]", r#"{"==": [{"var": "a"}, 1]}"#]
    {
        assert_eq!(of(&targeted(query)), [], "{query:?}");
    }
    assert_eq!(of(&with_default(json!({"defaultRule": {"percentage": {"a": 10, "b": 20, "c": 70}}}))), []);
}

#[test]
fn a_line_that_ends_with_a_space_as_suggested_is_no_mistake() {
    for query in ["a eq 1 \nand b eq 2", "a eq 1 \n  and b eq 2", "a eq 1\n and b eq 2"] {
        let wrong = of(&targeted(query));
        // Leading spaces are removed, so that only the first two are right.
        assert_eq!(wrong.is_empty(), query.contains(" \n"), "{query:?}: {wrong:#?}");
    }
}

#[test]
fn upper_case_and_or_are_told_to_be_in_lower_case() {
    query("a eq 1 AND b eq 3", "ignored-tail", 7, "lower case");
    query("a eq 1 OR b eq 3", "ignored-tail", 7, "lower case");
}

#[test]
fn ampersands_bars_and_exclamation_marks_are_told_their_words() {
    query("a eq 1 && b eq 3", "dropped-characters", 8, "`and`");
    query("a eq 1 || b eq 3", "dropped-characters", 8, "`or`");
    query("!(a eq 1)", "dropped-characters", 1, "`not (...)`");
    query("a = 1", "dropped-characters", 3, "`eq` or `==`");
    query("a eq 'x'", "dropped-characters", 6, "double quotes");
}

#[test]
fn one_mistake_is_told_once() {
    for query in ["a eq 1 && b eq 3", "a eq 1 || b eq 3"] {
        let all = of(&targeted(query));
        let dropped = all.iter().filter(|diagnostic| diagnostic.code == "dropped-characters").count();
        assert_eq!(dropped, 1, "{query}: {all:#?}");
    }
}

#[test]
fn tabs_and_carriage_returns_are_told_to_be_spaces() {
    query("a eq 1\tand b eq 2", "dropped-characters", 7, "single space");
    query("a eq 1\r\nand b eq 2", "dropped-characters", 7, "single space");
}

#[test]
fn line_breaks_and_spaces_are_told() {
    query("a eq 1\nand b eq 2", "line-break", 0, "one line");
    query("a eq 1  and b eq 2", "ignored-tail", 7, "exactly one space");
    query("(a eq 1)and (b eq 2)", "ignored-tail", 9, "exactly one space");
    query("a eq 1 andb eq 2", "ignored-tail", 7, "one space");
}

#[test]
fn a_comparison_without_spaces_is_told_to_have_them() {
    let glued = one(&targeted("a>1"), "invalid-flag");
    assert_eq!((glued.severity, glued.rule.as_str()), (Severity::Error, "targeting[0] \"rule\""));
    assert!(glued.message.contains("FLAG_NOT_FOUND"), "{}", glued.message);
    let all = of(&targeted("a>1"));
    assert!(all.iter().any(|diagnostic| diagnostic.suggestion.contains("space")), "{all:#?}");
}

#[test]
fn a_long_tail_is_not_repeated_in_full() {
    let diagnostic = one(&targeted(&format!("a eq 1 AND {}", "b eq 1 ".repeat(10_000))), "ignored-tail");
    assert!(diagnostic.message.len() < 500, "{} bytes", diagnostic.message.len());
}

#[test]
fn an_operator_that_does_not_exist_is_named_with_one_that_does() {
    for (operator, suggestion) in [
        ("endsWith", "substr"),
        ("startsWith", "substr"),
        ("contains", "`in`"),
        ("AND", "`and`"),
        ("flter", "`filter`"),
    ] {
        let rule = json!({"and": [{"==": [{"var": "plan"}, "pro"]}, {operator: [{"var": "email"}, "x"]}]})
            .to_string();
        let diagnostic = one(&targeted(&rule), "invalid-flag");
        assert_eq!(
            (diagnostic.severity, diagnostic.rule.as_str()),
            (Severity::Error, "targeting[0] \"rule\"")
        );
        assert!(diagnostic.message.contains(&format!("`{operator}`")), "{}", diagnostic.message);
        let told = format!("{} {}", diagnostic.message, diagnostic.suggestion);
        assert!(told.contains(suggestion), "{told}");
    }
}

#[test]
fn suggestions_stand_in_their_own_field() {
    let diagnostic = one(&targeted(r#"{"endsWith": [{"var": "email"}, "x"]}"#), "invalid-flag");
    assert!(diagnostic.suggestion.contains("substr"), "{diagnostic:?}");
    assert!(!diagnostic.message.contains("substr"), "{diagnostic:?}");
}

#[test]
fn variations_that_do_not_exist_and_values_of_mixed_types_are_named() {
    let unknown = one(&with_default(json!({"defaultRule": {"variation": "d"}})), "invalid-flag");
    assert!(unknown.message.contains("variation d does not exist"), "{}", unknown.message);
    assert_eq!((unknown.severity, unknown.rule.as_str()), (Severity::Error, "defaultRule"));
    let share = one(
        &with_default(json!({"targeting": [{"query": "a eq 1", "percentage": {"a": 50, "d": 50}}]})),
        "invalid-flag",
    );
    assert!(share.message.contains("d does not exist") && share.rule == "targeting[0]", "{share:?}");
    let step = one(
        &with_default(
            json!({"scheduledRollout": [{"date": "2020-01-01T00:00:00Z", "defaultRule": {"variation": "d"}}]}),
        ),
        "unknown-variation",
    );
    assert!(step.message.contains("variation d") && step.rule.starts_with("scheduledRollout[0]"), "{step:?}");
    let mixed = one(&with_default(json!({"variations": {"a": true, "b": "false"}})), "invalid-flag");
    assert!(
        mixed.message.contains("a is a boolean") && mixed.message.contains("b is a string"),
        "{}",
        mixed.message
    );
    let unreadable = one(
        r#"{"variations": {"a": 1}, "targeting": [{"query": 5}], "defaultRule": {"variation": "a"}}"#,
        "unreadable-flag",
    );
    assert!(unreadable.message.contains("must be a string") && unreadable.column == 50, "{unreadable:?}");
}

#[test]
fn shares_whose_sum_depends_on_their_order_are_told() {
    let shares = one(
        &with_default(json!({"defaultRule": {"percentage": {"a": 33.3, "b": 33.3, "c": 33.4}}})),
        "order-sensitive-shares",
    );
    assert_eq!((shares.severity, shares.rule.as_str()), (Severity::Warning, "defaultRule"));
    assert!(shares.suggestion.contains("whole numbers"), "{}", shares.suggestion);
    let sum =
        one(&with_default(json!({"defaultRule": {"percentage": {"a": 30, "b": 30}}})), "shares-not-100");
    assert!(sum.message.contains("60"), "{}", sum.message);
}

#[test]
fn order_sensitive_shares_are_told_whatever_the_order_of_their_names() {
    for (a, b, c) in [(33.3, 33.3, 33.4), (33.3, 33.4, 33.3), (33.4, 33.3, 33.3)] {
        one(
            &with_default(json!({"defaultRule": {"percentage": {"a": a, "b": b, "c": c}}})),
            "order-sensitive-shares",
        );
    }
}

#[test]
fn a_comparison_that_may_read_a_stale_operand_is_told() {
    let stale = query("role eq \"admin\" and org.role eq \"admin\"", "stale-operand", 21, "`pr`");
    assert_eq!(stale.severity, Severity::Warning);
}

#[test]
fn the_advice_on_stale_operands_helps() {
    // Advice that is followed must not lead to the same diagnostic, and must be right: `org.role pr` reads it too.
    for query in [
        "org pr and role eq \"admin\" and org.role eq \"admin\"",
        "org.role eq \"admin\" and role eq \"admin\"",
    ] {
        assert_eq!(of(&targeted(query)), [], "{query}");
    }
}

#[test]
fn steps_without_effect_are_told() {
    let step = |step: Value| {
        with_default(json!({"defaultRule": {"percentage": {"a": 50, "b": 50}}, "scheduledRollout": [step]}))
    };
    let date = "2020-01-01T00:00:00Z";
    let effect = one(&step(json!({"date": date, "defaultRule": {"variation": "a"}})), "step-without-effect");
    assert!(
        effect.rule.starts_with("scheduledRollout[0]") && effect.suggestion.contains("percentage"),
        "{effect:?}"
    );
    let dateless = one(&step(json!({"defaultRule": {"percentage": {"a": 100}}})), "step-without-date");
    assert!(dateless.suggestion.contains("date"), "{dateless:?}");
    let ignored = one(&step(json!({"date": date, "metadata": {"a": 1}})), "ignored-step-field");
    assert!(ignored.message.contains("metadata"), "{ignored:?}");
}

#[test]
fn a_step_without_effect_on_a_targeting_rule_is_told_too() {
    let flag = with_default(json!({
        "targeting": [{"name": "rule", "query": "a eq 1", "percentage": {"a": 50, "b": 50}}],
        "scheduledRollout": [{"date": "2020-01-01T00:00:00Z", "targeting": [{"name": "rule", "variation": "b"}]}],
    }));
    one(&flag, "step-without-effect");
}
