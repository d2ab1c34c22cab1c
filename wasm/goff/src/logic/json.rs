//! A rule as it is written, and what can be known of its members beforehand.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;

use pennon_wire::context::hash;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::budget::MAX_RULE_DEPTH;
use super::number;
use super::operator::Operator;
use super::path::{self, Path};

/// A rule or a member of one.
#[derive(Debug)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(f64),
    Text(Box<str>),
    List(Items),
    Object(Object),
}

/// A list of a rule.
#[derive(Debug)]
pub(super) struct Items {
    items: Box<[Json]>,
    /// Whether there is no object in it, so that it evaluates to itself.
    pub constant: bool,
    /// Whether outer variables may replace something in it.
    pub open: bool,
    /// Where it is a long list of texts only: their hashes, sorted, with their positions.
    hashes: Option<Box<[(u32, u32)]>>,
}

/// An object of a rule.
#[derive(Debug)]
pub(super) struct Object {
    members: Box<[(Box<str>, Json)]>,
    /// What it does when evaluated.
    pub call: Call,
    /// Whether outer variables may replace something in it.
    pub open: bool,
}

/// What an object does when evaluated.
#[derive(Debug)]
pub(super) enum Call {
    /// It is data: it has not exactly one member.
    Nothing,
    /// Its member names no operator.
    Unknown,
    /// `var` with a path.
    Read(Path),
    /// `var` with a path and a default, the second member of its list.
    ReadOr(Path),
    /// Any other operator.
    Operator(Operator),
}

/// Texts from which on a list is searched by hash.
const HASHED_TEXTS: usize = 12;

impl Json {
    /// Whether it evaluates to itself.
    pub fn is_constant(&self) -> bool {
        match self {
            Self::List(items) => items.constant,
            Self::Object(_) => false,
            _ => true,
        }
    }

    fn is_open(&self) -> bool {
        match self {
            Self::List(items) => items.open,
            Self::Object(object) => object.open,
            _ => false,
        }
    }
}

impl Items {
    fn new(items: Vec<Json>) -> Self {
        let texts = items.iter().map(|json| if let Json::Text(text) = json { Some(text) } else { None });
        let hashes = if items.len() < HASHED_TEXTS {
            None
        } else {
            (0..).zip(texts).map(|(index, text)| text.map(|text| (hash(text.as_bytes()), index))).collect()
        };
        Self {
            constant: items.iter().all(Json::is_constant),
            open: items.iter().any(Json::is_open),
            hashes: hashes.map(|mut hashes: Vec<(u32, u32)>| {
                hashes.sort_unstable();
                hashes.into()
            }),
            items: items.into(),
        }
    }

    /// Whether it has this text, where it is a long list of texts only.
    pub fn has_text(&self, text: &[u8]) -> Option<bool> {
        let hashes = self.hashes.as_deref()?;
        let wanted = hash(text);
        let start = hashes.partition_point(|(hash, _)| *hash < wanted);
        let same = hashes.iter().skip(start).take_while(|(hash, _)| *hash == wanted);
        let mut texts = same.map(|(_, index)| self.items.get(*index as usize));
        Some(texts.any(|json| matches!(json, Some(Json::Text(own)) if own.as_bytes() == text)))
    }
}

impl std::ops::Deref for Items {
    type Target = [Json];

    fn deref(&self) -> &[Json] {
        &self.items
    }
}

impl Object {
    fn new(members: Vec<(Box<str>, Json)>) -> Self {
        let open = members.iter().any(|(name, json)| match json {
            Json::Text(path) => &**name == "var" && !path::is_relative(path.as_bytes()),
            _ => &**name == "var" || json.is_open(),
        });
        let call = match &*members {
            [(name, argument)] => Call::new(name, argument),
            _ => Call::Nothing,
        };
        Self { members: members.into(), call, open }
    }

    /// Its members in the order of the rule; each name once.
    pub fn members(&self) -> &[(Box<str>, Json)] {
        &self.members
    }

    /// The value of its only member, where it has one.
    pub fn argument(&self) -> Option<&Json> {
        if let [(_, argument)] = &*self.members { Some(argument) } else { None }
    }
}

impl Call {
    fn new(name: &str, argument: &Json) -> Self {
        let Some(operator) = Operator::new(name.as_bytes()) else { return Self::Unknown };
        match (operator, argument) {
            (Operator::Var, Json::Text(path)) => Self::Read(Path::new(path)),
            (Operator::Var, Json::Number(number)) => {
                let mut path = String::new();
                number::write(*number, &mut path);
                Self::Read(Path::new(&path))
            }
            (Operator::Var, Json::List(items)) => match &**items {
                [Json::Text(path), _] => Self::ReadOr(Path::new(path)),
                _ => Self::Operator(operator),
            },
            _ => Self::Operator(operator),
        }
    }
}

