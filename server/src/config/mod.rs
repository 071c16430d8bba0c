//! The server's configuration: HCL or JSON files, folders of them, and the environment, read into types.
//!
//! A key that Vault knows and coffer has no use for is a warning; one that neither knows, and one that restricts access
//! or chooses a protection that is not built, are errors. Nothing is ignored in silence.

mod address;
mod advertised;
mod cluster_tls;
mod environment;
mod keys;
mod listener;
mod load;
mod lockout;
mod log;
mod problem;
mod read;
mod sanitized;
mod section;
mod storage;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use coffer_core::follower_unseal::FollowerUnsealPolicy;

pub use address::{BadAddress, HostPort, NodeUrl, Scheme};
pub use cluster_tls::ClusterTlsSettings;
pub(crate) use environment::{CONFIG_PATH, DEV_LISTEN_ADDRESS, DEV_ROOT_TOKEN_ID, Environment};
pub use listener::{
    Access, Endpoint, Limits, Listener, ProxyProtocol, ResponseHeaders, Security, SocketOwner, TlsSettings,
};
pub use lockout::{UserLockout, UserLockouts};
pub use log::{BadLogFormat, BadLogLevel, LogFormat, LogLevel, LogSettings};
pub use problem::{ConfigError, Warning};
pub use storage::{BadNodeId, NodeId, PemSetting, RaftStorage, RetryJoin, Storage};

/// What the server is told.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the data is kept.
    pub storage: Storage,
    /// Where clients are answered; never empty.
    pub listeners: Vec<Listener>,
    /// Where others reach this node's API.
    pub api_addr: Option<NodeUrl>,
    /// Where the other nodes reach this one.
    pub cluster_addr: Option<NodeUrl>,
    /// The cluster's name; made at initialisation if `None`.
    pub cluster_name: Option<String>,
    /// Whether memory is kept from being swapped out.
    pub memory_lock: MemoryLock,
    /// Whether `/ui/` is served.
    pub ui: bool,
    /// The server's own log.
    pub log: LogSettings,
    /// Where the process id is written.
    pub pid_file: Option<PathBuf>,
    /// How long leases live.
    pub lease_ttl: LeaseTtl,
    /// How long a request may be worked on.
    pub max_request_duration: Duration,
    /// When users are locked out.
    pub user_lockout: UserLockouts,
    /// Audit devices may write a prefix before each line.
    pub allow_audit_prefix: bool,
    /// Answers carry `X-Vault-Hostname`.
    pub hostname_header: bool,
    /// Answers carry `X-Vault-Raft-Node-ID`.
    pub raft_node_id_header: bool,
    /// How metrics are given.
    pub telemetry: Telemetry,
    /// How the nodes speak with each other.
    pub cluster_tls: ClusterTlsSettings,
    /// Whether the leader unseals the others after a restart of all.
    pub follower_unseal: FollowerUnsealPolicy,
}

/// Whether memory is kept from being swapped out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoryLock {
    /// As far as the limits allow.
    Wanted,
    /// `disable_mlock`.
    Disabled,
}

/// How long leases live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseTtl {
    /// Where neither request nor mount say.
    pub default: Duration,
    /// At most.
    pub max: Duration,
}

impl Default for LeaseTtl {
    fn default() -> Self {
        let month = Duration::from_secs(32 * 24 * 3600);
        Self { default: month, max: month }
    }
}

/// How metrics are given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telemetry {
    /// `prometheus_retention_time`; only shown, since a series is always what it is now.
    pub prometheus_retention: Duration,
    /// Names are not prefixed with the host's name.
    pub disable_hostname: bool,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { prometheus_retention: Duration::from_secs(24 * 3600), disable_hostname: false }
    }
}

impl Config {
    /// Reads files and folders in their order, then the environment.
    ///
    /// # Errors
    /// The first thing that cannot be followed, with its file and line.
    pub fn load(
        paths: &[PathBuf],
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<(Self, Vec<Warning>), ConfigError> {
        Self::load_over(None, paths, environment)
    }

    /// As [`Config::load`], with a text that the files lie over.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load_over(
        preset: Option<&str>,
        paths: &[PathBuf],
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<(Self, Vec<Warning>), ConfigError> {
        let mut sources = preset.map(load::preset).transpose()?.into_iter().collect::<Vec<_>>();
        sources.extend(load::load(paths)?);
        let (config, mut warnings) = read::read(&sources, &Environment(environment))?;
        warnings.extend(advertised::warnings(&config));
        Ok((config, warnings))
    }
}

impl Storage {
    /// What `sys/seal-status` and others call it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Raft(_) => "raft",
            Self::InMemory => "inmem",
        }
    }
}
