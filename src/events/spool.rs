//! The queue on disk: events survive an end of the process that nobody sees coming.
//!
//! Each sender has a folder of its own below that of its collector, which it holds by a lock on the file `lock` in it. In it
//! are segments, files with an event a line in the order of their numbers. A segment is removed once its events are
//! acknowledged. A folder whose lock nobody holds is what a process left that is gone: whoever finds it sends its events.
//! A last line that is not whole was being written when the process ended, and is no event. What cannot be read stays where it
//! is: nothing is removed that was not read.

use std::collections::VecDeque;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::de::IgnoredAny;

use crate::sealed::trust;

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
    found: Vec<Folder>,
    open: Option<Open>,
    /// Written to their end, oldest first.
    segments: VecDeque<Segment>,
    /// Whether the first of them is being sent, and is not given up meanwhile.
    is_busy: bool,
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
    lock: File,
}

#[derive(Debug)]
struct Open {
    file: File,
    segment: Segment,
}

/// A file of events.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) path: PathBuf,
    events: u64,
    /// How many of them are sent or given up.
    pub(super) settled: usize,
    bytes: u64,
}

impl Folder {
    /// Makes a folder of a name that no other has. It has its name once it is held, so that nobody takes it for left.
    fn create(collector: &Path) -> io::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let name = format!("{}-{since}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let (draft, path) = (collector.join(format!(".{name}")), collector.join(name));
        private_folder().create(&draft)?;
        let lock = private_file().create_new(true).open(draft.join(LOCK))?;
        lock.try_lock().map_err(io::Error::from)?;
        fs::rename(&draft, &path)?;
        Ok(Self { path, lock })
    }

    /// A folder that nobody holds any more.
    fn adopt(path: PathBuf) -> Option<Self> {
        trust("spool_dir", &path, &fs::symlink_metadata(&path).ok()?).ok()?;
        let lock = private_file().create(true).open(path.join(LOCK)).ok()?;
        lock.try_lock().ok()?;
        Some(Self { path, lock })
    }

    /// Its segments, oldest first.
    fn segments(&self) -> io::Result<Vec<Segment>> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            paths.push(entry?.path());
        }
        paths.retain(|path| is_segment(path));
        paths.sort_unstable();
        paths.into_iter().map(Segment::find).collect()
    }

    /// Removes it, if nothing is left in it.
    fn remove(&self) {
        let is_empty = fs::read_dir(&self.path).is_ok_and(|entries| {
            entries.into_iter().all(|entry| entry.is_ok_and(|entry| entry.file_name() == LOCK))
        });
        if is_empty {
            let _ = fs::remove_file(self.path.join(LOCK));
            let _ = fs::remove_dir(&self.path);
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A child of a fork may have the file open too, which would hold the lock.
        let _ = self.lock.unlock();
    }
}

impl Segment {
    fn find(path: PathBuf) -> io::Result<Self> {
        let mut segment = Self { path, events: 0, settled: 0, bytes: 0 };
        let (events, bytes) = segment.read_whole()?;
        (segment.events, segment.bytes) = (events.len() as u64, bytes);
        Ok(segment)
    }

    /// Its events that are not settled.
    pub(super) fn read(&self) -> io::Result<Vec<String>> {
        self.read_whole().map(|(events, _)| events.into_iter().skip(self.settled).collect())
    }

    /// All its events, and its bytes. A line that is none (half written, or not ours) is left out.
    fn read_whole(&self) -> io::Result<(Vec<String>, u64)> {
        // Neither a link to elsewhere nor a pipe that nobody writes to.
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
        let mut file = OpenOptions::new().read(true).custom_flags(flags).open(&self.path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it is no file"));
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        // What stands after the last line break was not written to its end.
        lines.pop();
        let text = |line: &[u8]| String::from_utf8(line.to_vec()).ok();
        let is_event =
            |line: &String| line.starts_with('{') && serde_json::from_str::<IgnoredAny>(line).is_ok();
        Ok((lines.into_iter().filter_map(text).filter(is_event).collect(), bytes.len() as u64))
    }

    fn pending(&self) -> u64 {
        self.events.saturating_sub(self.settled as u64)
    }
}

impl Spool {
    /// A spool below `folder` for the collector of this name.
    ///
    /// # Errors
    /// When the folder cannot be made or written, or others could write it.
    pub(super) fn open(folder: &Path, collector: &str, limits: Limits) -> io::Result<Self> {
        let collector = folder.join(collector);
        private_folder().recursive(true).create(&collector)?;
        trust("spool_dir", &collector, &fs::symlink_metadata(&collector)?).map_err(io::Error::other)?;
        let own = Folder::create(&collector)?;
        if limits.fsync {
            File::open(&collector)?.sync_all()?;
        }
        Ok(Self {
            collector,
            own,
            found: Vec::new(),
            open: None,
            segments: VecDeque::new(),
            is_busy: false,
            next: 0,
            bytes: 0,
            limits,
        })
    }

