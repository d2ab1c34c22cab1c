//! Where Pennon does on purpose what the vendor does not (docs/deviations.md), and what it says of it.

use std::sync::{Arc, Mutex};

use pennon::{Client, Context, FlagType, Log, LogLevel, Options, Service};
use serde_json::{Value, json};

use crate::server::{document, own, state};

/// What the log was told.
#[derive(Debug, Default)]
struct Lines(Mutex<Vec<String>>);

impl Log for Lines {
    fn log(&self, _: LogLevel, message: &str) {
        self.0.lock().unwrap().push(message.to_owned());
    }
}

fn client(document: &Value) -> Client {
    Client::new(Options::new(Service::Flagsmith).ruleset(document.to_string())).unwrap()
}

fn value(client: &Client, key: &str, context: Value) -> String {
    let context = Context::from_json(&context.to_string()).unwrap();
    client.evaluate(key, FlagType::Any, &context).value_json().to_owned()
}

fn with_overrides(overrides: Value) -> Value {
    let mut document = document(&[state(1, "checkout", false, json!("v1"))]);
    document["identity_overrides"] = overrides;
    document
}

/// The codes of what there is to say about a feature.
fn codes(document: &Value, key: &str) -> Vec<String> {
    let said: Value = serde_json::from_str(&client(document).diagnostics_json()).unwrap();
    let of_key = said.as_array().unwrap().iter().filter(|note| note["flag"] == key);
    of_key.map(|note| note["code"].as_str().unwrap().to_owned()).collect()
}

fn with_condition(condition: Value) -> Value {
    let mut document = document(&[state(1, "checkout", false, json!("v1"))]);
    document["project"]["segments"][0]["rules"] =
        json!([{"type": "ALL", "rules": [], "conditions": [condition]}]);
    document
}

#[test]
fn overrides_that_python_hashes_alike_are_kept_apart() {
    let values = [json!(-1), json!(-2), json!(""), json!(0), json!(false), json!(true), json!(1), json!("1")];
    let overrides: Vec<_> = values
        .iter()
        .enumerate()
        .map(|(n, value)| own(&format!("user-{n}"), state(1, "checkout", true, value.clone())))
        .collect();
    let client = client(&with_overrides(overrides.into()));
    for (n, expected) in values.iter().enumerate() {
        assert_eq!(
            value(&client, "checkout", json!({"targetingKey": format!("user-{n}")})),
            expected.to_string()
        );
    }
}

#[test]
fn an_identity_with_several_overrides_gets_the_one_of_the_group_that_was_seen_first() {
    let overrides = json!([
        own("a", state(1, "checkout", true, json!("first"))),
        own("x", state(1, "checkout", true, json!("second"))),
        own("x", state(1, "checkout", true, json!("first"))),
    ]);
    let client = client(&with_overrides(overrides));
    assert_eq!(value(&client, "checkout", json!({"targetingKey": "x"})), "\"first\"");
}

#[test]
fn no_trait_takes_the_place_of_an_identifier_for_overrides() {
    let client = client(&with_overrides(json!([own("vip", state(1, "checkout", true, json!("own")))])));
    let trait_name = "$.identity.identifier";
    assert_eq!(
        value(&client, "checkout", json!({"targetingKey": "joe", "traits": {trait_name: "vip"}})),
        "\"v1\""
    );
    assert_eq!(
        value(&client, "checkout", json!({"targetingKey": "vip", "traits": {trait_name: "joe"}})),
        "\"own\""
    );
    let said = codes(
        &with_condition(json!({"property_": trait_name, "operator": "IN", "value": "vip"})),
        "checkout",
    );
    assert_eq!(said, ["replaceable-identifier"]);
}

