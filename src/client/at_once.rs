//! All flags and segments by one call of the guest, where the service's units can be one.

use std::sync::Arc;

use pennon_wire::Answer;

use super::core::{Core, Subject};
use crate::engine::EngineError;
use crate::evaluation::{Evaluations, FlagType, Loaded, Resolved};
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

    /// The evaluations that the outcomes keep; none where one of them has none to keep.
    fn shared<'s>(
        &self,
        selected: impl Iterator<Item = (&'s str, usize)>,
        at_most: usize,
    ) -> Option<Evaluations> {
        let loaded = self.unit.loaded()?;
        let mut numbers = Vec::with_capacity(at_most);
        for (key, place) in selected {
            let answer = *self.answers.get(place)?;
            let whole = loaded.resolve(answer)?.whole(key)?;
            // A guest that answers for many flags at once has an outcome for each reason.
            debug_assert_eq!(whole.reason(), answer.reason, "{key}");
            numbers.push(answer.outcome);
        }
        Some(Evaluations::shared(&loaded.outcomes, numbers))
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
        if answers.len() != snapshot.len() + snapshot.segments_len() {
            return None;
        }
        let at_once = AtOnce { unit: Arc::clone(unit), answers };
        if at_once.answers.iter().any(|answer| answer.remark().is_some()) {
            self.heed_all(snapshot, &at_once);
        }
        Some(at_once)
    }

    /// As [`Core::heed`], of all flags and segments.
    #[cold]
    fn heed_all(&self, snapshot: &Snapshot, at_once: &AtOnce) {
        let Some(loaded) = at_once.unit.loaded() else { return };
        for (key, place) in snapshot.places() {
            if let (Some(answer), Some((unit, _))) = (at_once.answers.get(place), snapshot.find(key)) {
                self.heed(unit, key, loaded, *answer);
            }
        }
        let answers = at_once.answers.iter().skip(snapshot.len());
        for ((name, unit, _), answer) in snapshot.segments().zip(answers) {
            self.heed(unit, format_args!("segment {}", name.name), loaded, *answer);
        }
    }

    /// All flags that `selects`, by the order of their keys, out of what was evaluated at once.
    pub(super) fn all_of(
        snapshot: &Snapshot,
        at_once: &AtOnce,
        selects: impl Fn(&str) -> bool,
    ) -> Option<Evaluations> {
        let selected = || snapshot.places().filter(|(key, _)| selects(key));
        if let Some(shared) = at_once.shared(selected(), snapshot.len()) {
            return Some(shared);
        }
        // Some flag has failed, and what there is to say of it is its own.
        selected()
            .map(|(key, place)| Some(at_once.resolved(place)?.into_evaluation(key, FlagType::Any)))
            .collect()
    }
}
