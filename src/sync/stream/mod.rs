//! How a client hears of changes between two polls. What a stream says is never trusted beyond "something has changed": the
//! ruleset is then fetched as at a poll, and polling goes on beside it.

mod sse;
mod websocket;

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use ureq::unversioned::transport::ShutdownHandle;

use self::sse::Sse;
use self::websocket::WebSocket;
use crate::http::{Http, HttpError, Transport};
use crate::options::ChangeStream;
use crate::retry::Backoff;
use crate::service::StreamUrls as Urls;
use crate::worker::Alarm;

/// How long reading waits at most before it looks whether it is time for the next poll. Whoever wants something else of the
/// thread interrupts the stream.
const MAX_PATIENCE: Duration = Duration::from_secs(10);

/// The part of the poll interval by which a poll may be late for that.
const LATE: u32 = 20;

/// After so long without a sign of life a WebSocket is given up: the relay pings every second (reference 4.5).
const MAX_SILENCE: Duration = Duration::from_secs(60);

/// Of server-sent events the relay sends nothing but changes: a connection that is dead looks like a quiet one, so that it is
/// made anew from time to time, which asks for changes too.
const MAX_SSE_SILENCE: Duration = Duration::from_secs(600);

/// A connection that lasted so long was a good one: the next failure is the first again.
const GOOD: Duration = Duration::from_secs(10);

/// What listening came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Something has changed, or may have while nobody listened.
    Change,
    /// The time of the next poll has come, or the alarm has rung.
    Call,
    /// There is no connection, and will be none before this time.
    Silence(Instant),
    /// The service has no stream.
    Nothing,
}

/// What one look at a connection came to.
enum Sign {
    Change,
    /// The service is there, and has nothing to say.
    Life,
    Silence,
}

/// Where streams are; asked for each connection, since keys change. None while that is not known.
pub(crate) type FindUrls = Box<dyn Fn() -> Option<Urls> + Send>;

/// By what another thread interrupts a stream.
#[derive(Default)]
pub(crate) struct Line {
    http: Mutex<Option<Http>>,
    socket: Mutex<Option<Weak<dyn ShutdownHandle>>>,
    /// How often it was interrupted.
    cuts: AtomicU32,
}

impl Line {
    /// Ends the connection there is.
    pub(crate) fn interrupt(&self) {
        self.cuts.fetch_add(1, Ordering::SeqCst);
        if let Some(http) = self.http.lock().unwrap_or_else(PoisonError::into_inner).take() {
            http.interrupt();
        }
        let socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(socket) = socket.and_then(|socket| socket.upgrade()) {
            socket.shutdown();
        }
    }

    fn cuts(&self) -> u32 {
        self.cuts.load(Ordering::SeqCst)
    }

    fn keep(&self, http: &Http) {
        *self.http.lock().unwrap_or_else(PoisonError::into_inner) = Some(http.clone());
    }

    fn keep_socket(&self, socket: Weak<dyn ShutdownHandle>) {
        *self.socket.lock().unwrap_or_else(PoisonError::into_inner) = Some(socket);
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Line")
    }
}

enum Connection {
    Sse(Sse),
    WebSocket(Box<WebSocket>),
}

/// A way to hear of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Sse,
    WebSocket,
}

/// Why there is no connection.
#[derive(Debug)]
enum Failure {
    /// The service does not know this URL.
    Unknown,
    Other(HttpError),
}

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Self {
        Self::Other(error)
    }
}

/// A stream that is connected again when it ends.
pub(crate) struct Stream {
    /// What the option allows.
    all: Vec<Way>,
    /// Those that the service knows, as far as is known.
    ways: Vec<Way>,
    urls: FindUrls,
    transport: Transport,
    line: Arc<Line>,
    connection: Option<Connection>,
    since: Instant,
    /// When the service was heard of last.
    heard: Instant,
    /// How often the line had been interrupted when the connection was begun.
    cuts: u32,
    /// When ways that the service did not know are tried again.
    ways_again: Option<Instant>,
    backoff: Backoff,
    reconnect: Duration,
    again: Instant,
    timeout: Duration,
    patience: Duration,
    say: Box<dyn Fn(&str) + Send>,
}

impl Stream {
    /// A stream as the option `change_stream` wants it; none where it is off.
    pub(crate) fn new(
        change_stream: ChangeStream,
        urls: FindUrls,
        transport: Transport,
        line: Arc<Line>,
        times: Times,
        say: Box<dyn Fn(&str) + Send>,
    ) -> Option<Self> {
        let ways = match change_stream {
            ChangeStream::Auto => vec![Way::Sse, Way::WebSocket],
            ChangeStream::Sse => vec![Way::Sse],
            ChangeStream::WebSocket => vec![Way::WebSocket],
            ChangeStream::Off => return None,
        };
        let now = Instant::now();
        let patience = match times.poll {
            poll if poll.is_zero() => MAX_PATIENCE,
            poll => (poll / LATE).clamp(Duration::from_millis(10), MAX_PATIENCE),
        };
        Some(Self {
            all: ways.clone(),
            ways,
            heard: now,
            cuts: 0,
            ways_again: None,
            reconnect: times.reconnect,
            urls,
            transport,
            line,
            connection: None,
            since: now,
            backoff: Backoff::new(times.reconnect),
            again: now,
            timeout: times.timeout,
            patience,
            say,
        })
    }

