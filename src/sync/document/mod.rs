//! Documents as their service's own reader would see them: JSON as it is, other formats as the JSON they mean.
//!
//! GO Feature Flag reads YAML with `gopkg.in/yaml.v3` and TOML with `github.com/BurntSushi/toml` into typed flags; a
//! scalar means something else in a field that is a string than in a value that is anything. Where they refuse the whole
//! document for one wrong type, the JSON has something of a wrong type in that place, so that one flag is an error and
//! the others work.

mod fields;
mod moment;
mod output;
mod toml;
mod yaml;

#[cfg(test)]
mod tests;

use crate::error::Error;
use crate::limits::MAX_RULESET_BYTES;
use crate::sync::source::Format;

/// Levels of objects and lists, a merge counted as one: what evaluates the JSON allows 128, and this code calls itself
/// once a level.
const MAX_DEPTH: usize = 100;

/// The JSON that a document means.
///
/// # Errors
/// When it cannot be read in its format.
pub(crate) fn to_json(bytes: Vec<u8>, format: Format) -> Result<String, Error> {
    check_size("ruleset", bytes.len())?;
    let text = String::from_utf8(bytes)
        .map_err(|error| Error::InvalidRuleset(format!("ruleset is not UTF-8: {}", error.utf8_error())))?;
    let json = match format {
        Format::Json => return Ok(text),
        Format::Yaml => yaml::to_json(&text)?,
        Format::Toml => toml::to_json(&text)?,
    };
    check_size("JSON of the ruleset", json.len())?;
    Ok(json)
}

fn check_size(what: &str, bytes: usize) -> Result<(), Error> {
    if bytes > MAX_RULESET_BYTES {
        return Err(Error::InvalidRuleset(format!(
            "{what} has {bytes} bytes, more than {MAX_RULESET_BYTES}"
        )));
    }
    Ok(())
}

/// A place in a document, for messages; lines and columns start at one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    line: u32,
    column: u32,
}

impl Place {
    /// The place of a byte.
    fn of(text: &str, byte: usize) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
        Self { line: line as u32, column: column as u32 }
    }
}

/// Why something of a document has no JSON.
#[derive(Debug)]
enum Fault {
    /// The document is not what it should be.
    Document(String, Place),
    /// A value cannot be what it is said to be, or cannot be JSON: its flag is an error.
    Value(String, Place),
}

impl Fault {
    fn document(message: impl Into<String>, place: Place) -> Self {
        Self::Document(message.into(), place)
    }

    fn value(message: impl Into<String>, place: Place) -> Self {
        Self::Value(message.into(), place)
    }

    fn into_error(self, format: Format) -> Error {
        let (Self::Document(message, place) | Self::Value(message, place)) = self;
        let Place { line, column } = place;
        let format = format.name().to_uppercase();
        Error::InvalidRuleset(format!(
            "ruleset is not {format} with an object of flags: {message} at line {line} column {column}"
        ))
    }
}
