//! Patterns with texts that they may well match.

use super::Case;
use super::parts::{LETTERS, ODDITIES, SPECIAL};
use super::rng::Rng;

struct Generator<'r> {
    rng: &'r mut Rng,
    pattern: String,
    /// What the pattern so far may match.
    text: String,
    groups: usize,
    verbose: bool,
    /// Only what a finite automaton decides.
    regular: bool,
    /// Two letters, and many groups and references to them: what captures hold after ways that failed.
    narrow: bool,
}

/// A pattern and a text.
pub fn case(rng: &mut Rng) -> Case {
    let regular = rng.chance(50);
    let narrow = !regular && rng.chance(40);
    let mut generator = Generator {
        rng,
        pattern: String::new(),
        text: String::new(),
        groups: 0,
        verbose: false,
        regular,
        narrow,
    };
    if narrow {
        if generator.rng.chance(70) {
            generator.captures(2);
        } else {
            generator.alternatives(4);
        }
        if generator.rng.chance(40) {
            generator.add("\\Z");
        }
        let text = (0..generator.rng.between(0, 9))
            .map(|_| *generator.rng.pick(&['a', 'b', 'a', 'b', 'c']))
            .collect();
        return (generator.pattern, text);
    }
    if generator.rng.chance(35) {
        let flags =
            *generator.rng.pick(&["i", "i", "i", "m", "s", "x", "a", "im", "ia", "ms", "isx", "u", "aix"]);
        generator.verbose = flags.contains('x');
        generator.pattern.push_str(&format!("(?{flags})"));
    }
    let depth = generator.rng.between(0, 4);
    generator.alternatives(depth);
    if generator.rng.chance(40) {
        let end = *generator.rng.pick(&["$", "\\Z", "$", "\\b", "\\B"]);
        generator.pattern.push_str(end);
    }
    let (mut pattern, mut text) = (generator.pattern, generator.text);
    if rng.chance(6) {
        pattern = damage(rng, &pattern);
    }
    for _ in 0..rng.between(0, 2) {
        text = damage(rng, &text);
    }
    if rng.chance(10) {
        text.push('\n');
    }
    (pattern, text.chars().take(60).collect())
}

/// Takes out, doubles or puts in a character.
fn damage(rng: &mut Rng, text: &str) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    let at = rng.below(characters.len() + 1);
    match rng.below(4) {
        0 if at < characters.len() => {
            characters.remove(at);
        }
        1 if at < characters.len() => characters.insert(at, characters[at]),
        _ => {
            let source = if rng.chance(70) { LETTERS } else { SPECIAL };
            let character = rng.pick(source).chars().next().unwrap_or('a');
            characters.insert(at, character);
        }
    }
    characters.into_iter().collect()
}

