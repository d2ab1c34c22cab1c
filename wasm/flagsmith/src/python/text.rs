//! `str(value)` and `repr(value)` (reference 2.4.4).

use std::fmt::Write;

use pennon_wire::Value;

use crate::category::range_with;
use crate::integer::Integer;
use crate::json::{Kind, Node, quoted};

/// `str` of a float: the shortest text that reads back, with an exponent below 1e-4 and from 1e16 on.
pub fn float_text(value: f64) -> String {
    if value.is_nan() {
        return "nan".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf".into() } else { "-inf".into() };
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if value != 0.0 && !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs());
    }
    let plain = format!("{value}");
    if plain.contains('.') { plain } else { plain + ".0" }
}

/// Something of which Python knows the `str`.
#[derive(Clone, Copy, Debug)]
enum Object<'a> {
    Context(Value<'a>),
    Document(Node<'a>),
}

/// What an object is.
enum Shape<'a> {
    None,
    Bool(bool),
    Int(Integer),
    Float(f64),
    Text(&'a str),
    List(Vec<Object<'a>>),
    Map(Vec<(&'a str, Object<'a>)>),
}

impl<'a> From<Value<'a>> for Object<'a> {
    fn from(value: Value<'a>) -> Self {
        Self::Context(value)
    }
}

impl<'a> From<Node<'a>> for Object<'a> {
    fn from(node: Node<'a>) -> Self {
        Self::Document(node)
    }
}

fn utf8(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

impl<'a> Object<'a> {
    fn shape(self) -> Shape<'a> {
        match self {
            Self::Context(value) => match value {
                Value::Null => Shape::None,
                Value::Bool(value) => Shape::Bool(value),
                Value::Int(value) => Shape::Int(Integer::Small(value)),
                Value::Float(value) => Shape::Float(value),
                Value::Number(text) => match Integer::parse(utf8(text)) {
                    Some(integer) => Shape::Int(integer),
                    None => Shape::Float(utf8(text).parse().unwrap_or(f64::NAN)),
                },
                Value::String(text) => Shape::Text(utf8(text)),
                Value::List(list) => Shape::List(list.iter().map(Self::Context).collect()),
                Value::Map(map) => {
                    Shape::Map(map.iter().map(|(name, value)| (utf8(name), Self::Context(value))).collect())
                }
            },
            Self::Document(node) => match node.kind() {
                Kind::Null => Shape::None,
                Kind::Bool(value) => Shape::Bool(value),
                Kind::Int(value) => Shape::Int(value.clone()),
                Kind::Float(value) => Shape::Float(value),
                Kind::Text(text) => Shape::Text(text),
                Kind::List => Shape::List(node.items().map(Self::Document).collect()),
                Kind::Map => {
                    let members = node.members().into_iter();
                    Shape::Map(members.map(|(name, value)| (name, Self::Document(value))).collect())
                }
            },
        }
    }
}

/// In which language a value is written.
#[derive(Clone, Copy, PartialEq)]
enum Language {
    Python,
    Json,
}

