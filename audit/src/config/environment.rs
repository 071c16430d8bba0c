//! What the server's configuration allows to audit devices.

use std::path::PathBuf;

/// Bounds that the operator of the machine sets to those who may enable devices over the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// `allow_audit_log_prefixing`: devices may have a `prefix`.
    pub allow_prefix: bool,
    /// Folders in which no file device may write, with all below them: the node's data, plugins.
    pub forbidden_folders: Vec<PathBuf>,
    /// Sockets of the local syslog daemon, tried in order.
    pub syslog_sockets: Vec<PathBuf>,
}

impl Default for Environment {
    fn default() -> Self {
        Self {
            allow_prefix: false,
            forbidden_folders: Vec::new(),
            syslog_sockets: ["/dev/log", "/var/run/syslog", "/var/run/log"].map(Into::into).into(),
        }
    }
}
