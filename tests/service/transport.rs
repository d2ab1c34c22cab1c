//! The way to the service: certificates, proxies, compression.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use pennon::{Client, Context, Error, Options, Service, State};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use crate::heard::Heard;
use crate::relay::Relay;
use crate::server::{Reply, Request, Server, answer};
use crate::support::{Scratch, eventually, user};
use crate::{flag, flags};

static EMPTY: Context = Context::new();

/// A private authority.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: rcgen::Certificate,
}

/// A certificate and its key, as PEM.
struct Identity {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Authority {
    fn new() -> Self {
        let mut parameters = CertificateParams::new(Vec::new()).expect("parameters");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let certificate = parameters.self_signed(&key).expect("a certificate");
        Self { issuer: Issuer::new(parameters, key), certificate }
    }

    fn pem(&self) -> String {
        self.certificate.pem()
    }

    fn identity(&self) -> Identity {
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let key = KeyPair::generate().expect("a key");
        let certificate = CertificateParams::new(names).expect("parameters").signed_by(&key, &self.issuer);
        Identity { certificate: certificate.expect("a certificate"), key }
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.der().clone()).expect("a root");
        roots
    }
}

/// What a relay would answer, with a change stream.
fn behave(request: &Request) -> Reply {
    match request.path.as_str() {
        path if path.contains("/sse/") => Reply::Stream("data: {}\n\n".into()),
        path if path.contains("/collector") => answer(200, "{}"),
        _ => answer(200, &format!("{{\"flags\":{}}}", flags([("a", flag("on"))]))),
    }
}

/// A service with a certificate of `authority`, which wants one of its clients too where it `asks`.
fn start(authority: &Authority, asks: bool) -> Server {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let builder = builder.expect("the versions of TLS");
    let builder = if asks {
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(authority.roots()), provider);
        builder.with_client_cert_verifier(verifier.build().expect("a verifier"))
    } else {
        builder.with_no_client_auth()
    };
    let Identity { certificate, key } = authority.identity();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = builder.with_single_cert(vec![certificate.der().clone()], key).expect("a configuration");
    let config = Arc::new(config);
    Server::over(behave, move |socket| {
        let connection = ServerConnection::new(Arc::clone(&config)).ok()?;
        Some(StreamOwned::new(connection, socket))
    })
}

fn options(url: &str, given: &[(&str, &str)]) -> Options {
    let mut options = Options::new(Service::Goff).endpoint(url).expect("an endpoint");
    let usual = [("poll_interval_ms", "100"), ("flush_interval_ms", "20"), ("change_stream", "off")];
    for (name, value) in usual.iter().chain(given) {
        options.set_named(name, value).expect("an option");
    }
    options
}

fn tls_url(server: &Server) -> String {
    format!("https://127.0.0.1:{}", server.port())
}

#[test]
fn a_private_authority_is_trusted_where_it_is_named_and_no_other() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = start(&authority, false);
    let folder = Scratch::new();
    let file = folder.file("ca.pem", authority.pem());
    let (pem, path) = (authority.pem(), file.to_str().expect("a path").to_owned());
    for given in [("ca_data", pem.as_str()), ("ca_file", &path), ("ca_file", &pem)] {
        let client =
            Client::new(options(&tls_url(&server), &[given, ("change_stream", "sse")])).expect("a client");
        assert!(client.wait_ready(Duration::from_secs(10)), "{}", client.stats().last_error);
        assert!(client.get_bool("a", &user("ann"), false));
        assert_eq!(client.flush(Duration::from_secs(10)), 0);
        eventually("the stream is heard", || !server.requests_to("/sse/").is_empty());
    }
    assert!(!server.requests_to("/collector").is_empty());
    for given in [&[][..], &[("ca_data", other.pem().as_str())]] {
        let heard = Heard::default();
        let client =
            Client::new(options(&tls_url(&server), given).listener(heard.listener())).expect("a client");
        heard.states_become(&[State::Error]);
        let error = client.stats().last_error;
        assert!(error.to_lowercase().contains("certificate"), "{error}");
        assert!(!client.get_bool("a", &EMPTY, false));
    }
}

