//! Flags, contexts and rulesets that the benchmarks evaluate.

use std::fmt::Write as _;

/// Twenty flags from the cheapest to the most expensive, each named after what it does.
pub const FLAGS: [(&str, &str); 20] = [
    (
        "fixed-with-bucketing",
        r#"{"variations":{"A":"a"},"bucketingKey":"company","defaultRule":{"variation":"A"}}"#,
    ),
    (
        "present",
        r#"{"variations":{"A":true,"B":false},"targeting":[{"query":"email pr","variation":"A"}],"defaultRule":{"variation":"B"}}"#,
    ),
    (
        "one-int",
        r#"{"variations":{"A":true,"B":false},"targeting":[{"query":"age gt 18","variation":"A"}],"defaultRule":{"variation":"B"}}"#,
    ),
    (
        "one-text",
        r#"{"variations":{"A":true,"B":false},"targeting":[{"query":"plan eq \"pro\"","variation":"A"}],"defaultRule":{"variation":"B"}}"#,
    ),
    (
        "missing",
        r#"{"variations":{"A":true,"B":false},"targeting":[{"query":"nowhere eq 1","variation":"A"}],"defaultRule":{"variation":"B"}}"#,
    ),
    ("percentage", r#"{"variations":{"A":true,"B":false},"defaultRule":{"percentage":{"A":20,"B":80}}}"#),
    (
        "progressive",
        r#"{"variations":{"A":true,"B":false},"defaultRule":{"progressiveRollout":{"initial":{"variation":"A","percentage":0,"date":"2024-01-01T00:00:00Z"},"end":{"variation":"B","percentage":100,"date":"2034-01-01T00:00:00Z"}}}}"#,
    ),
    (
        "scheduled",
        r#"{"variations":{"A":true,"B":false},"defaultRule":{"variation":"A"},"scheduledRollout":[{"date":"2024-12-01T00:00:00Z","defaultRule":{"variation":"B"}}]}"#,
    ),
    (
        "three-conditions",
        r#"{"variations":{"A":true,"B":false},"targeting":[{"query":"plan eq \"pro\" and age gt 18 and country in [\"DE\",\"FR\",\"IT\"]","variation":"A"}],"defaultRule":{"variation":"B"}}"#,
    ),
    (
        "suffix",
        r#"{"variations":{"A":true,"B":false},"targeting":[{"query":"email ew \"@example.com\"","variation":"A"}],"defaultRule":{"variation":"B"}}"#,
    ),
    (
        "contains",
        r#"{"variations":{"A":true,"B":false},"targeting":[{"query":"agent co \"firefox\"","variation":"A"}],"defaultRule":{"variation":"B"}}"#,
    ),
    (
        "version",
        r#"{"variations":{"A":true,"B":false},"targeting":[{"query":"version ge 2.3.4-beta.1","variation":"A"}],"defaultRule":{"variation":"B"}}"#,
    ),
    (
        "nested",
        r#"{"variations":{"A":true,"B":false},"targeting":[{"query":"company_info.size gt 100 and company_info.name eq \"acme\"","variation":"A"}],"defaultRule":{"variation":"B"}}"#,
    ),
    (
        "groups",
        r#"{"variations":{"A":true,"B":false},"targeting":[{"query":"not (plan eq \"free\" or age lt 18) and (country eq \"FR\" or country eq \"DE\")","variation":"A"}],"defaultRule":{"variation":"B"}}"#,
    ),
    (
        "rule-with-shares",
        r#"{"variations":{"A":true,"B":false},"targeting":[{"query":"plan eq \"pro\"","percentage":{"A":50,"B":50}}],"defaultRule":{"variation":"B"}}"#,
    ),
    (
        "five-rules",
        r#"{"variations":{"A":true,"B":false},"targeting":[{"query":"plan eq \"x1\"","variation":"A"},{"query":"plan eq \"x2\"","variation":"A"},{"query":"age lt 3","variation":"A"},{"query":"country eq \"ZZ\"","variation":"A"},{"query":"email sw \"nobody\"","variation":"A"}],"defaultRule":{"variation":"B"}}"#,
    ),
    ("long-list", ""),
    (
        "logic-three",
        r#"{"variations":{"A":true,"B":false},"targeting":[{"query":"{\"and\":[{\"==\":[{\"var\":\"plan\"},\"pro\"]},{\">\":[{\"var\":\"age\"},18]},{\"in\":[{\"var\":\"country\"},[\"DE\",\"FR\",\"IT\"]]}]}","variation":"A"}],"defaultRule":{"variation":"B"}}"#,
    ),
    (
        "logic-some",
        r#"{"variations":{"A":true,"B":false},"targeting":[{"query":"{\"some\":[{\"var\":\"labels\"},{\"==\":[{\"var\":\"\"},\"beta\"]}]}","variation":"A"}],"defaultRule":{"variation":"B"}}"#,
    ),
    ("twenty-rules", ""),
];

/// The definition of a flag of [`FLAGS`]; those that are too long to write out are made here.
pub fn definition(name: &str) -> String {
    let variations = r#""variations":{"A":true,"B":false}"#;
    match name {
        "long-list" => {
            let items: Vec<_> = (0..300).map(|n| format!("\\\"id-{n:04}\\\"")).collect();
            let query = format!("id in [{}]", items.join(","));
            format!(
                "{{{variations},\"targeting\":[{{\"query\":\"{query}\",\"variation\":\"A\"}}],\"defaultRule\":{{\"variation\":\"B\"}}}}"
            )
        }
        "twenty-rules" => {
            let rules: Vec<_> = (0..20)
                .map(|n| format!("{{\"query\":\"plan eq \\\"p{n}\\\" and age gt {n}\",\"variation\":\"A\"}}"))
                .collect();
            format!(
                "{{{variations},\"targeting\":[{}],\"defaultRule\":{{\"variation\":\"B\"}}}}",
                rules.join(",")
            )
        }
        _ => {
            FLAGS.iter().find(|(flag, _)| *flag == name).map_or_else(String::new, |(_, text)| (*text).into())
        }
    }
}

/// A context of ten attributes beside the targeting key, which differs by `number`.
pub fn context(number: usize) -> String {
    format!(
        r#"{{"targetingKey":"d45e303a-38c2-11ed-a261-{number:012}","email":"john.doe-{number}@example.com","plan":"pro","age":31,
        "country":"IT","version":"2.3.4","agent":"Mozilla/5.0 (X11; Linux) Gecko/20100101 Firefox/120.0","id":"id-0250",
        "company":"acme","company_info":{{"name":"acme","size":120}},"labels":["pro","beta"]}}"#
    )
}

