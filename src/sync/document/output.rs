//! JSON being written.

use super::{Fault, Place};

/// A JSON text that grows.
#[derive(Debug, Default)]
pub(super) struct Output {
    bytes: Vec<u8>,
}

impl Output {
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn into_text(self) -> String {
        // Only whole strings were written: nothing is replaced.
        String::from_utf8(self.bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }

    /// Writes a piece of JSON.
    pub(super) fn raw(&mut self, json: &str) {
        self.bytes.extend_from_slice(json.as_bytes());
    }

    /// Writes a string.
    pub(super) fn text(&mut self, text: &str) {
        // Writing to memory does not fail.
        let _ = serde_json::to_writer(&mut self.bytes, text);
    }

    /// Writes a number with a fraction or an exponent.
    pub(super) fn float(&mut self, number: f64, place: Place) -> Result<(), Fault> {
        if !number.is_finite() {
            return Err(Fault::value(format!("JSON has no number {number}"), place));
        }
        let _ = serde_json::to_writer(&mut self.bytes, &number);
        Ok(())
    }

    /// Writes a member's comma, name and colon.
    pub(super) fn name(&mut self, first: bool, name: &str) {
        self.comma(first);
        self.text(name);
        self.raw(":");
    }

    pub(super) fn comma(&mut self, first: bool) {
        if !first {
            self.raw(",");
        }
    }

    /// Lets a typed value that could not be written be of a wrong type: no field is a list of strings.
    pub(super) fn settle(&mut self, start: usize, result: Result<(), Fault>) -> Result<(), Fault> {
        let Err(Fault::Value(message, Place { line, column })) = result else { return result };
        self.bytes.truncate(start);
        self.raw("[");
        self.text(&format!("{message} at line {line} column {column}"));
        self.raw("]");
        Ok(())
    }
}
