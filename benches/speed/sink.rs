//! A service on loopback that has flags, takes every event and keeps none.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// A running service; it ends with the benchmark.
pub struct Sink {
    port: u16,
    batches: Arc<AtomicU64>,
    bytes: Arc<AtomicU64>,
}

impl Sink {
    pub fn start(ruleset: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
        let port = listener.local_addr().expect("the port just bound").port();
        let batches = Arc::<AtomicU64>::default();
        let bytes = Arc::<AtomicU64>::default();
        let (count, ruleset) = (Arc::clone(&batches), format!("{{\"flags\":{ruleset}}}"));
        let taken = Arc::clone(&bytes);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (count, taken, ruleset) = (Arc::clone(&count), Arc::clone(&taken), ruleset.clone());
                thread::spawn(move || serve(stream, &ruleset, &count, &taken));
            }
        });
        Self { port, batches, bytes }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Requests with events so far.
    pub fn batches(&self) -> u64 {
        self.batches.load(Ordering::Relaxed)
    }

    /// Bytes of bodies so far.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Posts as a client does, so many bytes a second in so many requests, until `is_over`; nothing is made, only sent.
    pub fn load(&self, bytes: u64, requests: u64, is_over: &AtomicBool) {
        let body = vec![b' '; (bytes / requests.max(1)) as usize];
        let head = format!("POST /v1/data/collector HTTP/1.1\r\nContent-Length: {}\r\n\r\n", body.len());
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the service");
        let (start, mut sent, mut answer) = (Instant::now(), 0, [0; 1024]);
        while !is_over.load(Ordering::Relaxed) {
            if sent >= start.elapsed().as_micros() as u64 * requests / 1_000_000 {
                thread::sleep(Duration::from_micros(200));
                continue;
            }
            stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body)).expect("taken");
            assert!(stream.read(&mut answer).expect("an answer") > 0);
            sent += 1;
        }
    }
}

fn serve(stream: TcpStream, ruleset: &str, batches: &AtomicU64, bytes: &AtomicU64) {
    let mut out = stream.try_clone().expect("a second handle");
    let mut reader = BufReader::with_capacity(1 << 20, stream);
    loop {
        let (mut path, mut length, mut line) = (String::new(), 0, String::new());
        loop {
            line.clear();
            match reader.read_line(&mut line) {
                Ok(count) if count > 0 => {}
                _ => return,
            }
            if path.is_empty() {
                path = line.split_whitespace().nth(1).unwrap_or_default().to_owned();
            }
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            if line.trim().is_empty() {
                break;
            }
        }
        if std::io::copy(&mut reader.by_ref().take(length), &mut std::io::sink()).is_err() {
            return;
        }
        let body = if path.ends_with("/collector") {
            batches.fetch_add(1, Ordering::Relaxed);
            bytes.fetch_add(length, Ordering::Relaxed);
            "{}"
        } else if path.contains("/sse/") {
            let _ = out.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: hello\n\n");
            loop {
                thread::park();
            }
        } else {
            ruleset
        };
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        // In one piece: the second of two would wait for the acknowledgement of the first.
        if out.write_all(format!("{head}{body}").as_bytes()).is_err() {
            return;
        }
    }
}
