//! What an operator may say of a device (`sys/audit/<path>`, stanza `audit`), checked.

mod environment;
mod options;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::entry::Syntax;

pub use environment::Environment;
use options::Options;

/// A device as it was asked for. Every option has been checked; the device itself has not been tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceConfig {
    pub(crate) kind: DeviceKind,
    pub(crate) raw: bool,
    pub(crate) hmac_accessor: bool,
    pub(crate) elide_list_responses: bool,
    pub(crate) syntax: Syntax,
    pub(crate) prefix: String,
    /// `None`: it is waited for without limit.
    pub(crate) write_timeout: Option<Duration>,
    pub(crate) skip_test: bool,
    unknown: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DeviceKind {
    File(FileConfig),
    Stdout,
    Discard,
    Syslog(SyslogConfig),
    Socket(SocketConfig),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileConfig {
    pub(crate) path: PathBuf,
    pub(crate) mode: FileMode,
    /// On disk before the entry counts as logged.
    pub(crate) fsync: bool,
    pub(crate) forbidden: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileMode {
    /// Leave an existing file's mode alone.
    Keep,
    /// Read and write bits; never an executable one.
    Set(u32),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SyslogConfig {
    /// Facility and severity.
    pub(crate) priority: u8,
    pub(crate) tag: String,
    /// Sockets of the local daemon, the first that answers is used.
    pub(crate) sockets: Vec<PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SocketConfig {
    pub(crate) network: Network,
    pub(crate) address: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    Tcp(Family),
    Udp(Family),
    Unix,
    Unixgram,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Any,
    V4,
    V6,
}

/// Why a device cannot be as it was asked for. Texts are Vault's where Vault has one; option values
/// appear in none of them but `format`, `facility`, `socket_type` and `type`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// No such type of device.
    #[error("unknown backend type: {0:?}")]
    UnknownType(String),
    /// A file device without file.
    #[error("file_path is required")]
    PathMissing,
    /// A socket device without address.
    #[error("address is required")]
    AddressMissing,
    /// A value that is none of those the option can have.
    #[error("invalid value for {option}: expected {expected}")]
    Invalid {
        /// The option.
        option: &'static str,
        /// What it can be.
        expected: &'static str,
    },
    /// Format other than `json` and `jsonx`.
    #[error("unknown format type {0:?}")]
    UnknownFormat(String),
    /// No such syslog facility.
    #[error("invalid syslog facility: {0}")]
    UnknownFacility(String),
    /// Socket type that is none of tcp, udp, unix, unixgram.
    #[error("unknown socket_type {0:?}: expected tcp, udp, unix or unixgram")]
    UnknownNetwork(String),
    /// The mode has bits beyond permissions.
    #[error("file mode does not represent a regular file")]
    IrregularMode,
    /// The server's configuration does not allow prefixes.
    #[error("audit log prefixing is not allowed")]
    PrefixForbidden,
    /// The prefix could make something else of the line or the file than a log.
    #[error("prefix must have no control characters, not start with \"#!\" and be at most 256 bytes long")]
    PrefixUnsafe,
    /// The option restricts what is logged, and is not built.
    #[error("audit option {0:?} is not supported: it would restrict what is logged")]
    NotBuilt(&'static str),
}

impl DeviceConfig {
    /// Checks the options of a device of the type given (`file`, `syslog`, `socket`).
    pub fn parse(
        kind: &str,
        options: &BTreeMap<String, String>,
        environment: &Environment,
    ) -> Result<Self, ConfigError> {
        let options = Options::new(options);
        let (kind, default_timeout) = match kind {
            "file" => (options.file(environment)?, FILE_TIMEOUT),
            "syslog" => (options.syslog(environment)?, SOCKET_TIMEOUT),
            "socket" => (options.socket()?, SOCKET_TIMEOUT),
            other => return Err(ConfigError::UnknownType(other.to_owned())),
        };
        options.refuse_what_is_not_built()?;
        Ok(Self {
            kind,
            raw: options.flag("log_raw")?.unwrap_or(false),
            hmac_accessor: options.flag("hmac_accessor")?.unwrap_or(true),
            elide_list_responses: options.flag("elide_list_responses")?.unwrap_or(false),
            syntax: options.syntax()?,
            prefix: options.prefix(environment)?,
            write_timeout: options.write_timeout(default_timeout)?,
            skip_test: options.get("skip_test") == Some("true"),
            unknown: options.unknown(),
        })
    }

    /// Options that no device has: Vault takes them without a word; worth a warning.
    pub fn unknown_options(&self) -> &[String] {
        &self.unknown
    }

    /// The device writes secrets in clear: worth a warning.
    pub fn logs_raw(&self) -> bool {
        self.raw
    }
}

/// How long a local device may stand still. Disks do for seconds under load, so more than a socket.
const FILE_TIMEOUT: Duration = Duration::from_secs(10);

/// Vault's default.
const SOCKET_TIMEOUT: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
