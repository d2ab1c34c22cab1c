//! What a feature's answer can depend on: the segments that override it, the features that those read, and so on
//! (reference 2.9). Found once for a document.

use std::collections::HashMap;

use super::environment::{Feature, Segment};

/// Features that a definition may have beside the one that is asked for; one that depends on more gets the whole document.
const MAX_FEATURES: usize = 64;

/// The parts of a document that an answer depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Closure {
    /// Features, the one that is asked for first.
    pub(super) features: Vec<u32>,
    /// Segments, in the order of the document.
    pub(super) segments: Vec<u32>,
    /// Whether it depends on the whole document.
    pub(super) is_whole: bool,
}

impl Closure {
    /// The whole document.
    pub(super) fn whole(features: usize, segments: usize) -> Self {
        Self {
            features: (0..features as u32).collect(),
            segments: (0..segments as u32).collect(),
            is_whole: true,
        }
    }
}

/// What the segments of a document read.
#[derive(Debug)]
pub(super) struct Graph<'e> {
    features: &'e [Feature],
    segments: &'e [Segment],
    /// By segment: the features that it reads; none where it may read anything.
    reads: Vec<Option<Vec<u32>>>,
}

impl<'e> Graph<'e> {
    pub(super) fn new(
        features: &'e [Feature],
        segments: &'e [Segment],
        numbers: &HashMap<String, u32>,
    ) -> Self {
        let read = |segment: &Segment| {
            let known = segment.reads.features.iter().filter_map(|name| numbers.get(name).copied());
            (!segment.reads.anything).then(|| known.collect())
        };
        Self { features, segments, reads: segments.iter().map(read).collect() }
    }

    fn overriding(&self, feature: u32) -> impl Iterator<Item = u32> {
        let feature = self.features.get(feature as usize);
        feature.into_iter().flat_map(|feature| &feature.overrides).copied()
    }

    /// What a feature depends on.
    pub(super) fn of_feature(&self, feature: u32) -> Closure {
        self.grow(Closure { features: vec![feature], ..Closure::default() })
    }

    /// What being in a segment depends on.
    pub(super) fn of_segment(&self, segment: u32) -> Closure {
        self.grow(Closure { segments: vec![segment], ..Closure::default() })
    }

    fn grow(&self, mut closure: Closure) -> Closure {
        let mut next_feature = 0;
        let mut next_segment = 0;
        loop {
            if let Some(feature) = closure.features.get(next_feature) {
                next_feature += 1;
                for segment in self.overriding(*feature) {
                    if !closure.segments.contains(&segment) {
                        closure.segments.push(segment);
                    }
                }
                continue;
            }
            let Some(segment) = closure.segments.get(next_segment) else { break };
            next_segment += 1;
            match self.reads.get(*segment as usize) {
                Some(Some(read)) => {
                    for feature in read {
                        if !closure.features.contains(feature) {
                            closure.features.push(*feature);
                        }
                    }
                }
                _ => return self.whole(),
            }
            if closure.features.len() > MAX_FEATURES + 1 {
                return self.whole();
            }
        }
        if self.has_cycle(&closure) {
            return self.whole();
        }
        closure.segments.sort_unstable();
        closure
    }

    fn whole(&self) -> Closure {
        Closure::whole(self.features.len(), self.segments.len())
    }

    /// Whether a feature of a closure depends on itself: features that depend on no other are taken away until there are none.
    fn has_cycle(&self, closure: &Closure) -> bool {
        let read_by = |feature: u32| {
            let reads =
                self.overriding(feature).filter_map(|segment| self.reads.get(segment as usize)?.as_ref());
            reads.flatten().copied().collect::<Vec<_>>()
        };
        let mut left: Vec<(u32, Vec<u32>)> =
            closure.features.iter().map(|feature| (*feature, read_by(*feature))).collect();
        loop {
            let (free, rest): (Vec<_>, Vec<_>) = left.into_iter().partition(|(_, read)| read.is_empty());
            if rest.is_empty() {
                return false;
            }
            if free.is_empty() {
                return true;
            }
            left = rest;
            for (_, read) in &mut left {
                read.retain(|feature| free.iter().all(|(gone, _)| gone != feature));
            }
        }
    }
}
