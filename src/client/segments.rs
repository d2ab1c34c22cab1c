//! The segments that an identity is in, where the service tells of any.

use pennon_wire::ErrorCode;

use super::all::Loan;
use super::core::{Core, Subject};
use crate::context::Context;
use crate::error::Error;
use crate::evaluation::{FlagType, Resolved, Value};

/// A segment of the service's that an identity is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    id: String,
    name: String,
}

impl Segment {
    /// Its id in the service, as JSON.
    pub fn id_json(&self) -> &str {
        &self.id
    }

    /// Its name, as JSON.
    pub fn name_json(&self) -> &str {
        &self.name
    }

    /// `[{"id": ID, "name": NAME}, ...]`.
    pub fn list_to_json(segments: &[Self]) -> String {
        let each =
            segments.iter().map(|segment| format!("{{\"id\":{},\"name\":{}}}", segment.id, segment.name));
        format!("[{}]", each.collect::<Vec<_>>().join(","))
    }
}

/// Whether a segment's answer says that the identity is in it.
fn is_in(resolved: Resolved<'_>) -> Result<bool, Error> {
    match resolved.error {
        Some(ErrorCode::InvalidContext) => Err(Error::InvalidContext(resolved.message.into())),
        _ => Ok(resolved.value(FlagType::Boolean) == Some(Value::Bool(true))),
    }
}

impl Core {
    /// The segments that an identity is in, in the order of the ruleset; none where there is no ruleset, or its service tells of
    /// no segments.
    pub(super) fn segments(&self, context: &Context) -> Option<Result<Vec<Segment>, Error>> {
        let snapshot = self.snapshot.load_full().filter(|snapshot| snapshot.has_segments())?;
        let encoded = match context.encoded() {
            Ok(encoded) => encoded,
            Err(error) => return Some(Err(error)),
        };
        let at_once = self.evaluate_at_once(&snapshot, encoded);
        let at_once = |number: usize| Some(is_in(at_once.as_ref()?.resolved(snapshot.len() + number)?));
        let mut loan = Loan::new(&self.pool);
        let mut segments = Vec::new();
        for (number, (name, unit, definition)) in snapshot.segments().enumerate() {
            let subject = Subject { snapshot: &snapshot, key: "", unit, definition };
            let alone = || {
                let asked = self.ask_one(&mut loan, subject, encoded, is_in);
                asked.inspect_err(|error| self.count(error)).map_err(Error::from).flatten()
            };
            match at_once(number).unwrap_or_else(alone) {
                Ok(true) => segments.push(Segment { id: name.id, name: name.name }),
                Ok(false) => {}
                Err(error) => return Some(Err(error)),
            }
        }
        Some(Ok(segments))
    }
}
