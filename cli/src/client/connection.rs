//! From an address to an HTTP/1.1 connection: TCP or a unix socket, perhaps a proxy, perhaps TLS.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use coffer_net::{Attempt, DialError};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};

use super::address::{Address, Scheme};
use super::body::Outgoing;
use super::config::Config;
use super::proxy::Proxy;
use super::tls::{self, TlsFailure};

/// The most that a proxy's answer to CONNECT may hold.
const MAX_PROXY_ANSWER: usize = 16 * 1024;

pub(super) type Sender = http1::SendRequest<Outgoing>;

/// Why there is no connection.
pub(super) struct ConnectFailure {
    pub(super) reason: String,
    /// Whether another try could succeed.
    pub(super) passing: bool,
}

/// Connects to `address`.
///
/// # Errors
/// In words, with the step that failed.
pub(super) async fn open(config: &Config, address: &Address) -> Result<Sender, ConnectFailure> {
    if let Scheme::Unix(path) = &address.scheme {
        return start(dial_unix(path).await?).await;
    }
    let (host, port) = (address.bare_host(), address.port_or_default());
    let stream = match config.proxies.before(address) {
        None => dial(host, port).await?,
        Some(proxy) => {
            let stream = dial(&proxy.host, proxy.port).await?;
            if !address.is_https() {
                // The proxy reads the request's own target.
                return start(stream).await;
            }
            tunnel(stream, proxy, &format!("{}:{port}", address.host)).await?
        }
    };
    if !address.is_https() {
        return start(stream).await;
    }
    match tls::handshake(&config.tls, host, stream).await {
        Ok(stream) => start(stream).await,
        Err(TlsFailure::Broken(reason)) => Err(ConnectFailure { reason, passing: true }),
        Err(TlsFailure::Settings(reason) | TlsFailure::Untrusted(reason)) => {
            Err(ConnectFailure { reason, passing: false })
        }
    }
}

async fn start(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Result<Sender, ConnectFailure> {
    let (sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| passing(error.to_string()))?;
    // A failure on the connection reaches whoever waits for the answer.
    tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(sender)
}

async fn dial_unix(path: &Path) -> Result<UnixStream, ConnectFailure> {
    let dialled = UnixStream::connect(path).await;
    dialled.map_err(|error| passing(format!("dial unix {}: connect: {}", path.display(), io_words(&error))))
}

async fn dial(host: &str, port: u16) -> Result<TcpStream, ConnectFailure> {
    coffer_net::dial(host, port).await.map_err(|error| {
        passing(match error {
            DialError::NoAddress { .. } => format!("dial tcp: lookup {host}: no such host"),
            DialError::AllFailed(attempts) => attempts.iter().map(attempt_words).collect::<Vec<_>>().join("; "),
        })
    })
}

fn attempt_words(attempt: &Attempt) -> String {
    format!("dial tcp {}: connect: {}", attempt.address, io_words(&attempt.reason))
}

/// Asks a proxy for a way through to `target`.
async fn tunnel(mut stream: TcpStream, proxy: &Proxy, target: &str) -> Result<TcpStream, ConnectFailure> {
    let broken = |error: io::Error| passing(format!("proxyconnect tcp: {}", io_words(&error)));
    let mut head = zeroize::Zeroizing::new(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n"));
    if let Some(authorization) = &proxy.authorization {
        // Writing to a String cannot fail.
        let _ = write!(head, "Proxy-Authorization: {}\r\n", authorization.as_str());
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).await.map_err(broken)?;
    let mut answer = Vec::new();
    // A byte at a time: what follows the head belongs to TLS.
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() >= MAX_PROXY_ANSWER {
            return Err(passing("proxyconnect tcp: the proxy's answer is too long".to_owned()));
        }
        answer.push(stream.read_u8().await.map_err(broken)?);
    }
    let line = String::from_utf8_lossy(&answer);
    let status = line.lines().next().unwrap_or_default();
    match status.split(' ').nth(1) {
        Some("200") => Ok(stream),
        _ => Err(passing(status.split_once(' ').map_or("no answer from the proxy", |(_, status)| status).to_owned())),
    }
}

fn passing(reason: String) -> ConnectFailure {
    ConnectFailure { reason, passing: true }
}

/// An error of the operating system in its usual words.
pub(super) fn io_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::ConnectionReset => "connection reset by peer".to_owned(),
        io::ErrorKind::UnexpectedEof => "EOF".to_owned(),
        io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => {
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or(&text).to_lowercase()
        }
    }
}
