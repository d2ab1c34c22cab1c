//! Random rules and contexts.

use pennon_goff::logic::Operator;
use serde_json::{Map, Value, json};

/// Xorshift: repeatable without a dependency.
pub struct Random(u64);

const TEXTS: &[&str] = &[
    "",
    "a",
    "b",
    "x",
    "abc",
    "xabcx",
    " a ",
    " ",
    "\u{a0}",
    "é",
    "日本語",
    "0",
    "1",
    "2",
    "-1",
    "1.5",
    "1_0",
    "0x1p4",
    "inf",
    "-Inf",
    "nan",
    "1e400",
    "1e-1",
    ".5",
    "+5",
    " 5 ",
    "5.",
    "true",
    "false",
    "null",
    "b.c",
    ".b",
    "a.0",
    "0.b",
    "current",
    "accumulator",
    "key",
    "anonymous",
    "a..b",
    ".",
    "Straße",
    "user@example.com",
    "@example.com",
];
const NUMBERS: &[&str] = &[
    "0",
    "1",
    "2",
    "3",
    "5",
    "-1",
    "-2",
    "0.5",
    "1.5",
    "-0.0",
    "-0",
    "1e21",
    "1e-7",
    "100",
    "1e300",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "-1e19",
    "18446744073709551615",
];
const NAMES: &[&str] = &["a", "b", "c", "d", "n", "items", "o", "0", "1", "key", "targetingKey", "anonymous"];
const PATHS: &[&str] = &[
    "",
    "a",
    "b",
    "c",
    "d",
    "n",
    "items",
    "o",
    "n.b",
    "n.c",
    "items.0",
    "items.1.b",
    "a.b.c",
    ".b",
    ".",
    "a..b",
    "1",
    "b.0",
    "current",
    "accumulator",
    "current.b",
    "valueType",
    "key",
    "targetingKey",
    "anonymous",
    "missing",
    "items.1e0",
    "items.-1",
    "items.1_0",
    "items.inf",
];