#[test]
fn identifiers_that_look_like_numbers_are_read_as_the_engine_reads_them() {
    let document = with_overrides(json!([
        own("7", state(1, "checkout", true, json!("seven"))),
        own("007", state(1, "checkout", true, json!("agent"))),
        own("1.5", state(1, "checkout", true, json!("float"))),
    ]));
    let evaluated = client(&document);
    for (identifier, expected) in
        [("7", "\"seven\""), ("007", "\"seven\""), ("1.5", "\"v1\""), ("1.50", "\"v1\"")]
    {
        assert_eq!(
            value(&evaluated, "checkout", json!({"targetingKey": identifier})),
            expected,
            "{identifier}"
        );
    }
    assert_eq!(codes(&document, "checkout"), ["numeric-identifier"]);
}

#[test]
fn one_state_that_cannot_be_read_is_that_features_error_alone() {
    let mut broken = state(2, "broken", true, json!(1));
    broken.as_object_mut().unwrap().remove("enabled");
    let client = client(&document(&[state(1, "checkout", false, json!("v1")), broken]));
    assert_eq!(value(&client, "checkout", json!({})), "\"v1\"");
    let evaluation = client.evaluate("broken", FlagType::Any, &Context::new());
    assert_eq!(evaluation.error_code().unwrap().name(), "PARSE_ERROR");
    assert!(evaluation.error_message().contains("`enabled` is missing"), "{}", evaluation.error_message());
}

#[test]
fn what_the_vendors_client_refuses_is_refused_whole_and_says_why() {
    let good = document(&[state(1, "checkout", false, json!("v1"))]);
    let without = |path: &str| {
        let mut broken = good.clone();
        let (parent, name) = path.rsplit_once('/').unwrap();
        broken.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
        broken
    };
    let rule = "/project/segments/0/rules/0/rules/0";
    for path in [
        "/api_key",
        "/name",
        "/project",
        "/project/segments",
        "/feature_states",
        "/project/segments/0/id",
        "/project/segments/0/name",
        "/project/segments/0/rules",
        &format!("{rule}/type"),
        &format!("{rule}/conditions/0/operator"),
        &format!("{rule}/conditions/0/value"),
        "/feature_states/0/feature",
    ] {
        let refused = Client::new(Options::new(Service::Flagsmith).ruleset(without(path).to_string()));
        let message = refused.unwrap_err().to_string();
        assert!(message.contains("is missing"), "{path}: {message}");
    }
    for (path, null) in
        [("/project", Value::Null), ("/feature_states", Value::Null), ("/feature_states", json!([null]))]
    {
        let mut broken = good.clone();
        *broken.pointer_mut(path).unwrap() = null;
        assert!(Client::new(Options::new(Service::Flagsmith).ruleset(broken.to_string())).is_err(), "{path}");
    }
    for fine in ["/identity_overrides", "/updated_at", "/project/segments/0/feature_states"] {
        let client = client(&without(fine));
        assert_eq!(value(&client, "checkout", json!({})), "\"v1\"", "{fine}");
    }
}

