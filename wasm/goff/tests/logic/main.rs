//! JSONLogic against what the reference says of it; what is absent beside the repository is not tested.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that fails there has failed"
)]

mod model;
mod random;
mod vectors;

use std::path::PathBuf;

use pennon_wire::{Context, Node, encode};
use serde_json::{Map, Value};

/// A file of the reference, which lies beside the repository; none where it is absent.
pub fn reference(path: &str) -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/reference")).join(path);
    if !path.exists() {
        println!("absent, so that nothing is tested: {}", path.display());
        return None;
    }
    Some(path)
}

/// Attributes, encoded.
pub fn encoded(attributes: &Map<String, Value>) -> Vec<u8> {
    let attributes: Vec<_> = attributes.iter().map(|(name, value)| (name.clone(), node(value))).collect();
    encode(&attributes).unwrap()
}

/// The attributes of an encoded context.
pub fn attributes(bytes: &[u8]) -> pennon_wire::Map<'_> {
    Context::new(bytes).attributes()
}

fn node(value: &Value) -> Node {
    match value {
        Value::Null => Node::Null,
        Value::Bool(value) => Node::Bool(*value),
        Value::Number(number) => match (number.as_i64(), number.is_f64()) {
            (Some(value), _) => Node::Int(value),
            (_, true) => Node::Float(number.as_f64().unwrap()),
            _ => Node::Number(number.to_string()),
        },
        Value::String(text) => Node::String(text.clone()),
        Value::Array(items) => Node::List(items.iter().map(node).collect()),
        Value::Object(members) => {
            Node::Map(members.iter().map(|(name, value)| (name.clone(), node(value))).collect())
        }
    }
}
