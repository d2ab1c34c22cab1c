//! The evaluation context: who a flag is evaluated for.

mod json;

use std::sync::atomic::{AtomicBool, Ordering};

use once_cell::race::OnceBox;
use pennon_wire::limits::MAX_CONTEXT_BYTES;
use pennon_wire::{EncodeError, Node, encode};
use serde::de::{Deserialize, Deserializer, Error as _};

use self::json::parse;
use crate::error::Error;
use crate::user::{EventUser, User};

const TARGETING_KEY: &str = "targetingKey";

/// The attribute by which an application says that nobody is behind the targeting key.
const ANONYMOUS: &str = "anonymous";

/// An optional targeting key and attributes; encoded at its first use, and unchangeable from then on, so that threads can
/// share it.
#[derive(Debug, Default)]
pub struct Context {
    /// The later of two attributes with one name counts.
    attributes: Vec<(String, Node)>,
    /// Made by whoever is first, waiting for nobody: the child of a fork may find it half made.
    frozen: OnceBox<Frozen>,
    /// As JSON, once somebody has wanted it.
    json: OnceBox<Box<str>>,
    /// Whether an evaluation has used it. Written once, so that threads that share it do not contend.
    used: AtomicBool,
}

/// What is made of a context at its first use.
#[derive(Debug)]
struct Frozen {
    encoded: Result<Box<[u8]>, EncodeError>,
    user: EventUser,
}

/// A value of an attribute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AttributeValue<'a> {
    /// Null: present, and equal to what is missing.
    Null,
    /// True or false.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A floating-point number; infinities and NaN are refused.
    Float(f64),
    /// Text.
    String(&'a str),
    /// Any JSON value, as its text.
    Json(&'a str),
}

impl Context {
    /// A context without attributes.
    pub const fn new() -> Self {
        Self {
            attributes: Vec::new(),
            frozen: OnceBox::new(),
            json: OnceBox::new(),
            used: AtomicBool::new(false),
        }
    }

    /// A context from a JSON object; its member `targetingKey`, if it is a string, is the targeting key. `null` is the
    /// empty context.
    ///
    /// # Errors
    /// When the text is no JSON object, holds a number that no floating-point number is near, or passes a bound.
    pub fn from_json(json: &str) -> Result<Self, Error> {
        check_length(json)?;
        let attributes = match parse(json)? {
            Node::Map(attributes) => attributes,
            Node::Null => Vec::new(),
            _ => return Err(Error::InvalidContext("context is not a JSON object".into())),
        };
        let context = Self { attributes, ..Self::new() };
        context.encode()?;
        Ok(context)
    }

    /// Sets the targeting key: an identifier of whom the flag is evaluated for.
    ///
    /// # Errors
    /// When the context has been used.
    pub fn set_targeting_key(&mut self, key: &str) -> Result<(), Error> {
        self.set(TARGETING_KEY, AttributeValue::String(key))
    }

    /// Whether it has been used, and so cannot change any more.
    pub fn is_frozen(&self) -> bool {
        self.used.load(Ordering::Acquire)
    }

    /// Sets an attribute.
    ///
    /// # Errors
    /// When the context has been used, or the value cannot be in a context.
    pub fn set(&mut self, name: &str, value: AttributeValue<'_>) -> Result<(), Error> {
        if self.is_frozen() {
            return Err(Error::ContextFrozen);
        }
        let node = match value {
            AttributeValue::Null => Node::Null,
            AttributeValue::Bool(value) => Node::Bool(value),
            AttributeValue::Int(value) => Node::Int(value),
            AttributeValue::Float(value) if value.is_finite() => Node::Float(value),
            AttributeValue::Float(value) => {
                return Err(Error::InvalidContext(format!(
                    "attribute {name} is {value}, which is not a number"
                )));
            }
            AttributeValue::String(text) => Node::String(text.into()),
            AttributeValue::Json(json) => {
                check_length(json)?;
                parse(json)?
            }
        };
        // What `from_json` encoded to check it.
        self.frozen = OnceBox::new();
        match self.attributes.iter_mut().find(|(existing, _)| existing == name) {
            Some((_, existing)) => *existing = node,
            None => self.attributes.push((name.into(), node)),
        }
        Ok(())
    }

    /// The encoded context, which freezes it.
    ///
    /// # Errors
    /// When the context passes a bound; it stays unusable.
    #[inline]
    pub(crate) fn encoded(&self) -> Result<&[u8], Error> {
        if !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Release);
        }
        self.encode()
    }

    /// The context as a JSON object, for those who do not read the encoded form. Only after [`Context::encoded`], which freezes
    /// it and checks its bounds.
    pub(crate) fn json(&self) -> &str {
        self.json.get_or_init(|| {
            let mut json = String::new();
            write_map(&self.attributes, &mut json);
            Box::new(json.into())
        })
    }

    /// Who an event about an evaluation with this context is about.
    #[inline]
    pub(crate) fn user(&self) -> &EventUser {
        &self.frozen().user
    }

    #[inline]
    fn encode(&self) -> Result<&[u8], Error> {
        match &self.frozen().encoded {
            Ok(bytes) => Ok(bytes),
            Err(error) => Err(Error::InvalidContext(error.to_string())),
        }
    }

    #[inline]
    fn frozen(&self) -> &Frozen {
        self.frozen.get_or_init(|| {
            let last =
                |wanted: &str| self.attributes.iter().rfind(|(name, _)| name == wanted).map(|(_, node)| node);
            let key = last(TARGETING_KEY)
                .and_then(|node| if let Node::String(key) = node { Some(key.as_str()) } else { None });
            let is_anonymous = last(ANONYMOUS) == Some(&Node::Bool(true));
            Box::new(Frozen {
                encoded: encode(&self.attributes).map(Vec::into_boxed_slice),
                user: EventUser::new(User { key, is_anonymous }),
            })
        })
    }
}

