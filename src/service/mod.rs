//! What differs between flag services: how a ruleset is split into units, and which guest evaluates them.
//!
//! A service is data and functions; it knows neither threads nor WebAssembly.

mod access;
pub(crate) mod flagsmith;
pub(crate) mod goff;
pub(crate) mod remote;
pub(crate) mod report;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use pennon_wire::report::Switch;

pub(crate) use self::access::{Access, Fetched, Refusal};
use crate::engine::Guest;

/// A flag service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Service {
    /// GO Feature Flag.
    Goff,
    /// Flagsmith.
    Flagsmith,
}

/// How values are given of flags that are switched on or off beside their value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ValueOptions {
    /// Whether a boolean is the flag's value, and not whether it is switched on.
    pub(crate) booleans_are_values: bool,
    /// Whether a flag that is switched off gives its value all the same.
    pub(crate) disabled_flags_have_values: bool,
}

impl ValueOptions {
    /// The switch of a flag.
    pub(crate) fn switch(self, is_on: bool) -> Switch {
        Switch {
            is_on,
            answers_booleans: !self.booleans_are_values,
            is_withheld: !is_on && !self.disabled_flags_have_values,
        }
    }
}

/// What a flag is where the service says nothing of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DefaultFlag {
    pub(crate) key: String,
    pub(crate) is_on: bool,
    /// JSON.
    pub(crate) value: String,
}

/// A flag in a document: where its definition stands, and its key where that has escapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    /// The key between its quotes, in the document.
    pub key: Range<u32>,
    /// The key where the document has it in escapes.
    pub decoded: Option<Box<str>>,
    /// The value.
    pub value: Range<u32>,
}

/// A document, split.
#[derive(Debug, Default)]
pub(crate) struct Split {
    /// The flags in the order of the document; of two with one key the later counts.
    pub members: Vec<Member>,
    /// What lies between the braces of the object of flags, where there is one and an update may look for its change there.
    pub inside: Range<u32>,
    /// What it adds to every context, as JSON.
    pub enrichment: Option<String>,
    /// How definitions are put together, where they are more than values of members.
    pub composition: Option<Box<dyn Composition>>,
}

/// Puts definitions together from parts of a document.
pub(crate) trait Composition: fmt::Debug + Send + Sync {
    /// The definition of a flag, by the number of its member, in pieces.
    fn definition<'d>(&self, document: &'d str, member: usize) -> Vec<Cow<'d, str>>;

    /// Whether every change of the document may change the flag.
    fn depends_on_all(&self, member: usize) -> bool;

    /// The definition of all flags and segments together, in pieces: its answers are those of the members in their order, then
    /// those of the segments.
    fn definition_of_all<'d>(&self, document: &'d str) -> Vec<Cow<'d, str>>;

    /// How many segments there are.
    fn segments(&self) -> usize;

    /// The definition of a segment, in pieces. Its answer is `true` for who is in it.
    fn segment_definition<'d>(&self, document: &'d str, segment: usize) -> Vec<Cow<'d, str>>;

    /// By what the service's change stream knows the ruleset.
    fn stream_key(&self) -> Option<String>;

    /// What a segment is called.
    fn segment_name(&self, document: &str, segment: usize) -> SegmentName;
}

/// What a segment is called, as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SegmentName {
    pub id: String,
    pub name: String,
}

/// What a document can be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    /// A file, or an answer of the service, as its members tell.
    #[default]
    Either,
    /// An answer of the service.
    Answer,
}

impl Service {
    /// The services, by the names that options use.
    pub(crate) const ALL: [(&'static str, Self); 2] = [("goff", Self::Goff), ("flagsmith", Self::Flagsmith)];

    /// The service of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, service)| service)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Goff => "goff",
            Self::Flagsmith => "flagsmith",
        }
    }

    /// The guest that evaluates its units.
    pub(crate) fn guest(self) -> Guest {
        match self {
            Self::Goff => Guest::Goff,
            Self::Flagsmith => Guest::Flagsmith,
        }
    }

    /// Splits a document.
    ///
    /// # Errors
    /// With what is wrong and where.
    pub(crate) fn split(self, document: &str, form: Form, values: ValueOptions) -> Result<Split, String> {
        match self {
            Self::Goff => goff::split(document, form),
            Self::Flagsmith => flagsmith::split(document, values),
        }
    }

    /// What a document calls that which it adds to every context.
    pub(crate) fn enrichment_name(self) -> &'static str {
        match self {
            Self::Goff => "evaluationContextEnrichment",
            Self::Flagsmith => "the environment's key or name",
        }
    }

    /// Splits a piece from inside the object of flags, which must be whole members; none where there is no such object.
    pub(crate) fn split_members(self, piece: &str, document: &str) -> Option<Vec<Member>> {
        match self {
            Self::Goff => goff::split_members(piece, document),
            Self::Flagsmith => None,
        }
    }

    /// Keys whose presence tells the form of a document.
    pub(crate) fn shape_keys(self) -> &'static [&'static str] {
        match self {
            Self::Goff => &goff::SHAPE_KEYS,
            Self::Flagsmith => &[],
        }
    }

    /// The question for the flags of these keys, or for all where none is named; empty where the service is asked for all.
    pub(crate) fn question(self, flags: &[String]) -> String {
        match self {
            Self::Goff => goff::relay::configuration_question(flags),
            Self::Flagsmith => String::new(),
        }
    }

    /// Asks for the ruleset: for `question`, unless it is the one that `validator` is of.
    ///
    /// # Errors
    /// When it cannot be had.
    pub(crate) fn fetch(
        self,
        access: &Access<'_>,
        question: &str,
        validator: Option<&str>,
    ) -> Result<Fetched, Refusal> {
        match self {
            Self::Goff => goff::relay::fetch(access, question, validator),
            Self::Flagsmith => flagsmith::api::fetch(access, validator),
        }
    }

    /// Whether every change of a ruleset changes its validator. Else it is asked for without one from time to time.
    pub(crate) fn has_sure_validators(self) -> bool {
        self == Self::Goff
    }

    /// Where changes are told of; none where that is not known yet. `streams` is the option's, `ruleset` by what the ruleset in
    /// force is known.
    pub(crate) fn stream_urls(
        self,
        endpoint: &str,
        streams: Option<&str>,
        key: Option<&str>,
        ruleset: Option<&str>,
    ) -> Option<StreamUrls> {
        Some(match self {
            Self::Goff => {
                let base = streams.unwrap_or(endpoint);
                let websocket = goff::relay::websocket_urls(base, key).into();
                StreamUrls { sse: goff::relay::sse_url(base, key), websocket }
            }
            Self::Flagsmith => StreamUrls {
                sse: flagsmith::api::stream_url(endpoint, streams, ruleset?),
                websocket: Vec::new(),
            },
        })
    }
}

/// URLs of change streams. Keys are in them.
#[derive(Clone)]
pub(crate) struct StreamUrls {
    pub(crate) sse: String,
    pub(crate) websocket: Vec<String>,
}

/// Escapes all but letters, digits, `-_.~` and what `also` has.
fn escaped(text: &str, also: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        let character = char::from(byte);
        let is_plain = byte.is_ascii_alphanumeric() || "-_.~".contains(character);
        if is_plain || also.contains(character) && byte.is_ascii() {
            escaped.push(character);
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}
