//! Classes, `[a-z]`: two readings of the same characters.

use super::super::Extent;
use super::{Characters, Item, escaped, push};

/// An item, and whether it was written with a backslash.
type Member = (Item, bool);

/// A set of characters: ranges, and what is none, as it is written in a class.
#[derive(Debug, Default)]
struct Set {
    ranges: Vec<(char, char)>,
    others: Vec<String>,
}

/// Reads a class to its end, without the opening bracket.
pub fn translate(rest: &mut Characters<'_>, extent: Extent, translated: &mut String) -> Option<()> {
    let negated = rest.skip("^");
    let members = checked(rest)?;
    // Version 1 of `regex`, which `search()` asks for, has operators.
    let mut reader = Reader { members: &members, has_operators: extent == Extent::Part };
    reader.operations(&OPERATORS)?.write(negated, translated);
    Some(())
}

impl Set {
    fn write(&self, negated: bool, translated: &mut String) {
        if self.ranges.is_empty() && self.others.is_empty() {
            translated.push_str(if negated { "[\0-\u{10ffff}]" } else { "[^\0-\u{10ffff}]" });
            return;
        }
        translated.push_str(if negated { "[^" } else { "[" });
        for (first, last) in &self.ranges {
            push(&Item::Character(*first), translated);
            if first != last {
                translated.push('-');
                push(&Item::Character(*last), translated);
            }
        }
        translated.extend(self.others.iter().map(String::as_str));
        translated.push(']');
    }
}

/// The members of a class that passes `iregexp_check`, whose grammar this is: `("-" | member) member* "-"? "]"`.
fn checked(rest: &mut Characters<'_>) -> Option<Vec<Member>> {
    let mut members = Vec::new();
    if rest.skip("-") {
        members.push((Item::Character('-'), false));
    } else {
        member(rest, &mut members)?;
    }
    loop {
        let is_last = rest.0.starts_with("-]");
        if is_last {
            rest.skip("-");
            members.push((Item::Character('-'), false));
        }
        if rest.skip("]") {
            return Some(members);
        }
        member(rest, &mut members)?;
    }
}

/// A category, a character, or two with a `-` between them.
fn member(rest: &mut Characters<'_>, members: &mut Vec<Member>) -> Option<()> {
    let first = character(rest)?;
    let is_category = matches!(first.0, Item::Category { .. });
    members.push(first);
    if is_category || !rest.0.starts_with('-') || rest.0.starts_with("-]") {
        return Some(());
    }
    rest.skip("-");
    let last = character(rest)?;
    if matches!(last.0, Item::Category { .. }) {
        return None;
    }
    members.push((Item::Character('-'), false));
    members.push(last);
    Some(())
}

fn character(rest: &mut Characters<'_>) -> Option<Member> {
    match rest.next()? {
        '\\' => Some((escaped(rest)?, true)),
        '-' | '[' | ']' => None,
        c => Some((Item::Character(c), false)),
    }
}

/// An operator of version 1: its character, which is written twice; what becomes of a character that is in the left and in
/// the right set; and how it is written in the language of [`Patterns`](super::Patterns).
type Operation = (char, fn(bool, bool) -> bool, &'static str);

/// From the loosest to the tightest.
const OPERATORS: [Operation; 3] = [
    ('|', |left, right| left || right, ""),
    ('~', |left, right| left != right, "~~"),
    ('&', |left, right| left && right, "&&"),
];

/// Reads members as `regex` does.
struct Reader<'a> {
    members: &'a [Member],
    has_operators: bool,
}

impl Reader<'_> {
    /// Sets with the first of `operators` between them.
    fn operations(&mut self, operators: &[Operation]) -> Option<Set> {
        let Some((operation, tighter)) = operators.split_first() else { return self.union() };
        let mut set = self.operations(tighter)?;
        while self.is_operator(operation.0) {
            self.members = self.members.get(2..)?;
            set = combined(&set, &self.operations(tighter)?, operation);
        }
        Some(set)
    }

    fn is_operator(&self, sign: char) -> bool {
        let written = |member: &Member| *member == (Item::Character(sign), false);
        self.has_operators && matches!(self.members, [first, second, ..] if written(first) && written(second))
    }

    /// One item at least, whatever it is, and more until an operator.
    fn union(&mut self) -> Option<Set> {
        let mut set = Set::default();
        loop {
            self.item(&mut set)?;
            if self.members.is_empty() || OPERATORS.iter().any(|(sign, ..)| self.is_operator(*sign)) {
                return Some(set);
            }
        }
    }

    fn item(&mut self, set: &mut Set) -> Option<()> {
        let ((first, _), rest) = self.members.split_first()?;
        self.members = rest;
        let Item::Character(first) = *first else {
            let mut category = String::new();
            push(first, &mut category);
            set.others.push(category);
            return Some(());
        };
        let last = match rest {
            [(Item::Character('-'), false), (Item::Character(last), _), tail @ ..] => {
                self.members = tail;
                *last
            }
            _ => first,
        };
        set.ranges.push((first, last));
        (first <= last).then_some(())
    }
}

/// The characters of which the operation is true. Of categories it is not known which they are, so those are left to the
/// engine.
fn combined(left: &Set, right: &Set, (_, operation, sign): &Operation) -> Set {
    if !left.others.is_empty() || !right.others.is_empty() {
        let mut nested = String::from("[");
        left.write(false, &mut nested);
        nested.push_str(sign);
        right.write(false, &mut nested);
        nested.push(']');
        return Set { ranges: Vec::new(), others: vec![nested] };
    }
    // Between two neighbouring bounds all characters are alike.
    let mut bounds: Vec<u32> = left
        .ranges
        .iter()
        .chain(&right.ranges)
        .flat_map(|(first, last)| [*first as u32, *last as u32 + 1])
        .collect();
    bounds.sort_unstable();
    bounds.dedup();
    let is_in = |set: &Set, c: u32| {
        set.ranges.iter().any(|(first, last)| (*first as u32..=*last as u32).contains(&c))
    };
    let mut set = Set::default();
    for (first, end) in bounds.iter().zip(bounds.iter().skip(1)) {
        if operation(is_in(left, *first), is_in(right, *first)) {
            // The surrogates are no characters.
            let first = char::from_u32(*first).unwrap_or('\u{e000}');
            let last = char::from_u32(end - 1).unwrap_or('\u{d7ff}');
            set.ranges.extend((first <= last).then_some((first, last)));
        }
    }
    set
}
