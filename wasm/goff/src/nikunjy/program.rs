//! Queries of comparisons of top-level attributes, which most queries are, as steps with jumps. The queries of a flag's rules
//! are laid out one after another, so that finding the rule that matches is one loop; what they compare is kept once for the
//! flag, and an attribute that the step before has read is not read again.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::rc::Rc;

use pennon_wire::bytes::{self, Subject};

use super::evaluate::{Operand, holds, top_operand};
use super::literal::{Relation, Test};
use super::parser::{Chain, Comparison, Logical, Term};
use crate::query::Query;
use crate::scope::{Attribute, Scope};

/// A comparison, and where to go from it. Steps of several rules are copied into one list: what they compare is not, but for
/// what most comparisons need.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The attribute's number in [`Comparisons`], or [`Step::QUERY`].
    attribute: u32,
    /// The test's number in [`Comparisons`], or that of a query.
    test: u32,
    /// The next step where the comparison holds, or an end of the list.
    hit: u32,
    /// The next step where it does not, or an end.
    miss: u32,
    gist: Gist,
}

/// What most tests are about, in a form that is compared quickly; of an operand as of a test.
#[derive(Clone, Copy, Debug)]
struct Gist {
    kind: Kind,
    /// That of a test: of texts, whether they are to be equal or not.
    relation: Relation,
    /// Bytes of a text.
    length: u32,
    /// The first bytes of a text in lower case, or the integer.
    word: u64,
}

/// Of what kind a gist is. Gists of one kind can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Neither of the others: the gist says nothing.
    Other,
    /// Text; of an operand, ASCII.
    Text,
    Int,
}

impl Gist {
    /// Says nothing.
    const NONE: Self = Self { kind: Kind::Other, relation: Relation::Eq, length: 0, word: 0 };

    fn of_test(test: &Test) -> Self {
        match test {
            Test::IsText(equal, literal) => Self {
                kind: Kind::Text,
                relation: if *equal { Relation::Eq } else { Relation::Ne },
                length: literal.as_bytes().len() as u32,
                word: literal.head(),
            },
            Test::Int(relation, number) => {
                Self { kind: Kind::Int, relation: *relation, word: *number as u64, ..Self::NONE }
            }
            _ => Self::NONE,
        }
    }

    #[inline(always)]
    fn of_operand(operand: &Operand<'_>) -> Self {
        match operand {
            Operand::Text(text) => {
                let subject = Subject::new(text);
                let kind = if subject.is_ascii() { Kind::Text } else { Kind::Other };
                Self { kind, length: text.len() as u32, word: subject.head(), ..Self::NONE }
            }
            Operand::Int(number) => Self { kind: Kind::Int, word: *number as u64, ..Self::NONE },
            _ => Self::NONE,
        }
    }
}

impl Step {
    /// In place of an attribute: a whole query that is no program.
    const QUERY: u32 = u32::MAX;

    /// A step that runs the query of this number.
    pub fn query(number: u32, hit: u32, miss: u32) -> Self {
        Self { attribute: Self::QUERY, test: number, hit, miss, gist: Gist::NONE }
    }
}

/// What the steps of one flag compare.
#[derive(Debug, Default)]
pub struct Comparisons {
    attributes: Vec<Attribute>,
    tests: Vec<Test>,
    numbers: HashMap<Attribute, u32, BuildHasherDefault<DefaultHasher>>,
}

impl Comparisons {
    fn attribute(&mut self, attribute: Attribute) -> u32 {
        let next = self.attributes.len() as u32;
        *self.numbers.entry(attribute).or_insert_with_key(|attribute| {
            self.attributes.push(attribute.clone());
            next
        })
    }

    fn test(&mut self, test: Test) -> u32 {
        self.tests.push(test);
        self.tests.len() as u32 - 1
    }

    /// Every attribute that a step reads.
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// No further query will be added.
    pub fn close(&mut self) {
        self.numbers = HashMap::default();
        self.attributes.shrink_to_fit();
        self.tests.shrink_to_fit();
    }
}

