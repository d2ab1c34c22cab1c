//! From text to parts.

use super::{Json, MAX_DEPTH, Part};
use crate::integer::Integer;

/// Reads the whole of a text.
pub(super) fn parse(text: &str, is_lax: bool) -> Result<Json, String> {
    let mut parser = Parser { text, at: 0, is_lax, parts: Vec::new(), open: Vec::new() };
    parser.run().map_err(|message| format!("{message} at byte {}", parser.at))?;
    Ok(Json { parts: parser.parts })
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    is_lax: bool,
    parts: Vec<Part>,
    /// Containers that have not ended.
    open: Vec<u32>,
}

/// What may come next.
#[derive(Clone, Copy, PartialEq)]
enum Expected {
    /// A value.
    Value,
    /// A value, or the end of the list that has just begun.
    FirstItem,
    /// A name.
    Name,
    /// A name, or the end of the map that has just begun.
    FirstName,
    /// A comma, or the end of what is open.
    Next,
}

impl Parser<'_> {
    fn run(&mut self) -> Result<(), String> {
        let mut expected = Expected::Value;
        loop {
            self.skip_blanks();
            if expected == Expected::Next && self.open.is_empty() {
                return if self.at == self.text.len() { Ok(()) } else { Err("more after the value".into()) };
            }
            expected = match (expected, self.peek()) {
                (Expected::FirstItem, Some(b']')) | (Expected::FirstName, Some(b'}')) => self.close(),
                (Expected::Value | Expected::FirstItem, _) => self.value()?,
                (Expected::Name | Expected::FirstName, _) => self.name()?,
                (Expected::Next, Some(b',')) => {
                    self.at += 1;
                    if self.is_in_map() { Expected::Name } else { Expected::Value }
                }
                (Expected::Next, Some(b']')) if !self.is_in_map() => self.close(),
                (Expected::Next, Some(b'}')) if self.is_in_map() => self.close(),
                (Expected::Next, _) => return Err("expected a comma or an end".into()),
            };
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn is_in_map(&self) -> bool {
        let innermost = self.open.last().and_then(|open| self.parts.get(*open as usize));
        matches!(innermost, Some(Part::Map(_)))
    }

    fn close(&mut self) -> Expected {
        self.at += 1;
        let behind = self.parts.len() as u32;
        let closed = self.open.pop().and_then(|open| self.parts.get_mut(open as usize));
        if let Some(Part::List(end) | Part::Map(end)) = closed {
            *end = behind;
        }
        Expected::Next
    }

    fn open(&mut self, part: Part) -> Result<(), String> {
        if self.open.len() == MAX_DEPTH {
            return Err(format!("nested deeper than {MAX_DEPTH} levels"));
        }
        self.at += 1;
        self.open.push(self.parts.len() as u32);
        self.parts.push(part);
        Ok(())
    }

    fn value(&mut self) -> Result<Expected, String> {
        match self.peek() {
            Some(b'{') => {
                self.open(Part::Map(0))?;
                return Ok(Expected::FirstName);
            }
            Some(b'[') => {
                self.open(Part::List(0))?;
                return Ok(Expected::FirstItem);
            }
            Some(b'"') => {
                let text = self.string()?;
                self.parts.push(Part::Text(text));
            }
            _ => self.word()?,
        }
        Ok(Expected::Next)
    }

    fn name(&mut self) -> Result<Expected, String> {
        if self.peek() != Some(b'"') {
            return Err("expected a name".into());
        }
        let name = self.string()?;
        self.parts.push(Part::Text(name));
        self.skip_blanks();
        if self.peek() != Some(b':') {
            return Err("expected a colon".into());
        }
        self.at += 1;
        Ok(Expected::Value)
    }

    /// Anything that is neither text nor container.
    fn word(&mut self) -> Result<(), String> {
        let words = [("null", Part::Null), ("true", Part::Bool(true)), ("false", Part::Bool(false))];
        let lax = [
            ("NaN", Part::Float(f64::NAN)),
            ("Infinity", Part::Float(f64::INFINITY)),
            ("-Infinity", Part::Float(f64::NEG_INFINITY)),
        ];
        let lax = lax.into_iter().filter(|_| self.is_lax);
        if let Some((word, part)) =
            words.into_iter().chain(lax).find(|(word, _)| self.rest().starts_with(word))
        {
            self.at += word.len();
            self.parts.push(part);
            return Ok(());
        }
        self.number()
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - start
    }

    /// `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`; a fraction or exponent without digits is not part of it.
    fn number(&mut self) -> Result<(), String> {
        let start = self.at;
        let is_negative = self.peek() == Some(b'-');
        self.at += usize::from(is_negative);
        let first = self.at;
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => {
                self.digits();
            }
            _ => return Err("expected a value".into()),
        }
        let whole = self.at;
        if self.peek() == Some(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                self.at = whole;
            }
        }
        let before_exponent = self.at;
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            if self.digits() == 0 {
                self.at = before_exponent;
            }
        }
        let part = if self.at == whole {
            let digits = self.text.get(first..whole).unwrap_or_default();
            Part::Int(Integer::from_digits(is_negative, digits).ok_or("an integer of too many digits")?)
        } else {
            let text = self.text.get(start..self.at).unwrap_or_default();
            Part::Float(text.parse().map_err(|_| "expected a number")?)
        };
        self.parts.push(part);
        Ok(())
    }

    fn string(&mut self) -> Result<Box<str>, String> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let plain = self.rest();
            let end =
                plain.find(|c: char| matches!(c, '"' | '\\') || c < ' ').ok_or("a text without an end")?;
            text.push_str(plain.get(..end).unwrap_or_default());
            self.at += end;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text.into());
                }
                Some(b'\\') => text.push(self.escape()?),
                _ => return Err("a control character in a text".into()),
            }
        }
    }

    fn escape(&mut self) -> Result<char, String> {
        let letter = self.text.as_bytes().get(self.at + 1).copied();
        let plain = match letter {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unit(),
            _ => return Err("an unknown escape".into()),
        };
        self.at += 2;
        Ok(plain)
    }

    fn hexadecimal(&self, at: usize) -> Option<u32> {
        let digits = self.text.get(at..at + 4)?;
        let are_digits = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        u32::from_str_radix(digits, 16).ok().filter(|_| are_digits)
    }

    /// `\uXXXX`, or two that are a pair of surrogates; one without its other is U+FFFD, for Rust has no text for it.
    fn unit(&mut self) -> Result<char, String> {
        let unit = self.hexadecimal(self.at + 2).ok_or("an escape without four digits")?;
        self.at += 6;
        if !(0xd800..0xdc00).contains(&unit) || !self.rest().starts_with("\\u") {
            return Ok(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let low = self.hexadecimal(self.at + 2).filter(|low| (0xdc00..0xe000).contains(low));
        let Some(low) = low else { return Ok(char::REPLACEMENT_CHARACTER) };
        self.at += 6;
        Ok(char::from_u32(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00))
            .unwrap_or(char::REPLACEMENT_CHARACTER))
    }
}

