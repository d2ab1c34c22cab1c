//! The context that paths see beside the identity and the flags: the engine's own form of a whole document (reference 1.3).

use crate::compile::IDENTITY_OVERRIDES;
use crate::feature::{Definition, Feature, Form, Priority, Segment};
use crate::json::{Node, quoted};
use crate::python::{float_text, json_text};

/// The JSON of a whole context, as Python would read it: `-Infinity` is the priority of what identities have of their own.
pub fn whole(environment: &str, definition: &Definition<'_>) -> String {
    let features: Vec<_> = definition
        .features
        .iter()
        .filter_map(|node| definition.form.read(*node).ok())
        .map(|feature| format!("{}:{}", quoted(feature.name), json(&feature)))
        .collect();
    let mut segments: Vec<_> =
        definition.segments.iter().map(|node| segment(&definition.form.segment(*node))).collect();
    for (number, group) in definition.groups.iter().enumerate() {
        let identifiers: Vec<_> = group.identifiers.iter().map(|text| quoted(text)).collect();
        let overrides: Vec<_> = group.states.iter().filter_map(|state| identity(*state)).collect();
        let key = format!("\"override {number}\"");
        segments.push(format!(
            "{key}:{{\"key\":{key},\"name\":\"{IDENTITY_OVERRIDES}\",\"rules\":[{{\"type\":\"ALL\",\"conditions\":\
             [{{\"property\":\"$.identity.identifier\",\"operator\":\"IN\",\"value\":[{}]}}]}}],\"overrides\":[{}],\
             \"metadata\":{{\"source\":\"{IDENTITY_OVERRIDES}\"}}}}",
            identifiers.join(","),
            overrides.join(",")
        ));
    }
    format!(
        "{{\"environment\":{environment},\"features\":{{{}}},\"segments\":{{{}}}}}",
        features.join(","),
        segments.join(",")
    )
}

fn priority(priority: &Priority) -> String {
    match priority {
        Priority::Int(number) => number.to_string(),
        Priority::Float(number) if number.is_infinite() => {
            (if *number > 0.0 { "Infinity" } else { "-Infinity" }).into()
        }
        Priority::Float(number) => float_text(*number),
    }
}

fn json(feature: &Feature<'_>) -> String {
    let variants: Vec<_> = feature
        .variants_as_written()
        .iter()
        .map(|variant| {
            let key = variant.key.map(|key| format!(",\"key\":{}", quoted(key)));
            format!(
                "{{\"value\":{},\"weight\":{},\"priority\":{}{}}}",
                json_text(variant.value),
                json_text(variant.weight),
                priority(&variant.priority),
                key.unwrap_or_default()
            )
        })
        .collect();
    let variants =
        if variants.is_empty() { String::new() } else { format!(",\"variants\":[{}]", variants.join(",")) };
    let own_priority = match &feature.priority {
        weakest if *weakest == Priority::WEAKEST => String::new(),
        own => format!(",\"priority\":{}", priority(own)),
    };
    format!(
        "{{\"key\":{},\"name\":{},\"enabled\":{},\"value\":{},\"metadata\":{{\"id\":{}}}{variants}{own_priority}}}",
        quoted(&feature.key),
        quoted(feature.name),
        feature.enabled,
        json_text(feature.value),
        feature.id.map_or_else(|| "null".into(), json_text)
    )
}

fn identity(state: Node<'_>) -> Option<String> {
    let feature = Form::Document.read_identity(state).ok()?;
    Some(format!(
        "{{\"key\":\"\",\"name\":{},\"enabled\":{},\"value\":{},\"priority\":-Infinity,\"metadata\":{{\"id\":{}}}}}",
        quoted(feature.name),
        feature.enabled,
        json_text(feature.value),
        feature.id.map_or_else(|| "null".into(), json_text)
    ))
}

fn segment(segment: &Segment<'_>) -> String {
    let overrides: Vec<_> = segment
        .overrides
        .iter()
        .filter_map(|state| Form::Document.read(*state).ok())
        .map(|own| json(&own))
        .collect();
    let id = segment.node.get("id").map_or_else(|| "null".into(), json_text);
    format!(
        "{}:{{\"key\":{},\"name\":{},\"rules\":{},\"overrides\":[{}],\"metadata\":{{\"id\":{id},\"source\":\"api\"}}}}",
        quoted(&segment.key),
        quoted(&segment.key),
        segment.node.get("name").map_or_else(|| "null".into(), json_text),
        rules(segment.rules),
        overrides.join(",")
    )
}

/// What is left of rules to write, the next last.
enum Task<'j> {
    Rule(Node<'j>),
    Text(&'static str),
}

fn rules(rules: Node<'_>) -> String {
    let mut out = String::from("[");
    let mut tasks = vec![Task::Text("]")];
    push(rules, &mut tasks);
    while let Some(task) = tasks.pop() {
        match task {
            Task::Text(text) => out.push_str(text),
            Task::Rule(rule) => {
                let kind = rule.get("type").map_or_else(|| "null".into(), json_text);
                let conditions: Vec<_> =
                    rule.get("conditions").into_iter().flat_map(Node::items).map(condition).collect();
                out.push_str(&format!(
                    "{{\"type\":{kind},\"conditions\":[{}],\"rules\":[",
                    conditions.join(",")
                ));
                tasks.push(Task::Text("]}"));
                rule.get("rules").into_iter().for_each(|rules| push(rules, &mut tasks));
            }
        }
    }
    out
}

/// The rules of a list, the first last, with commas between them.
fn push<'j>(rules: Node<'j>, tasks: &mut Vec<Task<'j>>) {
    let rules: Vec<_> = rules.items().collect();
    for (number, rule) in rules.into_iter().enumerate().rev() {
        tasks.push(Task::Rule(rule));
        tasks.extend((number > 0).then_some(Task::Text(",")));
    }
}

fn condition(condition: Node<'_>) -> String {
    let property = condition.get("property_").filter(|property| property.is_truthy());
    let field = |name| condition.get(name).map_or_else(|| "null".into(), json_text);
    format!(
        "{{\"property\":{},\"operator\":{},\"value\":{}}}",
        property.map_or_else(|| "\"\"".into(), json_text),
        field("operator"),
        field("value")
    )
}
