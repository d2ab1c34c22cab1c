//! All flags and segments by one call of the guest, where the service's units can be one.

use std::sync::Arc;

use pennon_wire::Answer;

use super::core::{Core, Subject};
use crate::engine::EngineError;
use crate::evaluation::{Evaluation, FlagType, Loaded, Resolved};
use crate::sync::registry::Unit;
use crate::sync::snapshot::Snapshot;

/// The answers of a snapshot's unit of all.
pub(super) struct AtOnce {
    unit: Arc<Unit>,
    answers: Vec<Answer>,
}

impl AtOnce {
    /// What the answer of this number says: of a flag by its place, or of a segment behind all flags.
    pub(super) fn resolved(&self, number: usize) -> Option<Resolved<'_>> {
        self.unit.loaded().and_then(|loaded| loaded.resolve(*self.answers.get(number)?))
    }
}

impl Core {
    /// Evaluates all flags and segments at once; none where that cannot be done, and each has to be asked for alone.
    pub(super) fn evaluate_at_once(&self, snapshot: &Snapshot, context: &[u8]) -> Option<AtOnce> {
        let (unit, definition) = snapshot.all()?;
        let subject = Subject { snapshot, key: "", unit, definition };
        self.refuse_oversize(subject);
        if unit.loaded().is_some_and(|loaded| loaded.constant.is_some()) {
            return None;
        }
        let answers: Result<Vec<Answer>, EngineError> = self.on_instance(unit, |instance| {
            let (loaded, handle): (&Loaded, u32) = self.loaded(instance, subject)?;
            if loaded.constant.is_some() {
                return Ok(Vec::new());
            }
            instance.evaluate_many(handle, context, loaded.now())
        });
        let answers = answers.ok()?;
        (answers.len() == snapshot.len() + snapshot.segments_len())
            .then(|| AtOnce { unit: Arc::clone(unit), answers })
    }

    /// All flags that `selects`, by the order of their keys, out of what was evaluated at once.
    pub(super) fn all_of(
        snapshot: &Snapshot,
        at_once: &AtOnce,
        selects: impl Fn(&str) -> bool,
    ) -> Option<Vec<Evaluation>> {
        let places = snapshot.places().filter(|(key, _)| selects(key));
        places
            .map(|(key, place)| Some(at_once.resolved(place)?.into_evaluation(key, FlagType::Any)))
            .collect()
    }
}