    /// Takes over what others left. How many events that is.
    pub(super) fn recover(&mut self) -> u64 {
        let entries = fs::read_dir(&self.collector).into_iter().flatten().flatten();
        let is_whole = |path: &PathBuf| {
            path.file_name().and_then(|name| name.to_str()).is_some_and(|name| !name.starts_with('.'))
        };
        let is_ours =
            |path: &PathBuf| *path == self.own.path || self.found.iter().any(|folder| folder.path == *path);
        let others: Vec<_> =
            entries.map(|entry| entry.path()).filter(|path| is_whole(path) && !is_ours(path)).collect();
        let mut events = 0;
        for folder in others.into_iter().filter_map(Folder::adopt) {
            // What cannot be read now is tried again at the next look.
            let Ok(segments) = folder.segments() else { continue };
            if segments.is_empty() {
                folder.remove();
                continue;
            }
            for segment in segments {
                events += segment.events;
                self.bytes += segment.bytes;
                self.segments.push_back(segment);
            }
            self.found.push(folder);
        }
        events
    }

    /// Writes events, an event a line.
    ///
    /// # Errors
    /// With how many of them are on disk all the same, the first ones.
    pub(super) fn write(&mut self, events: &[String]) -> Result<(), (usize, io::Error)> {
        let mut done = 0;
        while let Some(rest) = events.get(done..).filter(|rest| !rest.is_empty()) {
            let room = self.limits.events.saturating_sub(self.open_events());
            let piece = rest.get(..room.max(1)).unwrap_or(rest);
            self.write_piece(piece).map_err(|error| (done, error))?;
            done += piece.len();
        }
        Ok(())
    }

    fn open_events(&self) -> usize {
        self.open.as_ref().map_or(0, |open| open.segment.events as usize)
    }

    fn write_piece(&mut self, events: &[String]) -> io::Result<()> {
        let mut text = String::with_capacity(events.iter().map(|event| event.len() + 1).sum());
        for event in events {
            text.push_str(event);
            text.push('\n');
        }
        let limits = self.limits;
        let open = match &mut self.open {
            Some(open) => open,
            None => self.open.insert(Open::create(&self.own.path, &mut self.next, limits.fsync)?),
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
    fn seal(&mut self) {
        let Some(open) = self.open.take() else { return };
        match open.segment.events {
            0 => drop(fs::remove_file(&open.segment.path)),
            _ => self.segments.push_back(open.segment),
        }
    }

    /// The oldest segment, which is not given up until it is [`Spool::settle`]d.
    pub(super) fn begin(&mut self) -> Option<Segment> {
        if self.segments.is_empty() {
            self.seal();
        }
        let segment = self.segments.front().cloned();
        self.is_busy = segment.is_some();
        segment
    }

    /// So many events of the segment that was begun are sent or given up; whether it is done with for now.
    pub(super) fn settle(&mut self, events: usize, is_done: bool) {
        if let Some(segment) = self.segments.front_mut() {
            segment.settled += events;
        }
        self.is_busy = !is_done;
    }

    /// Removes the oldest segment: all of it is settled.
    pub(super) fn remove_first(&mut self) {
        self.is_busy = false;
        self.remove(0);
    }

    /// Removes a segment; how many of its events were not settled.
    fn remove(&mut self, index: usize) -> u64 {
        let Some(segment) = self.segments.remove(index) else { return 0 };
        let _ = fs::remove_file(&segment.path);
        self.bytes = self.bytes.saturating_sub(segment.bytes);
        let segments = &self.segments;
        self.found.retain(|folder| {
            let is_used = segments.iter().any(|segment| segment.path.starts_with(&folder.path));
            if !is_used {
                folder.remove();
            }
            is_used
        });
        segment.pending()
    }

    /// Gives up the oldest segments, and of the events that are to come the oldest, as far as they have no room. How many
    /// events those were.
    pub(super) fn make_room(&mut self, fresh: &mut Vec<String>) -> u64 {
        let size = |texts: &[String]| texts.iter().map(|text| text.len() as u64 + 1).sum::<u64>();
        let mut wanted = size(fresh);
        let mut given_up = 0;
        while self.bytes + wanted > self.limits.bytes {
            let oldest = usize::from(self.is_busy);
            if self.segments.len() <= oldest {
                self.seal();
            }
            if self.segments.len() <= oldest {
                break;
            }
            given_up += self.remove(oldest);
        }
        let mut excess = 0;
        while self.bytes + wanted > self.limits.bytes
            && let Some(text) = fresh.get(excess)
        {
            wanted -= text.len() as u64 + 1;
            excess += 1;
        }
        fresh.drain(..excess);
        given_up + excess as u64
    }

    /// Events on disk.
    pub(super) fn events(&self) -> u64 {
        self.segments.iter().map(Segment::pending).sum::<u64>() + self.open_events() as u64
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Leaves what is unsent for the next run, and no folder without events.
    pub(super) fn close(mut self) {
        self.seal();
        self.own.remove();
    }
}

impl Open {
    fn create(folder: &Path, next: &mut u64, fsync: bool) -> io::Result<Self> {
        let path = folder.join(format!("{next:020}{SUFFIX}"));
        *next += 1;
        let file = private_file().create_new(true).open(&path)?;
        if fsync {
            File::open(folder)?.sync_all()?;
        }
        Ok(Self { file, segment: Segment { path, events: 0, settled: 0, bytes: 0 } })
    }
}

fn is_segment(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.ends_with(SUFFIX))
}

fn private_folder() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    builder
}

fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).append(true).mode(0o600).custom_flags(libc::O_NOFOLLOW);
    options
}
