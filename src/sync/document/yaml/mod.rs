//! YAML as yaml.v3 reads it into flags.

mod convert;
mod scalar;
mod tree;

use crate::error::Error;
use crate::sync::source::Format;

use super::{Fault, Place};
use convert::Converter;
use tree::Tree;

/// The JSON of the first document.
///
/// # Errors
/// With what is wrong and where.
pub(super) fn to_json(text: &str) -> Result<String, Error> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let json = check_characters(text)
        .and_then(|()| Tree::parse(text))
        .and_then(|tree| Converter::new(&tree, text.len()).document());
    json.map_err(|fault| fault.into_error(Format::Yaml))
}

/// Checks that there is no character that YAML does not allow.
fn check_characters(text: &str) -> Result<(), Fault> {
    let allowed = |character: char| {
        matches!(character,
            '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}'
            | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..)
    };
    match text.char_indices().find(|(_, character)| !allowed(*character)) {
        Some((byte, character)) => {
            Err(Fault::document(format!("character {character:?} is not allowed"), Place::of(text, byte)))
        }
        None => Ok(()),
    }
}
