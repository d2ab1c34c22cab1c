//! Paths: all of the syntax, much of what is nearly syntax, and what a mutation leaves of either.

use crate::document::{self, NAMES, PATTERNS, TEXTS, Value, quote};
use crate::mutate::{FRAGMENTS, mutated};
use crate::pattern::pattern;
use crate::rng::Rng;

/// A path, mostly one that leads somewhere in the document, and a document, mostly the one given.
pub fn case(rng: &mut Rng, document: Value) -> (String, Value) {
    let mut generator = Generator { rng, text: String::from("$"), depth: 0 };
    let document = match generator.rng.below(20) {
        0..=2 => generator.matching(),
        3..=5 => {
            generator.segments(1, 5);
            document
        }
        6 => {
            generator.soup();
            document
        }
        7 => {
            for part in ["[?@.a", generator.rng.word(&OPERATORS), "@.b]"] {
                generator.push(part);
            }
            document::pairs(generator.rng)
        }
        8 => {
            generator.word(&[
                "..key",
                "..b",
                "..a",
                "[?@..key]",
                "..[0]",
                ".b..*",
                "[?count(@..a)>2]",
                "..zz",
            ]);
            document::deep(generator.rng)
        }
        _ => {
            generator.prefix(&document);
            generator.segments(0, 2);
            document
        }
    };
    let text = generator.text;
    if rng.chance(30) { (mutated(&text, rng), document) } else { (text, document) }
}

const OPERATORS: [&str; 6] = ["==", "<", ">", "!=", "<=", ">="];

struct Generator<'a> {
    rng: &'a mut Rng,
    text: String,
    depth: usize,
}

