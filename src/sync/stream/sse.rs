//! Server-sent events, as far as they are needed here: that there was one.

use std::io::{self, Read};

use ureq::BodyReader;

use super::{Failure, Sign, is_silence};
use crate::http::{Http, HttpError};

/// Bytes of one read.
const CHUNK: usize = 8 << 10;

/// An open stream.
pub(super) struct Sse {
    reader: BodyReader<'static>,
    scan: Scan,
}

impl Sse {
    pub(super) fn open(http: &Http, url: &str) -> Result<Self, Failure> {
        let response = http.stream(url)?;
        let status = response.status().as_u16();
        match status {
            200 => {}
            404 | 405 | 501 => return Err(Failure::Unknown),
            _ => return Err(HttpError::new(format!("status {status}")).into()),
        }
        let is_stream =
            response.body().mime_type().is_some_and(|mime| mime.eq_ignore_ascii_case("text/event-stream"));
        if !is_stream {
            return Err(Failure::Unknown);
        }
        Ok(Self { reader: response.into_body().into_reader(), scan: Scan::default() })
    }

    /// Reads what has come.
    pub(super) fn look(&mut self) -> io::Result<Sign> {
        let mut chunk = [0; CHUNK];
        match self.reader.read(&mut chunk) {
            Ok(0) => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the service closed it")),
            Ok(length) => {
                let read = chunk.get(..length).unwrap_or_default();
                Ok(if self.scan.is_event(read) { Sign::Change } else { Sign::Life })
            }
            Err(error) if is_silence(&error) => Ok(Sign::Silence),
            Err(error) => Err(error),
        }
    }
}

/// Looks for events without keeping them: an event is a line that begins with `data`, up to an empty line (HTML, 9.2.6).
#[derive(Debug, Default)]
struct Scan {
    /// Bytes of the line so far that agree with `data`; none once they do not.
    agreed: Option<usize>,
    is_begun: bool,
    has_data: bool,
    was_return: bool,
}

impl Scan {
    /// Whether an event ends in these bytes.
    fn is_event(&mut self, bytes: &[u8]) -> bool {
        let mut events = 0;
        for byte in bytes {
            match byte {
                b'\n' if std::mem::take(&mut self.was_return) => {}
                b'\n' | b'\r' => {
                    self.was_return = *byte == b'\r';
                    events += usize::from(self.end_line());
                }
                byte => {
                    self.was_return = false;
                    self.step(*byte);
                }
            }
        }
        events > 0
    }

    fn step(&mut self, byte: u8) {
        const FIELD: &[u8] = b"data";
        if !std::mem::replace(&mut self.is_begun, true) {
            self.agreed = Some(0);
        }
        self.agreed = match self.agreed {
            Some(count) if count == FIELD.len() => {
                self.has_data |= byte == b':';
                None
            }
            Some(count) if FIELD.get(count) == Some(&byte) => Some(count + 1),
            _ => None,
        };
    }

    /// Whether the line was the empty one that ends an event.
    fn end_line(&mut self) -> bool {
        // A line of the name alone is a field without a value.
        self.has_data |= self.agreed.take() == Some(4);
        let is_empty = !std::mem::take(&mut self.is_begun);
        is_empty && std::mem::take(&mut self.has_data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_found_however_they_are_cut() {
        let count = |text: &str, piece: usize| {
            let mut scan = Scan::default();
            text.as_bytes().chunks(piece).filter(|chunk| scan.is_event(chunk)).count()
        };
        for piece in 1..4 {
            assert_eq!(count("data: {}\n\n", piece), 1);
            assert_eq!(count("data: a\r\ndata: b\r\n\r\n", piece), 1);
            assert_eq!(count("data\n\ndata:x\r\r", piece), 2);
            assert_eq!(count(": data: x\n\nevent: data\n\ndataset: 1\n\ndata: unfinished\n", piece), 0);
            assert_eq!(count("id: 1\ndata:x\nretry: 5\n\n", piece), 1);
        }
    }
}
