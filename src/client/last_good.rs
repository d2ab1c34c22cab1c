//! The last ruleset that the service sent, on disk: what a client begins with where the service cannot be reached.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::core::Core;
use super::link::Link;
use crate::json::quoted;
use crate::limits::MAX_RULESET_BYTES;
use crate::listener::{ProviderEvent, Source};
use crate::log::LogLevel;
use crate::sealed::{SealedFile, digits};

/// Bytes of the line before the document.
const MAX_HEADER_BYTES: u64 = 4 << 10;

/// What stands in the first line, before the document.
#[derive(Deserialize)]
struct Header {
    etag: Option<String>,
}

/// Where the ruleset of one endpoint and key is kept: a name that tells neither.
pub(super) fn file(core: &Core, link: &Link) -> Option<SealedFile> {
    let folder = core.options.cache_dir.clone()?;
    let mut hash = Sha256::new();
    let key = link.key();
    for part in [link.endpoint.as_deref()?, key.as_deref().map_or("", String::as_str), link.question()] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    Some(SealedFile::new(folder, format!("{}-{}.ruleset", core.options.service.name(), digits(hash))))
}

impl Core {
    /// Writes the ruleset in force to disk, where that has not been done.
    pub(crate) fn keep_last_good(&self) {
        let Some(link) = self.link.as_ref() else { return };
        let Some(snapshot) = self.snapshot.load_full() else { return };
        let is_theirs = self.origin.load(Ordering::Relaxed) == Source::Service as u8;
        let Some(file) = file(self, link).filter(|_| is_theirs) else { return };
        let generation = snapshot.generation();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.as_ref().is_some_and(|kept| *kept == (generation, file.path())) {
            return;
        }
        let etag = link.validator(generation).map_or("null".into(), |etag| quoted(&etag));
        let header = format!("{{\"etag\":{etag}}}\n");
        match file.write(&[header.as_bytes(), snapshot.document().as_bytes()]) {
            Ok(()) => *kept = Some((generation, file.path())),
            Err(error) => {
                drop(kept);
                self.say(LogLevel::Error, &format!("the last good ruleset cannot be kept: {error}"));
            }
        }
    }

    /// Makes the ruleset on disk the one in force, where there is none; the service cannot be reached.
    pub(super) fn serve_last_good(&self) {
        let Some(link) = self.link.as_ref().filter(|_| self.snapshot.load().is_none()) else { return };
        let Some(file) = file(self, link) else { return };
        let unusable = |cause: &str| {
            let path = file.path();
            self.say(
                LogLevel::Error,
                &format!("the last good ruleset {} is not used: {cause}", path.display()),
            );
        };
        let content = match file.read(MAX_RULESET_BYTES as u64 + MAX_HEADER_BYTES) {
            Ok(Some(content)) => content,
            Ok(None) => return,
            Err(cause) => return unusable(&cause),
        };
        let Some((header, document)) = split(content) else { return unusable("it has no header") };
        let generation = match self.publish_old(document) {
            Ok(generation) => generation,
            Err(error) => return unusable(&error.to_string()),
        };
        link.keep_validator(generation, header.etag);
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some((generation, file.path()));
        if let Some(state) = self.signal().serve_old() {
            let reason =
                "the service cannot be reached; the last good ruleset on disk is in force".to_owned();
            self.say(LogLevel::Warn, &reason);
            self.outbox.tell(ProviderEvent::State { state, reason });
        }
    }
}

fn split(content: Vec<u8>) -> Option<(Header, String)> {
    let mut text = String::from_utf8(content).ok()?;
    let end = text.find('\n')?;
    let header = serde_json::from_str(text.get(..end)?).ok()?;
    text.drain(..=end);
    Some((header, text))
}