#[cfg(test)]
mod tests {
    use crate::json::{Json, Kind};

    #[test]
    fn what_python_reads_is_read() {
        let json =
            Json::parse(r#" {"a": [1, 2.0, -3e2, "x\u00e9\ud83d\ude00\n", null, true], "b": {}, "a": []} "#)
                .unwrap();
        let members = json.root().members();
        assert_eq!(members.len(), 2);
        assert_eq!(members[0].0, "a");
        assert!(matches!(members[0].1.kind(), Kind::List));
        assert!(!members[0].1.is_truthy() && json.root().is_truthy());
        let json = Json::parse(r#"[1, 2.0, "x\u00e9\ud83d\ude00\n", [[], {"k": 7}], 123456789012345678901]"#)
            .unwrap();
        let items: Vec<_> = json.root().items().collect();
        assert_eq!(items.len(), 5);
        assert_eq!(items[2].text(), Some("xé😀\n"));
        let inner: Vec<_> = items[3].items().collect();
        assert!(matches!(inner[1].get("k").unwrap().kind(), Kind::Int(i) if i.to_string() == "7"));
        assert!(matches!(items[4].kind(), Kind::Int(i) if i.to_string() == "123456789012345678901"));
    }

    #[test]
    fn what_python_refuses_is_refused() {
        for text in [
            "",
            "[1,]",
            "{,}",
            "[01]",
            "[1 2]",
            "{\"a\"}",
            "{\"a\":}",
            "[\"\n\"]",
            "['a']",
            "[1]x",
            "\"\\x\"",
            "[",
            "{",
            "-",
            "1.",
            "+1",
            "[1}",
            "{\"a\":1]",
            "nul",
            "NaN",
        ] {
            assert!(Json::parse(text).is_err(), "{text:?}");
        }
        assert!(Json::parse_lax("[NaN, Infinity, -Infinity] ").is_ok());
        assert!(Json::parse(&("[".repeat(993) + &"]".repeat(993))).is_ok());
        assert!(Json::parse(&("[".repeat(994) + &"]".repeat(994))).is_err());
    }
}
