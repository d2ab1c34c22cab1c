//! Appendix B of the reference, row by row: what a whole flag does.
//!
//! The appendix was run on an evaluator that checks nothing; where the relay drops the flag at load the row says `error`.

use serde_json::{Value, json};

use crate::pennon::Scratch;
use crate::table::{self, Row};

/// What the row changes in the base flag (null removes a field), what it changes in the context, and the answer.
type Case = (&'static str, &'static str, &'static str, &'static str);

/// A rollout from A to B in ten days.
const PROGRESSIVE: &str = r#"{"defaultRule":{"progressiveRollout":{
    "initial":{"variation":"A","percentage":0,"date":"2024-01-01T00:00:00Z"},
    "end":{"variation":"B","percentage":100,"date":"2024-01-11T00:00:00Z"}}}}"#;
const EXPERIMENT: &str =
    r#"{"experimentation":{"start":"2024-01-01T00:00:00Z","end":"2024-02-01T00:00:00Z"}}"#;
/// Two steps, the later one first.
const SCHEDULE: &str = r#"{"version":"1","scheduledRollout":[
    {"date":"2024-01-10T00:00:00Z","defaultRule":{"variation":"B"},"version":"2","trackEvents":false},
    {"date":"2024-01-05T00:00:00Z","defaultRule":{"variation":"C"}}]}"#;