impl Random {
    /// Any seed gives a state that is not zero.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 24
    }

    fn below(&mut self, limit: usize) -> usize {
        self.next() as usize % limit
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// A rule with a context and an enrichment.
    pub fn case(&mut self) -> Value {
        let query = self.operation(3);
        let context = self.attributes(9);
        let enrichment = if self.below(5) == 0 { self.attributes(2) } else { Map::new() };
        json!({"query": query, "context": context, "enrichment": enrichment})
    }

    fn attributes(&mut self, most: usize) -> Map<String, Value> {
        let count = self.below(most + 1);
        (0..count)
            .map(|_| (self.one_of(NAMES).to_owned(), serde_json::from_str(&self.data(2)).unwrap()))
            .collect()
    }

    fn text(&mut self) -> String {
        serde_json::to_string(self.one_of(TEXTS)).unwrap()
    }

    fn path(&mut self) -> String {
        serde_json::to_string(self.one_of(PATHS)).unwrap()
    }

    fn scalar(&mut self) -> String {
        match self.below(8) {
            0 => "null".into(),
            1 => self.one_of(&["true", "false"]).into(),
            2..=4 => self.one_of(NUMBERS).into(),
            _ => self.text(),
        }
    }

    fn list(&mut self, most: usize, mut member: impl FnMut(&mut Self) -> String) -> String {
        let count = self.below(most + 1);
        format!("[{}]", (0..count).map(|_| member(self)).collect::<Vec<_>>().join(","))
    }

    /// A value of a context; now and then one that is a rule.
    fn data(&mut self, depth: usize) -> String {
        match self.below(if depth == 0 { 4 } else { 9 }) {
            0..=3 => self.scalar(),
            4..=5 => self.list(4, |random| random.data(depth - 1)),
            // No second member beside `var`: which one counts depends on the order, which a context has not.
            6..=7 => {
                let (b, c) = (self.data(depth - 1), self.data(depth - 1));
                self.one_of(&[format!("{{\"b\":{b},\"c\":{c}}}"), format!("{{\"b\":{b}}}")].each_ref())
                    .clone()
            }
            _ => self.operation(depth - 1),
        }
    }

    fn argument(&mut self, depth: usize) -> String {
        match self.below(if depth == 0 { 8 } else { 16 }) {
            0..=2 => self.scalar(),
            3..=6 => format!("{{\"var\":{}}}", self.path()),
            7 => self.list(3, Self::scalar),
            8 => self.list(3, |random| random.argument(depth - 1)),
            9 => self.object(depth),
            _ => self.operation(depth - 1),
        }
    }

    /// An object that is no call, or one of what does not exist.
    fn object(&mut self, depth: usize) -> String {
        let (a, b) = (self.argument(depth - 1), self.argument(depth - 1));
        match self.below(5) {
            0 => "{}".into(),
            1 => format!("{{\"b\":{a},\"c\":{b}}}"),
            2 => format!("{{\"b\":{a},\"var\":{b}}}"),
            3 => format!("{{\"==\":{a},\"==\":{b}}}"),
            _ => format!("{{\"no\":{a}}}"),
        }
    }

    fn operation(&mut self, depth: usize) -> String {
        let operator = self.one_of(Operator::ALL);
        let arguments = match self.below(10) {
            0 => self.argument(depth),
            1 => self.list(4, |random| random.argument(depth)),
            _ => self.usual_arguments(operator, depth),
        };
        format!("{{\"{operator}\":{arguments}}}")
    }

    fn usual_arguments(&mut self, operator: Operator, depth: usize) -> String {
        use Operator as Op;
        match operator {
            Op::Var => match self.below(4) {
                0 => format!("[{},{}]", self.path(), self.argument(depth)),
                1 => self.scalar(),
                2 => format!("[{}]", self.path()),
                _ => self.path(),
            },
            Op::Missing => self.list(3, Self::path),
            Op::MissingSome => format!("[{},{}]", self.one_of(NUMBERS), self.list(3, Self::path)),
            Op::Map | Op::Filter | Op::All | Op::None | Op::Some => {
                format!("[{},{}]", self.subject(depth), self.body(depth))
            }
            Op::Reduce => {
                let body = match self.below(3) {
                    0 => self.body(depth),
                    _ => {
                        let operator = self.one_of(&["+", "cat", "max", "and", "-", "*", "=="]);
                        format!("{{\"{operator}\":[{{\"var\":\"accumulator\"}},{{\"var\":\"current\"}}]}}")
                    }
                };
                format!("[{},{body},{}]", self.subject(depth), self.argument(depth))
            }
            Op::In => match self.below(3) {
                0 => format!("[{},{}]", self.text(), self.text()),
                1 => {
                    let list = self.list(16, |random| match random.below(6) {
                        0 => random.scalar(),
                        1 => random.list(3, Self::scalar),
                        _ => random.text(),
                    });
                    format!("[{},{list}]", self.argument(depth))
                }
                _ => format!("[{},{}]", self.argument(depth), self.argument(depth)),
            },
            Op::ContainsAll | Op::ContainsAny | Op::ContainsNone => {
                format!("[{},{}]", self.list(4, Self::scalar), self.list(2, Self::scalar))
            }
            Op::Substr => {
                let (text, start) = (self.text(), self.one_of(NUMBERS));
                match self.below(2) {
                    0 => format!("[{text},{start}]"),
                    _ => format!("[{text},{start},{}]", self.one_of(NUMBERS)),
                }
            }
            Op::Set => format!("[{},{},{}]", self.subject(depth), self.text(), self.argument(depth)),
            Op::Not | Op::Truth | Op::Abs => format!("[{}]", self.argument(depth)),
            Op::Less | Op::LessOrEqual | Op::Greater | Op::GreaterOrEqual if self.below(3) == 0 => {
                format!("[{},{},{}]", self.argument(depth), self.argument(depth), self.argument(depth))
            }
            Op::And | Op::Or | Op::If | Op::Choose | Op::Cat | Op::Merge | Op::Add | Op::Max => {
                self.list(4, |random| random.argument(depth))
            }
            _ => format!("[{},{}]", self.argument(depth), self.argument(depth)),
        }
    }

    fn subject(&mut self, depth: usize) -> String {
        match self.below(4) {
            0 => self.list(3, |random| random.data(1)),
            1 => self.argument(depth),
            _ => format!("{{\"var\":{}}}", self.path()),
        }
    }

    fn body(&mut self, depth: usize) -> String {
        let element =
            self.one_of(&["{\"var\":\"\"}", "{\"var\":\"b\"}", "{\"var\":\".b\"}", "{\"var\":[\"c\",1]}"]);
        match self.below(4) {
            0 => self.argument(depth),
            1 => element.into(),
            _ => {
                let operator = self.one_of(Operator::ALL);
                format!("{{\"{operator}\":[{element},{}]}}", self.argument(depth))
            }
        }
    }
}