    /// Listens until something happens, the alarm rings, or it is time for the next poll.
    pub(crate) fn listen(&mut self, alarm: &Alarm, next: Option<Instant>) -> Heard {
        if self.connection.is_none() {
            if self.ways_again.is_some_and(|time| time <= Instant::now()) {
                // What stands before the service may have answered for it.
                self.ways_again = None;
                self.ways.clone_from(&self.all);
            }
            if self.ways.is_empty() {
                return self.ways_again.map_or(Heard::Nothing, Heard::Silence);
            }
            if Instant::now() < self.again {
                return Heard::Silence(self.again);
            }
            // What changed while nobody listened is fetched.
            return if self.connect() { Heard::Change } else { Heard::Silence(self.again) };
        }
        loop {
            if alarm.is_calling() || next.is_some_and(|next| Instant::now() >= next) {
                return Heard::Call;
            }
            let sign = match &mut self.connection {
                Some(Connection::Sse(sse)) => sse.look(),
                Some(Connection::WebSocket(socket)) => socket.look(self.patience),
                None => return Heard::Silence(self.again),
            };
            match sign {
                Ok(Sign::Change) => {
                    self.heard = Instant::now();
                    return Heard::Change;
                }
                Ok(Sign::Life) => self.heard = Instant::now(),
                Ok(Sign::Silence) => {
                    let most = match &self.connection {
                        Some(Connection::WebSocket(_)) => MAX_SILENCE,
                        _ => MAX_SSE_SILENCE,
                    };
                    if self.heard.elapsed() > most {
                        self.end("nothing has been heard for too long");
                    }
                }
                Err(cause) => self.end(&cause.to_string()),
            }
        }
    }

    /// The connection is over; the next is made after a pause.
    fn end(&mut self, cause: &str) {
        self.connection = None;
        if self.since.elapsed() >= GOOD {
            self.backoff.succeed();
        }
        if !self.pause() {
            (self.say)(&format!("change stream ended: {cause}"));
        }
    }

    /// Sets when the next connection is made; whether we cut the last one ourselves. Then it is made at once, by another key.
    fn pause(&mut self) -> bool {
        let was_cut = self.line.cuts() != self.cuts;
        let pause = if was_cut { Duration::ZERO } else { self.backoff.fail(None) };
        self.again = Instant::now() + pause;
        was_cut
    }

    /// Connects in the first way that the service knows; whether there is a connection.
    fn connect(&mut self) -> bool {
        self.cuts = self.line.cuts();
        let Some(urls) = (self.urls)() else {
            self.pause();
            return false;
        };
        while let Some(way) = self.ways.first().copied() {
            match self.connect_by(way, &urls) {
                // One that was interrupted while it was made has the key of before.
                Ok(_) if self.line.cuts() != self.cuts => break,
                Ok(connection) => {
                    self.connection = Some(connection);
                    (self.since, self.heard) = (Instant::now(), Instant::now());
                    return true;
                }
                Err(Failure::Unknown) => {
                    self.ways.remove(0);
                    self.ways_again = Instant::now().checked_add(self.reconnect);
                    if self.ways.is_empty() {
                        (self.say)("the service has no change stream: changes are seen at the next poll");
                        return false;
                    }
                }
                Err(Failure::Other(cause)) => {
                    (self.say)(&format!("change stream cannot be opened: {cause}"));
                    break;
                }
            }
        }
        self.pause();
        false
    }

    fn connect_by(&self, way: Way, urls: &Urls) -> Result<Connection, Failure> {
        match way {
            Way::Sse => {
                let http = self.transport.connect_stream(self.patience, self.timeout);
                self.line.keep(&http);
                Sse::open(&http, &urls.sse).map(Connection::Sse)
            }
            Way::WebSocket => {
                let mut last = Failure::Unknown;
                for url in &urls.websocket {
                    match WebSocket::open(&self.transport, url, self.timeout, &self.line) {
                        Ok(socket) => return Ok(Connection::WebSocket(Box::new(socket))),
                        Err(failure) => last = failure,
                    }
                    if matches!(last, Failure::Other(_)) {
                        break;
                    }
                }
                Err(last)
            }
        }
    }
}

/// The times that a stream keeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) poll: Duration,
    /// The longest pause before a connection is made again.
    pub(crate) reconnect: Duration,
    /// How long connecting may take.
    pub(crate) timeout: Duration,
}

/// Whether a read ended because nothing came for a while.
fn is_silence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock)
}