#[test]
fn a_client_shows_its_certificate() {
    let authority = Authority::new();
    let server = start(&authority, true);
    let Identity { certificate, key } = authority.identity();
    let (ca, certificate, key) = (authority.pem(), certificate.pem(), key.serialize_pem());
    let client = Client::new(options(&tls_url(&server), &[("ca_data", &ca)])).expect("a client");
    assert!(!client.wait_ready(Duration::from_millis(500)));
    let given = [("ca_data", ca.as_str()), ("client_cert", &certificate), ("client_key", &key)];
    let client = Client::new(options(&tls_url(&server), &given)).expect("a client");
    assert!(client.wait_ready(Duration::from_secs(10)), "{}", client.stats().last_error);
}

#[test]
fn certificates_that_cannot_be_used_are_said_at_create() {
    for (given, word) in [
        (&[("ca_data", "-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n")][..], "ca_data"),
        (&[("ca_file", "/nowhere/ca.pem")], "/nowhere/ca.pem"),
        (&[("ca_data", "-----BEGIN NOTHING-----")], "ca_data"),
        (&[("client_cert", "/nowhere/cert.pem")], "client_key"),
        (&[("proxy", "socks5://h:1")], "proxy"),
        (&[("proxy", "http://user:secret@")], "proxy"),
    ] {
        match Client::new(options("https://127.0.0.1:9", given)) {
            Err(Error::InvalidOption(message)) => {
                assert!(message.contains(word) && !message.contains("secret"), "{message}");
            }
            other => panic!("{given:?}: {other:?}"),
        }
    }
}

#[test]
fn a_compressed_ruleset_is_read() {
    let many = (0..500).map(|number| format!("\"f{number}\":{}", flag("on"))).collect::<Vec<_>>().join(",");
    let document = format!("{{\"flags\":{{{many}}}}}");
    let server = Server::start(move |_| Reply::Gzip(document.clone()));
    let client = Client::new(options(&server.url(), &[])).expect("a client");
    assert!(client.wait_ready(Duration::from_secs(10)), "{}", client.stats().last_error);
    assert!(client.get_bool("f499", &EMPTY, false) && client.stats().flags == 500);
}

/// What a proxy was asked for: to where, and with which credentials.
type Asked = Vec<(String, Option<String>)>;

/// A proxy that connects.
struct Proxy {
    port: u16,
    asked: Arc<Mutex<Asked>>,
}

impl Proxy {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("binding a loopback port");
        let port = listener.local_addr().expect("the port just bound").port();
        let asked = Arc::<Mutex<Asked>>::default();
        let seen = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let seen = Arc::clone(&seen);
                thread::spawn(move || tunnel(stream, &seen));
            }
        });
        Self { port, asked }
    }

    fn asked(&self) -> Asked {
        self.asked.lock().expect("the questions").clone()
    }
}

fn tunnel(mut client: TcpStream, asked: &Mutex<Asked>) -> Option<()> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let (mut target, mut credentials, mut line) = (String::new(), None, String::new());
    while reader.read_line(&mut line).ok()? > 2 {
        if let Some(rest) = line.strip_prefix("CONNECT ") {
            rest.split(' ').next()?.clone_into(&mut target);
        } else if let Some(rest) = line.strip_prefix("Proxy-Authorization: ") {
            credentials = Some(rest.trim().to_owned());
        }
        line.clear();
    }
    asked.lock().expect("the questions").push((target.clone(), credentials));
    let mut server = TcpStream::connect(&target).ok()?;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").ok()?;
    let (mut from, mut to) = (client.try_clone().ok()?, server.try_clone().ok()?);
    thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
    let _ = std::io::copy(&mut server, &mut client);
    let _ = client.shutdown(Shutdown::Both);
    Some(())
}

