//! The evaluations of many flags.

use std::ops::Range;
use std::sync::Arc;

use super::{Evaluation, HostOutcome};

/// The answers of many flags, of one ruleset and in the order of their keys.
#[derive(Clone, Debug, Default)]
pub struct Evaluations(Items);

#[derive(Clone, Debug)]
enum Items {
    Own(Vec<Evaluation>),
    /// Those of the outcomes of these numbers, which have them ready: nothing is copied, and the ruleset may go.
    Shared(Arc<[HostOutcome]>, Vec<u32>),
}

impl Default for Items {
    fn default() -> Self {
        Self::Own(Vec::new())
    }
}

impl Evaluations {
    /// Those of outcomes that have been asked for their evaluations.
    pub(crate) fn shared(outcomes: &Arc<[HostOutcome]>, numbers: Vec<u32>) -> Self {
        Self(Items::Shared(Arc::clone(outcomes), numbers))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match &self.0 {
            Items::Own(items) => items.len(),
            Items::Shared(_, numbers) => numbers.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The one at this place, counted from 0.
    pub fn get(&self, index: usize) -> Option<&Evaluation> {
        match &self.0 {
            Items::Own(items) => items.get(index),
            Items::Shared(outcomes, numbers) => outcomes.get(*numbers.get(index)? as usize)?.made(),
        }
    }

    /// One after the other.
    pub fn iter(&self) -> EvaluationsIter<'_> {
        EvaluationsIter { evaluations: self, places: 0..self.len() }
    }
}

/// Goes over [`Evaluations`].
#[derive(Clone, Debug)]
pub struct EvaluationsIter<'e> {
    evaluations: &'e Evaluations,
    places: Range<usize>,
}

impl<'e> Iterator for EvaluationsIter<'e> {
    type Item = &'e Evaluation;

    fn next(&mut self) -> Option<&'e Evaluation> {
        self.evaluations.get(self.places.next()?)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.places.size_hint()
    }
}

impl<'e> IntoIterator for &'e Evaluations {
    type Item = &'e Evaluation;
    type IntoIter = EvaluationsIter<'e>;

    fn into_iter(self) -> EvaluationsIter<'e> {
        self.iter()
    }
}

impl FromIterator<Evaluation> for Evaluations {
    fn from_iter<I: IntoIterator<Item = Evaluation>>(items: I) -> Self {
        Self(Items::Own(items.into_iter().collect()))
    }
}
