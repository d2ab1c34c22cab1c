//! A rule's query in either language (reference 3.8).

use std::borrow::Cow;

use crate::explain::Tree;
use crate::logic::{self, Logic};
use crate::nikunjy::{self, Comparisons, Program};
use crate::scope::{Attribute, Scope};
use crate::validate::Fault;

/// A compiled query.
#[derive(Debug)]
pub enum Query {
    /// An empty query: matches every context.
    Always,
    /// The relay's own language.
    Nikunjy(nikunjy::Query),
    /// JSONLogic.
    Logic(Logic),
}

/// What the relay makes of a query's text before it reads it: lines are joined without their leading spaces, and
/// without anything between them.
pub fn trim(text: &str) -> Cow<'_, str> {
    if !text.contains('\n') {
        return Cow::Borrowed(text.trim_start_matches(' '));
    }
    text.split('\n').map(|line| line.trim_start_matches(' ')).collect()
}

impl Query {
    /// Compiles the text as a rule has it; what it compares is added to `comparisons`, those of its flag.
    pub fn parse(text: &str, comparisons: &mut Comparisons) -> Self {
        let trimmed = trim(text);
        if trimmed.is_empty() {
            return Self::Always;
        }
        match Logic::parse(&trimmed) {
            Some(logic) => Self::Logic(logic),
            None => Self::Nikunjy(nikunjy::Query::parse(&trimmed, comparisons)),
        }
    }

    /// Whether it matches. Any fault of a query makes it false, and only false.
    pub fn matches(&self, comparisons: &Comparisons, scope: &Scope<'_>) -> bool {
        match self {
            Self::Always => true,
            Self::Nikunjy(query) => query.matches(comparisons, scope),
            Self::Logic(logic) => logic.matches(scope).unwrap_or(false),
        }
    }

    /// Takes the query apart for its reader; `text` is what it was read from.
    pub fn explain(&self, text: &str, scope: &Scope<'_>) -> Tree {
        match self {
            Self::Always => Tree::All(Vec::new()),
            Self::Nikunjy(_) => nikunjy::explain(&trim(text), scope),
            Self::Logic(_) => logic::explain(&trim(text), scope),
        }
    }

    /// Its steps, where it is made of such.
    pub fn program(&self) -> Option<&Program> {
        match self {
            Self::Nikunjy(query) => query.program(),
            _ => None,
        }
    }

    /// The relay's check at load.
    ///
    /// # Errors
    /// With what is wrong, for a rule that the relay refuses.
    pub fn validity(&self) -> Result<(), Fault> {
        match self {
            Self::Nikunjy(query) if query.is_too_deep() => {
                Err(format!("query is nested deeper than {} levels", nikunjy::MAX_QUERY_DEPTH).into())
            }
            Self::Nikunjy(query) if !query.is_valid() => Err("invalid query".into()),
            Self::Logic(logic) => logic.validity().map_err(|fault| Fault {
                message: format!("invalid jsonlogic query: {}", fault.message),
                suggestion: fault.advice.unwrap_or_default(),
            }),
            // An empty context matches an empty query, but the relay wants one that says something.
            Self::Always => Err("invalid query: it is empty".into()),
            Self::Nikunjy(_) => Ok(()),
        }
    }

    /// Adds the names of the top-level attributes that it reads beside those that its steps read; false where it may read any.
    pub fn attributes(&self, names: &mut Vec<String>) -> bool {
        match self {
            Self::Always => true,
            Self::Nikunjy(query) => {
                query.attributes(&mut |attribute: &Attribute| {
                    // Long queries compare one attribute again and again.
                    if names.last().is_none_or(|last| last != attribute.name()) {
                        names.push(attribute.name().to_owned());
                    }
                });
                true
            }
            Self::Logic(logic) => match logic.attributes() {
                Some(read) => {
                    names.extend(read.into_iter().map(str::to_owned));
                    true
                }
                None => false,
            },
        }
    }
}
