//! What the flags ask for, checked before anything is touched.

use std::net::TcpListener;
use std::path::PathBuf;

use super::ThreeNodeError;
use crate::command::{DevFlags, Flags};
use crate::config::HostPort;

/// Nodes.
pub(super) const NODES: u16 = 3;
/// From one node's ports to the next's.
const STEP: u16 = 10;

/// Where the nodes are to listen and to lie.
#[derive(Debug)]
pub(super) struct Plan {
    /// The API address of each.
    pub(super) api: Vec<HostPort>,
    /// The cluster address of each.
    pub(super) cluster: Vec<HostPort>,
    /// The folder that is kept; a temporary one if `None`.
    pub(super) folder: Option<PathBuf>,
    /// Where the certificates go, if not into the folder.
    pub(super) certificates: Option<PathBuf>,
    /// Further names for the certificates.
    pub(super) names: Vec<String>,
    /// Whether the ports were left to the system.
    pub(super) any_ports: bool,
}

impl Plan {
    pub(super) fn from_flags(flags: &Flags) -> Result<Self, ThreeNodeError> {
        if !flags.config.is_empty() {
            return Err(ThreeNodeError::Flag("-config", "the nodes' files are made for the purpose"));
        }
        if flags.log_file.is_some() {
            return Err(ThreeNodeError::Flag("-log-file", "the nodes log to standard error, each line with its name"));
        }
        let Some(dev) = flags.dev.as_ref() else {
            return Err(ThreeNodeError::Flag("a configuration", "it is development mode"));
        };
        if dev.listen.is_unspecified() {
            let why = "the nodes need an address that they can tell each other";
            return Err(ThreeNodeError::Flag("-dev-listen-address for all interfaces", why));
        }
        Self::addresses(dev)
    }

    fn addresses(dev: &DevFlags) -> Result<Self, ThreeNodeError> {
        let (mut api, mut cluster) = (Vec::new(), Vec::new());
        // Held until all are chosen, so that they differ.
        let mut held = Vec::new();
        let any_ports = dev.listen.port == 0;
        for number in 0..NODES {
            for (purpose, addresses) in [(0, &mut api), (1, &mut cluster)] {
                let port = if any_ports { Some(0) } else { dev.listen.port.checked_add(number * STEP + purpose) };
                let Some(port) = port else {
                    return Err(ThreeNodeError::Flag("so high a port", "the nodes take those up to 21 above it"));
                };
                let wanted = dev.listen.with_port(port);
                let bound = TcpListener::bind((wanted.host.as_str(), port))
                    .map_err(|error| ThreeNodeError::Address(wanted.to_string(), error))?;
                addresses.push(wanted.with_port(bound.local_addr()?.port()));
                held.push(bound);
            }
        }
        Ok(Self {
            api,
            cluster,
            folder: dev.cluster_dir.clone(),
            certificates: dev.tls_cert_dir.clone(),
            names: dev.tls_names.clone(),
            any_ports,
        })
    }
}
