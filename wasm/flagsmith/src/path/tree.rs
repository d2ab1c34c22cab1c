//! What a path walks over.

/// A value of the data: a cheap handle, such as a reference.
pub trait Tree: Clone {
    /// What it is.
    fn kind(&self) -> Kind<'_>;

    /// The member of that name, of a map. A name of the path is always asked for here, so a member that no `item` shows
    /// may be computed.
    fn member(&self, name: &str) -> Option<Self>;

    /// The element at `index` of a list, or the value of that member of a map, in the order of insertion. Wildcards, filters,
    /// descents and the equality of two maps see these alone.
    fn item(&self, index: usize) -> Option<Self>;

    /// The name of the member at `index` of a map.
    fn name(&self, index: usize) -> Option<&str>;
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind<'a> {
    /// None.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer of 64 bits.
    Int(i64),
    /// Any other integer, as its digits, with `-` before them if it is negative and no leading zeros.
    Big(&'a str),
    /// A float, infinities and NaN included.
    Float(f64),
    /// A text.
    Text(&'a str),
    /// A list of that many elements.
    List(usize),
    /// A map of that many members.
    Map(usize),
}

impl Kind<'_> {
    /// The number of items of a list or map.
    pub(super) fn items(self) -> Option<usize> {
        match self {
            Self::List(length) | Self::Map(length) => Some(length),
            _ => None,
        }
    }

    /// Python's `bool()`, with null for true, as the library has it.
    pub(super) fn is_true(self) -> bool {
        match self {
            Self::Null | Self::Big(_) => true,
            Self::Bool(value) => value,
            Self::Int(value) => value != 0,
            Self::Float(value) => value != 0.0,
            Self::Text(value) => !value.is_empty(),
            Self::List(length) | Self::Map(length) => length > 0,
        }
    }
}
