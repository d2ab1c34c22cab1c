//! A WebSocket over the same connections as everything else: proxy, certificates, timeouts.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tungstenite::client::IntoClientRequest;
use tungstenite::handshake::HandshakeError;
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{Error, Message};
use ureq::Timeout;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, Resolver};
use ureq::unversioned::transport::time::Instant;
use ureq::unversioned::transport::{
    ConnectionDetails, Connector, DefaultConnector, NextTimeout, Transport as Socket, TransportAdapter,
};

use super::{Failure, Line, Sign, is_silence};
use crate::http::{HttpError, Transport};

/// Bytes of a message: it has the definitions of the flags that changed, before and after.
const MAX_MESSAGE_BYTES: usize = 64 << 20;

/// An open WebSocket.
pub(super) struct WebSocket {
    socket: tungstenite::WebSocket<TransportAdapter>,
}

fn failed(cause: impl std::fmt::Display) -> Failure {
    // Without what may have the URL in it, and so the key.
    Failure::Other(HttpError::new(cause.to_string().split_whitespace().collect::<Vec<_>>().join(" ")))
}

fn timeout(after: Duration) -> NextTimeout {
    NextTimeout { after: after.into(), reason: Timeout::Global, ..NextTimeout::default() }
}

impl WebSocket {
    /// Connects; `url` is one of `http` or `https`.
    pub(super) fn open(
        transport: &Transport,
        url: &str,
        limit: Duration,
        line: &Arc<Line>,
    ) -> Result<Self, Failure> {
        let uri: Uri = url.parse().map_err(failed)?;
        let mut adapter =
            TransportAdapter::new(connect(transport, &uri, limit, line)?, Arc::new(Instant::now));
        adapter.set_timeout(timeout(limit));
        // `http` becomes `ws`, and `https` `wss`.
        let address = format!("ws{}", url.strip_prefix("http").unwrap_or_default());
        let mut request = address.into_client_request().map_err(failed)?;
        for (name, value) in transport.headers() {
            let name = name.parse::<ureq::http::HeaderName>().map_err(failed)?;
            request.headers_mut().insert(name, value.parse().map_err(failed)?);
        }
        let config = WebSocketConfig::default()
            .max_message_size(Some(MAX_MESSAGE_BYTES))
            .max_frame_size(Some(MAX_MESSAGE_BYTES));
        match tungstenite::client::client_with_config(request, adapter, Some(config)) {
            Ok((socket, _)) => Ok(Self { socket }),
            Err(HandshakeError::Failure(Error::Http(response)))
                if matches!(response.status().as_u16(), 404 | 405 | 501) =>
            {
                Err(Failure::Unknown)
            }
            Err(HandshakeError::Failure(Error::Http(response))) => {
                Err(failed(format!("status {}", response.status().as_u16())))
            }
            Err(HandshakeError::Failure(error)) => Err(failed(error)),
            Err(HandshakeError::Interrupted(_)) => Err(failed("the handshake took too long")),
        }
    }

    /// Reads what comes within `patience`.
    pub(super) fn look(&mut self, patience: Duration) -> io::Result<Sign> {
        self.socket.get_mut().set_timeout(timeout(patience));
        match self.socket.read() {
            Ok(Message::Text(_) | Message::Binary(_)) => Ok(Sign::Change),
            Ok(Message::Close(_)) => {
                Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the service closed it"))
            }
            Ok(_) => {
                // Sends the answer to a ping.
                self.socket.flush().map_err(io_error)?;
                Ok(Sign::Life)
            }
            Err(Error::Io(error)) if is_silence(&error) => Ok(Sign::Silence),
            Err(error) => Err(io_error(error)),
        }
    }
}

fn io_error(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        other => io::Error::other(other.to_string()),
    }
}

/// A connection as `ureq` makes it for a request, left open for another protocol.
fn connect(
    transport: &Transport,
    uri: &Uri,
    limit: Duration,
    line: &Arc<Line>,
) -> Result<Box<dyn Socket>, Failure> {
    let config = transport.config();
    let resolver = DefaultResolver::default();
    let time = timeout(limit);
    let proxy = config.proxy().filter(|proxy| !proxy.is_no_proxy(uri));
    let addrs = match proxy {
        Some(_) => resolver.empty(),
        None => resolver.resolve(uri, config, time).map_err(HttpError::from)?,
    };
    let line = Arc::clone(line);
    let connector = DefaultConnector::new();
    let details = ConnectionDetails {
        uri,
        addrs,
        config,
        request_level: false,
        resolver: &resolver,
        now: Instant::now(),
        timeout: time,
        current_time: Arc::new(Instant::now),
        run_connector: Arc::new(|details| {
            let connected = DefaultConnector::new().connect(details, None)?;
            connected.ok_or(ureq::Error::ConnectionFailed)
        }),
        register_shutdown: Arc::new(move |handle| {
            line.keep_socket(handle);
            Ok(())
        }),
    };
    let connected = connector.connect(&details, None).map_err(HttpError::from)?;
    let connected = connected.ok_or_else(|| failed("no connection could be made"))?;
    if details.needs_tls() && !connected.is_tls() {
        return Err(failed("the connection is not encrypted"));
    }
    Ok(connected)
}
