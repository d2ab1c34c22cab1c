//! HTTP as the library uses it: blocking, bounded in time and size, and interrupted when the client ends.

mod error;

use std::fmt;
use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use ureq::config::Config;
use ureq::http::response::Parts;
use ureq::http::{HeaderMap, Response as HttpResponse, Uri};
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, Proxy, ProxyProtocol};

pub(crate) use self::error::HttpError;
use self::error::Lost;
use crate::error::Error;
use crate::options::{Network, TlsFiles};
use crate::retry::Attempts;
use crate::worker::{Alarm, Wake};

/// How many redirects are followed in a row.
const MAX_REDIRECTS: usize = 5;

/// An answer, with the headers that anybody here reads.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) etag: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Vec<u8>,
    headers: HeaderMap,
}

impl Response {
    fn new(parts: &Parts, body: Vec<u8>) -> Self {
        let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        Self {
            status: parts.status.as_u16(),
            etag: text("etag").map(str::to_owned),
            retry_after: text("retry-after").and_then(|value| retry_after(value, SystemTime::now())),
            body,
            headers: parts.headers.clone(),
        }
    }

    /// A header, where it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// How long to wait before the request is sent again, where the server says that it may be.
    fn invitation(&self) -> Option<Duration> {
        self.retry_after.filter(|_| matches!(self.status, 413 | 429 | 503))
    }

    /// The beginning of the body, for a message.
    pub(crate) fn excerpt(&self) -> String {
        const SHOWN: usize = 200;
        let text = String::from_utf8_lossy(self.body.get(..SHOWN).unwrap_or(&self.body));
        text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
    }
}

/// What connections are made from; made once for a client, since it reads files.
#[derive(Clone)]
pub(crate) struct Transport {
    config: Config,
    headers: Arc<[(String, String)]>,
    timeout: Duration,
}

impl Transport {
    /// Reads certificates, and the environment's proxy where no option names one.
    ///
    /// # Errors
    /// When an option cannot be used.
    pub(crate) fn new(network: &Network) -> Result<Self, Error> {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("pennon/", env!("CARGO_PKG_VERSION")))
            .timeout_global(Some(network.timeout))
            .tls_config(tls(&network.tls)?)
            .proxy(proxy(network)?)
            .max_idle_connections(4)
            .build();
        Ok(Self { config, headers: network.headers.clone().into(), timeout: network.timeout })
    }

    /// Connections of one thread, which can be interrupted without others noticing.
    pub(crate) fn connect(&self) -> Http {
        self.connect_within(self.timeout)
    }

    /// The same with another bound on the time of a request.
    pub(crate) fn connect_within(&self, timeout: Duration) -> Http {
        self.connect_by(self.config.clone(), timeout)
    }

    /// Connections for reading what never ends: reads that yield nothing for `patience` fail, and may be tried again.
    pub(crate) fn connect_stream(&self, patience: Duration, connect: Duration) -> Http {
        self.connect_by(rebuilt(&self.config, patience, connect), self.timeout)
    }

    fn connect_by(&self, config: Config, timeout: Duration) -> Http {
        Http {
            agent: Agent::new_with_config(config),
            headers: Arc::clone(&self.headers),
            timeout,
            retries: 0,
            ended: Arc::default(),
        }
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn headers(&self) -> &[(String, String)] {
        &self.headers
    }
}

/// The same way to the service with other timeouts.
fn rebuilt(config: &Config, patience: Duration, connect: Duration) -> Config {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .user_agent(config.user_agent().clone())
        .timeout_resolve(Some(connect))
        .timeout_connect(Some(connect))
        .timeout_recv_response(Some(connect))
        .timeout_per_read(Some(patience))
        .tls_config(config.tls_config().clone())
        .proxy(config.proxy().cloned())
        // A stream that is compressed would be held back by who compresses it.
        .accept_encoding("identity")
        .build()
}

/// Connections of one thread.
#[derive(Clone)]
pub(crate) struct Http {
    agent: Agent,
    headers: Arc<[(String, String)]>,
    /// Of a request with all its attempts.
    timeout: Duration,
    retries: u32,
    /// Says stop when the connections are interrupted.
    ended: Arc<Alarm>,
}

/// Without headers, which may be secret.
impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transport")
    }
}

/// Without headers, which may be secret.
impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Http")
    }
}

impl Http {
    /// The same, where a request that was lost is sent again so many times.
    #[must_use]
    pub(crate) fn retrying(self, retries: u32) -> Self {
        Self { retries, ..self }
    }

    /// Posts JSON, and reads an answer of at most `limit` bytes. Sent again only where the server cannot have seen it.
    ///
    /// # Errors
    /// When there is no whole answer.
    pub(crate) fn post(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        limit: u64,
    ) -> Result<Response, HttpError> {
        self.persist(false, |attempts| {
            let (parts, answer) = self.send(url, headers, body, attempts.time())?.into_parts();
            Ok(Response::new(&parts, read(answer, limit)?))
        })
    }

