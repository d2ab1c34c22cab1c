//! A service on loopback that has flags, takes every event and keeps none.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// A running service; it ends with the benchmark.
pub struct Sink {
    port: u16,
    batches: Arc<AtomicU64>,
}

impl Sink {
    pub fn start(ruleset: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
        let port = listener.local_addr().expect("the port just bound").port();
        let batches = Arc::<AtomicU64>::default();
        let (count, ruleset) = (Arc::clone(&batches), format!("{{\"flags\":{ruleset}}}"));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (count, ruleset) = (Arc::clone(&count), ruleset.clone());
                thread::spawn(move || serve(stream, &ruleset, &count));
            }
        });
        Self { port, batches }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Requests with events so far.
    pub fn batches(&self) -> u64 {
        self.batches.load(Ordering::Relaxed)
    }
}

fn serve(stream: TcpStream, ruleset: &str, batches: &AtomicU64) {
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
