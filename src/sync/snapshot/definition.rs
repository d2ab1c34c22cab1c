//! What a unit is made from: a piece of the document, or put together from pieces.

use std::borrow::Cow;

use super::Snapshot;

/// The definition of a unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Definition<'s> {
    snapshot: &'s Snapshot,
    part: Part,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    Member(usize),
    Segment(usize),
    All,
}

impl<'s> Definition<'s> {
    pub(super) fn new(snapshot: &'s Snapshot, part: Part) -> Self {
        Self { snapshot, part }
    }

    /// Its text.
    pub(crate) fn text(&self) -> Cow<'s, str> {
        let pieces = match (&self.snapshot.composition, self.part) {
            (None, Part::Member(member)) => return Cow::Borrowed(self.snapshot.value(member)),
            (None, Part::Segment(_) | Part::All) => return Cow::Borrowed(""),
            (Some(composition), Part::Member(member)) => {
                composition.definition(&self.snapshot.document, member)
            }
            (Some(composition), Part::Segment(segment)) => {
                composition.segment_definition(&self.snapshot.document, segment)
            }
            (Some(composition), Part::All) => composition.definition_of_all(&self.snapshot.document),
        };
        Cow::Owned(pieces.concat())
    }

    /// Whether it has more bytes than `most`; it may be put together to tell.
    pub(crate) fn is_longer_than(&self, most: usize) -> bool {
        match &self.snapshot.composition {
            None => self.text().len() > most,
            // No part of a document is longer than the document; what is put together may repeat parts, but seldom.
            Some(_) if self.snapshot.document.len() * 2 < most => false,
            Some(_) => self.text().len() > most,
        }
    }
}
