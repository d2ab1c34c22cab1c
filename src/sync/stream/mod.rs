//! How a client hears of changes between two polls. What a stream says is never trusted beyond "something has changed": the
//! ruleset is then fetched as at a poll, and polling goes on beside it.

mod sse;
mod websocket;

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use ureq::unversioned::transport::ShutdownHandle;

use self::sse::Sse;
use self::websocket::WebSocket;
use crate::http::{Http, HttpError, Transport};
use crate::options::ChangeStream;
use crate::retry::Backoff;
use crate::worker::Alarm;

/// How long reading waits at most before it looks whether it is time for the next poll. Whoever wants something else of the
/// thread interrupts the stream.
const MAX_PATIENCE: Duration = Duration::from_secs(10);

/// The part of the poll interval by which a poll may be late for that.
const LATE: u32 = 20;

/// After so long without a sign of life a WebSocket is given up: the relay pings every second (reference 4.5).
const MAX_SILENCE: Duration = Duration::from_secs(60);

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

/// URLs of the streams. Keys are in them.
#[derive(Clone)]
pub(crate) struct Urls {
    pub(crate) sse: String,
    pub(crate) websocket: Vec<String>,
}

/// Where streams are; asked for each connection, since keys change.
pub(crate) type FindUrls = Box<dyn Fn() -> Urls + Send>;

/// By what another thread interrupts a stream.
#[derive(Default)]
pub(crate) struct Line {
    http: Mutex<Option<Http>>,
    socket: Mutex<Option<Weak<dyn ShutdownHandle>>>,
    is_cut: AtomicBool,
}

impl Line {
    /// Ends the connection there is.
    pub(crate) fn interrupt(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
        if let Some(http) = self.http.lock().unwrap_or_else(PoisonError::into_inner).take() {
            http.interrupt();
        }
        let socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(socket) = socket.and_then(|socket| socket.upgrade()) {
            socket.shutdown();
        }
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
    ways: Vec<Way>,
    urls: FindUrls,
    transport: Transport,
    line: Arc<Line>,
    connection: Option<Connection>,
    since: Instant,
    backoff: Backoff,
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
            ways,
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
            if self.ways.is_empty() {
                return Heard::Nothing;
            }
            if Instant::now() < self.again {
                return Heard::Silence(self.again);
            }
            // What changed while nobody listened is fetched.
            return if self.connect() { Heard::Change } else { Heard::Silence(self.again) };
        }
        let mut last_life = Instant::now();
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
                Ok(Sign::Change) => return Heard::Change,
                Ok(Sign::Life) => last_life = Instant::now(),
                Ok(Sign::Silence) => {
                    let needs_life = matches!(self.connection, Some(Connection::WebSocket(_)));
                    if needs_life && last_life.elapsed() > MAX_SILENCE {
                        self.end("nothing was heard for a minute");
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
        self.pause();
        if !self.line.is_cut.load(Ordering::SeqCst) {
            (self.say)(&format!("change stream ended: {cause}"));
        }
    }

    fn pause(&mut self) {
        let was_cut = self.line.is_cut.swap(false, Ordering::SeqCst);
        // A connection that we cut ourselves is made again at once, with another key.
        let pause = if was_cut { Duration::ZERO } else { self.backoff.fail(None) };
        self.again = Instant::now() + pause;
    }

    /// Connects in the first way that the service knows; whether there is a connection.
    fn connect(&mut self) -> bool {
        self.line.is_cut.store(false, Ordering::SeqCst);
        let urls = (self.urls)();
        while let Some(way) = self.ways.first().copied() {
            match self.connect_by(way, &urls) {
                Ok(connection) => {
                    self.connection = Some(connection);
                    self.since = Instant::now();
                    return true;
                }
                Err(Failure::Unknown) if self.ways.len() > 1 => drop(self.ways.remove(0)),
                Err(Failure::Unknown) => {
                    (self.say)("the service has no change stream: changes are seen at the next poll");
                    self.ways.clear();
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
