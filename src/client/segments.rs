//! The segments that an identity is in, where the service tells of any.

use pennon_wire::ErrorCode;

use super::all::Loan;
use super::core::{Core, Subject};
use crate::context::Context;
use crate::error::Error;
use crate::evaluation::{FlagType, Value};

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

impl Core {
    /// The segments that an identity is in, in the order of the ruleset; none where there is no ruleset, or its service tells of
    /// no segments.
    pub(super) fn segments(&self, context: &Context) -> Option<Result<Vec<Segment>, Error>> {
        let snapshot = self.snapshot.load_full().filter(|snapshot| snapshot.has_segments())?;
        let encoded = match context.encoded() {
            Ok(encoded) => encoded,
            Err(error) => return Some(Err(error)),
        };
        let mut loan = Loan::new(&self.pool);
        let mut segments = Vec::new();
        for (name, unit, definition) in snapshot.segments() {
            let subject = Subject { snapshot: &snapshot, key: "", unit, definition };
            let is_in = self.ask_one(&mut loan, subject, encoded, |resolved| match resolved.error {
                Some(ErrorCode::InvalidContext) => Err(Error::InvalidContext(resolved.message.into())),
                _ => Ok(resolved.value(FlagType::Boolean) == Some(Value::Bool(true))),
            });
            match is_in.inspect_err(|error| self.count(error)).map_err(Error::from).flatten() {
                Ok(true) => segments.push(Segment { id: name.id, name: name.name }),
                Ok(false) => {}
                Err(error) => return Some(Err(error)),
            }
        }
        Some(Ok(segments))
    }
}