/// What is still to be written, the next last: containers are written without recursion.
enum Task<'a> {
    Write(&'static str),
    Name(&'a str),
    Value(Object<'a>),
}

/// `str` of a value of a context or a document.
#[expect(private_bounds, reason = "the two kinds of values there are")]
pub fn value_text<'a>(value: impl Into<Object<'a>>) -> String {
    let value = value.into();
    match value.shape() {
        Shape::Text(text) => text.into(),
        _ => write(value, Language::Python),
    }
}

/// A value of a document as JSON; infinities, which JSON has no number for, as null.
pub fn json_text(node: Node<'_>) -> String {
    write(node.into(), Language::Json)
}

fn write(value: Object<'_>, language: Language) -> String {
    let mut out = String::new();
    let mut tasks = vec![Task::Value(value)];
    while let Some(task) = tasks.pop() {
        let value = match task {
            Task::Write(text) => {
                out.push_str(text);
                continue;
            }
            Task::Name(name) => {
                language.quote(name, &mut out);
                continue;
            }
            Task::Value(value) => value,
        };
        match value.shape() {
            Shape::None => out.push_str(language.none()),
            Shape::Bool(value) => out.push_str(language.bool(value)),
            Shape::Int(value) => out.push_str(&value.to_string()),
            Shape::Float(value) if language == Language::Json && !value.is_finite() => out.push_str("null"),
            Shape::Float(value) => out.push_str(&float_text(value)),
            Shape::Text(text) => language.quote(text, &mut out),
            Shape::List(items) => {
                out.push('[');
                tasks.push(Task::Write("]"));
                for (index, item) in items.into_iter().enumerate().rev() {
                    tasks.push(Task::Value(item));
                    tasks.extend((index > 0).then_some(Task::Write(language.comma())));
                }
            }
            Shape::Map(members) => {
                out.push('{');
                tasks.push(Task::Write("}"));
                for (index, (name, value)) in members.into_iter().enumerate().rev() {
                    tasks.extend([Task::Value(value), Task::Write(language.colon()), Task::Name(name)]);
                    tasks.extend((index > 0).then_some(Task::Write(language.comma())));
                }
            }
        }
    }
    out
}

impl Language {
    fn none(self) -> &'static str {
        if self == Self::Json { "null" } else { "None" }
    }

    fn bool(self, value: bool) -> &'static str {
        match (self, value) {
            (Self::Json, true) => "true",
            (Self::Json, false) => "false",
            (Self::Python, true) => "True",
            (Self::Python, false) => "False",
        }
    }

    fn comma(self) -> &'static str {
        if self == Self::Json { "," } else { ", " }
    }

    fn colon(self) -> &'static str {
        if self == Self::Json { ":" } else { ": " }
    }

    fn quote(self, text: &str, out: &mut String) {
        match self {
            Self::Json => out.push_str(&quoted(text)),
            Self::Python => quote(text, out),
        }
    }
}

/// `repr` of a text: in single quotes, unless it has those and no double ones.
fn quote(text: &str, out: &mut String) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if is_printable(c) => out.push(c),
            c => {
                let code = c as u32;
                let _ = match code {
                    ..0x100 => write!(out, "\\x{code:02x}"),
                    0x100..0x10000 => write!(out, "\\u{code:04x}"),
                    _ => write!(out, "\\U{code:08x}"),
                };
            }
        }
    }
    out.push(quote);
}

/// Whether `str.isprintable` holds.
fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return (' '..='~').contains(&c);
    }
    ["C", "Z"].iter().all(|group| range_with(group, c).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Json;

    #[test]
    fn floats_are_written_as_python_writes_them() {
        let cases = [
            (1.0, "1.0"),
            (1.1, "1.1"),
            (1e16, "1e+16"),
            (1e15, "1000000000000000.0"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.2345678901234568e17, "1.2345678901234568e+17"),
            (-0.0, "-0.0"),
            (f64::INFINITY, "inf"),
            (f64::NAN, "nan"),
            (5e-324, "5e-324"),
            (123456.789, "123456.789"),
            (1e100, "1e+100"),
        ];
        for (value, text) in cases {
            assert_eq!(float_text(value), text);
        }
    }

    #[test]
    fn containers_are_written_as_python_writes_them() {
        let json = Json::parse(r#"[1, [2.50, "a'b", "a'\"b", "x\ny\\", "\u0007\u00e9\u200b\u0301"], {"a": null, "b": {"c": true}}, {}, []]"#).unwrap();
        assert_eq!(
            value_text(json.root()),
            "[1, [2.5, \"a'b\", 'a\\'\"b', 'x\\ny\\\\', '\\x07é\\u200b\u{301}'], {'a': None, 'b': {'c': True}}, {}, []]"
        );
        let text = Json::parse("\"a'b\"").unwrap();
        assert_eq!(value_text(text.root()), "a'b");
    }
}
