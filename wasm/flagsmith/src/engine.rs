//! The engine's own interface: an evaluation context in, its result out. What comparisons with the vendor's engine use; the
//! guest answers one feature at a time.

use pennon_wire::{Context, Node as Encoded, Value as Raw, encode};

use crate::bulk::Bulk;
use crate::compile::{Compiler, Environment};
use crate::feature::{Definition, Form};
use crate::json::{Json, Kind, Node, quoted};
use crate::python::{json_text, value_text};
use crate::scope::{Identity, Scope};
use crate::unit::Asked;

/// Evaluates an evaluation context as `get_evaluation_result` does: `{"flags": {...}, "segments": [...]}`.
///
/// # Errors
/// When the text is no evaluation context.
pub fn evaluation_result(context: &str) -> Result<String, String> {
    let json = Json::parse_lax(context)?;
    let root = json.root();
    let environment = root.get("environment").ok_or("`environment` is missing")?;
    let key = environment.get("key").map(value_text).unwrap_or_default();
    let environment = Environment { key, json: json_text(environment), ..Environment::default() };
    let values = |name| {
        let members = root.get(name).map(Node::members).unwrap_or_default();
        members.into_iter().map(|(_, node)| node).collect::<Vec<_>>()
    };
    let definition = Definition {
        form: Form::Context,
        features: values("features"),
        segments: values("segments"),
        groups: Vec::new(),
        is_whole: true,
        is_all: false,
        segment: None,
        characters: None,
    };
    let mut compiler = Compiler::new(&environment);
    let read = compiler.read("", &definition)?;
    let mut unit = compiler.unit(Asked::Nothing, &definition, &read);
    unit.surroundings = Json::parse_lax(context)?;
    // Here they are the answers themselves, whether conditions read them or not.
    unit.facts = compiler.facts();
    let identity = root.get("identity").filter(|identity| identity.is_truthy());
    let part = |name| identity.and_then(|identity| identity.get(name));
    let identifier = part("identifier").map(value_text).unwrap_or_default();
    let key = part("key").filter(|key| key.is_truthy()).map(value_text);
    let key = key.unwrap_or_else(|| format!("{}_{identifier}", environment.key));
    let traits = match part("traits").map(encoded) {
        Some(Encoded::Map(traits)) => traits,
        _ => Vec::new(),
    };
    let encoded = encode(&[("traits".into(), Encoded::Map(traits))]).map_err(|error| error.to_string())?;
    let traits = match Context::new(&encoded).attributes().get_text(b"traits") {
        Some(Raw::Map(traits)) => Some(traits),
        _ => None,
    };
    let identity =
        identity.map(|_| Identity { identifier: identifier.as_bytes(), key: [&[], key.as_bytes()] });
    let scope = Scope::of_engine(identity, traits);
    let outcome = Bulk::new(&unit, &scope).run(0..unit.flags.len());
    let flags: Vec<_> = unit
        .flags
        .iter()
        .zip(outcome.flags)
        .filter_map(|(flag, answer)| {
            let fact = unit.fact(answer.ok()?)?;
            Some(format!("{}:{}", quoted(&flag.name), json_text(fact.json.root())))
        })
        .collect();
    let segments: Vec<_> = outcome
        .segments
        .iter()
        .filter_map(|number| definition.segments.get(*number))
        .map(|segment| {
            let metadata = segment.get("metadata").filter(|metadata| metadata.is_truthy());
            let metadata = metadata.map(|metadata| format!(",\"metadata\":{}", json_text(metadata)));
            let name = segment.get("name").map_or_else(|| "null".into(), json_text);
            format!("{{\"name\":{name}{}}}", metadata.unwrap_or_default())
        })
        .collect();
    Ok(format!("{{\"flags\":{{{}}},\"segments\":[{}]}}", flags.join(","), segments.join(",")))
}

/// A value of the engine's context as ours have it. By recursion: for tests, whose stacks are large.
fn encoded(node: Node<'_>) -> Encoded {
    match node.kind() {
        Kind::Null => Encoded::Null,
        Kind::Bool(value) => Encoded::Bool(value),
        Kind::Int(crate::integer::Integer::Small(value)) => Encoded::Int(*value),
        Kind::Int(value) => Encoded::Number(value.to_string()),
        Kind::Float(value) => Encoded::Float(value),
        Kind::Text(text) => Encoded::String(text.into()),
        Kind::List => Encoded::List(node.items().map(encoded).collect()),
        Kind::Map => {
            let members = node.members().into_iter();
            Encoded::Map(members.map(|(name, value)| (name.into(), encoded(value))).collect())
        }
    }
}
