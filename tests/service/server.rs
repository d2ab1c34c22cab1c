//! A server that misbehaves on purpose, in ways that the real relay cannot be brought to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// What the server does.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Answers: status, more headers (each with its line break), body.
    Answer(u16, String, String),
    /// Answers nothing, and keeps the connection.
    Hang,
    /// Closes the connection.
    Close,
    /// Sends what is no HTTP.
    Garbage,
    /// Says that a body comes, and closes before its end.
    Cut(u16, String),
    /// Sends a body byte by byte, with this pause between.
    Slow(String, Duration),
    /// Sends these bytes as a stream of events, and keeps the connection.
    Stream(String),
    /// Sends a body that is compressed.
    Gzip(String),
}

pub fn answer(status: u16, body: &str) -> Reply {
    Reply::Answer(status, String::new(), body.to_owned())
}

type Behave = dyn Fn(&Request) -> Reply + Send + Sync;

/// A running server.
pub struct Server {
    port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
    ended: Arc<AtomicBool>,
}

impl Server {
    pub fn start(behave: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::over(behave, Some)
    }

    /// A server whose connections are what `accept` makes of sockets.
    pub fn over<S: Read + Write>(
        behave: impl Fn(&Request) -> Reply + Send + Sync + 'static,
        accept: impl Fn(TcpStream) -> Option<S> + Clone + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("binding a loopback port");
        let port = listener.local_addr().expect("the port just bound").port();
        let (requests, ended) = (Arc::<Mutex<Vec<Request>>>::default(), Arc::<AtomicBool>::default());
        let server = Self { port, requests: Arc::clone(&requests), ended: Arc::clone(&ended) };
        let behave: Arc<Behave> = Arc::new(behave);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                let (requests, behave, ended) =
                    (Arc::clone(&requests), Arc::clone(&behave), Arc::clone(&ended));
                let accept = accept.clone();
                thread::spawn(move || {
                    if let Some(stream) = accept(stream) {
                        serve(stream, &requests, behave.as_ref(), &ended);
                    }
                });
            }
        });
        server
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("the requests").clone()
    }

    /// Requests whose path holds this text.
    pub fn requests_to(&self, path: &str) -> Vec<Request> {
        self.requests().into_iter().filter(|request| request.path.contains(path)).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        // Wakes the listener.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn read(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let path = line.split_whitespace().nth(1)?.to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let mut request = Request { path, headers, body: String::new() };
    let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    request.body = String::from_utf8(body).ok()?;
    Some(request)
}

fn serve(stream: impl Read + Write, requests: &Mutex<Vec<Request>>, behave: &Behave, ended: &AtomicBool) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        let reply = behave(&request);
        requests.lock().expect("the requests").push(request);
        match send(reader.get_mut(), reply) {
            Some(true) => {}
            Some(false) => return,
            None => return hold(ended),
        }
    }
}

/// Replies; whether the connection goes on. None where it stays open and silent.
fn send(out: &mut impl Write, reply: Reply) -> Option<bool> {
    let head = |status: u16, more: &str, length: usize| {
        format!(
            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{more}\r\n"
        )
    };
    // In one piece: the second of two would wait for the acknowledgement of the first.
    let mut whole = |text: &[u8]| out.write_all(text).and_then(|()| out.flush()).is_ok();
    match reply {
        Reply::Answer(status, more, body) => {
            Some(whole(format!("{}{body}", head(status, &more, body.len())).as_bytes()))
        }
        Reply::Gzip(body) => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(body.as_bytes()).expect("compressing");
            let body = encoder.finish().expect("compressing");
            let head = head(200, "Content-Encoding: gzip\r\n", body.len());
            Some(whole(&[head.as_bytes(), &body].concat()))
        }
        Reply::Hang => None,
        Reply::Close => Some(false),
        Reply::Garbage => {
            whole(b"\x16\x03\x01 this is no HTTP\r\n\r\n");
            Some(false)
        }
        Reply::Cut(status, body) => {
            whole(format!("{}{body}", head(status, "", body.len() + 100)).as_bytes());
            Some(false)
        }
        Reply::Slow(body, pause) => {
            let begun = whole(head(200, "", body.len()).as_bytes());
            Some(
                begun
                    && body.bytes().all(|byte| {
                        thread::sleep(pause);
                        whole(&[byte])
                    }),
            )
        }
        Reply::Stream(events) => {
            whole(format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n{events}").as_bytes());
            None
        }
    }
}

/// Keeps a connection open until the server ends.
fn hold(ended: &AtomicBool) {
    while !ended.load(Ordering::Relaxed) {
        thread::sleep(Duration::from_millis(5));
    }
}