#[rustfmt::skip]
const FLAGS: &[Case] = &[
    ("no variations", r#"{"variations":null}"#, "{}", "error"),
    ("unknown variation", r#"{"defaultRule":{"variation":"Z"}}"#, "{}", "error"),
    ("null variation", r#"{"variations":{"A":null}}"#, "{}", "error"),
    ("no default rule", r#"{"defaultRule":null}"#, "{}", "error"),
    ("empty default rule", r#"{"defaultRule":{}}"#, "{}", "error"),
    ("rule without selection", r#"{"targeting":[{"query":"key pr"}]}"#, "{}", "error"),
    ("disabled", r#"{"disable":true,"metadata":{"x":1},"version":"v3"}"#, "{}", "DISABLED SdkDefault=null, cacheable"),
    ("disabled, shares, no key", r#"{"disable":true,"defaultRule":{"percentage":{"A":50,"B":50}}}"#, r#"{"targetingKey":null}"#, "error TARGETING_KEY_MISSING"),
    ("shares in another rule, no key", r#"{"targeting":[{"query":"a eq 1","percentage":{"A":100}}]}"#, r#"{"targetingKey":null}"#, "error TARGETING_KEY_MISSING"),
    ("shares in a disabled rule, no key", r#"{"targeting":[{"query":"a eq 1","disable":true,"percentage":{"A":100}}]}"#, r#"{"targetingKey":null}"#, "error TARGETING_KEY_MISSING"),
    ("empty shares", r#"{"defaultRule":{"percentage":{},"variation":"B"}}"#, r#"{"targetingKey":null}"#, "error"),
    ("static without a key", "{}", r#"{"targetingKey":null}"#, "STATIC A=a, cacheable"),
    ("key that is no string", r#"{"targeting":[{"query":"targetingKey eq 5","variation":"B"}]}"#, r#"{"targetingKey":5}"#, "DEFAULT A=a, cacheable"),
    ("attribute named key", r#"{"targeting":[{"query":"key eq \"mine\"","variation":"B"}]}"#, r#"{"key":"mine"}"#, "DEFAULT A=a, cacheable"),
    ("empty query", r#"{"targeting":[{"query":"","variation":"B"}]}"#, "{}", "error"),
    ("missing query", r#"{"targeting":[{"variation":"B"}]}"#, "{}", "error"),
    ("all rules disabled", r#"{"targeting":[{"query":"key pr","variation":"B","disable":true}]}"#, "{}", "DEFAULT A=a, cacheable"),
    ("no rules", r#"{"targeting":[]}"#, "{}", "STATIC A=a, cacheable"),
    ("default rule disabled", r#"{"defaultRule":{"variation":"A","disable":true}}"#, "{}", "STATIC A=a, cacheable"),

    ("all to one", r#"{"defaultRule":{"percentage":{"A":100}}}"#, "{}", "STATIC A=a, cacheable"),
    ("all to one, none to another", r#"{"defaultRule":{"percentage":{"A":100,"B":0}}}"#, "{}", "STATIC A=a, cacheable"),
    ("100 twice", r#"{"defaultRule":{"percentage":{"A":100,"B":100}}}"#, "{}", "STATIC B=b, cacheable"),
    ("share of an unknown variation", r#"{"defaultRule":{"percentage":{"Z":100}}}"#, "{}", "error"),
    ("no shares at all", r#"{"defaultRule":{"percentage":{"A":0,"B":0}}}"#, "{}", "error"),
    ("less than a thousandth", r#"{"defaultRule":{"percentage":{"A":0.0001}}}"#, "{}", "error FLAG_CONFIG"),
    ("half of it all", r#"{"defaultRule":{"percentage":{"A":25,"B":25}}}"#, "{}", "SPLIT B=b, cacheable"),
    ("negative share without overlap", r#"{"defaultRule":{"percentage":{"A":-10,"B":110}}}"#, "{}", "SPLIT B=b, cacheable"),
    ("shares win over a variation", r#"{"defaultRule":{"variation":"C","percentage":{"A":50,"B":50}}}"#, "{}", "SPLIT A=a, cacheable"),
    ("shares in a rule", r#"{"targeting":[{"query":"key pr","percentage":{"A":50,"B":50}}]}"#, "{}", "TARGETING_MATCH_SPLIT A=a, cacheable"),

    ("bucketing key", r#"{"bucketingKey":"teamId","defaultRule":{"percentage":{"A":50,"B":50}}}"#, r#"{"teamId":"t1"}"#, "SPLIT B=b, cacheable"),
    ("empty bucketing attribute", r#"{"bucketingKey":"teamId"}"#, r#"{"teamId":""}"#, "STATIC A=a, cacheable"),
    ("missing bucketing attribute", r#"{"bucketingKey":"teamId"}"#, "{}", "error TARGETING_KEY_MISSING"),
    ("number as bucketing attribute", r#"{"bucketingKey":"teamId"}"#, r#"{"teamId":7}"#, "error TARGETING_KEY_MISSING"),
    ("empty bucketing key, no key", r#"{"bucketingKey":"","defaultRule":{"percentage":{"A":50,"B":50}}}"#, r#"{"targetingKey":null}"#, "error FLAG_CONFIG"),
    ("nested bucketing key", r#"{"bucketingKey":"t.id","defaultRule":{"percentage":{"A":50,"B":50}}}"#, r#"{"t":{"id":"z"}}"#, "SPLIT B=b, cacheable"),
    ("bucketing key targetingKey", r#"{"bucketingKey":"targetingKey","defaultRule":{"percentage":{"A":50,"B":50}}}"#, r#"{"targetingKey":"u"}"#, "SPLIT A=a, cacheable"),

    ("before the rollout", PROGRESSIVE, r#"{"gofeatureflag":{"currentDateTime":"2023-12-31T00:00:00Z"}}"#, "SPLIT A=a"),
    ("start of the rollout", PROGRESSIVE, r#"{"gofeatureflag":{"currentDateTime":"2024-01-01T00:00:00Z"}}"#, "SPLIT A=a"),
    ("middle of the rollout, not yet", PROGRESSIVE, r#"{"gofeatureflag":{"currentDateTime":"2024-01-06T00:00:00Z"}}"#, "SPLIT A=a"),
    ("end of the rollout but a second", PROGRESSIVE, r#"{"gofeatureflag":{"currentDateTime":"2024-01-10T23:59:59Z"}}"#, "SPLIT B=b"),
    ("end of the rollout", PROGRESSIVE, r#"{"gofeatureflag":{"currentDateTime":"2024-01-11T00:00:00Z"}}"#, "SPLIT B=b"),
    ("after the rollout", PROGRESSIVE, "{}", "SPLIT B=b"),
    ("a date that is none", PROGRESSIVE, r#"{"gofeatureflag":{"currentDateTime":"2024-01-01 00:00:00Z"}}"#, "SPLIT B=b"),
    ("a date in lower case", PROGRESSIVE, r#"{"gofeatureflag":{"currentDateTime":"2024-01-01t00:00:00z"}}"#, "SPLIT B=b"),
    ("a fifth at the end", r#"{"defaultRule":{"progressiveRollout":{"initial":{"variation":"A","date":"2024-01-01T00:00:00Z"},"end":{"variation":"B","percentage":20,"date":"2024-01-11T00:00:00Z"}}}}"#, "{}", "SPLIT A=a"),
    ("0 at the end is all", r#"{"defaultRule":{"progressiveRollout":{"initial":{"variation":"A","date":"2024-01-01T00:00:00Z"},"end":{"variation":"B","percentage":0,"date":"2024-01-11T00:00:00Z"}}}}"#, "{}", "SPLIT B=b"),
    ("150 at the end is all", r#"{"defaultRule":{"progressiveRollout":{"initial":{"variation":"A","date":"2024-01-01T00:00:00Z"},"end":{"variation":"B","percentage":150,"date":"2024-01-11T00:00:00Z"}}}}"#, "{}", "SPLIT B=b"),
    ("a rollout without a date", r#"{"defaultRule":{"progressiveRollout":{"initial":{"variation":"A"},"end":{"variation":"B","date":"2024-01-11T00:00:00Z"}}}}"#, "{}", "error FLAG_CONFIG"),
    ("a rollout that ends as it starts", r#"{"defaultRule":{"progressiveRollout":{"initial":{"variation":"A","date":"2024-01-11T00:00:00Z"},"end":{"variation":"B","date":"2024-01-11T00:00:00Z"}}}}"#, "{}", "error FLAG_CONFIG"),
    ("a rollout without a variation", r#"{"defaultRule":{"progressiveRollout":{"initial":{"date":"2024-01-01T00:00:00Z"},"end":{"variation":"B","date":"2024-01-11T00:00:00Z"}}}}"#, "{}", "error"),

    ("before the experiment", EXPERIMENT, r#"{"gofeatureflag":{"currentDateTime":"2023-12-31T23:59:59Z"}}"#, "DISABLED SdkDefault=null"),
    ("start of the experiment", EXPERIMENT, r#"{"gofeatureflag":{"currentDateTime":"2024-01-01T00:00:00Z"}}"#, "STATIC A=a"),
    ("end of the experiment", EXPERIMENT, r#"{"gofeatureflag":{"currentDateTime":"2024-02-01T00:00:00Z"}}"#, "STATIC A=a"),
    ("a second after the experiment", EXPERIMENT, r#"{"gofeatureflag":{"currentDateTime":"2024-02-01T00:00:01Z"}}"#, "DISABLED SdkDefault=null"),
    ("an experiment without bounds", r#"{"experimentation":{}}"#, "{}", "STATIC A=a"),

    ("before the steps", SCHEDULE, r#"{"gofeatureflag":{"currentDateTime":"2024-01-01T00:00:00Z"}}"#, "STATIC A=a"),
    ("at the first step", SCHEDULE, r#"{"gofeatureflag":{"currentDateTime":"2024-01-05T00:00:00Z"}}"#, "STATIC C=c"),
    ("between the steps", SCHEDULE, r#"{"gofeatureflag":{"currentDateTime":"2024-01-07T00:00:00Z"}}"#, "STATIC C=c"),
    ("at the last step", SCHEDULE, r#"{"gofeatureflag":{"currentDateTime":"2024-01-10T00:00:00Z"}}"#, "STATIC B=b"),
    ("a step without a date", r#"{"scheduledRollout":[{"defaultRule":{"variation":"B"}}]}"#, "{}", "STATIC A=a"),
    ("no steps", r#"{"scheduledRollout":[]}"#, "{}", "STATIC A=a, cacheable"),
    ("a nested schedule", r#"{"scheduledRollout":[{"date":"2020-01-01T00:00:00Z","bucketingKey":"x","metadata":{},"scheduledRollout":[{"date":"2020-01-01T00:00:00Z","disable":true}]}]}"#, "{}", "STATIC A=a"),
    ("a future step with shares, no key", r#"{"scheduledRollout":[{"date":"2099-01-01T00:00:00Z","defaultRule":{"percentage":{"A":100}}}]}"#, r#"{"targetingKey":null}"#, "error TARGETING_KEY_MISSING"),
    ("an unnamed update", r#"{"targeting":[{"query":"key pr","variation":"B"}],"scheduledRollout":[{"date":"2020-01-01T00:00:00Z","targeting":[{"query":"key pr","variation":"C"}]}]}"#, "{}", "TARGETING_MATCH B=b"),
    ("an update named with nothing", r#"{"targeting":[{"query":"key pr","variation":"B"}],"scheduledRollout":[{"date":"2020-01-01T00:00:00Z","targeting":[{"name":"","variation":"C"}]}]}"#, "{}", "TARGETING_MATCH C=c"),
    // Corrections A2: the relay answers HTTP 500.
    ("a step for half a rollout", r#"{"targeting":[{"name":"n","disable":true,"query":"key pr","progressiveRollout":{"initial":{"variation":"A"}}}],"scheduledRollout":[{"date":"2020-01-01T00:00:00Z","targeting":[{"name":"n","progressiveRollout":{"end":{"variation":"B"}}}]}]}"#, "{}", "error"),
];

/// Changes that a step of the past makes to a flag with the rule `{name: r, query: key pr, variation: B}`; default rule
/// shares A 50, B 50.
#[rustfmt::skip]
const STEPS: &[(&str, &str, &str)] = &[
    ("variations are merged", r#"{"variations":{"B":"new","D":"d"}}"#, "TARGETING_MATCH B=new"),
    ("a rule's variation", r#"{"targeting":[{"name":"r","variation":"C"}]}"#, "TARGETING_MATCH C=c"),
    ("a rule's query", r#"{"targeting":[{"name":"r","query":"x eq 1"}]}"#, "SPLIT A=a"),
    ("a rule's switch", r#"{"targeting":[{"name":"r","disable":true}]}"#, "SPLIT A=a"),
    ("a negative share deletes", r#"{"disable":false,"defaultRule":{"percentage":{"A":-1}},"targeting":[{"name":"r","disable":true}]}"#, "SPLIT B=b"),
    ("a variation under shares", r#"{"defaultRule":{"variation":"C"},"targeting":[{"name":"r","disable":true}]}"#, "SPLIT A=a"),
    ("shares reach 100", r#"{"defaultRule":{"percentage":{"A":0,"B":100}},"targeting":[{"name":"r","disable":true}]}"#, "DEFAULT B=b"),
    ("the last of two updates", r#"{"targeting":[{"name":"r","variation":"C"},{"name":"r","variation":"A"}]}"#, "TARGETING_MATCH A=a"),
    ("a new rule comes after", r#"{"targeting":[{"name":"new","query":"key pr","variation":"C"}]}"#, "TARGETING_MATCH B=b"),
    ("the first of two new ones", r#"{"targeting":[{"name":"r","disable":true},{"name":"n","query":"key pr","variation":"C"},{"name":"n","query":"key pr","variation":"A"}]}"#, "TARGETING_MATCH C=c"),
];

/// Enrichment, the rule's query, an attribute, whether the rule matches.
#[rustfmt::skip]
const ENRICHED: &[(&str, &str, &str, bool)] = &[
    (r#"{"env":"prod"}"#, r#"env eq "prod""#, r#"{"env":"dev"}"#, true),
    (r#"{"targetingKey":"prod"}"#, r#"targetingKey eq "prod""#, "{}", false),
    (r#"{"anonymous":true}"#, "anonymous eq true", "{}", true),
    (r#"{"n":{"b":1}}"#, "n.a eq 1", r#"{"n":{"a":1}}"#, false),
    // Corrections A4: an integer stays one, top-level and nested.
    (r#"{"n":1}"#, "n in [1,2]", "{}", true),
    (r#"{"n":{"a":1}}"#, "n.a in [1,2]", "{}", true),
    (r#"{"n":1.0}"#, "n in [1,2]", "{}", false),
];

#[test]
fn whole_flags_behave_as_the_reference_says() {
    table::check_pennon(&Scratch::new("behaviour"), &rows());
}

#[test]
fn the_table_of_whole_flags_is_what_the_relay_does() {
    table::check_relay(&Scratch::new("behaviour-relay"), &rows());
}

fn rows() -> Vec<Row> {
    let flags =
        FLAGS.iter().map(|(name, changes, context, expected)| row(name, changes, context, "{}", expected));
    let steps = STEPS.iter().map(|(name, change, expected)| {
        let mut step: Value = parse(change);
        step["date"] = json!("2020-01-01T00:00:00Z");
        let flag = json!({
            "targeting": [{"name": "r", "query": "key pr", "variation": "B"}],
            "defaultRule": {"percentage": {"A": 50, "B": 50}},
            "scheduledRollout": [step],
        });
        row(name, &flag.to_string(), "{}", "{}", expected)
    });
    let enriched = ENRICHED.iter().map(|(enrichment, query, context, matches)| {
        let flag = json!({"targeting": [{"query": query, "variation": "B"}]});
        let expected = if *matches { "TARGETING_MATCH B=b, cacheable" } else { "DEFAULT A=a, cacheable" };
        row(&format!("{query} with {enrichment}"), &flag.to_string(), context, enrichment, expected)
    });
    flags.chain(steps).chain(enriched).collect()
}

fn row(name: &str, changes: &str, context: &str, enrichment: &str, expected: &str) -> Row {
    let flag = json!({"variations": {"A": "a", "B": "b", "C": "c"}, "defaultRule": {"variation": "A"}});
    Row {
        name: name.into(),
        flag: changed(flag, parse(changes)),
        context: changed(json!({"targetingKey": "user-1"}), parse(context)),
        enrichment: parse(enrichment),
        expected: expected.into(),
    }
}

fn changed(mut base: Value, changes: Value) -> Value {
    let members = base.as_object_mut().expect("a base that is an object");
    for (name, value) in changes.as_object().expect("changes that are an object") {
        match value {
            Value::Null => drop(members.remove(name)),
            value => drop(members.insert(name.clone(), value.clone())),
        }
    }
    base
}

fn parse(text: &str) -> Value {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}