fn write_map(members: &[(String, Node)], json: &mut String) {
    write_list('{', members, '}', json, |(name, value), json| {
        write_text(name, json);
        json.push(':');
        write_node(value, json);
    });
}

/// Recursion as deep as the bounds of a context let it be.
fn write_node(node: &Node, json: &mut String) {
    match node {
        Node::Null => json.push_str("null"),
        Node::Bool(value) => json.push_str(if *value { "true" } else { "false" }),
        Node::Int(value) => json.push_str(&value.to_string()),
        Node::Float(value) => json.push_str(&serde_json::to_string(value).unwrap_or_default()),
        Node::Number(text) => json.push_str(text),
        Node::String(text) => write_text(text, json),
        Node::List(items) => write_list('[', items, ']', json, write_node),
        Node::Map(members) => write_map(members, json),
    }
}

fn write_list<T>(open: char, items: &[T], close: char, json: &mut String, write: impl Fn(&T, &mut String)) {
    json.push(open);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            json.push(',');
        }
        write(item, json);
    }
    json.push(close);
}

fn write_text(text: &str, json: &mut String) {
    json.push_str(&serde_json::to_string(text).unwrap_or_default());
}

/// The empty context.
pub(crate) fn empty() -> &'static Context {
    static EMPTY: Context = Context::new();
    &EMPTY
}

/// Encodes a JSON object as a context, for what a ruleset adds to every context.
pub(crate) fn encode_object(json: &str) -> Result<Vec<u8>, Error> {
    match parse(json)? {
        Node::Map(members) => encode(&members).map_err(|error| Error::InvalidContext(error.to_string())),
        _ => Err(Error::InvalidContext("not a JSON object".into())),
    }
}

fn check_length(json: &str) -> Result<(), Error> {
    // The encoded form of a JSON text is at most some times longer; what is far too long is not even parsed.
    if json.len() > MAX_CONTEXT_BYTES {
        return Err(Error::InvalidContext(EncodeError::TooLarge.to_string()));
    }
    Ok(())
}

impl<'de> Deserialize<'de> for Context {
    /// Reads a context as [`Context::from_json`] does.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let attributes = match json::node(deserializer)? {
            Node::Map(attributes) => attributes,
            Node::Null => Vec::new(),
            _ => return Err(D::Error::custom("context is not a JSON object")),
        };
        let context = Self { attributes, ..Self::new() };
        context.encode().map_err(D::Error::custom)?;
        Ok(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_used_context_does_not_change() {
        let mut context = Context::new();
        context.set("a", AttributeValue::Int(1)).unwrap();
        context.encoded().unwrap();
        assert_eq!(context.set("a", AttributeValue::Null), Err(Error::ContextFrozen));
    }

    #[test]
    fn a_context_tells_whom_events_are_about() {
        let user = |json: &str| {
            let context = Context::from_json(json).unwrap();
            let User { key, is_anonymous } = context.user().user();
            (key.map(str::to_owned), is_anonymous)
        };
        assert_eq!(user("{}"), (None, false));
        assert_eq!(user(r#"{"targetingKey":"a","anonymous":true}"#), (Some("a".into()), true));
        assert_eq!(user(r#"{"targetingKey":5,"anonymous":"true"}"#), (None, false));
        assert_eq!(user(r#"{"targetingKey":"a","targetingKey":"b"}"#), (Some("b".into()), false));
    }

    #[test]
    fn a_context_is_the_json_that_it_was_made_from() {
        let json = r#"{"targetingKey":"a\"\n","n":[1,-0.0,1.5,12345678901234567890,null,true,{}],"o":{"x":{"y":[]}}}"#;
        let context = Context::from_json(json).unwrap();
        context.encoded().unwrap();
        assert_eq!(context.json(), json);
        assert_eq!(empty().json(), "{}");
    }

    #[test]
    fn what_is_no_context_is_refused() {
        for json in ["", "5", "[]", "{", "{\"a\":1e400}", "{} {}"] {
            assert!(matches!(Context::from_json(json), Err(Error::InvalidContext(_))), "{json}");
        }
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(100), "]".repeat(100));
        assert!(matches!(Context::from_json(&deep), Err(Error::InvalidContext(_))));
        assert!(Context::new().set("a", AttributeValue::Float(f64::NAN)).is_err());
        assert!(Context::from_json("null").is_ok());
    }
}
