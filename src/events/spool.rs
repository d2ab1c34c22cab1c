//! The queue on disk: events survive an end of the process that nobody sees coming.
//!
//! Each sender has a folder of its own below that of its collector, which it holds by a lock on the file `lock` in it. In it
//! are segments, files with an event a line in the order of their numbers. A segment is removed once its events are
//! acknowledged. A folder whose lock nobody holds is what a process left that is gone: whoever finds it sends its events.
//! A last line that is not whole was being written when the process ended, and is no event.

use std::collections::VecDeque;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;

/// The file by whose lock a folder is held.
const LOCK: &str = "lock";

/// How the name of a segment ends.
const SUFFIX: &str = ".events";

/// Events on disk.
#[derive(Debug)]
pub(super) struct Spool {
    /// The folder of the collector: that of each sender is in it.
    collector: PathBuf,
    own: Folder,
    /// What others left.
    found: VecDeque<Folder>,
    open: Option<Open>,
    /// Written to its end, oldest first.
    segments: VecDeque<Segment>,
    /// The number of the next segment.
    next: u64,
    bytes: u64,
    limits: Limits,
}

/// How much a spool holds, and how well.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) bytes: u64,
    /// Events of a segment.
    pub(super) events: usize,
    pub(super) fsync: bool,
}

/// A sender's folder, held for as long as this lives.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
    _lock: File,
}

#[derive(Debug)]
struct Open {
    file: File,
    segment: Segment,
}

/// A file of events.
#[derive(Debug)]
pub(super) struct Segment {
    path: PathBuf,
    pub(super) events: u64,
    bytes: u64,
}

impl Folder {
    /// Makes a folder of a name that no other has.
    fn create(collector: &Path) -> io::Result<Self> {
        private().recursive(true).create(collector)?;
        let path = tempfile_name(collector);
        private().create(&path)?;
        let lock = private_file().create_new(true).open(path.join(LOCK))?;
        lock.try_lock().map_err(io::Error::from)?;
        Ok(Self { path, _lock: lock })
    }

    /// A folder that nobody holds any more.
    fn adopt(path: PathBuf) -> Option<Self> {
        let lock = private_file().open(path.join(LOCK)).ok()?;
        lock.try_lock().ok()?;
        Some(Self { path, _lock: lock })
    }

    /// Its segments, oldest first.
    fn segments(&self) -> Vec<Segment> {
        let entries = fs::read_dir(&self.path).into_iter().flatten().flatten();
        let mut paths: Vec<_> = entries.map(|entry| entry.path()).filter(|path| is_segment(path)).collect();
        paths.sort_unstable();
        paths.into_iter().filter_map(|path| Segment::find(path).ok()).collect()
    }

    /// Removes what is left of it.
    fn remove(self) {
        let _ = fs::remove_file(self.path.join(LOCK));
        let _ = fs::remove_dir(&self.path);
    }
}

impl Segment {
    fn find(path: PathBuf) -> io::Result<Self> {
        let bytes = fs::metadata(&path)?.len();
        let mut segment = Self { path, events: 0, bytes };
        segment.events = segment.read()?.len() as u64;
        Ok(segment)
    }

    /// Its events. A line that is none (half written, or not ours) is left out.
    pub(super) fn read(&self) -> io::Result<Vec<String>> {
        let bytes = fs::read(&self.path)?;
        let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        // What stands after the last line break was not written to its end.
        lines.pop();
        let text = |line: &[u8]| String::from_utf8(line.to_vec()).ok();
        let is_event =
            |line: &String| line.starts_with('{') && serde_json::from_str::<IgnoredAny>(line).is_ok();
        Ok(lines.into_iter().filter_map(text).filter(is_event).collect())
    }
}

impl Spool {
    /// A spool below `folder` for the collector of this name.
    ///
    /// # Errors
    /// When the folder cannot be made or written.
    pub(super) fn open(folder: &Path, collector: &str, limits: Limits) -> io::Result<Self> {
        let collector = folder.join(collector);
        let own = Folder::create(&collector)?;
        let (found, segments) = Default::default();
        Ok(Self { collector, own, found, open: None, segments, next: 0, bytes: 0, limits })
    }