impl Generator<'_> {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn word(&mut self, words: &[&'static str]) {
        let word = *self.rng.common(words);
        self.push(word);
    }

    fn space(&mut self) {
        if self.rng.chance(6) {
            let space = *self.rng.pick(&[" ", "  ", "\n", "\t", "\r", " \n"]);
            self.push(space);
        }
    }

    /// A filter of tokens in no order.
    fn soup(&mut self) {
        self.push("[?");
        for _ in 0..self.rng.between(1, 6) {
            self.word(&FRAGMENTS);
            self.word(&["", "", "@.a", " ", "@", "==", "1", ")", "]"]);
        }
        self.push("]");
    }

    /// A filter with a regular expression, and texts for it.
    fn matching(&mut self) -> Value {
        let mut texts: Vec<Value> = TEXTS.iter().map(|text| Value::Text(text)).collect();
        self.rng.shuffle(&mut texts);
        let sign = if self.rng.chance(20) { "!" } else { "" };
        let call = if self.rng.chance(50) { "match(@, " } else { "search(@, " };
        for part in ["[?", sign, call] {
            self.push(part);
        }
        let pattern = pattern(self.rng);
        self.quoted(&pattern);
        self.push(")]");
        Value::List(texts)
    }

    /// Some steps that the document has.
    fn prefix(&mut self, document: &Value) {
        let mut value = document;
        for _ in 0..self.rng.below(4) {
            value = match value {
                Value::List(items) if !items.is_empty() => {
                    let index = self.rng.below(items.len());
                    let text = match self.rng.below(6) {
                        0 => "[*]".to_owned(),
                        1 => format!("[{index}:]"),
                        2 => format!("[-{}]", items.len() - index),
                        3 => format!("[{index}::-1]"),
                        _ => format!("[{index}]"),
                    };
                    self.push(&text);
                    &items[index]
                }
                Value::Map(members) if !members.is_empty() => {
                    let (name, value) = &members[self.rng.below(members.len())];
                    match self.rng.below(6) {
                        0 => self.push(".*"),
                        1 => {
                            self.push("..[");
                            self.quoted(name);
                            self.push("]");
                        }
                        2 | 3 if !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase()) => {
                            self.push(".");
                            self.push(name);
                        }
                        _ => {
                            self.push("[");
                            self.quoted(name);
                            self.push("]");
                        }
                    }
                    value
                }
                _ => return,
            };
        }
    }

    fn segments(&mut self, low: usize, high: usize) {
        for _ in 0..self.rng.between(low, high) {
            self.space();
            match self.rng.below(10) {
                0 => {
                    self.push("..");
                    match self.rng.below(4) {
                        0 => self.push("*"),
                        1 => self.brackets(),
                        _ => self.word(&["a", "b", "c", "key", "é", "my-flag"]),
                    }
                }
                1 => self.push(".*"),
                2..=5 => self.brackets(),
                _ => {
                    self.push(".");
                    self.word(&[
                        "a", "b", "c", "identity", "key", "my-flag", "x1", "_", "é", "日本", "truex", "Z-9",
                    ]);
                }
            }
        }
    }

    fn brackets(&mut self) {
        self.push("[");
        for index in 0..*self.rng.common(&[1, 1, 1, 1, 2, 2, 3]) {
            if index > 0 {
                self.space();
                self.push(",");
            }
            self.space();
            self.selector();
        }
        self.space();
        self.push("]");
    }

    fn selector(&mut self) {
        match self.rng.below(14) {
            0..=2 => {
                let name = *self.rng.common(&NAMES);
                self.quoted(name);
            }
            3 => self.word(&[
                "0",
                "1",
                "-1",
                "2",
                "3",
                "-2",
                "-3",
                "9007199254740991",
                "9007199254740992",
                "007",
            ]),
            4 => self.slice(),
            5 => self.push("*"),
            _ if self.depth > 3 => self.push("*"),
            _ => {
                self.push("?");
                self.space();
                self.depth += 1;
                self.expression();
                self.depth -= 1;
            }
        }
    }

    fn slice(&mut self) {
        const BOUNDS: [&str; 14] = [
            "",
            "0",
            "1",
            "-1",
            "2",
            "3",
            "-2",
            "-3",
            "5",
            "-9",
            "9007199254740991",
            "-9007199254740991",
            "-0",
            "9007199254740992",
        ];
        for index in 0..self.rng.between(2, 3) {
            if index > 0 {
                self.space();
                let colon = if index == 2 && self.rng.chance(3) { " " } else { ":" };
                self.push(colon);
                self.space();
            }
            self.word(&BOUNDS);
        }
    }

    /// A name or text between quotes, with what must be escaped, and more.
    fn quoted(&mut self, text: &str) {
        let single = self.rng.chance(70);
        let quotes = if single { "'" } else { "\"" };
        self.push(quotes);
        for c in text.chars() {
            match c {
                '\'' if single => self.push("\\'"),
                '"' if !single => self.push("\\\""),
                '\\' => self.push("\\\\"),
                '\n' => self.push("\\n"),
                c if self.rng.chance(5) => {
                    let mut units = [0; 2];
                    let units: Vec<String> =
                        c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04X}")).collect();
                    self.push(&units.concat());
                }
                c => self.text.push(c),
            }
        }
        self.push(quotes);
    }

    fn expression(&mut self) {
        self.depth += 1;
        for index in 0..*self.rng.common(&[1, 1, 1, 2, 2, 3, 4]) {
            if index > 0 {
                self.space();
                let sign = if self.rng.chance(50) { "&&" } else { "||" };
                self.push(sign);
                self.space();
            }
            self.term();
        }
        self.depth -= 1;
    }

    fn term(&mut self) {
        if self.rng.chance(15) {
            self.push("!");
            self.space();
        }
        match self.rng.below(12) {
            0 if self.depth < 6 => {
                self.push("(");
                self.space();
                self.expression();
                self.space();
                self.push(")");
            }
            1..=3 => self.query(),
            4 | 5 => self.call(),
            _ => self.comparison(),
        }
    }

    fn comparison(&mut self) {
        self.operand();
        for _ in 0..*self.rng.common(&[1, 1, 1, 1, 1, 2]) {
            self.space();
            self.word(&OPERATORS);
            self.space();
            self.operand();
        }
    }

    fn operand(&mut self) {
        match self.rng.below(8) {
            0..=3 => self.singular(),
            4 if self.depth < 6 => self.call(),
            _ => self.literal(),
        }
    }

    fn literal(&mut self) {
        match self.rng.below(8) {
            0 => {
                let name = *self.rng.pick(&TEXTS);
                self.quoted(name);
            }
            1 => {
                let pattern = *self.rng.pick(&PATTERNS);
                self.quoted(pattern);
            }
            2 => self.word(&["true", "false"]),
            3 => self.push("null"),
            4 => {
                self.word(&["1.0", "0.5", "-1.5", "1e23", "1e-2", "-0.0", "1.0e400", "-00.5", "00.5", "0e-1"])
            }
            5 => self.word(&[
                "1e18",
                "9007199254740993",
                "18446744073709551616",
                "1e400",
                "-01",
                "01",
                "1E+2",
                "-1e400",
            ]),
            _ => self.word(&["0", "1", "2", "-1", "-0", "12", "3"]),
        }
    }

    fn singular(&mut self) {
        self.word(&["@", "@", "@", "$"]);
        for _ in 0..*self.rng.common(&[1, 0, 1, 2, 3]) {
            match self.rng.below(3) {
                0 => self.word(&["[0]", "[1]", "[-1]", "['a']", "[\"b\"]"]),
                _ => self.word(&[".a", ".b", ".c", ".key", ".identity"]),
            }
        }
    }

    fn query(&mut self) {
        self.word(&["@", "@", "@", "$"]);
        if self.depth < 5 {
            self.segments(0, 2);
        }
    }

    fn call(&mut self) {
        let name =
            *self.rng.common(&["length", "count", "match", "search", "value", "value", "foo", "search"]);
        self.push(name);
        self.push("(");
        self.space();
        let is_odd = self.rng.chance(6);
        match name {
            _ if is_odd => {
                self.argument();
                self.push(",");
                self.argument();
            }
            "length" => self.operand(),
            "count" | "value" => self.query(),
            "match" | "search" => {
                self.operand();
                self.space();
                self.push(",");
                self.space();
                self.pattern();
            }
            _ => self.argument(),
        }
        self.space();
        let end = if self.rng.chance(2) { ",)" } else { ")" };
        self.push(end);
        if self.rng.chance(50) && name != "match" && name != "search" {
            self.space();
            self.word(&["==", ">", "<", "!=", ">="]);
            self.word(&["1", "2", "0", "'a'", "3"]);
        }
    }

    fn argument(&mut self) {
        if self.depth < 6 && self.rng.chance(40) {
            self.expression();
        } else {
            self.operand();
        }
    }

    fn pattern(&mut self) {
        if self.rng.chance(20) {
            return self.operand();
        }
        let pattern = pattern(self.rng);
        self.quoted(&pattern);
    }
}

/// A case as the oracle reads it.
pub fn line(path: &str, document: &Value) -> String {
    let mut line = String::from("{\"path\":");
    quote(path, &mut line);
    line.push_str(",\"document\":");
    document.write(&mut line);
    line.push_str("}\n");
    line
}
