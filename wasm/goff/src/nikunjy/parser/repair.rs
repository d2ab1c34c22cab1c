//! What error recovery did to a text, for whoever wrote it.

/// Repairs that a query keeps note of, the first of its text; more are counted. A text can need one for each of its
/// bytes, and no author reads so many.
pub const MAX_REPAIRS: usize = 32;

/// What error recovery did to a piece of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repair {
    /// What it did.
    pub kind: RepairKind,
    /// The first byte of the piece.
    pub start: usize,
    /// The byte behind it.
    pub end: usize,
}

/// A kind of [`Repair`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepairKind {
    /// Characters that belong to no token were dropped.
    Dropped,
    /// Tokens were deleted, or skipped over after a fault.
    Skipped,
    /// This token was missing, and was conjured; the piece is empty.
    Conjured(&'static str),
    /// Everything from here on is ignored.
    IgnoredTail,
}

/// The repairs of a query.
#[derive(Debug, Default)]
pub struct Repairs {
    /// In the order of the text, at most [`MAX_REPAIRS`].
    pub first: Box<[Repair]>,
    /// How many there are besides.
    pub more: usize,
}

impl Repairs {
    /// Sorts the repairs and keeps the first.
    pub fn new(mut repairs: Vec<Repair>) -> Self {
        repairs.sort_by_key(|repair| repair.start);
        let more = repairs.len().saturating_sub(MAX_REPAIRS);
        repairs.truncate(MAX_REPAIRS);
        Self { first: repairs.into(), more }
    }
}