/// A ruleset with every flag of [`FLAGS`] and one constant flag.
pub fn small_ruleset() -> String {
    let constant = r#""constant":{"variations":{"A":true},"defaultRule":{"variation":"A"}}"#.to_owned();
    let flags = FLAGS.iter().map(|(name, _)| format!("\"{name}\":{}", definition(name)));
    format!("{{{}}}", std::iter::once(constant).chain(flags).collect::<Vec<_>>().join(","))
}

/// A ruleset of `count` flags of about `bytes` bytes each; `revision` changes the one in the middle.
pub fn large_ruleset(count: usize, bytes: usize, revision: usize) -> String {
    let mut text = String::with_capacity(count * (bytes + 64));
    text.push_str("{\"flags\":{");
    for number in 0..count {
        let comma = if number == 0 { "" } else { "," };
        let revision = if number == count / 2 { revision } else { 0 };
        let _ = write!(
            text,
            "{comma}\"flag-{number:06}\":{{\"variations\":{{\"A\":true,\"B\":false}},\"targeting\":[{{\"name\":\"r\",\"query\":\"plan eq \\\"pro\\\" and age gt 18 and country in [\\\"DE\\\",\\\"IT\\\"]\",\"variation\":\"A\"}}],\"defaultRule\":{{\"percentage\":{{\"A\":10,\"B\":90}}}},\"metadata\":{{\"revision\":{revision},\"text\":\""
        );
        let used = 290;
        for _ in 0..bytes.saturating_sub(used) {
            text.push('x');
        }
        text.push_str("\"}}");
    }
    text.push_str("}}");
    text
}
