//! `listener` blocks.

mod headers;
mod proxy;
mod read;
mod tls;

use std::path::PathBuf;
use std::time::Duration;

use coffer_tls::{CipherSuites, VersionRange};

use super::address::HostPort;

pub use headers::ResponseHeaders;
pub use proxy::ProxyProtocol;
pub(crate) use read::read;

/// One place where clients are answered.
#[derive(Debug, Clone)]
pub struct Listener {
    /// Where.
    pub endpoint: Endpoint,
    /// TLS, or plain text.
    pub security: Security,
    /// Bounds on what clients may ask and how long they may take.
    pub limits: Limits,
    /// What is open without a token, or shut.
    pub access: Access,
    /// Headers added to answers.
    pub response_headers: ResponseHeaders,
    /// Whom it believes about where a connection is from.
    pub proxy_protocol: ProxyProtocol,
}

/// Where a listener binds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// A TCP socket.
    Tcp {
        /// Where clients are answered.
        address: HostPort,
        /// Where the other nodes connect.
        cluster_address: HostPort,
    },
    /// A Unix socket.
    Unix {
        /// The socket's path.
        path: PathBuf,
        /// Who may connect.
        owner: SocketOwner,
    },
}

/// Owner and mode of a Unix socket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SocketOwner {
    /// Permission bits.
    pub mode: Option<u32>,
    /// User name or id.
    pub user: Option<String>,
    /// Group name or id.
    pub group: Option<String>,
}

/// TLS, or plain text.
#[derive(Debug, Clone)]
pub enum Security {
    /// `tls_disable`, or a Unix socket without a certificate.
    Plain,
    /// TLS.
    Tls(TlsSettings),
}

/// How a listener speaks TLS.
#[derive(Debug, Clone)]
pub struct TlsSettings {
    /// The chain, own certificate first.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// Versions offered.
    pub versions: VersionRange,
    /// TLS 1.2 suites offered; all if `None`.
    pub suites: Option<CipherSuites>,
    /// CAs of client certificates; clients are asked for one if this is set.
    pub client_ca: Option<PathBuf>,
    /// How often the files are looked at for changes; `None` to wait for SIGHUP.
    pub watch_every: Option<Duration>,
}

/// Bounds on what clients may ask and how long they may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request's body; `None` for no bound.
    pub max_request_size: Option<u64>,
    /// How long a request may be worked on; `None` for the server's default.
    pub max_request_duration: Option<Duration>,
    /// How long the head of a request may take to arrive.
    pub read_header_timeout: Duration,
    /// How long a request may take to arrive whole; `None` for ever.
    pub read_timeout: Option<Duration>,
    /// How long an answer may take to be written; `None` for ever.
    pub write_timeout: Option<Duration>,
    /// How long a connection may idle.
    pub idle_timeout: Duration,
}

/// What is open without a token, or shut.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Access {
    /// `sys/metrics` answers everything without a token.
    pub unauthenticated_metrics: bool,
    /// Rekeying without a token is forbidden.
    pub rekey_needs_token: bool,
    /// Generating a root token without a token is forbidden.
    pub generate_root_needs_token: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_request_size: Some(32 << 20),
            max_request_duration: None,
            read_header_timeout: Duration::from_secs(10),
            read_timeout: Some(Duration::from_secs(30)),
            write_timeout: None,
            idle_timeout: Duration::from_secs(300),
        }
    }
}
