//! A server that misbehaves on purpose, in ways that the real relay cannot be brought to.

use std::io::{BufRead, BufReader, Write};
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
                thread::spawn(move || serve(stream, &requests, behave.as_ref(), &ended));
            }
        });
        server
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

fn serve(stream: TcpStream, requests: &Mutex<Vec<Request>>, behave: &Behave, ended: &AtomicBool) {
    let mut out = stream.try_clone().expect("a second handle");
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        let reply = behave(&request);
        requests.lock().expect("the requests").push(request);
        let head = |status: u16, more: &str, length: usize| {
            format!(
                "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{more}\r\n"
            )
        };
        let written = match reply {
            Reply::Answer(status, more, body) => {
                out.write_all(format!("{}{body}", head(status, &more, body.len())).as_bytes())
            }
            Reply::Hang => return hold(ended),
            Reply::Close => return,
            Reply::Garbage => {
                let _ = out.write_all(b"\x16\x03\x01 this is no HTTP\r\n\r\n");
                return;
            }
            Reply::Cut(status, body) => {
                let _ = out.write_all(format!("{}{body}", head(status, "", body.len() + 100)).as_bytes());
                return;
            }
            Reply::Slow(body, pause) => {
                let _ = out.write_all(head(200, "", body.len()).as_bytes());
                body.bytes().try_for_each(|byte| {
                    thread::sleep(pause);
                    out.write_all(&[byte])
                })
            }
            Reply::Stream(events) => {
                let _ = out.write_all(
                    format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n{events}").as_bytes(),
                );
                return hold(ended);
            }
        };
        if written.is_err() {
            return;
        }
    }
}

/// Keeps a connection open until the server ends.
fn hold(ended: &AtomicBool) {
    while !ended.load(Ordering::Relaxed) {
        thread::sleep(Duration::from_millis(5));
    }
}
