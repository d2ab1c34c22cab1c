//! The regular expressions of a path's `match()` and `search()`, run by the engine of Python's dialect.

use regex_syntax::hir::{Class, HirKind};

use crate::path::{Compiled, Extent, Patterns};
use crate::regex::Regex;

/// Compiles patterns of paths.
#[derive(Clone, Copy, Debug)]
pub struct Compiler;

impl Patterns for Compiler {
    fn compile(&self, pattern: &str, extent: Extent) -> Option<Box<dyn Compiled>> {
        let pattern = without_categories(pattern)?;
        let pattern = match extent {
            Extent::Whole => format!("(?:{pattern})\\Z"),
            Extent::Part => format!("[\\s\\S]*?(?:{pattern})"),
        };
        Some(Box::new(Pattern(Regex::new(&pattern).ok()?)))
    }
}

#[derive(Debug)]
struct Pattern(Regex);

impl Compiled for Pattern {
    fn matches(&self, text: &str) -> bool {
        self.0.is_match(text).unwrap_or(false)
    }
}

/// Categories, which Python's dialect does not have, written out as ranges.
fn without_categories(pattern: &str) -> Option<String> {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    let mut is_in_class = false;
    while let Some(c) = rest.chars().next() {
        let behind = rest.get(c.len_utf8()..)?;
        match (c, behind.chars().next()) {
            ('\\', Some('p' | 'P')) => {
                let end = behind.find('}')?;
                let category = rest.get(..end + 2)?;
                let ranges = ranges(category)?;
                out.push_str(&if is_in_class { ranges } else { format!("[{ranges}]") });
                rest = rest.get(end + 2..)?;
                continue;
            }
            ('\\', Some(escaped)) => {
                out.extend(['\\', escaped]);
                rest = behind.get(escaped.len_utf8()..)?;
                continue;
            }
            ('[', _) if is_in_class => return None,
            ('[', _) => is_in_class = true,
            (']', _) => is_in_class = false,
            _ => {}
        }
        out.push(c);
        rest = behind;
    }
    Some(out)
}

/// The ranges of a category, as they stand in a class.
fn ranges(category: &str) -> Option<String> {
    let parsed = regex_syntax::parse(category).ok()?;
    let HirKind::Class(Class::Unicode(class)) = parsed.kind() else { return None };
    let range = |range: &regex_syntax::hir::ClassUnicodeRange| {
        format!("\\U{:08x}-\\U{:08x}", range.start() as u32, range.end() as u32)
    };
    Some(class.ranges().iter().map(range).collect())
}