/// Runs steps from `at` to an end, and returns that. `queries` are those that are no programs.
///
/// What is not in most queries is behind calls: a guest's compiler keeps the values of a small function in registers, and
/// those of a large one in memory.
#[inline(never)]
pub fn run(
    steps: &[Step],
    mut at: u32,
    comparisons: &Comparisons,
    scope: &Scope<'_>,
    queries: &[Rc<Query>],
) -> u32 {
    let mut last = NONE;
    let mut operand = (Gist::NONE, Operand::Null);
    // Jumps only lead on, so it ends.
    while let Some(step) = steps.get(at as usize) {
        if step.attribute != last {
            if step.attribute == Step::QUERY {
                let query = queries.get(step.test as usize);
                let held = query.is_some_and(|query| query.matches(comparisons, scope));
                at = if held { step.hit } else { step.miss };
                continue;
            }
            read(step.attribute, comparisons, scope, &mut operand);
            last = step.attribute;
        }
        let (gist, other) = (step.gist, &operand.0);
        let held = if gist.kind == Kind::Other || gist.kind != other.kind {
            holds_else(step.test, comparisons, &operand.1)
        } else if gist.kind == Kind::Int {
            gist.relation.holds((other.word as i64).cmp(&(gist.word as i64)))
        } else {
            let begin_alike = gist.length == other.length && gist.word == other.word;
            let equal = begin_alike && (gist.length <= 8 || is_text(step.test, comparisons, &operand.1));
            equal == (gist.relation == Relation::Eq)
        };
        // A jump that is guessed: a choice of numbers would have to wait for the comparison.
        if held {
            std::hint::cold_path();
            at = step.hit;
        } else {
            at = step.miss;
        }
    }
    at
}

/// In place of an attribute's number: none has been read.
const NONE: u32 = u32::MAX - 1;

/// Reads an attribute.
#[inline(never)]
fn read<'a>(number: u32, comparisons: &Comparisons, scope: &Scope<'a>, operand: &mut (Gist, Operand<'a>)) {
    let attribute = comparisons.attributes.get(number as usize);
    let read = attribute.map_or(Operand::Null, |attribute| top_operand(scope, attribute));
    *operand = (Gist::of_operand(&read), read);
}

/// Whether a test of text has this text, after their first bytes were found to be the same.
#[inline(never)]
fn is_text(test: u32, comparisons: &Comparisons, operand: &Operand<'_>) -> bool {
    match (comparisons.tests.get(test as usize), operand) {
        (Some(Test::IsText(_, literal)), Operand::Text(text)) => bytes::equal_lower(text, literal.as_bytes()),
        _ => false,
    }
}

#[inline(never)]
fn holds_else(test: u32, comparisons: &Comparisons, operand: &Operand<'_>) -> bool {
    comparisons.tests.get(test as usize).is_some_and(|test| holds(test, *operand).unwrap_or(false))
}

/// A query as steps.
#[derive(Debug)]
pub struct Program {
    start: u32,
    steps: Box<[Step]>,
}

/// The query matches.
const HIT: u32 = u32::MAX;
/// It does not.
const MISS: u32 = u32::MAX - 1;
/// It comes to what could not be read, which makes it false.
const FAULT: u32 = u32::MAX - 2;

impl Program {
    /// Whether a query can be one: all its comparisons are of top-level attributes, which need no operand but their own.
    pub fn suits(chain: &Chain) -> bool {
        terms(chain).all(|term| match term {
            Term::Comparison(comparison) => comparison.path.rest.is_empty(),
            Term::Group { chain, .. } => Self::suits(chain),
            Term::Faulty => true,
        })
    }

    /// Makes steps of a query that [`Program::suits`].
    pub fn new(chain: Chain, comparisons: &mut Comparisons) -> Self {
        let start = entry(&chain.first, 0);
        let mut layout = Layout { comparisons, steps: Vec::with_capacity(size(&chain)) };
        layout.chain(chain, HIT, MISS);
        Self { start, steps: layout.steps.into() }
    }

    /// How many steps it has.
    pub fn size(&self) -> usize {
        self.steps.len()
    }

    /// Whether it matches.
    pub fn matches(&self, comparisons: &Comparisons, scope: &Scope<'_>) -> bool {
        run(&self.steps, self.start, comparisons, scope, &[]) == HIT
    }

    /// Whether it runs without a fault where no attribute exists, not even the injected ones: so the relay validates.
    pub fn is_valid(&self, comparisons: &Comparisons) -> bool {
        let mut at = self.start;
        while let Some(step) = self.steps.get(at as usize) {
            at = if holds_else(step.test, comparisons, &Operand::Null) { step.hit } else { step.miss };
        }
        at != FAULT
    }

    /// Appends its steps to those of other rules, to go on at `hit` and `miss`. Where it begins is the answer.
    pub fn append(&self, steps: &mut Vec<Step>, hit: u32, miss: u32) -> u32 {
        let base = steps.len() as u32;
        let target = |target| match target {
            HIT => hit,
            MISS | FAULT => miss,
            step => base + step,
        };
        let moved = |step: &Step| Step { hit: target(step.hit), miss: target(step.miss), ..*step };
        steps.extend(self.steps.iter().map(moved));
        target(self.start)
    }
}

fn terms(chain: &Chain) -> impl Iterator<Item = &Term> {
    std::iter::once(&chain.first).chain(chain.rest.iter().map(|(_, term)| term))
}

