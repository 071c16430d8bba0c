//! What is known of a connection before its first request.

use std::fmt;
use std::net::SocketAddr;

use coffer_tls::rustls::ProtocolVersion;
use coffer_tls::rustls::pki_types::CertificateDer;

use crate::config::{Access, Endpoint, Limits, Listener, ProxyProtocol, ResponseHeaders, Security};

/// A connection that a client has opened.
#[derive(Debug, Clone)]
pub struct ConnectionInfo {
    /// Who is at the other end.
    pub peer: Peer,
    /// The listener that took it.
    pub listener: std::sync::Arc<ListenerInfo>,
    /// Set if it is TLS.
    pub tls: Option<TlsInfo>,
}

/// Who is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// By TCP.
    Tcp(SocketAddr),
    /// By a Unix socket.
    Unix,
}

/// What the handshake told.
#[derive(Debug, Clone)]
pub struct TlsInfo {
    /// The version agreed on.
    pub version: ProtocolVersion,
    /// The chain that the client has shown, own certificate first; it was verified against the listener's client CA.
    pub client_chain: Vec<CertificateDer<'static>>,
}

/// A listener's settings that concern how requests are answered.
#[derive(Debug, Clone)]
pub struct ListenerInfo {
    /// The address as it is bound, or the socket's path.
    pub address: String,
    /// Whether it speaks TLS.
    pub tls: bool,
    /// Bounds on requests.
    pub limits: Limits,
    /// What is open without a token, or shut.
    pub access: Access,
    /// Headers that every answer gets.
    pub response_headers: ResponseHeaders,
    /// Whom it believes about where a connection is from.
    pub proxy_protocol: ProxyProtocol,
}

impl ListenerInfo {
    pub(super) fn new(listener: &Listener, bound: Option<SocketAddr>) -> Self {
        let address = match (&listener.endpoint, bound) {
            (_, Some(bound)) => bound.to_string(),
            (Endpoint::Tcp { address, .. }, None) => address.to_string(),
            (Endpoint::Unix { path, .. }, None) => path.display().to_string(),
        };
        Self {
            address,
            tls: matches!(listener.security, Security::Tls(_)),
            limits: listener.limits,
            access: listener.access,
            response_headers: listener.response_headers.clone(),
            proxy_protocol: listener.proxy_protocol.clone(),
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix => f.write_str("unix socket"),
        }
    }
}
