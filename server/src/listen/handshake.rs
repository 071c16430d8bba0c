//! TLS, before HTTP.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use coffer_tls::rustls::{self, ProtocolVersion, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::TlsInfo;
use super::serve::Protocol;
use crate::config::Limits;

/// A connection that is secure.
pub(super) struct Shaken<S> {
    pub(super) stream: TlsStream<S>,
    pub(super) protocol: Protocol,
    pub(super) info: TlsInfo,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum HandshakeFailure {
    #[error("it took longer than {} s", .0.as_secs())]
    TooSlow(Duration),
    #[error("{}", coffer_tls::explain(.0))]
    Tls(rustls::Error),
    #[error("{0}")]
    Io(io::Error),
}

impl HandshakeFailure {
    /// Balancers and port scanners open connections and close them: that is no failure.
    pub(super) fn is_noise(&self) -> bool {
        matches!(self, Self::Io(_))
    }
}

pub(super) async fn shake<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    config: Arc<ServerConfig>,
    limits: Limits,
) -> Result<Shaken<S>, HandshakeFailure> {
    let patience = limits.read_header_timeout;
    let stream = match timeout(patience, TlsAcceptor::from(config).accept(stream)).await {
        Err(_) => return Err(HandshakeFailure::TooSlow(patience)),
        Ok(Err(error)) => return Err(failure(error)),
        Ok(Ok(stream)) => stream,
    };
    let (_, connection) = stream.get_ref();
    let protocol = match connection.alpn_protocol() {
        Some(b"h2") => Protocol::Http2,
        _ => Protocol::Http1,
    };
    let info = TlsInfo {
        version: connection.protocol_version().unwrap_or(ProtocolVersion::TLSv1_2),
        client_chain: connection.peer_certificates().map(<[_]>::to_vec).unwrap_or_default(),
    };
    Ok(Shaken { stream, protocol, info })
}

fn failure(error: io::Error) -> HandshakeFailure {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(tls) => HandshakeFailure::Tls(tls.clone()),
        None => HandshakeFailure::Io(error),
    }
}

const NOT_HTTPS: &[u8] = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

/// Tells a client that has forgotten the `s` of `https` in words, as Go's server does. True if that was so.
pub(super) async fn refuse_plain_http(stream: &TcpStream, limits: Limits) -> bool {
    let mut first = [0];
    let looked = timeout(limits.read_header_timeout, stream.peek(&mut first)).await;
    // A TLS record begins with its type, 22; a request with the method's capital letter.
    if !matches!(looked, Ok(Ok(1))) || !first[0].is_ascii_uppercase() {
        return false;
    }
    let _ = stream.writable().await;
    let _ = stream.try_write(NOT_HTTPS);
    // What was sent and not read would make the close a reset, and the answer be lost.
    let mut waste = [0; 4096];
    for _ in 0..16 {
        if !matches!(stream.try_read(&mut waste), Ok(read) if read > 0) {
            break;
        }
    }
    true
}
