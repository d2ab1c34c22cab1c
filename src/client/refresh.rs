//! The way of a refresh: from a source to the snapshot in force.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::core::{Core, Subject};
use super::remote::Remote;
use crate::error::Error;
use crate::events::Kept;
use crate::listener::{ProviderEvent, Source};
use crate::log::LogLevel;
use crate::service::{Fetched, Form, Refusal};
use crate::state::{Severity, State};
use crate::sync::document::to_json;
use crate::sync::registry::Unit;
use crate::sync::snapshot::{Changes, Snapshot};
use crate::sync::source::Format;

/// Changed units that a refresh loads before it is published; more would delay it without much use.
const WARM_UNITS: usize = 1024;

/// Failures in a row after which what the service sent last is out of date (reference 5.2, EVT).
pub(super) const PATIENCE: u32 = 3;

/// A document on its way into force.
struct Incoming {
    document: String,
    form: Form,
    source: Source,
    since: Instant,
}

impl Core {
    /// Makes a document of the application's the ruleset in force.
    pub(crate) fn replace(&self, document: Vec<u8>) -> Result<Changes, Error> {
        let since = Instant::now();
        let published = if self.format == Format::Json && self.is_in_force(&document) {
            self.origin.store(Source::Application as u8, Ordering::Relaxed);
            Ok((Changes::default(), 0))
        } else {
            to_json(document, self.format).and_then(|document| {
                self.publish(Incoming { document, form: Form::Either, source: Source::Application, since })
            })
        };
        let published = published.map(|(changes, _)| changes);
        if let Some(link) = &self.link {
            // What the service has is no longer what is in force.
            link.forget_validator();
        }
        self.judge(published, Severity::After(1))
    }

    /// Reads the file and makes it the ruleset in force.
    pub(crate) fn read_file(&self) -> Result<(), Error> {
        let Some(file) = &self.file else { return Ok(()) };
        let since = Instant::now();
        let published = file.read().and_then(|document| {
            self.publish(Incoming { document, form: Form::Either, source: Source::File, since })
        });
        let named = published.map(|(changes, _)| changes).map_err(|error| match error {
            Error::InvalidRuleset(message) => {
                Error::InvalidRuleset(format!("ruleset file {}: {message}", file.path.display()))
            }
            other => other,
        });
        self.judge(named, Severity::After(1)).map(|_| ())
    }

    /// Asks the service for its ruleset and makes it the one in force; whole, where it `is_called` for and the service's
    /// validators do not tell of every change. On failure also: how long the service wants to be left alone.
    pub(crate) fn fetch(&self, is_called: bool) -> Result<(), (Error, Option<Duration>)> {
        let Some(link) = &self.link else { return Ok(()) };
        if !link.has_rulesets(self.options.network.mode) {
            // In remote mode flags change unseen, and answers that are kept are no longer right.
            self.remote.iter().for_each(Remote::forget);
            return Ok(());
        }
        // One at a time, so that an older answer does not come into force after a newer one.
        let fetching = link.fetching.lock().unwrap_or_else(PoisonError::into_inner);
        let since = Instant::now();
        let generation = self.snapshot.load().as_ref().map(|snapshot| snapshot.generation());
        let (fetched, severity, pause) = match link.fetch(generation, is_called) {
            Ok(fetched) => (Ok(fetched), Severity::After(PATIENCE), None),
            Err(Refusal { error: error @ Error::Unauthorized(_), pause }) => {
                (Err(error), Severity::Refused, pause)
            }
            Err(Refusal { error, pause }) => (Err(error), Severity::After(PATIENCE), pause),
        };
        let published = fetched.and_then(|fetched| match fetched {
            Fetched::Unchanged => {
                self.origin.store(Source::Service as u8, Ordering::Relaxed);
                Ok(Changes::default())
            }
            Fetched::Changed { document, validator } => {
                let (changes, generation) = self.accept(document, since)?;
                // Only now: a document that was refused has to be sent again.
                link.keep_validator(generation, validator);
                Ok(changes)
            }
        });
        drop(fetching);
        if published.is_err() && severity != Severity::Refused {
            self.serve_last_good();
        }
        self.judge(published, severity).map(|_| ()).map_err(|error| (error, pause))
    }

    /// Makes an answer of the service the ruleset in force.
    fn accept(&self, document: Vec<u8>, since: Instant) -> Result<(Changes, u64), Error> {
        if self.is_in_force(&document)
            && let Some(snapshot) = self.snapshot.load().as_ref()
        {
            self.origin.store(Source::Service as u8, Ordering::Relaxed);
            return Ok((Changes::default(), snapshot.generation()));
        }
        let document = String::from_utf8(document)
            .map_err(|_| Error::InvalidRuleset("the service's ruleset is not UTF-8".into()))?;
        self.publish(Incoming { document, form: Form::Answer, source: Source::Service, since })
    }