/// How many steps a query takes.
fn size(chain: &Chain) -> usize {
    terms(chain).map(term_size).sum()
}

fn term_size(term: &Term) -> usize {
    match term {
        Term::Comparison(comparison) if is_fault(comparison) => 0,
        Term::Comparison(_) => 1,
        Term::Group { chain, .. } => size(chain),
        Term::Faulty => 0,
    }
}

fn is_fault(comparison: &Comparison) -> bool {
    matches!(comparison.test, Some(Test::Fault))
}

/// Where a term begins whose steps would begin at `at`.
fn entry(term: &Term, at: u32) -> u32 {
    match term {
        Term::Comparison(comparison) if is_fault(comparison) => FAULT,
        Term::Comparison(_) => at,
        Term::Group { chain, .. } => entry(&chain.first, at),
        Term::Faulty => FAULT,
    }
}

struct Layout<'n> {
    comparisons: &'n mut Comparisons,
    steps: Vec<Step>,
}

impl Layout<'_> {
    /// Adds the steps of `chain`, which go on at `hit` and `miss`.
    fn chain(&mut self, chain: Chain, hit: u32, miss: u32) {
        let terms: Vec<_> = std::iter::once((Logical::And, chain.first)).chain(chain.rest).collect();
        let mut at = self.steps.len() as u32;
        let mut starts = Vec::with_capacity(terms.len());
        for (_, term) in &terms {
            starts.push(at);
            at += term_size(term) as u32;
        }
        // From the last to the first: after a term that held the next `and` decides, after one that did not the next `or`.
        let (mut held, mut failed) = (hit, miss);
        let mut targets = vec![(hit, miss); terms.len()];
        for (((logical, term), start), target) in terms.iter().zip(starts).zip(&mut targets).rev() {
            *target = (held, failed);
            match logical {
                Logical::And => held = entry(term, start),
                Logical::Or => failed = entry(term, start),
            }
        }
        for ((_, term), (held, failed)) in terms.into_iter().zip(targets) {
            match term {
                Term::Comparison(comparison) => self.step(comparison, held, failed),
                Term::Group { negated: true, chain } => self.chain(*chain, failed, held),
                Term::Group { negated: false, chain } => self.chain(*chain, held, failed),
                Term::Faulty => {}
            }
        }
    }

    fn step(&mut self, comparison: Comparison, hit: u32, miss: u32) {
        let attribute = self.comparisons.attribute(comparison.path.first);
        // Present is what is not null.
        match comparison.test.unwrap_or(Test::IsNull(false)) {
            Test::Fault => {}
            test => {
                let gist = Gist::of_test(&test);
                self.steps.push(Step { attribute, test: self.comparisons.test(test), hit, miss, gist });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use pennon_wire::{Context, Node, encode};

    use super::super::{evaluate, parser};
    use super::*;

    /// Every query of up to four terms, some of them groups, negated groups and unreadable ones, against the same query run as
    /// it was read.
    #[test]
    fn steps_do_what_the_query_does() {
        let terms = [
            "a eq 1",
            "b eq 1",
            "(a eq 1 or c eq 1)",
            "not (b eq 1 and c eq 1)",
            "c eq 99999999999999999999",
        ];
        let mut queries: Vec<String> = terms.iter().map(|term| (*term).to_owned()).collect();
        for length in 1..4 {
            let longest: Vec<_> =
                queries.iter().filter(|query| query.matches("#").count() == length - 1).cloned().collect();
            for query in longest {
                for term in terms {
                    queries.push(format!("{query} #and {term}"));
                    queries.push(format!("{query} #or {term}"));
                }
            }
        }
        let contexts: Vec<_> = (0..8_i64)
            .map(|bits| {
                let value = |bit: i64| Node::Int(bits >> bit & 1);
                encode(&[("a".into(), value(0)), ("b".into(), value(1)), ("c".into(), value(2))]).unwrap()
            })
            .collect();
        let mut compared = 0;
        for query in queries {
            let query = query.replace('#', "");
            let mut comparisons = Comparisons::default();
            let program = Program::new(parser::parse(&query).chain, &mut comparisons);
            let chain = parser::parse(&query).chain;
            assert_eq!(program.is_valid(&comparisons), evaluate::run(&chain, None).is_ok(), "{query}");
            for bytes in &contexts {
                let scope = Scope::new(Context::new(bytes), None);
                let expected = evaluate::run(&chain, Some(&scope)).unwrap_or(false);
                assert_eq!(program.matches(&comparisons, &scope), expected, "{query}");
                compared += 1;
            }
        }
        assert_eq!(compared, 8 * (5 + 50 + 500 + 5000));
    }
}