    /// Gets an answer of at most `limit` bytes. Where it is another URL of the same server's, that is followed. Sent again also
    /// where the answer was lost, or the server asks for it.
    ///
    /// # Errors
    /// When there is no whole answer.
    pub(crate) fn get(&self, url: &str, headers: &[(&str, &str)], limit: u64) -> Result<Response, HttpError> {
        self.persist(true, |attempts| self.get_once(url, headers, limit, attempts))
    }

    /// Sends a request until it has an answer, as often as its attempts allow.
    fn persist(
        &self,
        is_repeatable: bool,
        send: impl Fn(&Attempts) -> Result<Response, HttpError>,
    ) -> Result<Response, HttpError> {
        let mut attempts = Attempts::new(self.retries, self.timeout);
        loop {
            let answer = send(&attempts);
            let asked = match &answer {
                Ok(response) => response.invitation().filter(|_| is_repeatable),
                Err(error) => match error.lost {
                    Lost::Unsent => Some(Duration::ZERO),
                    Lost::Unanswered => is_repeatable.then_some(Duration::ZERO),
                    Lost::ForGood => None,
                },
            };
            let again = asked.and_then(|asked| attempts.fail(asked));
            if again.is_none_or(|again| self.ended.wait(Some(again)) != Wake::Due) {
                return answer;
            }
        }
    }

    fn get_once(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        limit: u64,
        attempts: &Attempts,
    ) -> Result<Response, HttpError> {
        let mut url = Uri::try_from(url).map_err(|error| HttpError::new(error.to_string()))?;
        for _ in 0..MAX_REDIRECTS {
            let mut request = self.agent.get(&url);
            for (name, value) in merged(&self.headers, headers) {
                request = request.header(name, value);
            }
            let answer = request.config().timeout_global(Some(attempts.time())).build().call()?;
            let (parts, body) = answer.into_parts();
            let is_elsewhere = matches!(parts.status.as_u16(), 301 | 302 | 303 | 307 | 308);
            let location = parts.headers.get("location").and_then(|value| value.to_str().ok());
            match location.filter(|_| is_elsewhere) {
                Some(location) => url = beside(&url, location)?,
                None => return Ok(Response::new(&parts, read(body, limit)?)),
            }
        }
        Err(HttpError::new(format!("more than {MAX_REDIRECTS} redirects")))
    }

    /// Posts JSON where the status alone is the answer: once it is there, the service has taken the request.
    ///
    /// # Errors
    /// When there is no status.
    pub(crate) fn deliver(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Response, HttpError> {
        const LIMIT: u64 = 64 << 10;
        let (parts, body) = self.send(url, headers, body, self.timeout)?.into_parts();
        // Read to its end, so that the connection can be used again; where that fails, it is not.
        let body = read(body, LIMIT).unwrap_or_default();
        Ok(Response::new(&parts, body))
    }

    fn send(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        timeout: Duration,
    ) -> Result<HttpResponse<Body>, HttpError> {
        let mut request = self.agent.post(url).header("Content-Type", "application/json");
        for (name, value) in merged(&self.headers, headers) {
            request = request.header(name, value);
        }
        Ok(request.config().timeout_global(Some(timeout)).build().send(body)?)
    }

    /// Begins to read a stream of events.
    ///
    /// # Errors
    /// When there is no answer.
    pub(crate) fn stream(&self, url: &str) -> Result<HttpResponse<Body>, HttpError> {
        let mut request =
            self.agent.get(url).header("Accept", "text/event-stream").header("Cache-Control", "no-cache");
        for (name, value) in self.headers.iter() {
            request = request.header(name, value);
        }
        Ok(request.call()?)
    }

    /// Makes who waits for an answer give up, and every later request fail.
    pub(crate) fn interrupt(&self) {
        self.ended.stop();
        self.agent.clone().shutdown();
    }
}

/// Where a redirect leads; not to another server, which would be told the key.
fn beside(url: &Uri, location: &str) -> Result<Uri, HttpError> {
    let elsewhere = || HttpError::new(format!("a redirect to {location}, which is not followed"));
    let target = Uri::try_from(location).map_err(|_| elsewhere())?;
    match target.authority() {
        Some(authority) => {
            let is_same = Some(authority) == url.authority() && target.scheme() == url.scheme();
            if is_same { Ok(target) } else { Err(elsewhere()) }
        }
        None if location.starts_with('/') => {
            let mut parts = url.clone().into_parts();
            parts.path_and_query = target.into_parts().path_and_query;
            Uri::from_parts(parts).map_err(|_| elsewhere())
        }
        None => Err(elsewhere()),
    }
}

/// A body of at most `limit` bytes, counted as they are once they are decompressed.
fn read(body: Body, limit: u64) -> Result<Vec<u8>, HttpError> {
    let mut bytes = Vec::new();
    body.into_reader().take(limit + 1).read_to_end(&mut bytes).map_err(ureq::Error::from)?;
    if bytes.len() as u64 > limit {
        return Err(HttpError::new(format!("the answer has more than {limit} bytes")));
    }
    Ok(bytes)
}

/// Our headers and the caller's; of two with one name the caller's.
fn merged<'a>(
    theirs: &'a [(String, String)],
    ours: &'a [(&'a str, &'a str)],
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let is_theirs = |name: &str| theirs.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
    let ours = ours.iter().copied().filter(move |(name, _)| !is_theirs(name));
    ours.chain(theirs.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}

/// `Retry-After`: seconds, or a date.
fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

fn refused(name: &str, cause: impl fmt::Display) -> Error {
    Error::InvalidOption(format!("option {name} cannot be used: {cause}"))
}

/// PEM, or what is in the file that is named instead.
fn pem(name: &str, value: &str) -> Result<Vec<u8>, Error> {
    if value.trim_start().starts_with("-----BEGIN") {
        return Ok(value.as_bytes().to_vec());
    }
    std::fs::read(value).map_err(|error| refused(name, format!("{value}: {error}")))
}

fn certificates(name: &str, value: &str) -> Result<Vec<Certificate<'static>>, Error> {
    let pem = pem(name, value)?;
    let items = parse_pem(&pem).collect::<Result<Vec<_>, _>>().map_err(|error| refused(name, error))?;
    let certificate =
        |item| if let PemItem::Certificate(certificate) = item { Some(certificate) } else { None };
    let certificates: Vec<_> = items.into_iter().filter_map(certificate).collect();
    if certificates.is_empty() { Err(refused(name, "it holds no PEM certificate")) } else { Ok(certificates) }
}

