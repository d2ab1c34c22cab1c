//! Queries of comparisons of top-level attributes, which most queries are, as steps with jumps: one loop without a call, and
//! an attribute that the step before has read is not read again.

use std::collections::HashMap;

use super::Fault;
use super::evaluate::{Operand, holds, top_operand};
use super::literal::Test;
use super::parser::{Chain, Comparison, Logical, Term};
use crate::scope::{Attribute, Scope};

/// A query as steps.
#[derive(Debug)]
pub struct Program {
    /// Where it begins: a step, or [`FAULT`].
    start: u32,
    steps: Box<[Step]>,
}

/// A comparison, and where to go from it.
#[derive(Debug)]
struct Step {
    /// The attribute's number in its flag.
    number: u32,
    /// The next step where the comparison holds, and where it does not; or one of the ends below.
    next: [u32; 2],
    attribute: Attribute,
    test: Test,
}

/// The query matches.
const HIT: u32 = u32::MAX;
/// It does not.
const MISS: u32 = u32::MAX - 1;
/// It comes to what could not be read.
const FAULT: u32 = u32::MAX - 2;

/// The attributes that the queries of one flag read, by number.
#[derive(Debug, Default)]
pub struct Attributes(HashMap<Attribute, u32>);

impl Attributes {
    fn number(&mut self, attribute: &Attribute) -> u32 {
        let next = self.0.len() as u32;
        *self.0.entry(attribute.clone()).or_insert(next)
    }
}

/// Reads attributes for the queries of one flag, one after another, and keeps the last.
#[derive(Debug)]
pub struct Reader<'s, 'a> {
    scope: &'s Scope<'a>,
    last: Option<u32>,
    operand: Operand<'a>,
}

impl<'s, 'a> Reader<'s, 'a> {
    /// Nothing read yet.
    #[inline(always)]
    pub fn new(scope: &'s Scope<'a>) -> Self {
        Self { scope, last: None, operand: Operand::Null }
    }

    /// What it reads from.
    #[inline(always)]
    pub fn scope(&self) -> &'s Scope<'a> {
        self.scope
    }

    #[inline(always)]
    fn read(&mut self, step: &Step) -> Operand<'a> {
        if self.last != Some(step.number) {
            self.operand = top_operand(self.scope, &step.attribute);
            self.last = Some(step.number);
        }
        self.operand
    }
}

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
    pub fn new(chain: Chain, attributes: &mut Attributes) -> Self {
        let start = entry(&chain.first, 0);
        let mut layout = Layout { attributes, steps: Vec::with_capacity(size(&chain)) };
        layout.chain(chain, HIT, MISS);
        Self { start, steps: layout.steps.into() }
    }

    /// Whether the query matches.
    ///
    /// # Errors
    /// When it comes to what could not be read.
    #[inline(always)]
    pub fn matches(&self, reader: &mut Reader<'_, '_>) -> Result<bool, Fault> {
        self.run(|step| reader.read(step))
    }

    /// Whether it runs without a fault where no attribute exists, not even the injected ones: so the relay validates.
    pub fn is_valid(&self) -> bool {
        self.run(|_| Operand::Null).is_ok()
    }

    #[inline(always)]
    fn run<'a>(&self, mut read: impl FnMut(&Step) -> Operand<'a>) -> Result<bool, Fault> {
        let mut at = self.start;
        // Jumps only lead on, so it ends.
        while let Some(step) = self.steps.get(at as usize) {
            let [hit, miss] = step.next;
            at = if holds(&step.test, read(step))? { hit } else { miss };
        }
        if at == FAULT { Err(Fault) } else { Ok(at == HIT) }
    }

    /// The attributes that it reads, step by step.
    pub fn attributes(&self) -> impl Iterator<Item = &Attribute> {
        self.steps.iter().map(|step| &step.attribute)
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
        Term::Comparison(_) => 1,
        Term::Group { chain, .. } => size(chain),
        Term::Faulty => 0,
    }
}

/// Where a term begins whose steps would begin at `at`.
fn entry(term: &Term, at: u32) -> u32 {
    match term {
        Term::Comparison(_) => at,
        Term::Group { chain, .. } => entry(&chain.first, at),
        Term::Faulty => FAULT,
    }
}

struct Layout<'n> {
    attributes: &'n mut Attributes,
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
        let attribute = comparison.path.first;
        let number = self.attributes.number(&attribute);
        // Present is what is not null.
        let test = comparison.test.unwrap_or(Test::IsNull(false));
        self.steps.push(Step { number, next: [hit, miss], attribute, test });
    }
}
