//! Hostile rulesets, as whole documents: deep, huge, cyclic, exponential. Each is refused or answered within bounds, and the
//! ruleset in force stays. What hostile flags do is in limits.rs.

use std::time::{Duration, Instant};

use pennon::{Client, FlagType, Format};
use serde_json::json;

use crate::flags::{FINE, conditions, heavy, ruleset, targeted};
use crate::support::{alone, context, cpu_of, options, peak_memory};

const PRO: &str = r#"{"targetingKey": "user", "plan": "pro"}"#;

/// CPU time in which any document is read or refused.
const READ: Duration = Duration::from_secs(10);

/// The deadline of the options' default, and how far a guest may pass it: two ticks, and what a slow machine adds.
const DEADLINE: Duration = Duration::from_millis(50);
const OVERRUN: Duration = Duration::from_millis(150);

/// What becomes of a document that replaces a good one.
enum Fate {
    /// It is refused, with this in the message.
    Refused(&'static str),
    /// It comes into force.
    InForce,
}
use Fate::{InForce, Refused};

/// Replaces a good ruleset by `document`, and checks what is promised of every document.
fn replace(name: &str, format: Format, document: &str, fate: &Fate) {
    let good = match format {
        // JSON is YAML, and TOML is neither.
        Format::Toml => {
            "[fine]\nvariations = {yes = \"yes\"}\ndefaultRule = {variation = \"yes\"}\n".to_owned()
        }
        _ => ruleset([("fine", FINE)]),
    };
    let client = Client::new(options(&good).ruleset_format(format)).expect("a client");
    let context = context(PRO);
    let before = peak_memory("self");
    let (result, cost) = cpu_of(|| client.set_ruleset(document));
    let more = peak_memory("self").saturating_sub(before) >> 20;
    let said: String =
        result.as_ref().map_or_else(ToString::to_string, |keys| format!("{} flags changed", keys.len()));
    let shown: String = said.chars().take(100).collect();
    println!("figure: {name}, {} KiB: {shown}; CPU {cost:.1?}, peak {more} MiB more", document.len() >> 10);
    assert!(cost < READ, "{name}: {cost:?}");
    match (fate, &result) {
        (Refused(message), Err(error)) => {
            assert!(error.to_string().contains(message), "{name}: {error}");
            assert!(said.len() < 1000, "{name}: a message of {} bytes", said.len());
            assert_eq!(
                client.get_string("fine", &context, "", str::to_owned),
                "yes",
                "{name}: the last good one"
            );
        }
        (InForce, Ok(_)) => {
            let (all, cost) = cpu_of(|| client.evaluate_all(&context).map(|all| all.len()));
            assert!(all.is_some() && cost < READ, "{name}: {all:?}, {cost:?}");
        }
        _ => panic!("{name}: {result:?}"),
    }
    client.set_ruleset(good).expect("the good ruleset again");
    assert_eq!(client.get_string("fine", &context, "", str::to_owned), "yes", "{name}: and works on");
}

#[test]
fn json_documents() {
    alone("hostile::json_documents", || {
        let json = |name, document: String, fate| replace(name, Format::Json, &document, &fate);
        json("JSON of 1,000,000 open brackets", "[".repeat(1_000_000), Refused("column"));
        json("JSON of 1,000,000 open objects", r#"{"a":"#.repeat(1_000_000), Refused("column"));
        let deep = format!("{}1{}", r#"{"a":"#.repeat(1_000_000), "}".repeat(1_000_000));
        json("JSON 1,000,000 levels deep", deep, InForce);
        let same: Vec<_> = (0..200_000).map(|_| ("same", FINE)).collect();
        json("200,000 flags of one key", ruleset(same), InForce);
        let names: Vec<_> = (0..200_000).map(|number| format!("flag-{number}")).collect();
        json(
            "200,000 flags that are numbers",
            ruleset(names.iter().map(|name| (name.as_str(), "1"))),
            InForce,
        );
        json("a key of 8 MiB", ruleset([("k".repeat(8 << 20).as_str(), FINE)]), InForce);
        json(
            "a key of 1,000,000 escapes",
            format!(r#"{{"{}": {FINE}}}"#, "\\u0061".repeat(1_000_000)),
            InForce,
        );
        json("16 MiB of white space", format!("{{{}}}", " ".repeat(16 << 20)), InForce);
        json(
            "a number of 1,000,000 digits",
            format!(r#"{{"flags": {}}}"#, "9".repeat(1_000_000)),
            Refused(""),
        );
    });
}

/// A YAML list of which each item holds the one before it `width` times.
fn doubling(levels: usize, width: usize) -> String {
    let mut document = "a0: &a0 [x, x]\n".to_owned();
    for level in 1..=levels {
        let items = vec![format!("*a{}", level - 1); width].join(", ");
        document += &format!("a{level}: &a{level} [{items}]\n");
    }
    document
}

#[test]
fn yaml_documents() {
    alone("hostile::yaml_documents", || {
        let yaml = |name, document: String, fate| replace(name, Format::Yaml, &document, &fate);
        yaml("YAML whose aliases double 40 times", doubling(40, 2), Refused(""));
        yaml("YAML of a billion laughs", doubling(9, 10), Refused(""));
        yaml("YAML that holds itself", "flag: &flag\n  variations: *flag\n".into(), Refused(""));
        yaml("YAML that holds itself in a list", "flag: &flag [1, *flag]\n".into(), Refused(""));
        let merged = "a: &a\n  <<: *b\nb: &b\n  <<: *a\n";
        yaml("YAML that merges what comes later", merged.into(), Refused(""));
        yaml("YAML that merges itself", "a: &a\n  <<: *a\n".into(), Refused(""));
        yaml("YAML of 100,000 open brackets", "[".repeat(100_000), Refused(""));
        yaml("YAML of 100,000 nested lists in a row", "- ".repeat(100_000), Refused(""));
        yaml("YAML of 100,000 questions", "? ".repeat(100_000), Refused(""));
        let indented: String = (0..3000).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
        yaml("YAML 3,000 levels deep", indented, Refused(""));
        // The first document of the file ends after the first anchor, and is empty.
        yaml("YAML of 1,000,000 anchors", "&a ".repeat(1_000_000), InForce);
        yaml("a YAML text that never ends", format!("flag: \"{}", "\\x41".repeat(1_000_000)), Refused(""));
    });
}

#[test]
fn toml_documents() {
    alone("hostile::toml_documents", || {
        let toml = |name, document: String, fate| replace(name, Format::Toml, &document, &fate);
        toml("TOML of a key of 100,000 parts", format!("a{} = 1\n", ".a".repeat(100_000)), Refused(""));
        toml("TOML of a table of 100,000 parts", format!("[a{}]\n", ".a".repeat(100_000)), Refused(""));
        toml("TOML of 100,000 open brackets", format!("a = {}", "[".repeat(100_000)), Refused(""));
        toml("TOML of 100,000 open tables", format!("a = {}", "{a=".repeat(100_000)), Refused(""));
        let tables: String = (0..20_000).map(|number| format!("[[a]]\nb = {number}\n")).collect();
        toml("TOML of 20,000 tables of a list", tables, InForce);
    });
}

/// Under the deadline of the options' default; limits.rs has a longer one, under which the guest's own bounds hold.
#[test]
fn exponential_queries_end_by_the_deadline() {
    let numbers: Vec<_> = (0..100).collect();
    let loops = (0..8).fold(json!({"+": [1, 1]}), |body, _| json!({"map": [numbers, body]}));
    let all = (0..8).fold(json!({"<": [{"var": ""}, 5000]}), |body, _| json!({"all": [numbers, body]}));
    let doubling =
        json!({"reduce": [numbers, {"cat": [{"var": "accumulator"}, {"var": "accumulator"}]}, "xxxxxxxx"]});
    let merged = (0..40).fold(json!({"var": "list"}), |body, _| json!({"merge": [body]}));
    let flags = [
        ("heavy", heavy()),
        ("loops", targeted(&loops.to_string())),
        ("all", targeted(&all.to_string())),
        ("doubling", targeted(&doubling.to_string())),
        ("merged", targeted(&merged.to_string())),
        ("conditions", targeted(&conditions(50_000))),
        ("groups", targeted(&format!("{}a eq 1{}", "(".repeat(60), " or a eq 2)".repeat(60)))),
    ];
    let members = flags.iter().map(|(key, flag)| (*key, flag.as_str())).chain([("fine", FINE)]);
    let client = Client::new(options(&ruleset(members)).pool_size(1)).expect("a client");
    let (context, free) = (context(PRO), context(r#"{"plan": "free"}"#));
    for (key, _) in &flags {
        // Loading has a bound of its own.
        client.evaluate(key, FlagType::Any, &free);
        let start = Instant::now();
        let (evaluation, cost) = cpu_of(|| client.evaluate(key, FlagType::Any, &context));
        let answer = evaluation.error_code().map_or(evaluation.value_json(), |code| code.name());
        println!(
            "figure: {key}: {answer} {}; CPU {cost:.1?}, {:.1?} in all",
            evaluation.error_message(),
            start.elapsed()
        );
        assert!(cost < DEADLINE + OVERRUN, "{key}: {cost:?}");
        assert_eq!(client.get_string("fine", &context, "", str::to_owned), "yes", "after {key}");
    }
    assert!(client.stats().deadlines > 0, "none needs the deadline: {:?}", client.stats());
}
