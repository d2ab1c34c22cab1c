//! The typed fields of a GO Feature Flag flag (reference 2.1 and 2.2): its readers convert a scalar to the type of the
//! field that it stands in, and leave all else as it is written.

/// What is read at some place of a document.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Anything, as it is written.
    Free,
    /// A string.
    Text,
    /// A boolean.
    Boolean,
    /// A float.
    Number,
    /// A date.
    Date,
    /// An object with any names.
    Map(&'static Self),
    /// A list.
    List(&'static Self),
    /// An object with these fields; others are not read.
    Struct(&'static [(&'static str, Self)]),
}

impl Kind {
    /// A field of an object with fields.
    pub(super) fn field(fields: &[(&'static str, Self)], name: &str) -> Option<Self> {
        fields.iter().find(|(field, _)| *field == name).map(|(_, kind)| *kind)
    }
}

/// An object of flags.
/// A flag.
pub(super) static FLAGS: Kind = Kind::Map(&FLAG);

/// The names of the relay's configuration form: the flags, and beside them the enrichment.
pub(super) const CONFIGURATION: [&str; 2] = ["flags", "evaluationContextEnrichment"];

/// The members that tell a flag named `flags` from an object of flags.
pub(super) const OF_EVERY_FLAG: [&str; 2] = ["variations", "defaultRule"];

/// A flag.
pub(super) static FLAG: Kind = Kind::Struct(FLAG_FIELDS);
static RULE: Kind = Kind::Struct(RULE_FIELDS);

/// A flag, or a scheduled step, which is one with a date. The flag's own `date` is read by nobody.
static FLAG_FIELDS: &[(&str, Kind)] = &[
    ("variations", VALUES),
    ("targeting", Kind::List(&RULE)),
    ("bucketingKey", Kind::Text),
    ("defaultRule", Kind::Struct(RULE_FIELDS)),
    ("experimentation", Kind::Struct(&[("start", Kind::Date), ("end", Kind::Date)])),
    ("scheduledRollout", Kind::List(&FLAG)),
    ("trackEvents", Kind::Boolean),
    ("disable", Kind::Boolean),
    ("version", Kind::Text),
    ("metadata", VALUES),
    ("date", Kind::Date),
];

static RULE_FIELDS: &[(&str, Kind)] = &[
    ("name", Kind::Text),
    ("query", Kind::Text),
    ("variation", Kind::Text),
    ("percentage", Kind::Map(&Kind::Number)),
    ("progressiveRollout", Kind::Struct(&[("initial", MILESTONE), ("end", MILESTONE)])),
    ("disable", Kind::Boolean),
];

const VALUES: Kind = Kind::Map(&Kind::Free);

const MILESTONE: Kind =
    Kind::Struct(&[("variation", Kind::Text), ("percentage", Kind::Number), ("date", Kind::Date)]);
