//! Where a ruleset comes from without a network: memory, or a file that is watched.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::error::Error;
use crate::limits::MAX_RULESET_BYTES;
use crate::sync::document;

/// The format of a ruleset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON.
    Json,
    /// YAML, read as the service reads it.
    Yaml,
    /// TOML, read as the service reads it.
    Toml,
}

impl Format {
    /// The formats, by the names that options use.
    pub(crate) const ALL: [(&'static str, Self); 3] =
        [("json", Self::Json), ("yaml", Self::Yaml), ("toml", Self::Toml)];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Yaml => "yaml",
            Self::Toml => "toml",
        }
    }

    /// The format that a file's name tells; JSON where it tells none.
    pub fn of(path: &Path) -> Self {
        match path
            .extension()
            .and_then(|extension| extension.to_str())
            .map(str::to_ascii_lowercase)
            .as_deref()
        {
            Some("yaml" | "yml") => Self::Yaml,
            Some("toml") => Self::Toml,
            _ => Self::Json,
        }
    }
}

/// A file with a ruleset.
#[derive(Clone, Debug)]
pub(crate) struct RulesetFile {
    /// Where it is.
    pub path: PathBuf,
    /// How it is read.
    pub format: Format,
    /// How often it is looked at; never where this is zero.
    pub interval: Duration,
}

/// What tells two states of a file apart without reading it. The file's identity is part of it: editors and
/// orchestrators replace a file, or the link to it, by another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    identity: (u64, u64),
    /// When it was last changed in any way, which no program can set: seconds and nanoseconds.
    changed: (i64, i64),
}

impl RulesetFile {
    /// What the file looks like now.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        let metadata = fs::metadata(&self.path).ok()?;
        Some(Stamp {
            modified: metadata.modified().ok(),
            length: metadata.len(),
            identity: identity(&metadata),
            changed: changed(&metadata),
        })
    }

    /// The JSON that the file means.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn read(&self) -> Result<String, Error> {
        let unreadable =
            |error: std::io::Error| Error::Source(format!("ruleset file {}: {error}", self.path.display()));
        let mut bytes = Vec::new();
        let file = File::open(&self.path).map_err(unreadable)?;
        // One more than allowed, so that a file that is too large is told from one that just fits.
        file.take(MAX_RULESET_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        document::to_json(bytes, self.format)
    }
}

#[cfg(unix)]
fn identity(metadata: &fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

#[cfg(unix)]
fn changed(metadata: &fs::Metadata) -> (i64, i64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.ctime(), metadata.ctime_nsec())
}

#[cfg(not(unix))]
fn changed(_: &fs::Metadata) -> (i64, i64) {
    (0, 0)
}

#[cfg(not(unix))]
fn identity(_: &fs::Metadata) -> (u64, u64) {
    (0, 0)
}