/// Reads `text` and says whether it is nested deeper than [`MAX_RULE_DEPTH`]; none where it is not one JSON value.
pub(super) fn read(text: &str) -> Option<(Json, bool)> {
    let too_deep = Cell::new(false);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let json =
        Seed { depth: 0, in_object: false, too_deep: &too_deep }.deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    Some((json, too_deep.get()))
}

#[derive(Clone, Copy)]
struct Seed<'a> {
    depth: u32,
    /// Whether it is a member of an object, where a list adds no level: it is an operator's arguments.
    in_object: bool,
    too_deep: &'a Cell<bool>,
}

impl Seed<'_> {
    /// For the members of a list or object; none where they would lie too deep.
    fn deeper(self, in_object: bool) -> Option<Self> {
        if self.in_object && !in_object {
            return Some(Self { in_object, ..self });
        }
        if self.depth == MAX_RULE_DEPTH {
            self.too_deep.set(true);
            return None;
        }
        Some(Self { depth: self.depth + 1, in_object, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value as f64))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        let Some(seed) = self.deeper(false) else {
            while access.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Json::Null);
        };
        while let Some(json) = access.next_element_seed(seed)? {
            items.push(json);
        }
        Ok(Json::List(Items::new(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        let Some(seed) = self.deeper(true) else {
            while access.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(Json::Null);
        };
        while let Some(name) = access.next_key::<String>()? {
            members.push((name.into(), access.next_value_seed(seed)?));
        }
        Ok(Json::Object(Object::new(distinct(members))))
    }
}

/// Of members with one name the last value stays, where the first was.
fn distinct(members: Vec<(Box<str>, Json)>) -> Vec<(Box<str>, Json)> {
    if members.len() < 2 {
        return members;
    }
    let mut positions: BTreeMap<Box<str>, usize> = BTreeMap::new();
    let mut distinct: Vec<(Box<str>, Json)> = Vec::with_capacity(members.len());
    for (name, json) in members {
        match positions.get(&name).and_then(|position| distinct.get_mut(*position)) {
            Some(member) => member.1 = json,
            None => {
                positions.insert(name.clone(), distinct.len());
                distinct.push((name, json));
            }
        }
    }
    distinct
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(text: &str) -> Object {
        match read(text) {
            Some((Json::Object(object), false)) => object,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn members_keep_their_order_and_the_last_value() {
        let object = object(r#"{"b": 1, "a": 2, "b": 3}"#);
        let names: Vec<&str> = object.members().iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, ["b", "a"]);
        assert!(matches!(object.members()[0].1, Json::Number(3.0)));
    }

    #[test]
    fn what_is_no_single_value_is_no_rule() {
        for text in ["", "{", "{} {}", "{}x", "{'a':1}", r#"{"a":1e400}"#, r#"{"a":01}"#] {
            assert!(read(text).is_none(), "{text}");
        }
        assert!(read(" {\"a\" : 1}\r\n\t").is_some());
    }

    #[test]
    fn depth_is_bounded_whatever_lies_below() {
        let nested = |levels| format!("{}{}", "[".repeat(levels as usize), "]".repeat(levels as usize));
        assert!(matches!(read(&nested(MAX_RULE_DEPTH)), Some((_, false))));
        assert!(matches!(read(&nested(MAX_RULE_DEPTH + 1)), Some((_, true))));
        assert!(matches!(read(&nested(10_000)), Some((_, true))));
        assert!(read(&format!("{}]", nested(10_000))).is_none());
        let operators = |levels: usize| format!("{}1{}", r#"{"!":["#.repeat(levels), "]}".repeat(levels));
        assert!(matches!(read(&operators(MAX_RULE_DEPTH as usize)), Some((_, false))));
        assert!(matches!(read(&operators(MAX_RULE_DEPTH as usize + 1)), Some((_, true))));
    }

    #[test]
    fn long_lists_of_texts_are_found_by_hash() {
        let names: Vec<String> = (0..100).map(|n| format!("\"user-{n}\"")).collect();
        let object = object(&format!(r#"{{"in": [[{}], "x"]}}"#, names.join(",")));
        let Some(Json::List(arguments)) = object.argument() else { panic!() };
        let Json::List(items) = &arguments[0] else { panic!() };
        assert_eq!(arguments.has_text(b"x"), None);
        assert_eq!(items.has_text(b"user-99"), Some(true));
        assert_eq!(items.has_text(b"user-100"), Some(false));
    }

    #[test]
    fn paths_of_elements_leave_a_rule_closed() {
        assert!(!object(r#"{"==": [{"var": ""}, {"var": ".b"}]}"#).open);
        assert!(object(r#"{"==": [{"var": ""}, {"!": {"var": ["b"]}}]}"#).open);
        assert!(object(r#"{"a": 1, "var": 1}"#).open);
    }
}
