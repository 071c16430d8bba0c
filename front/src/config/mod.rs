//! What the front proxy is told.

mod address;
mod circle;
mod problem;
mod read;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

pub use address::{BadAddress, HostPort};
pub use problem::ConfigError;
pub use read::read;

/// The whole configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where clients connect; never empty.
    pub frontends: Vec<Frontend>,
    /// Where they are sent; every frontend's is among them.
    pub backends: Vec<Backend>,
    /// The status page, if there is one.
    pub status: Option<Status>,
    /// How long connections may finish when the process is asked to end.
    pub shutdown_timeout: Duration,
}

/// An address that clients connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frontend {
    /// Its name in logs and metrics.
    pub name: String,
    /// Where it listens.
    pub bind: HostPort,
    /// The backend's name.
    pub backend: String,
    /// Connections at once; more wait in the system's queue.
    pub max_connections: usize,
    /// A connection on which no byte moves for this long is closed; `None`: never.
    pub idle_timeout: Option<Duration>,
}

/// Servers that can take each other's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backend {
    /// Its name.
    pub name: String,
    /// Which of them a connection goes to.
    pub balance: Balance,
    /// The servers, in their order; never empty.
    pub servers: Vec<Server>,
    /// How checks are made.
    pub check: Check,
    /// How long connecting to one server may take.
    pub connect_timeout: Duration,
    /// How long a server's machine may leave unacknowledged what it was sent.
    pub ack_timeout: Duration,
    /// How long a connection may wait for a server that takes it.
    pub queue_timeout: Duration,
    /// Connections to a server that went down or is drained are closed after this long at the latest, and before, once
    /// they are idle.
    pub drain_timeout: Duration,
    /// Whether servers are told the client's address.
    pub send_proxy: SendProxy,
}

/// Which server a connection goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Balance {
    /// One after the other.
    RoundRobin,
    /// The one with the fewest connections.
    LeastConnections,
    /// The active node, as its health says; one after the other where none is known.
    Leader,
}

/// Whether servers are told the client's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendProxy {
    /// They are not.
    No,
    /// By the binary header of the PROXY protocol's version 2.
    V2,
}

/// A server behind the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub address: HostPort,
    /// When it counts as up or down; `None`: it is never checked, and always up.
    pub check: Option<CheckTiming>,
    /// Connections to it at once.
    pub max_connections: usize,
    /// Gets no new connections.
    pub drain: bool,
}

/// When a server counts as up or down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckTiming {
    /// From one check to the next.
    pub interval: Duration,
    /// Failed checks in a row after which it is down.
    pub fall: u32,
    /// Good checks in a row after which it is up again.
    pub rise: u32,
}

/// How checks are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What is asked.
    pub kind: CheckKind,
    /// How long one check may take; at most the interval.
    pub timeout: Duration,
}

/// What a check asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckKind {
    /// Whether a connection can be made.
    Tcp,
    /// What the server's health endpoint answers over TLS.
    Https(HttpsCheck),
}

/// A check over HTTPS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpsCheck {
    /// Path and query.
    pub path: String,
    /// The statuses of a server that is up.
    pub codes: Vec<u16>,
    /// Who vouches for the servers; the system's CAs if `None`.
    pub ca_file: Option<PathBuf>,
    /// The name that their certificates bear; the address's host if `None`.
    pub server_name: Option<String>,
    /// Takes any certificate. A check carries no secret.
    pub skip_verify: bool,
}

impl Default for HttpsCheck {
    /// Active and standby nodes are up; sealed, uninitialised and removed ones are not.
    fn default() -> Self {
        Self {
            path: "/v1/sys/health".to_owned(),
            codes: vec![200, 429, 472, 473],
            ca_file: None,
            server_name: None,
            skip_verify: false,
        }
    }
}

/// The status page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Where it is served, without TLS.
    pub address: HostPort,
    /// Whether it can set servers to drain.
    pub admin: bool,
}

/// Connections at once where the configuration does not say.
pub const DEFAULT_MAX_CONNECTIONS: usize = 20_000;

impl CheckTiming {
    /// Every 5 s, down after 3, up after 2.
    pub const DEFAULT: Self = Self { interval: Duration::from_secs(5), fall: 3, rise: 2 };
}

impl Config {
    /// One frontend before some servers, as flags give it.
    ///
    /// # Errors
    /// One of the servers is the frontend.
    pub fn simple(
        bind: HostPort,
        servers: Vec<HostPort>,
        balance: Balance,
        check: CheckKind,
    ) -> Result<Self, ConfigError> {
        let servers = servers
            .into_iter()
            .enumerate()
            .map(|(at, address)| Server {
                name: format!("server{}", at + 1),
                address,
                check: Some(CheckTiming::DEFAULT),
                max_connections: usize::MAX,
                drain: false,
            })
            .collect();
        let backend = Backend {
            name: "default".to_owned(),
            balance,
            servers,
            check: Check { kind: check, timeout: read::CHECK_TIMEOUT },
            connect_timeout: read::CONNECT_TIMEOUT,
            ack_timeout: read::ACK_TIMEOUT,
            queue_timeout: read::QUEUE_TIMEOUT,
            drain_timeout: read::DRAIN_TIMEOUT,
            send_proxy: SendProxy::No,
        };
        let frontend = Frontend {
            name: "default".to_owned(),
            bind,
            backend: backend.name.clone(),
            max_connections: DEFAULT_MAX_CONNECTIONS,
            idle_timeout: None,
        };
        let config = Self {
            frontends: vec![frontend],
            backends: vec![backend],
            status: None,
            shutdown_timeout: read::SHUTDOWN_TIMEOUT,
        };
        circle::refuse(&config)?;
        Ok(config)
    }
}