#[test]
fn traits_that_are_none_are_said_to_be() {
    let client = client(&document(&[state(1, "checkout", false, json!("v1"))]));
    let context = Context::from_json(r#"{"targetingKey": "u", "traits": [1]}"#).unwrap();
    let evaluation = client.evaluate("checkout", FlagType::Any, &context);
    assert_eq!(evaluation.error_code().unwrap().name(), "INVALID_CONTEXT");
    assert!(client.segments(&context).unwrap().is_err());
}

#[test]
fn what_raises_for_some_contexts_only_is_said_when_it_comes() {
    let log = Arc::new(Lines::default());
    let document = with_condition(json!({"property_": "age", "operator": "MODULO", "value": "2|0"}));
    let options = Options::new(Service::Flagsmith).ruleset(document.to_string());
    let client = Client::new(options.log(Arc::clone(&log) as Arc<dyn Log>)).unwrap();
    let user =
        |age: &str| Context::from_json(&format!("{{\"targetingKey\": \"u\", \"age\": {age}}}")).unwrap();
    let diagnostics = || -> Vec<Value> { serde_json::from_str(&client.diagnostics_json()).unwrap() };
    assert!(client.get_bool("checkout", &user("4"), false));
    assert!(diagnostics().is_empty());
    let huge = user(&format!("\"{}\"", "9".repeat(400)));
    for _ in 0..3 {
        let evaluation = client.evaluate("checkout", FlagType::Any, &huge);
        assert_eq!((evaluation.value_json(), evaluation.error_message()), ("\"v1\"", ""));
        assert_eq!(client.evaluate_all(&huge).unwrap().get(0).unwrap().to_json(), evaluation.to_json());
    }
    let [remark, of_segment] = diagnostics().try_into().unwrap();
    assert_eq!((&of_segment["flag"], &of_segment["rule"]), (&json!(""), &json!("segment \"pros\"")));
    assert_eq!((&remark["flag"], &remark["code"]), (&json!("checkout"), &json!("evaluation")));
    assert!(remark["message"].as_str().unwrap().contains("raises"));
    assert_eq!(log.0.lock().unwrap().iter().filter(|line| line.contains("checkout")).count(), 1);
    let explanation: Value = serde_json::from_str(&client.explain("checkout", &huge)).unwrap();
    assert_eq!(explanation["decidedBy"], "environment");
    let comparison = &explanation["rules"][0]["comparisons"][0];
    assert_eq!(
        (&comparison["comparison"], &comparison["holds"]),
        (&json!("age MODULO \"2|0\""), &json!(false))
    );
    assert!(comparison["fault"].as_str().unwrap().contains("raises"));
}

#[test]
fn explanations_name_conditions_values_and_percentages() {
    let mut document = with_condition(json!({"property_": "plan", "operator": "EQUAL", "value": "pro"}));
    document["project"]["segments"][0]["rules"] = json!([{"type": "ALL", "conditions": [
        {"property_": "plan", "operator": "EQUAL", "value": "pro"}], "rules": [{"type": "ANY", "rules": [], "conditions": [
        {"property_": "age", "operator": "GREATER_THAN", "value": "30"},
        {"property_": null, "operator": "PERCENTAGE_SPLIT", "value": "0"},
        {"property_": "email", "operator": "REGEX", "value": "("}]}]}]);
    document["feature_states"][0]["multivariate_feature_state_values"] = json!([
        {"id": 1, "percentage_allocation": 40, "mv_fs_value_uuid": "u", "multivariate_feature_option": {"id": 1, "key": "red", "value": "r"}}]);
    let client = client(&document);
    let user = Context::from_json(r#"{"targetingKey": "u", "plan": "pro", "age": "7"}"#).unwrap();
    let explanation: Value = serde_json::from_str(&client.explain("checkout", &user)).unwrap();
    let rule = &explanation["rules"][0];
    assert_eq!(
        rule["query"],
        "ALL(plan EQUAL \"pro\"; ANY(age GREATER_THAN \"30\"; $.identity.key PERCENTAGE_SPLIT \"0\"; email REGEX \"(\"))"
    );
    let comparisons = rule["comparisons"].as_array().unwrap();
    let holds: Vec<_> = comparisons.iter().map(|one| one["holds"].as_bool().unwrap()).collect();
    assert_eq!((rule["result"].as_str(), holds), (Some("does not match"), vec![true, false, false, false]));
    assert_eq!(comparisons[1]["operands"], json!([{"attribute": "age", "value": 7}]));
    assert_eq!(comparisons[2]["operands"][1]["attribute"], "percentage");
    assert!(comparisons[3]["fault"].as_str().unwrap().contains("raises"));
    let split = &explanation["choice"]["split"];
    assert_eq!(split["shares"], json!([{"variation": "red", "from": 0.0, "below": 40.0}]));
    let bucket = split["bucket"].as_f64().unwrap();
    assert_eq!(explanation["choice"]["variation"], if bucket < 40.0 { "red" } else { "control" });
    let evaluation = client.evaluate("checkout", FlagType::Any, &user);
    assert_eq!(explanation["choice"]["variation"], evaluation.variant());
}

#[test]
fn authors_are_told_what_can_never_work() {
    let condition = |operator: &str, value: Value| {
        codes(&with_condition(json!({"property_": "plan", "operator": operator, "value": value})), "checkout")
    };
    assert_eq!(condition("EQUAL", json!("pro")), Vec::<String>::new());
    assert_eq!(condition("REGEX", json!("(")), ["unusable-regex", "segment-never-matches"]);
    assert_eq!(condition("REGEX", json!("(?=a)")), ["costly-regex"]);
    assert_eq!(condition("MODULO", json!("0|0")), ["zero-divisor"]);
    assert_eq!(condition("IN", Value::Null), ["unusable-value", "segment-never-matches"]);
    assert_eq!(condition("BETWEEN", json!("1")), ["unknown-operator", "segment-never-matches"]);
    assert_eq!(condition("PERCENTAGE_SPLIT", json!("150")), ["odd-percentage"]);
    let mut unknown = with_condition(json!({"property_": "plan", "operator": "EQUAL", "value": "pro"}));
    unknown["project"]["segments"][0]["rules"][0]["type"] = json!("SOME");
    assert_eq!(codes(&unknown, "checkout"), ["unknown-rule-type"]);
    let mut twice = document(&[state(1, "checkout", false, json!("v1"))]);
    let mut again = state(1, "checkout", true, json!("v3"));
    again["feature_segment"] = json!({"priority": 2});
    twice["project"]["segments"][0]["feature_states"].as_array_mut().unwrap().push(again);
    assert_eq!(codes(&twice, "checkout"), ["override-never-wins"]);
    twice["project"]["segments"][0]["feature_states"][0]["feature_segment"]["priority"] = Value::Null;
    assert!(codes(&twice, "checkout").contains(&"null-priority".to_owned()));
}

#[test]
fn flags_read_by_each_other_are_answered_alike_alone_and_among_all() {
    let reads = |own: &str, other: &str, id: u64| {
        let mut state = state(id, own, true, json!("override"));
        state["feature_segment"] = json!({"priority": 1});
        json!({"id": id, "name": format!("s{id}"), "feature_states": [state], "rules": [{"type": "ALL", "rules": [], "conditions":
            [{"property_": format!("$.flags.{other}.enabled"), "operator": "EQUAL", "value": "true"}]}]})
    };
    let mut chain = document(&[
        state(1, "a", false, json!("env")),
        state(2, "b", false, json!("env")),
        state(3, "c", true, json!("env")),
    ]);
    chain["project"]["segments"] = json!([reads("a", "b", 1), reads("b", "c", 2)]);
    let evaluated = client(&chain);
    assert_eq!(value(&evaluated, "a", json!({"targetingKey": "u"})), "\"override\"");
    let mut cycle = chain.clone();
    cycle["project"]["segments"] = json!([reads("a", "b", 1), reads("b", "a", 2)]);
    let context = Context::from_json(r#"{"targetingKey": "u"}"#).unwrap();
    let evaluation = client(&cycle).evaluate("a", FlagType::Any, &context);
    assert_eq!((evaluation.value_json(), evaluation.reason().name()), ("\"env\"", "DISABLED"));
    assert!(evaluation.metadata_json().contains("ERROR; code=CIRCULAR_DEPENDENCY"));
}

#[test]
fn evaluations_of_all_flags_outlive_their_document_and_their_client() {
    let first = document(&[state(1, "a", true, json!("v1")), state(2, "b", false, json!(2))]);
    let second = document(&[state(1, "a", true, json!("v9"))]);
    let client = client(&first);
    let context = Context::from_json(r#"{"targetingKey": "u"}"#).unwrap();
    let all = client.evaluate_all(&context).unwrap();
    client.set_ruleset(second.to_string()).unwrap();
    assert_eq!(client.evaluate_all(&context).unwrap().len(), 1);
    assert_eq!(client.stats().loaded_units, 1, "the list holds no unit");
    drop(client);
    let read: Vec<_> = all.iter().map(|one| format!("{} {}", one.key(), one.value_json())).collect();
    assert_eq!(read, ["a \"v1\"", "b 2"]);
    assert!(all.get(2).is_none() && all.iter().map(|one| one.reason().name()).eq(["STATIC", "DISABLED"]));
}

#[test]
fn characters_are_called_by_their_names() {
    let named = |pattern: &str| {
        client(&with_condition(json!({"property_": "plan", "operator": "REGEX", "value": pattern})))
    };
    let plan = |plan: &str| json!({"targetingKey": "u", "plan": plan});
    for (pattern, matching) in [(r"\N{BULLET}+$", "••"), (r"[\N{digit one}-\N{DIGIT THREE}]x", "2x")] {
        assert_eq!(value(&named(pattern), "checkout", plan(matching)), "\"v2\"", "{pattern}");
        assert_eq!(value(&named(pattern), "checkout", plan("4x")), "\"v1\"", "{pattern}");
    }
    let unknown = json!({"property_": "plan", "operator": "REGEX", "value": r"\N{NOWHERE}"});
    assert_eq!(codes(&with_condition(unknown), "checkout"), ["unusable-regex", "segment-never-matches"]);
}

#[test]
fn rules_nested_as_deep_as_python_follows_are_followed() {
    let nested = |depth: usize| {
        let mut rule = json!({"type": "ALL", "conditions": [{"property_": "plan", "operator": "EQUAL", "value": "pro"}], "rules": []});
        for _ in 1..depth {
            rule = json!({"type": "ALL", "conditions": [], "rules": [rule]});
        }
        let mut document = document(&[state(1, "checkout", false, json!("v1"))]);
        document["project"]["segments"][0]["rules"] = json!([rule]);
        document
    };
    let pro = json!({"targetingKey": "u", "plan": "pro"});
    assert_eq!(value(&client(&nested(328)), "checkout", pro.clone()), "\"v2\"");
    assert_eq!(value(&client(&nested(329)), "checkout", pro), "\"v1\"");
    assert!(codes(&nested(329), "checkout").contains(&"segment-never-matches".to_owned()));
    let deeper = Client::new(Options::new(Service::Flagsmith).ruleset(nested(498).to_string()));
    assert!(deeper.unwrap_err().to_string().contains("nested deeper"));
}

#[test]
fn options_that_have_no_use_are_refused_by_name() {
    let error = |json: &str| match Options::from_json(json).and_then(Client::new) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    };
    let with = |more: &str| {
        error(&format!("{{\"service\": \"flagsmith\", \"endpoint\": \"http://127.0.0.1:9\", {more}}}"))
    };
    assert!(with("\"environment_key\": \"client\"").contains("begins with \"ser.\""));
    assert!(with("\"mode\": \"remote\"").contains("environment_key is missing"));
    assert!(with("\"environment_key\": \"ser.k\", \"flag_list\": [\"a\"]").contains("flag_list"));
    assert!(
        with("\"environment_key\": \"ser.k\", \"change_stream\": \"websocket\"").contains("auto, sse, off")
    );
    assert!(with("\"environment_key\": \"ser.k\", \"api_key\": \"ser.k\"").contains("given twice"));
    for (name, value) in [("enable_analytics", "true"), ("default_flags", "{}"), ("retries", "0")] {
        let refusal = error(&format!("{{\"service\": \"goff\", \"{name}\": {value}}}"));
        assert!(refusal.contains(&format!("option {name} has no use for goff")), "{name}: {refusal}");
    }
}
