//! The regular expressions of a path's `match()` and `search()`, run by the engine of Python's dialect.

use crate::category;
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

/// The ranges of `\p{L}` or `\P{Lu}`, as they stand in a class.
fn ranges(text: &str) -> Option<String> {
    let is_negated = text.starts_with("\\P");
    let name = text.get(3..)?.strip_suffix('}')?;
    let mut ranges: Vec<_> = category::ranges(name).collect();
    ranges.sort_unstable();
    if ranges.is_empty() {
        return None;
    }
    if is_negated {
        ranges = between(&ranges);
    }
    let write = |(first, last): &(char, char)| format!("\\U{:08x}-\\U{:08x}", *first as u32, *last as u32);
    Some(ranges.iter().map(write).collect())
}

/// What lies between ranges that are in order, before and behind them.
fn between(ranges: &[(char, char)]) -> Vec<(char, char)> {
    let mut gaps = Vec::new();
    let mut next = Some('\0');
    for (first, last) in ranges {
        if let Some(start) = next.filter(|start| start < first) {
            gaps.extend((start..*first).next_back().map(|end| (start, end)));
        }
        next = (*last..=char::MAX).nth(1);
    }
    gaps.extend(next.map(|start| (start, char::MAX)));
    gaps
}
