//! Encoded contexts: bytes that no encoder wrote, and what the encoder makes of values.

use std::cell::Cell;

use pennon_goff::{Goff, Unit};
use pennon_wire::guest::{Evaluator, LoadRequest, Time};
use pennon_wire::report::LoadReport;
use pennon_wire::{Context, Map, Name, Node, Value, encode};

use super::input::Choices;

/// Values of one context that are looked at: bytes that no encoder wrote can hold one value many times, and in itself.
const MOST_VALUES: u32 = 10_000;
/// Levels that are looked at; the same.
const MOST_LEVELS: u32 = 40;

/// Levels of generated values, within the encoder's bound.
const GENERATED_LEVELS: u32 = 8;
const NAMES: [&str; 8] = ["targetingKey", "anonymous", "a", "b", "email", "company", "", "\u{e9}\u{1f4a1}"];

/// Flags that read contexts in every way that there is.
const FLAGS: [&str; 5] = [
    r#"{"variations": {"a": 1, "b": 2}, "targeting": [{"query": "a eq \"x\" and b gt 1 and email ew \"@x\"", "variation": "a"}], "defaultRule": {"variation": "b"}}"#,
    r#"{"variations": {"a": 1, "b": 2}, "targeting": [{"query": "not (company.size in [1, 2]) or company.name pr", "variation": "a"}], "defaultRule": {"variation": "b"}}"#,
    r#"{"variations": {"a": 1, "b": 2}, "targeting": [{"query": "{\"==\": [{\"var\": \"\"}, {\"map\": [{\"var\": \"a\"}, {\"var\": \"b\"}]}]}", "variation": "a"}], "defaultRule": {"variation": "b"}}"#,
    r#"{"variations": {"a": 1, "b": 2}, "bucketingKey": "company.name", "defaultRule": {"percentage": {"a": 50, "b": 50}}}"#,
    r#"{"variations": {"a": 1, "b": 2}, "experimentation": {"start": "2024-01-01T00:00:00Z"}, "defaultRule": {"percentage": {"a": 50, "b": 50}}}"#,
];

thread_local! {
    static UNITS: Vec<(Unit, LoadReport)> = FLAGS.map(load).into();
}

fn load(flag: &str) -> (Unit, LoadReport) {
    Goff::default().load(LoadRequest { key: "flag", unit: flag.as_bytes(), enrichment: &[] })
}

/// Nothing that is read in any bytes panics; flags give one answer for one context, and one that their report has; what was
/// encoded reads back.
pub fn run(data: &[u8]) {
    let context = Context::new(data);
    let left = Cell::new(MOST_VALUES);
    context.targeting_key();
    visit_map(context.attributes(), &left, MOST_LEVELS);
    UNITS.with(|units| units.iter().for_each(|(unit, report)| evaluate(unit, report, context)));
    reads_back(data);
}

fn evaluate(unit: &Unit, report: &LoadReport, context: Context<'_>) {
    let now = Time { seconds: 1_800_000_000, nanoseconds: 0 };
    let answer = Goff::evaluate(unit, context, now);
    assert_eq!(Goff::evaluate(unit, context, now), answer, "asked again");
    assert_eq!(report.check(answer), Some(answer), "an answer that the report has not");
}

fn visit_map(map: Map<'_>, left: &Cell<u32>, levels: u32) {
    for (name, value) in map.iter() {
        if left.get() == 0 {
            return;
        }
        map.get_text(name);
        if let Ok(name) = std::str::from_utf8(name) {
            map.get(&Name::new(name));
        }
        visit(value, left, levels);
    }
    map.get_text(b"missing");
}

fn visit(value: Value<'_>, left: &Cell<u32>, levels: u32) {
    left.set(left.get().saturating_sub(1));
    if levels == 0 {
        return;
    }
    match value {
        Value::List(list) => {
            assert!(list.get(list.len()).is_none());
            list.iter().take_while(|_| left.get() > 0).for_each(|item| visit(item, left, levels - 1));
        }
        Value::Map(map) => visit_map(map, left, levels - 1),
        _ => {}
    }
}

fn reads_back(data: &[u8]) {
    let attributes = members(&mut Choices::new(data), GENERATED_LEVELS);
    let bytes = encode(&attributes).unwrap_or_else(|error| panic!("{error}: {attributes:?}"));
    let context = Context::new(&bytes);
    let key = last(&attributes, "targetingKey").and_then(|node| match node {
        Node::String(text) => Some(text.as_bytes()),
        _ => None,
    });
    assert_eq!(context.targeting_key(), key);
    assert_same_members(context.attributes(), &attributes);
}

fn last<'a>(members: &'a [(String, Node)], name: &str) -> Option<&'a Node> {
    members.iter().rev().find(|(other, _)| other == name).map(|(_, node)| node)
}

fn assert_same_members(map: Map<'_>, members: &[(String, Node)]) {
    let mut names: Vec<_> = members.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let mut read: Vec<_> = map.iter().map(|(name, _)| name).collect();
    read.sort_unstable();
    assert!(read.iter().copied().eq(names.iter().map(|name| name.as_bytes())), "{read:?}, not {names:?}");
    for name in names {
        let node = last(members, name).unwrap_or(&Node::Null);
        assert_same(map.get(&Name::new(name)), node);
        assert_same(map.get_text(name.as_bytes()), node);
    }
}

fn assert_same(value: Option<Value<'_>>, node: &Node) {
    match (value, node) {
        (Some(Value::Null), Node::Null) => {}
        (Some(Value::Bool(value)), Node::Bool(node)) => assert_eq!(value, *node),
        (Some(Value::Int(value)), Node::Int(node)) => assert_eq!(value, *node),
        (Some(Value::Float(value)), Node::Float(node)) => assert_eq!(value.to_bits(), node.to_bits()),
        (Some(Value::Number(value)), Node::Number(node)) => assert_eq!(value, node.as_bytes()),
        (Some(Value::String(value)), Node::String(node)) => assert_eq!(value, node.as_bytes()),
        (Some(Value::List(list)), Node::List(items)) => {
            assert_eq!(list.len(), items.len());
            items.iter().enumerate().for_each(|(index, item)| assert_same(list.get(index), item));
        }
        (Some(Value::Map(map)), Node::Map(members)) => assert_same_members(map, members),
        (value, node) => panic!("{value:?} is not {node:?}"),
    }
}

fn members(choices: &mut Choices<'_>, levels: u32) -> Vec<(String, Node)> {
    let count = choices.below(6);
    (0..count).map(|_| (choices.one_of(&NAMES).to_owned(), value(choices, levels))).collect()
}

fn value(choices: &mut Choices<'_>, levels: u32) -> Node {
    // What is generated ends with its bytes, else it would grow without them.
    let kinds = if levels == 0 || choices.is_over() { 6 } else { 8 };
    match choices.below(kinds) {
        0 => Node::Null,
        1 => Node::Bool(choices.byte() > 127),
        2 => Node::Int(choices.long() as i64),
        3 => Node::Float(
            Some(f64::from_bits(choices.long())).filter(|number| number.is_finite()).unwrap_or(-0.0),
        ),
        4 => Node::Number(format!("{}0", choices.long())),
        5 => Node::String(choices.one_of(&NAMES).repeat(choices.below(4))),
        6 => {
            let count = choices.below(5);
            Node::List((0..count).map(|_| value(choices, levels - 1)).collect())
        }
        _ => Node::Map(members(choices, levels - 1)),
    }
}