fn tls(files: &TlsFiles) -> Result<TlsConfig, Error> {
    let mut roots = Vec::new();
    for (name, value) in [("ca_file", &files.ca_file), ("ca_data", &files.ca_data)] {
        if let Some(value) = value {
            roots.extend(certificates(name, value)?);
        }
    }
    for root in &roots {
        // What TLS would pass over without a word.
        let der = CertificateDer::from(root.der());
        RootCertStore::empty().add(der).map_err(|error| refused("ca_file or ca_data", error))?;
    }
    let roots = match roots.as_slice() {
        [] => RootCerts::PlatformVerifier,
        roots => RootCerts::new_with_certs(roots),
    };
    let client = match (&files.client_cert, &files.client_key) {
        (Some(chain), Some(key)) => {
            let chain = certificates("client_cert", chain)?;
            let key = PrivateKey::from_pem(&pem("client_key", key)?)
                .map_err(|error| refused("client_key", error))?;
            Some(ClientCert::new_with_certs(&chain, key))
        }
        _ => None,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = TlsConfig::builder().unversioned_rustls_crypto_provider(provider);
    Ok(config.root_certs(roots).client_cert(client).build())
}

/// The proxy of the options, else that of the environment, which is read here and never again. `NO_PROXY` holds for both.
fn proxy(network: &Network) -> Result<Option<Proxy>, Error> {
    let first =
        |names: &[&str]| names.iter().find_map(|name| std::env::var(name).ok().filter(|url| !url.is_empty()));
    let is_https = network
        .endpoint
        .as_deref()
        .or(network.collector_endpoint.as_deref())
        .is_some_and(|url| url.starts_with("https"));
    let names: &[&str] = if is_https {
        &["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
    } else {
        &["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"]
    };
    let (url, origin) = match &network.proxy {
        Some(url) => (url.clone(), "proxy"),
        None => match first(names) {
            Some(url) => (url, "proxy, from the environment,"),
            None => return Ok(None),
        },
    };
    // The URL may hold a password.
    let cause = "it is no URL of an HTTP proxy, http://[USER:PASSWORD@]HOST[:PORT]";
    let parsed = Proxy::new(&url).map_err(|_| ()).and_then(|proxy| match proxy.protocol() {
        ProxyProtocol::Http | ProxyProtocol::Https => Ok(proxy),
        _ => Err(()),
    });
    let parsed = parsed.map_err(|()| refused(origin, cause))?;
    let mut builder = Proxy::builder(parsed.protocol()).host(parsed.host()).port(parsed.port());
    if let Some(name) = parsed.username() {
        builder = builder.username(name);
    }
    if let Some(password) = parsed.password() {
        builder = builder.password(password);
    }
    for exempt in first(&["NO_PROXY", "no_proxy"]).unwrap_or_default().split(',') {
        if !exempt.trim().is_empty() {
            builder = builder.no_proxy(exempt.trim());
        }
    }
    builder.build().map(Some).map_err(|_| refused(origin, cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_in_seconds_or_until_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777 - 60);
        assert_eq!(retry_after("120", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(Duration::from_secs(60)));
        assert_eq!(retry_after("Sun, 06 Nov 1983 08:49:37 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
    }

    #[test]
    fn the_callers_headers_win() {
        let theirs = [("authorization".to_owned(), "Basic x".to_owned())];
        let all: Vec<_> = merged(&theirs, &[("Authorization", "Bearer k"), ("X-API-Key", "k")]).collect();
        assert_eq!(all, [("X-API-Key", "k"), ("authorization", "Basic x")]);
    }
}
