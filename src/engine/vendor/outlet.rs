//! What a module writes to its standard output and error: kept during a call, and passed on to the log after it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::log::{Log, LogLevel};

/// Bytes that are kept of one call's output. A line of the module's log has some hundred.
const MAX_KEPT: usize = 8 << 10;

/// Bytes of a line in the log; the rest of it is cut.
const MAX_LINE: usize = 1 << 10;

/// How many lines pass in a period. A module writes one for every broken query at every evaluation.
const LINES_PER_PERIOD: u64 = 10;
const PERIOD: Duration = Duration::from_secs(1);

/// The file descriptors that a module may write to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    Output,
    Error,
}

/// What a module wrote during a call.
#[derive(Debug, Default)]
pub(super) struct Transcript {
    pieces: Vec<(Stream, Vec<u8>)>,
    kept: usize,
}

impl Transcript {
    /// Keeps what there is room for.
    pub(super) fn write(&mut self, stream: Stream, bytes: &[u8]) {
        let kept = bytes.get(..bytes.len().min(MAX_KEPT - self.kept)).unwrap_or_default();
        if kept.is_empty() {
            return;
        }
        self.kept += kept.len();
        match self.pieces.last_mut().filter(|(last, _)| *last == stream) {
            Some((_, text)) => text.extend_from_slice(kept),
            None => self.pieces.push((stream, kept.to_vec())),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    fn lines(&self) -> impl Iterator<Item = (Stream, String)> {
        self.pieces.iter().flat_map(|(stream, bytes)| {
            let lines = bytes.split(|byte| matches!(byte, b'\n' | b'\r'));
            let lines = lines.map(|line| printable(line.get(..MAX_LINE).unwrap_or(line)));
            lines.filter(|line| !line.trim().is_empty()).map(|line| (*stream, line))
        })
    }

    /// The last line that says why the module gave up, as Go's runtime writes it to standard output.
    pub(super) fn panic(&self) -> Option<String> {
        let lines = self.lines().map(|(_, line)| line).filter(|line| line.starts_with("panic: "));
        lines.last()
    }
}

/// Text that does no harm to a terminal or a log.
fn printable(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// Passes on what instances of one client wrote, as much as a log can bear.
#[derive(Debug)]
pub(super) struct Outlet {
    log: Option<Arc<dyn Log>>,
    since: Instant,
    /// The period in which `passed` counts, in periods since `since`.
    period: AtomicU64,
    passed: AtomicU64,
    /// Lines that were kept back and have not been spoken of.
    suppressed: AtomicU64,
}

impl Outlet {
    pub(super) fn new(log: Option<Arc<dyn Log>>) -> Self {
        let since = Instant::now();
        let (period, passed, suppressed) = Default::default();
        Self { log, since, period, passed, suppressed }
    }

    /// Says something of ours.
    pub(super) fn say(&self, level: LogLevel, message: &str) {
        if let Some(log) = &self.log {
            log.log(level, message);
        }
    }

    /// Passes on what a call wrote. On the caller's stack, never on the module's: a log is the caller's code.
    pub(super) fn pass_on(&self, transcript: &mut Transcript) {
        if transcript.is_empty() {
            return;
        }
        let transcript = std::mem::take(transcript);
        let Some(log) = &self.log else { return };
        for (stream, line) in transcript.lines() {
            let Some(suppressed) = self.admit() else { continue };
            let (level, name) = match stream {
                Stream::Output => (LogLevel::Info, "stdout"),
                Stream::Error => (LogLevel::Warn, "stderr"),
            };
            let more = match suppressed {
                0 => String::new(),
                count => format!(" ({count} lines before this one were left out)"),
            };
            log.log(level, &format!("module {name}: {line}{more}"));
        }
    }

    /// Whether a line may pass now: how many were kept back since the last one.
    fn admit(&self) -> Option<u64> {
        let period = (self.since.elapsed().as_millis() / PERIOD.as_millis()) as u64;
        // Two threads at the turn of a period may let some lines more pass.
        if self.period.swap(period, Ordering::Relaxed) != period {
            self.passed.store(0, Ordering::Relaxed);
        }
        if self.passed.fetch_add(1, Ordering::Relaxed) < LINES_PER_PERIOD {
            return Some(self.suppressed.swap(0, Ordering::Relaxed));
        }
        self.suppressed.fetch_add(1, Ordering::Relaxed);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transcript_is_bounded_and_printable() {
        let mut transcript = Transcript::default();
        transcript.write(Stream::Error, b"a\x1b[31m\xff\nb");
        transcript.write(Stream::Error, b"c\n");
        transcript.write(Stream::Output, b"panic: nil map\n\n");
        let lines: Vec<_> = transcript.lines().map(|(_, line)| line).collect();
        assert_eq!(lines, ["a [31m\u{fffd}", "bc", "panic: nil map"]);
        assert_eq!(transcript.panic().as_deref(), Some("panic: nil map"));
        (0..100).for_each(|_| transcript.write(Stream::Output, &[b'x'; 1000]));
        assert_eq!(transcript.kept, MAX_KEPT);
    }

    #[test]
    fn an_outlet_keeps_back_what_is_too_much() {
        let outlet = Outlet::new(None);
        let admitted = (0..100).filter(|_| outlet.admit().is_some()).count() as u64;
        assert!((LINES_PER_PERIOD..=2 * LINES_PER_PERIOD).contains(&admitted), "{admitted}");
        assert_eq!(outlet.suppressed.load(Ordering::Relaxed), 100 - admitted);
    }
}