#[test]
fn everything_goes_through_the_proxy() {
    let relay = Relay::start(&flags([("a", flag("on"))]));
    let target = relay.url().trim_start_matches("http://").to_owned();
    let proxy = Proxy::start();
    for stream in ["sse", "websocket"] {
        let before = proxy.asked().len();
        let url = format!("http://ann:p%40ss@127.0.0.1:{}", proxy.port);
        let mut options = relay.options();
        for (name, value) in
            [("proxy", url.as_str()), ("change_stream", stream), ("poll_interval_ms", "3600000")]
        {
            options.set_named(name, value).expect("an option");
        }
        let client = Client::new(options).expect("a client");
        assert!(client.wait_ready(Duration::from_secs(10)), "{}", client.stats().last_error);
        eventually("the stream is open", || client.stats().unchanged > 0);
        client.get_bool("a", &user("ann"), false);
        assert_eq!(client.flush(Duration::from_secs(10)), 0);
        let asked = proxy.asked();
        // Rulesets, the stream, and events: each has a connection of its own.
        assert!(asked.len() >= before + 3, "{asked:?}");
        let basic = Some("Basic YW5uOnBAc3M=".to_owned());
        assert!(
            asked.iter().all(|(host, credentials)| *host == target && *credentials == basic),
            "{asked:?}"
        );
    }
}

#[test]
fn the_environments_proxy_is_used_but_for_its_exceptions() {
    let relay = Relay::start(&flags([("a", flag("on"))]));
    let proxy = Proxy::start();
    let url = format!("http://127.0.0.1:{}", proxy.port);
    let eval = |environment: &[(&str, &str)]| {
        let output = Command::new(env!("CARGO_BIN_EXE_pennon"))
            .args(["eval", "--service", "goff", "--endpoint", &relay.url(), "--flag", "a"])
            .env_clear()
            .envs(environment.iter().copied())
            .output()
            .expect("running pennon");
        (output.status.code(), proxy.asked().len())
    };
    assert_eq!(eval(&[]), (Some(0), 0));
    assert_eq!(eval(&[("http_proxy", &url)]), (Some(0), 1));
    assert_eq!(eval(&[("ALL_PROXY", &url)]), (Some(0), 2));
    assert_eq!(eval(&[("https_proxy", &url)]), (Some(0), 2), "for another scheme");
    assert_eq!(eval(&[("http_proxy", &url), ("NO_PROXY", "example.com, 127.0.0.1")]), (Some(0), 2));
    assert_eq!(eval(&[("http_proxy", "nonsense://")]), (Some(3), 2), "an unusable proxy is no silent detour");
}

#[test]
fn what_is_secret_is_in_no_debug_output() {
    let given = [("headers", r#"{"X-Token":"hush-1"}"#), ("proxy", "http://u:hush-2@127.0.0.1:9")];
    let client = Client::new(options("http://127.0.0.1:9", &given).api_key("hush-3")).expect("a client");
    client.set_api_key(Some("hush-4".into()));
    let shown = format!("{client:?} {:?}", options("http://127.0.0.1:9", &given).api_key("hush-5"));
    assert!(!shown.contains("hush"), "{shown}");
    assert!(shown.contains("http://127.0.0.1:9"));
}

#[test]
fn what_grows_beyond_all_bounds_when_it_is_decompressed_is_refused() {
    // Some hundred kilobytes that become more than a ruleset may have.
    let huge = format!("{{\"flags\":{{}}{}}}", " ".repeat(257 << 20));
    let server = Server::start(move |_| Reply::Gzip(huge.clone()));
    let heard = Heard::default();
    let client = Client::new(options(&server.url(), &[]).listener(heard.listener())).expect("a client");
    heard.states_become(&[State::Error]);
    assert!(client.stats().last_error.contains("more than 268435456 bytes"), "{}", client.stats().last_error);
}