impl Generator<'_> {
    fn add(&mut self, pattern: &str) {
        self.pattern.push_str(pattern);
    }

    fn alternatives(&mut self, depth: usize) {
        let count = if self.rng.chance(25) { self.rng.between(2, 3) } else { 1 };
        let chosen = self.rng.below(count);
        for index in 0..count {
            if index > 0 {
                self.add("|");
            }
            let length = self.text.len();
            self.sequence(depth);
            if index != chosen {
                self.text.truncate(length);
            }
        }
    }

    fn sequence(&mut self, depth: usize) {
        for _ in 0..self.rng.between(0, 4) {
            let length = self.text.len();
            self.item(depth);
            if self.rng.chance(30) {
                self.repeat(length);
            }
            if self.verbose && self.rng.chance(20) {
                let blank = *self.rng.pick(&[" ", "\n", "#c\n", "\t "]);
                self.add(blank);
            }
        }
    }

    /// Repeats the last item, whose text starts at `start`.
    fn repeat(&mut self, start: usize) {
        let (min, max) = (self.rng.below(3), self.rng.below(4));
        let bounds = match self.rng.below(9) {
            0 | 1 => "*".to_owned(),
            2 | 3 => "+".to_owned(),
            4 => "?".to_owned(),
            5 => format!("{{{min}}}"),
            6 => format!("{{{min},}}"),
            7 => format!("{{,{max}}}"),
            _ => format!("{{{min},{}}}", min + max),
        };
        self.add(&bounds);
        match self.rng.below(10) {
            0 | 1 => self.add("?"),
            2 if !self.regular => self.add("+"),
            _ => {}
        }
        let item = self.text[start..].to_owned();
        match self.rng.below(4) {
            0 => self.text.truncate(start),
            1 => self.text.push_str(&item),
            2 if item.len() < 8 => self.text.push_str(&item.repeat(2)),
            _ => {}
        }
    }

    fn item(&mut self, depth: usize) {
        let kind = match self.narrow {
            true => *self.rng.pick(if depth == 0 { &[0, 69] } else { &[0, 69, 99, 99, 99] }),
            false => self.rng.below(if depth == 0 { 70 } else { 100 }),
        };
        match kind {
            0..30 => self.character(),
            30..42 => self.set(),
            42..52 => self.class(),
            52..56 => {
                let anchor = *self.rng.pick(&["^", "$", "\\b", "\\B", "\\A", "\\Z", "\\b", "$"]);
                self.add(anchor);
            }
            56..60 => {
                self.add(".");
                let character = self.letter();
                self.text.push_str(character);
            }
            60..62 => {
                let oddity = *self.rng.pick(ODDITIES);
                self.add(oddity);
            }
            62..70 if self.groups > 0 && !self.regular => self.reference(depth),
            62..70 => self.character(),
            _ => self.group(depth - 1),
        }
    }

    /// Groups in repeats, rounds of which fail after a group has matched, and what refers to them.
    fn captures(&mut self, depth: usize) {
        for _ in 0..self.rng.between(1, 4) {
            let piece = match self.rng.below(if depth == 0 { 6 } else { 12 }) {
                0 | 1 => *self.rng.pick(&["a", "b", "c", "[ab]", ".", "a?", "b*", "[ab]+?", "[ab]{1,2}"]),
                2 | 3 => {
                    self.groups += 1;
                    *self.rng.pick(&[
                        "(a|b)",
                        "([ab])",
                        "(.)",
                        "(a)?",
                        "(a|ab)",
                        "(b|)",
                        "(a*)",
                        "(.+?)",
                        "([ab]+)",
                        "((?:a|b)*)",
                    ])
                }
                4 | 5 if self.groups > 0 => {
                    let group = self.rng.between(1, self.groups);
                    let reference = match self.rng.below(4) {
                        0 => format!("(?({group})a|b)"),
                        1 => format!("(?({group})\\{group}|[bc])"),
                        _ => format!("\\{group}"),
                    };
                    self.add(&reference);
                    continue;
                }
                4 | 5 => "a",
                6 => "(?=",
                7 => "(?!",
                8 => "(?>",
                9 => {
                    self.groups += 1;
                    "("
                }
                _ => "(?:",
            };
            self.add(piece);
            if !piece.ends_with(['(', '=', '!', '>', ':']) {
                continue;
            }
            self.captures(depth - 1);
            if self.rng.chance(30) {
                self.add("|");
                self.captures(depth - 1);
            }
            self.add(")");
            let bounds = *self.rng.pick(&[
                "*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{2,}?", "*+", "?+", "{1,2}+", "", "",
            ]);
            self.add(bounds);
        }
    }

    fn letter(&mut self) -> &'static str {
        if self.narrow {
            let letter: &&str = self.rng.pick(&["a", "b"]);
            return letter;
        }
        let source = if self.rng.chance(85) { LETTERS } else { SPECIAL };
        let letter: &&str = self.rng.common(source);
        letter
    }

    fn character(&mut self) {
        let character = self.letter();
        if self.rng.chance(3) {
            let code = u32::from(character.chars().next().unwrap_or('a'));
            self.add(&format!("\\U{code:08x}"));
        } else if "\\.[{()*+?^$|# \n\t".contains(character) || character == "-" && self.rng.chance(50) {
            self.add(&format!("\\{character}"));
        } else {
            self.add(character);
        }
        self.sample(character);
    }

    /// Adds a character to the text, now and then in another case.
    fn sample(&mut self, character: &str) {
        match self.rng.below(10) {
            0 => self.text.push_str(&character.to_uppercase()),
            1 => self.text.push_str(&character.to_lowercase()),
            _ => self.text.push_str(character),
        }
    }

    fn set(&mut self) {
        self.add("[");
        if self.rng.chance(25) {
            self.add("^");
        }
        let mut sample = "b";
        for _ in 0..self.rng.between(1, 4) {
            sample = self.letter();
            match self.rng.below(10) {
                0..5 => self.member(sample),
                5 => self.add("a-c"),
                6 => {
                    let range = *self.rng.pick(&[
                        "0-9",
                        "A-Z",
                        "а-я",
                        "À-ÿ",
                        "\\x00-\\x1f",
                        "K-\u{212a}",
                        "ſ-ƀ",
                        "ა-ჰ",
                        "𐐀-𐐧",
                        "\\ud000-𐐧",
                        "a-𝟘",
                        "!-~",
                    ]);
                    self.add(range);
                }
                7 => {
                    let high = self.letter();
                    self.member(sample);
                    self.add("-");
                    self.member(high);
                }
                _ => {
                    let class = *self.rng.pick(&["\\d", "\\w", "\\s", "\\D", "\\W", "\\S"]);
                    self.add(class);
                }
            }
        }
        self.add("]");
        self.sample(sample);
    }

    fn member(&mut self, character: &str) {
        if self.rng.chance(70) && "]\\^-[".contains(character) {
            self.add("\\");
        }
        self.add(character);
    }

    fn class(&mut self) {
        let (class, texts): (_, &[&str]) = match self.rng.below(6) {
            0 => ("\\d", &["1", "٣", "²", "a"]),
            1 => ("\\w", &["a", "_", "é", "²", "日", "-"]),
            2 => ("\\s", &[" ", "\n", "\u{a0}", "\u{1c}", "a"]),
            3 => ("\\D", &["a", "1"]),
            4 => ("\\W", &["-", "\u{301}", "a"]),
            _ => ("\\S", &["a", " "]),
        };
        self.add(class);
        let text = *self.rng.pick(texts);
        self.text.push_str(text);
    }

    fn reference(&mut self, depth: usize) {
        let group = self.rng.between(1, self.groups);
        if self.rng.chance(70) {
            self.add(&format!("\\{group}"));
            let letter = self.letter();
            self.text.push_str(letter);
        } else {
            self.add(&format!("(?({group})"));
            self.sequence(depth.saturating_sub(1));
            if self.rng.chance(60) {
                self.add("|");
                self.sequence(depth.saturating_sub(1));
            }
            self.add(")");
        }
    }

    fn group(&mut self, depth: usize) {
        let length = self.text.len();
        let kind = match self.rng.below(if self.regular { 7 } else { 14 }) {
            5 | 6 if self.narrow => 12,
            kind => kind,
        };
        match kind {
            0..2 => self.add("("),
            2..4 => self.add("(?:"),
            4 => {
                let name = self.groups + 1;
                self.add(&format!("(?P<g{name}>"));
            }
            5 | 6 => {
                let flags =
                    *self.rng.pick(&["(?i:", "(?-i:", "(?s:", "(?m:", "(?a:", "(?i-s:", "(?u:", "(?ia:"]);
                self.add(flags);
            }
            7 => self.add("(?="),
            8 => self.add("(?!"),
            9 => self.add("(?<="),
            10 => self.add("(?<!"),
            11 => self.add("(?>"),
            _ => self.add("("),
        }
        if matches!(kind, 0 | 1 | 4 | 12..) {
            self.groups += 1;
        }
        self.alternatives(depth);
        self.add(")");
        // Look-around takes nothing.
        if matches!(kind, 7..=10) && self.rng.chance(80) {
            self.text.truncate(length);
        }
    }
}
