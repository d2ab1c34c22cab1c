//! Running a compiled query, with the relay's two oddities: an operand that is not reset, and faults that make the whole
//! query false.

use pennon_wire::Value;

use super::Fault;
use super::literal::{Relation, Test};
use super::parser::{Chain, Comparison, Logical, Path, Term};
use super::text;
use super::version::Version;
use crate::scope::{Attribute, Scope};

/// Runs any query; without a scope no attribute exists, not even the injected ones: so the relay validates.
#[inline]
pub fn run(chain: &Chain, scope: Option<&Scope<'_>>) -> Result<bool, Fault> {
    Run { scope, left: Operand::Null, parents: Vec::new() }.chain(chain)
}

/// Runs one comparison alone: without the operand or the parents that others leave behind.
pub fn run_alone(comparison: &Comparison, scope: &Scope<'_>) -> Result<bool, Fault> {
    Run { scope: Some(scope), left: Operand::Null, parents: Vec::new() }.comparison(comparison)
}

/// A comparison's left operand: a context's value with its number normalised (reference 3.1, step 2).
#[derive(Clone, Copy, Debug)]
pub enum Operand<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'a [u8]),
    /// A list or map: present, and comparable with nothing.
    Other,
}

struct Run<'s, 'a> {
    scope: Option<&'s Scope<'a>>,
    /// The operand of the comparison before, which stays in force where a path's parent is missing.
    left: Operand<'a>,
    /// Parents that an unfinished path left behind; the next path starts from the last of them.
    parents: Vec<(Value<'a>, Origin)>,
}

impl<'a> Run<'_, 'a> {
    fn chain(&mut self, chain: &Chain) -> Result<bool, Fault> {
        let mut result = self.term(&chain.first)?;
        for (logical, term) in &chain.rest {
            if result != (*logical == Logical::Or) {
                result = self.term(term)?;
            }
        }
        Ok(result)
    }

    fn term(&mut self, term: &Term) -> Result<bool, Fault> {
        match term {
            Term::Comparison(comparison) => self.comparison(comparison),
            Term::Group { negated, chain } => Ok(self.chain(chain)? != *negated),
            Term::Faulty => Err(Fault),
        }
    }

    fn comparison(&mut self, comparison: &Comparison) -> Result<bool, Fault> {
        self.read(&comparison.path)?;
        match &comparison.test {
            None => Ok(!matches!(self.left, Operand::Null)),
            Some(test) => holds(test, self.left),
        }
    }

    /// Makes the attribute at `path` the left operand.
    fn read(&mut self, path: &Path) -> Result<(), Fault> {
        if !self.parents.is_empty() {
            return self.walk(path);
        }
        let (mut value, mut origin) = self.top(&path.first);
        for name in &path.rest {
            match value {
                Value::Map(map) => value = map.get(name).unwrap_or_default(),
                Value::Null => return self.walk(path),
                _ => return Err(Fault),
            }
            origin = origin.nested();
        }
        self.left = operand(value, origin);
        Ok(())
    }

    /// The relay's walk where parents are left over or missing: each segment looks in the last parent; a null parent
    /// ends the walk and leaves the operand, and the parents before it, as they are.
    #[cold]
    fn walk(&mut self, path: &Path) -> Result<(), Fault> {
        let last = path.rest.len();
        for segment in 0..=last {
            let parent = if segment == last { self.parents.pop() } else { self.parents.last().copied() };
            let (value, origin) = match parent {
                None => self.top(&path.first),
                Some((Value::Null, _)) => return Ok(()),
                Some((Value::Map(map), origin)) => {
                    (path.name(segment).and_then(|name| map.get(name)).unwrap_or_default(), origin.nested())
                }
                Some(_) => return Err(Fault),
            };
            if segment == last {
                self.left = operand(value, origin);
                self.parents.clear();
            } else {
                self.parents.push((value, origin));
            }
        }
        Ok(())
    }

    fn top(&self, attribute: &Attribute) -> (Value<'a>, Origin) {
        self.scope.map_or((Value::Null, Origin::Top), |scope| top(scope, attribute))
    }
}

/// What a comparison of a top-level attribute compares.
#[inline(always)]
pub fn top_operand<'a>(scope: &Scope<'a>, attribute: &Attribute) -> Operand<'a> {
    let (value, origin) = top(scope, attribute);
    operand(value, origin)
}