    /// Whether a document is byte for byte the one in force, which is told before anything is made of it.
    fn is_in_force(&self, document: &[u8]) -> bool {
        self.snapshot.load().as_ref().is_some_and(|snapshot| snapshot.document().as_bytes() == document)
    }

    /// Makes what an earlier run left the ruleset in force.
    pub(super) fn publish_old(&self, document: String) -> Result<u64, Error> {
        let since = Instant::now();
        let incoming = Incoming { document, form: Form::Answer, source: Source::Disk, since };
        self.publish(incoming).map(|(_, generation)| generation)
    }

    /// What the end of a refresh means for the state; says so to log and listener.
    fn judge(&self, published: Result<Changes, Error>, severity: Severity) -> Result<Changes, Error> {
        let error = match &published {
            Ok(_) => {
                if let Some(state) = self.signal().succeed() {
                    self.outbox.tell(ProviderEvent::State { state, reason: String::new() });
                }
                return published;
            }
            Err(error) => error.to_string(),
        };
        self.counters.rejected.fetch_add(1, Ordering::Relaxed);
        let changed = self.signal().fail(&error, severity);
        let consequence = match self.signal().state() {
            State::Ready | State::Stale => "; the last good ruleset stays in force",
            _ => "",
        };
        self.say(LogLevel::Error, &format!("{error}{consequence}"));
        self.outbox.tell(ProviderEvent::RefreshFailed { error: error.clone() });
        if let Some(state) = changed {
            self.outbox.tell(ProviderEvent::State { state, reason: error });
        }
        published
    }

    /// Makes a document the ruleset in force; a document that cannot be leaves the last one there. What changed, and its
    /// generation.
    fn publish(&self, incoming: Incoming) -> Result<(Changes, u64), Error> {
        let Incoming { document, form, source, since } = incoming;
        let refresh = self.refresh.lock().unwrap_or_else(PoisonError::into_inner);
        let previous = self.snapshot.load_full();
        if let Some(previous) = previous.as_ref().filter(|previous| previous.is(&document)) {
            self.origin.store(source as u8, Ordering::Relaxed);
            return Ok((Changes::default(), previous.generation()));
        }
        let (snapshot, changes) =
            Snapshot::new(document, form, &self.options, previous.as_deref(), &self.registry)?;
        if let Some(previous) = &previous {
            self.warm(previous, &snapshot, &changes);
        }
        let generation = snapshot.generation();
        self.snapshot.store(Some(Arc::new(snapshot)));
        self.origin.store(source as u8, Ordering::Relaxed);
        self.counters.refreshes.fetch_add(1, Ordering::Relaxed);
        if let Some(previous) = previous {
            self.retain(previous, &changes);
            // The listener is the caller's code: it is not called under a lock.
            drop(refresh);
            if !changes.keys.is_empty() {
                let flags = changes.keys.clone();
                self.outbox.tell(ProviderEvent::ConfigurationChanged {
                    flags,
                    source,
                    took: since.elapsed(),
                });
            }
        }
        Ok((changes, generation))
    }

    /// Keeps the units that are gone for the events that are about them.
    fn retain(&self, previous: Arc<Snapshot>, changes: &Changes) {
        if changes.keys.is_empty() || !self.events.is_open() {
            return;
        }
        // Also those that nobody has loaded yet: an evaluation that holds the snapshot may be about to.
        let units =
            changes.keys.iter().filter_map(|key| previous.find(key)).map(|(unit, _)| Arc::clone(unit));
        let units: Vec<Arc<Unit>> = units.collect();
        let snapshot: Arc<Kept> = previous;
        self.events.retain(Arc::downgrade(&snapshot), Box::new(units));
    }

    /// Loads the changed units that were in use, so that no evaluation pays for it.
    fn warm(&self, previous: &Snapshot, snapshot: &Snapshot, changes: &Changes) {
        let used = |key: &&String| previous.find(key).is_some_and(|(unit, _)| unit.loaded().is_some());
        for key in changes.keys.iter().filter(used).take(WARM_UNITS) {
            let (Some((old, _)), Some((unit, definition))) = (previous.find(key), snapshot.find(key)) else {
                continue;
            };
            let subject = Subject { snapshot, key, unit, definition };
            self.refuse_oversize(subject);
            // Instances in use at the moment load it when they come to it.
            self.pool.visit(|instance| match instance.handle(old.key()) {
                Some(_) if unit.loaded().is_none_or(|loaded| loaded.constant.is_none()) => {
                    self.load(instance, subject).map(|_| ())
                }
                _ => Ok(()),
            });
        }
    }
}
