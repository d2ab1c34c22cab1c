//! One test for each rule; the conformance tests compare whole files with the service.

use super::*;

fn yaml(text: &str) -> String {
    to_json(text.as_bytes().to_vec(), Format::Yaml).unwrap()
}

fn toml(text: &str) -> String {
    to_json(text.as_bytes().to_vec(), Format::Toml).unwrap()
}

fn refusal(text: &str, format: Format) -> String {
    let Err(Error::InvalidRuleset(message)) = to_json(text.as_bytes().to_vec(), format) else {
        panic!("{text} is not refused")
    };
    message
}

/// What a YAML scalar is as the value of metadata.
fn free(scalar: &str) -> String {
    let json = yaml(&format!("f:\n  metadata:\n    m: {scalar}\n"));
    json.strip_prefix(r#"{"f":{"metadata":{"m":"#)
        .and_then(|json| json.strip_suffix("}}}"))
        .unwrap_or(&json)
        .to_owned()
}

/// What a YAML scalar is in a field of a flag.
fn field(name: &str, scalar: &str) -> String {
    let json = yaml(&format!("f:\n  {name}: {scalar}\n"));
    let start = format!(r#"{{"f":{{"{name}":"#);
    json.strip_prefix(&start).and_then(|json| json.strip_suffix("}}")).unwrap_or(&json).to_owned()
}

/// Runs on a thread as small as the smallest that the library is used on, which is enough for optimised builds.
fn on_a_small_stack(run: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(128 << 10).spawn(run).unwrap().join().unwrap();
}

#[test]
fn yaml_scalars_are_resolved_as_yaml_v3_resolves_them() {
    for (scalar, json) in [
        ("yes", r#""yes""#),
        ("n", r#""n""#),
        ("True", "true"),
        ("tRUE", r#""tRUE""#),
        ("~", "null"),
        ("", "null"),
        ("017", "15"),
        ("0o17", "15"),
        ("-0o17", "-15"),
        ("08", "8.0"),
        ("0_", "0"),
        ("1_000", "1000"),
        ("-0", "0"),
        ("0x1F", "31"),
        ("+0X1f", "31"),
        ("0b101", "5"),
        ("0b-1", "-1"),
        ("0b2", r#""0b2""#),
        ("_1", r#""_1""#),
        ("9223372036854775808", "9223372036854775808"),
        ("18446744073709551615", "18446744073709551615"),
        ("18446744073709551616", "1.8446744073709552e+19"),
        ("-9223372036854775809", "-9.223372036854776e+18"),
        ("1.", "1.0"),
        ("5.0", "5.0"),
        ("5", "5"),
        (".5", "0.5"),
        (".5_5", "0.55"),
        (".5__5", r#"".5__5""#),
        ("1e3", "1000.0"),
        ("1e400", r#""1e400""#),
        ("0x1p4", r#""0x1p4""#),
        ("12:30:45", r#""12:30:45""#),
        ("=", r#""=""#),
        ("<<", r#""<<""#),
        ("\"5\"", r#""5""#),
        ("'yes'", r#""yes""#),
        ("! 5", "5"),
        ("! '5'", r#""5""#),
        ("!!str 5", r#""5""#),
        ("!!int \"5\"", "5"),
        ("!!float 5", "5.0"),
        ("!custom 5", r#""5""#),
        ("!!binary aGk=", r#""hi""#),
        ("!!binary /2E=", "\"\u{fffd}a\""),
        ("!!null \"\"", "null"),
        ("[1, yes, ~]", r#"[1,"yes",null]"#),
        ("{a: 1.0, 'b': {}}", r#"{"a":1.0,"b":{}}"#),
        ("2024-01-01", r#""2024-01-01T00:00:00Z""#),
        ("2024-1-2 3:4:5.60", r#""2024-01-02T03:04:05.6Z""#),
        ("2024-13-01", r#""2024-13-01""#),
        ("\"2024-01-01\"", r#""2024-01-01""#),
        ("!!timestamp \"2024-01-01\"", r#""2024-01-01T00:00:00Z""#),
        ("|\n      a\n      b\n", r#""a\nb\n""#),
        (">-\n      a\n      b\n", r#""a b""#),
        ("\"a\n    b\"", r#""a b""#),
    ] {
        assert_eq!(free(scalar), json, "{scalar}");
    }
}

#[test]
fn yaml_scalars_become_what_their_field_is() {
    for (name, scalar, json) in [
        ("disable", "yes", "true"),
        ("disable", "\"Off\"", "false"),
        ("disable", "TRUE", "true"),
        ("disable", "~", "null"),
        ("disable", "\"true\"", r#""true""#),
        ("disable", "1", "1"),
        ("version", "1", r#""1""#),
        ("version", "0x1F", r#""0x1F""#),
        ("version", "2024-01-01", r#""2024-01-01""#),
        ("version", "yes", r#""yes""#),
        ("version", "true", r#""true""#),
        ("version", "~", "null"),
        ("version", ".inf", r#"".inf""#),
        ("version", "[a]", r#"["a"]"#),
        ("bucketingKey", "5", r#""5""#),
        (
            "defaultRule",
            "{percentage: {a: 1_0, b: 0x10, c: 1.5, 5: ~}}",
            r#"{"percentage":{"a":10,"b":16,"c":1.5,"5":null}}"#,
        ),
        ("defaultRule", "{percentage: {a: '5'}}", r#"{"percentage":{"a":"5"}}"#),
        ("defaultRule", "text", r#""text""#),
        (
            "experimentation",
            "{start: 2024-01-01, end: 2024-01-01T00:00:00+02:00}",
            r#"{"start":"2024-01-01T00:00:00Z","end":"2024-01-01T00:00:00+02:00"}"#,
        ),
        ("experimentation", "{start: \"2024-01-01\", end: 5}", r#"{"start":"2024-01-01","end":"5"}"#),
        ("targeting", "[~, {name: 1}]", r#"[{"name":"1"}]"#),
        (
            "scheduledRollout",
            "[{date: 2024-01-01, version: 2}]",
            r#"[{"date":"2024-01-01T00:00:00Z","version":"2"}]"#,
        ),
        ("variations", "{1: a, true: b, on: c, ~: d}", r#"{"1":"a","true":"b","on":"c"}"#),
    ] {
        assert_eq!(field(name, scalar), json, "{name}: {scalar}");
    }
}

#[test]
fn yaml_fields_have_one_spelling() {
    assert_eq!(yaml("f: {Disable: yes, disable: no, unknown: {a: 1, a: 2}}"), r#"{"f":{"disable":false}}"#);
}

#[test]
fn what_has_no_json_makes_one_flag_an_error() {
    for text in [
        "variations: {a: .inf}",
        "variations: {a: [{b: .nan}]}",
        "variations: {a: {1: b}}",
        "variations: {a: {~: b}}",
        "variations: {a: !!int x}",
        "variations: {a: !!binary '?'}",
        "variations: {a: 2024-01-01T00:00:00+24:00}",
    ] {
        let json = yaml(&format!("f: {{{text}}}\ng: {{disable: yes}}\n"));
        assert!(json.starts_with(r#"{"f":{"variations":[""#), "{json}");
        assert!(
            json.contains("at line 1 column ") && json.ends_with(r#""]},"g":{"disable":true}}"#),
            "{json}"
        );
    }
    assert_eq!(field("disable", "!!bool x"), r#"["`x` is no !!bool at line 2 column 12"]"#);
    assert!(yaml("f: {[a]: 1}").starts_with(r#"{"f":["a key is no scalar"#));
    assert!(
        toml("[f]\nmetadata = {a = inf}\nversion = 1979-05-27\n")
            .contains(r#""version":["a date is no string at line 3 column 11"]"#)
    );
}

#[test]
fn yaml_merges_leave_own_members_and_prefer_earlier_ones() {
    let merge = "f:\n  metadata:\n    a: &a {x: 1, y: 1}\n    b: &b {y: 2, z: 2, <<: {w: 4}}\n    c: {z: 3, <<: [*a, *b]}\n";
    assert!(yaml(merge).contains(r#""c":{"z":3,"x":1,"y":1,"w":4}"#), "{}", yaml(merge));
    let flags = "f: &f {version: 1, disable: yes}\ng: {<<: *f, version: 2}\n";
    assert!(yaml(flags).ends_with(r#""g":{"version":"2","disable":true}}"#), "{}", yaml(flags));
    let keys = "f: {metadata: {&k a: 1, b: *k, *k : 2}}";
    assert!(yaml(keys).contains(r#""b":"a""#));
    for text in ["f: {<<: 1}", "f: {<<: [1]}", "a: &a [1]\nf: {<<: *a}"] {
        assert!(refusal(text, Format::Yaml).contains("a merge needs a mapping"), "{text}");
    }
}

#[test]
fn only_the_first_yaml_document_is_read() {
    assert_eq!(yaml("f: {disable: yes}\n---\n- ]"), r#"{"f":{"disable":true}}"#);
    for text in ["", "# nothing\n", "---\n", "~", "\u{feff}"] {
        assert_eq!(yaml(text), "{}", "{text}");
    }
    assert_eq!(yaml("\u{feff}f:\r\n  version: |\r\n    a\r\n"), r#"{"f":{"version":"a\n"}}"#);
}

#[test]
fn a_block_at_the_end_needs_no_line_break() {
    for (text, version) in [
        ("|\n  a", "a"),
        ("|\n  a\n", "a\\n"),
        ("|+\n  a\n\n", "a\\n\\n"),
        ("|-\n  a", "a"),
        (">\n  a\n  b", "a b"),
        ("|", ""),
        ("|\n  a\n    ", "a\\n"),
        ("|\n  a\n# c", "a\\n"),
    ] {
        assert_eq!(
            yaml(&format!("f:\n version: {text}")),
            format!(r#"{{"f":{{"version":"{version}"}}}}"#),
            "{text}"
        );
    }
}

#[test]
fn what_is_no_document_is_refused_with_a_place() {
    for (text, place) in [
        ("f: [", "line 2 column 1"),
        ("f: {}\nf: {}", "line 2 column 1"),
        ("f: *a", "line 1 column 4"),
        ("- f", "line 1 column 1"),
        ("f:\n\tg: 1", "line 2 column 1"),
        ("f: \"\u{7}\"", "line 1 column 5"),
        ("f: &a [*a]", "line 1 column 8"),
        ("f: {metadata: {a: 1, 'a': 2}}", "line 1 column 22"),
    ] {
        assert!(refusal(text, Format::Yaml).contains(place), "{text}: {}", refusal(text, Format::Yaml));
    }
    for (text, place) in [
        ("f = ", "line 1 column 5"),
        ("[f]\n[f]\n", "line 2 column 2"),
        ("[f]\na = 1\na = 2", "line 3 column 1"),
    ] {
        assert!(refusal(text, Format::Toml).contains(place), "{text}: {}", refusal(text, Format::Toml));
    }
    assert!(refusal("f: [!!str, a]", Format::Yaml).contains("cannot be parsed"));
}

#[test]
fn the_enrichment_may_stand_beside_the_flags() {
    let text = "evaluationContextEnrichment: {tier: 5, f: 5.0, 1: yes}\nflags: {a: {disable: yes}}\n";
    let json =
        r#"{"evaluationContextEnrichment":{"tier":5,"f":5.0,"1":"yes"},"flags":{"a":{"disable":true}}}"#;
    assert_eq!(yaml(text), json);
    let text = "[evaluationContextEnrichment]\ntier = 5\nf = 5.0\n[flags.a]\nDisable = true\n";
    assert_eq!(
        toml(text),
        json.replace(r#","1":"yes""#, "").replace("tier\":5,\"f\":5.0", "f\":5.0,\"tier\":5")
    );
    let flag = "flags: {variations: {a: yes}, defaultRule: {variation: 1}}";
    assert_eq!(yaml(flag), r#"{"flags":{"variations":{"a":"yes"},"defaultRule":{"variation":"1"}}}"#);
    assert!(refusal("evaluationContextEnrichment: {a: .inf}", Format::Yaml).contains("no number inf"));
}

#[test]
fn toml_values_keep_their_types() {
    for (value, json) in [
        ("1", "1"),
        ("0xdead_beef", "3735928559"),
        ("-0", "0"),
        ("1.0", "1.0"),
        ("1e3", "1000.0"),
        ("true", "true"),
        ("'a'", "\"a\""),
        ("1979-05-27T07:32:00Z", "\"1979-05-27T07:32:00Z\""),
        ("1979-05-27 00:32:00.50-07:00", "\"1979-05-27T00:32:00.5-07:00\""),
        ("1979-05-27T07:32:00", "\"1979-05-27T07:32:00Z\""),
        ("1979-05-27", "\"1979-05-27T00:00:00Z\""),
        ("07:32:00", "\"0000-01-01T07:32:00Z\""),
        ("[1, 'a', {b = 2}]", r#"[1,"a",{"b":2}]"#),
    ] {
        assert_eq!(
            toml(&format!("[f.metadata]\nm = {value}")),
            format!(r#"{{"f":{{"metadata":{{"m":{json}}}}}}}"#)
        );
    }
    assert_eq!(toml("[f]\nversion = 1\ndisable = 'true'\n"), r#"{"f":{"disable":"true","version":1}}"#);
    assert_eq!(toml("[f]\nmetadata = 5\n"), r#"{"f":{"metadata":{}}}"#);
    let share = "[f.defaultRule.percentage]\na = 9007199254740992\n";
    assert!(toml(share).contains(r#"{"a":["9007199254740992 is no float"#));
}

#[test]
fn toml_fields_are_found_in_any_case() {
    assert_eq!(
        toml("[f]\nVERSION = '1'\nDisable = true\ndisable = false\nother = 1"),
        r#"{"f":{"disable":false,"version":"1"}}"#
    );
}

#[test]
fn aliases_cannot_fill_the_memory() {
    let lists =
        (1..9).map(|level| format!("l{level}: &l{level} [{}]\n", format!("*l{},", level - 1).repeat(10)));
    let laughs = format!(
        "f: {{metadata: {{l0: &l0 [ha]}}}}\ng:\n  metadata:\n    {}",
        lists.collect::<String>().replace('\n', "\n    ")
    );
    assert!(refusal(&laughs, Format::Yaml).contains("aliases make the document too large"));
    let long =
        format!("f:\n  metadata:\n    a: &a {}\n    b: [{}]\n", "x".repeat(1 << 17), "*a,".repeat(1000));
    assert!(refusal(&long, Format::Yaml).contains("aliases make the document too large"));
}

#[test]
fn depth_is_bounded_on_a_small_stack() {
    on_a_small_stack(|| {
        let nested = |open: &str, close: &str, levels: usize| {
            format!("f: {{metadata: {{a: {}1{}}}}}", open.repeat(levels), close.repeat(levels))
        };
        assert!(yaml(&nested("[", "]", 97)).contains("[[1]]"));
        assert!(yaml(&nested("{a: ", "}", 97)).contains("{\"a\":1}"));
        assert!(refusal(&nested("[", "]", 98), Format::Yaml).contains("more than 100 levels"));
        assert!(refusal(&nested("[", "", 1 << 20), Format::Yaml).contains("more than 100 levels"));
        assert!(refusal(&"- ".repeat(1 << 20), Format::Yaml).contains("more than 100 levels"));
        assert!(refusal(&nested("{<<: ", "}", 98), Format::Yaml).contains("more than 100 levels"));
        let aliases =
            (1..120).map(|level| format!("a{level}: {{metadata: &a{level} {{a: *a{}}}}}\n", level - 1));
        let aliases = format!("a0: {{metadata: &a0 {{a: 1}}}}\n{}", aliases.collect::<String>());
        assert!(refusal(&aliases, Format::Yaml).contains("more than 100 levels"));
        let toml_nested = |open: &str, close: &str, levels: usize| {
            format!("f = {{metadata = {{a = {}1{}}}}}", open.repeat(levels), close.repeat(levels))
        };
        assert!(toml(&toml_nested("[", "]", 45)).contains("[[1]]"));
        assert!(toml(&toml_nested("{a = ", "}", 45)).contains("{\"a\":1}"));
        refusal(&toml_nested("[", "]", 1 << 20), Format::Toml);
        let dotted = format!("{{{}a = ", "a.".repeat(40));
        assert!(refusal(&toml_nested(&dotted, "}", 40), Format::Toml).contains("more than 50 levels"));
        let header = format!("[{}a]\n", "a.".repeat(40));
        assert!(
            refusal(&format!("{header}{}a = 1\n", "a.".repeat(40)), Format::Toml)
                .contains("more than 50 levels")
        );
    });
}