#[inline(always)]
fn top<'a>(scope: &Scope<'a>, attribute: &Attribute) -> (Value<'a>, Origin) {
    match attribute {
        Attribute::Named(name) => match scope.merged(name) {
            Some((value, true)) => (value, Origin::Enrichment),
            Some((value, false)) => (value, Origin::Top),
            None => (Value::Null, Origin::Top),
        },
        injected => (scope.get(injected).unwrap_or_default(), Origin::Top),
    }
}

/// Where a value comes from, which decides what its number is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// A top-level attribute of the caller: integral numbers are integers, however they were written.
    Top,
    /// Inside such an attribute: every number is a float.
    Inside,
    /// The enrichment, at any level: a number is what it was written as.
    Enrichment,
}

impl Origin {
    fn nested(self) -> Self {
        if self == Self::Top { Self::Inside } else { self }
    }
}

/// Integers up to this one, 2^53, are floats exactly.
const EXACT: i64 = 1 << 53;

#[inline(always)]
fn operand(value: Value<'_>, origin: Origin) -> Operand<'_> {
    match value {
        Value::String(text) => Operand::Text(text),
        Value::Int(number) => match origin {
            Origin::Enrichment => Operand::Int(number),
            Origin::Top if (-EXACT..=EXACT).contains(&number) => Operand::Int(number),
            // The relay reads a context's numbers as floats first.
            _ => float(number as f64, origin),
        },
        Value::Float(number) => float(number, origin),
        Value::Number(text) => std::str::from_utf8(text)
            .ok()
            .and_then(|text| text.parse().ok())
            .map_or(Operand::Other, |n| float(n, origin)),
        Value::Bool(value) => Operand::Bool(value),
        Value::Null => Operand::Null,
        Value::List(_) | Value::Map(_) => Operand::Other,
    }
}

#[inline(always)]
fn float<'a>(number: f64, origin: Origin) -> Operand<'a> {
    const END: f64 = 9_223_372_036_854_775_808.0;
    if origin == Origin::Top && (-END..END).contains(&number) && (number as i64) as f64 == number {
        return Operand::Int(number as i64);
    }
    Operand::Float(number)
}

/// Whether `test` holds for the left operand; false wherever the operand's type is not the literal's.
#[inline]
pub fn holds(test: &Test, left: Operand<'_>) -> Result<bool, Fault> {
    Ok(match (test, left) {
        (Test::Fault, _) => return Err(Fault),
        (Test::IsNull(equal), left) => matches!(left, Operand::Null) == *equal,
        (Test::IsText(equal, literal), Operand::Text(text)) => text::equal(text, literal) == *equal,
        (Test::Text(relation, literal), Operand::Text(text)) => relation.holds(text::compare(text, literal)),
        (Test::Contains(literal), Operand::Text(text)) => text::contains(text, literal),
        (Test::Starts(literal), Operand::Text(text)) => text::starts(text, literal),
        (Test::Ends(literal), Operand::Text(text)) => text::ends(text, literal),
        (Test::InTexts(list), Operand::Text(text)) => list.contains(text),
        (Test::Version(relation, literal), Operand::Text(text)) => {
            Version::parse(text).is_some_and(|version| relation.holds(literal.order_of(&version)))
        }
        (Test::Bool(expected), Operand::Bool(value)) => value == *expected,
        (Test::Int(relation, literal), Operand::Int(number)) => relation.holds(number.cmp(literal)),
        // Truncated toward zero; beyond 64 bits it saturates (docs/deviations.md, N3).
        (Test::Int(relation, literal), Operand::Float(number)) => {
            relation.holds((number as i64).cmp(literal))
        }
        (Test::InInts(list), Operand::Int(number)) => list.contains(&number),
        (Test::Double(relation, literal), Operand::Int(number)) => {
            ordered(*relation, number as f64, *literal)
        }
        (Test::Double(relation, literal), Operand::Float(number)) => ordered(*relation, number, *literal),
        (Test::InDoubles(list), Operand::Int(number)) => list.contains(&(number as f64)),
        (Test::InDoubles(list), Operand::Float(number)) => list.contains(&number),
        _ => false,
    })
}

#[inline]
fn ordered(relation: Relation, number: f64, literal: f64) -> bool {
    number.partial_cmp(&literal).is_some_and(|order| relation.holds(order))
}