    /// Takes over what others left. How many events that is.
    pub(super) fn recover(&mut self) -> u64 {
        let entries = fs::read_dir(&self.collector).into_iter().flatten().flatten();
        let others = entries.map(|entry| entry.path()).filter(|path| *path != self.own.path);
        let mut events = 0;
        for folder in others.filter_map(Folder::adopt).collect::<Vec<_>>() {
            let segments = folder.segments();
            if segments.is_empty() {
                folder.remove();
                continue;
            }
            for segment in segments {
                events += segment.events;
                self.bytes += segment.bytes;
                self.segments.push_back(segment);
            }
            self.found.push_back(folder);
        }
        events
    }

    /// Writes events, an event a line.
    ///
    /// # Errors
    /// When they are not on disk: none of them counts.
    pub(super) fn write(&mut self, events: &[String]) -> io::Result<()> {
        let mut text = String::with_capacity(events.iter().map(|event| event.len() + 1).sum());
        for event in events {
            text.push_str(event);
            text.push('\n');
        }
        let limits = self.limits;
        let open = match &mut self.open {
            Some(open) => open,
            None => self.open.insert(Open::create(&self.own.path, &mut self.next)?),
        };
        let written = open.file.write_all(text.as_bytes()).and_then(|()| match limits.fsync {
            true => open.file.sync_data(),
            false => Ok(()),
        });
        if let Err(error) = written {
            // Cut off again, so that the next line is one.
            let _ = open.file.set_len(open.segment.bytes);
            self.seal();
            return Err(error);
        }
        open.segment.bytes += text.len() as u64;
        open.segment.events += events.len() as u64;
        self.bytes += text.len() as u64;
        if open.segment.events >= limits.events as u64 {
            self.seal();
        }
        Ok(())
    }

    /// Ends the open segment, so that it can be sent.
    pub(super) fn seal(&mut self) {
        let Some(open) = self.open.take() else { return };
        match open.segment.events {
            0 => drop(fs::remove_file(&open.segment.path)),
            _ => self.segments.push_back(open.segment),
        }
    }

    /// The oldest segment.
    pub(super) fn first(&self) -> Option<&Segment> {
        self.segments.front()
    }

    /// Removes the oldest segment: it is sent, or given up.
    pub(super) fn remove_first(&mut self) {
        let Some(segment) = self.segments.pop_front() else { return };
        let _ = fs::remove_file(&segment.path);
        self.bytes = self.bytes.saturating_sub(segment.bytes);
        // Segments stand in the order of their folders.
        while let Some(folder) = self.found.front() {
            if self.segments.iter().any(|segment| segment.path.starts_with(&folder.path)) {
                break;
            }
            if let Some(folder) = self.found.pop_front() {
                folder.remove();
            }
        }
    }

    /// Gives up the oldest segments where there are too many bytes. How many events they had.
    pub(super) fn trim(&mut self) -> u64 {
        let mut events = 0;
        while self.bytes > self.limits.bytes {
            if self.segments.is_empty() {
                self.seal();
            }
            let Some(segment) = self.first() else { break };
            events += segment.events;
            self.remove_first();
        }
        events
    }

    /// Events on disk.
    pub(super) fn events(&self) -> u64 {
        let open = self.open.as_ref().map_or(0, |open| open.segment.events);
        self.segments.iter().map(|segment| segment.events).sum::<u64>() + open
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Leaves what is unsent for the next run, and no folder without events.
    pub(super) fn close(mut self) {
        self.seal();
        if self.segments.is_empty() {
            self.own.remove();
        }
    }
}

impl Open {
    fn create(folder: &Path, next: &mut u64) -> io::Result<Self> {
        let path = folder.join(format!("{next:020}{SUFFIX}"));
        *next += 1;
        let file = private_file().create_new(true).open(&path)?;
        Ok(Self { file, segment: Segment { path, events: 0, bytes: 0 } })
    }
}

fn is_segment(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.ends_with(SUFFIX))
}

/// A name that no other process has: its number, and the time.
fn tempfile_name(folder: &Path) -> PathBuf {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    folder.join(format!("{}-{}", std::process::id(), since.as_nanos()))
}

#[cfg(unix)]
fn private() -> DirBuilder {
    use std::os::unix::fs::DirBuilderExt;
    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    builder
}

#[cfg(unix)]
fn private_file() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    options.read(true).append(true).mode(0o600);
    options
}

#[cfg(not(unix))]
fn private() -> DirBuilder {
    DirBuilder::new()
}

#[cfg(not(unix))]
fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).append(true);
    options
}
