//! Binding a listener, with errors that say what to do.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use coffer_tls::rustls::ServerConfig;
use coffer_tls::{
    ClientAuth, IdentityError, IdentityFiles, PemError, ReloadableIdentity, Roots, ServerTls, ServerTlsError,
};
use tokio::net::{TcpListener, UnixListener};

use super::{ListenerInfo, unix_socket};
use crate::config::{Endpoint, HostPort, Listener, Security, TlsSettings};
use crate::lifecycle::with_file_access;

/// A listener that is bound and has its certificate, but does not accept yet.
#[derive(Debug)]
pub struct Bound {
    pub(super) socket: Socket,
    pub(super) tls: Option<Arc<ServerConfig>>,
    pub(super) info: Arc<ListenerInfo>,
    identity: Option<Arc<ReloadableIdentity>>,
    address: Option<SocketAddr>,
}

#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpListener),
    Unix { socket: UnixListener, _file: unix_socket::RemoveOnDrop },
}

/// A listener that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody else has the address.
    #[error("{address} is in use by another process: stop that one, or change the listener's address")]
    Busy {
        /// The address.
        address: String,
    },
    /// A port below 1024 without the right to it.
    #[error("{address} is not allowed to this user: choose a port from 1024 on, or grant CAP_NET_BIND_SERVICE")]
    Forbidden {
        /// The address.
        address: String,
    },
    /// No interface of this machine has the address.
    #[error("{address} is not an address of this machine: use one that is, or 0.0.0.0 for all")]
    NotHere {
        /// The address.
        address: String,
    },
    /// The host name has no address.
    #[error("{address} cannot be resolved to an address: {reason}")]
    Unresolved {
        /// The address.
        address: String,
        /// The resolver's reason.
        reason: io::Error,
    },
    /// The socket's file, owner or mode.
    #[error("unix socket {}: {problem}", path.display())]
    Unix {
        /// The socket.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Anything else.
    #[error("cannot listen on {address}: {reason}")]
    Other {
        /// The address.
        address: String,
        /// The system's reason.
        reason: io::Error,
    },
    /// The certificate or its key.
    #[error("certificate of the listener on {address}: {reason}")]
    Identity {
        /// The address.
        address: String,
        /// What is wrong with it.
        reason: IdentityError,
    },
    /// The client CA.
    #[error("tls_client_ca_file of the listener on {address}: {reason}")]
    ClientCa {
        /// The address.
        address: String,
        /// What is wrong with it.
        reason: PemError,
    },
    /// The TLS settings together.
    #[error("TLS settings of the listener on {address}: {reason}")]
    Tls {
        /// The address.
        address: String,
        /// What is wrong with them.
        reason: ServerTlsError,
    },
}

impl Bound {
    /// Loads the certificate, then binds: a bad certificate is told before a busy port.
    ///
    /// # Errors
    /// The certificate cannot be used or the address cannot be had.
    pub async fn bind(listener: &Listener) -> Result<Self, BindError> {
        let (tls, identity) = match &listener.security {
            Security::Plain => (None, None),
            Security::Tls(settings) => {
                let (config, identity) = tls(settings, &ListenerInfo::new(listener, None).address)?;
                (Some(config), Some(identity))
            }
        };
        let (socket, address) = match &listener.endpoint {
            Endpoint::Tcp { address, .. } => {
                let socket = tcp(address).await?;
                let bound = socket.local_addr().ok();
                (Socket::Tcp(socket), bound)
            }
            Endpoint::Unix { path, owner } => {
                let (socket, _file) = unix_socket::bind(path, owner)
                    .map_err(|problem| BindError::Unix { path: path.clone(), problem })?;
                (Socket::Unix { socket, _file }, None)
            }
        };
        let info = Arc::new(ListenerInfo::new(listener, address));
        Ok(Self { socket, tls, info, identity, address })
    }

    /// The certificate, to be reloaded.
    pub fn identity(&self) -> Option<&Arc<ReloadableIdentity>> {
        self.identity.as_ref()
    }

    /// Where it is bound, with the port that the system chose for port 0; `None` for a Unix socket.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// The settings that requests are answered under.
    pub fn info(&self) -> &Arc<ListenerInfo> {
        &self.info
    }
}

/// A socket on an address, or on all interfaces.
pub(crate) async fn tcp(at: &HostPort) -> Result<TcpListener, BindError> {
    let address = at.to_string();
    let result = if at.host.is_empty() {
        // All interfaces, of both families where the machine has both.
        match TcpListener::bind((Ipv6Addr::UNSPECIFIED, at.port)).await {
            Err(error) if error.kind() != io::ErrorKind::AddrInUse => {
                TcpListener::bind((Ipv4Addr::UNSPECIFIED, at.port)).await
            }
            result => result,
        }
    } else {
        let found = tokio::net::lookup_host((at.host.as_str(), at.port)).await;
        let found: Vec<_> =
            found.map_err(|reason| BindError::Unresolved { address: address.clone(), reason })?.collect();
        TcpListener::bind(&found[..]).await
    };
    result.map_err(|reason| match reason.kind() {
        io::ErrorKind::AddrInUse => BindError::Busy { address },
        io::ErrorKind::PermissionDenied => BindError::Forbidden { address },
        io::ErrorKind::AddrNotAvailable => BindError::NotHere { address },
        _ => BindError::Other { address, reason },
    })
}

fn tls(settings: &TlsSettings, address: &str) -> Result<(Arc<ServerConfig>, Arc<ReloadableIdentity>), BindError> {
    let address = address.to_owned();
    let files = IdentityFiles { certificate: settings.certificate.clone(), key: settings.key.clone() };
    let identity = match with_file_access(|| ReloadableIdentity::load(files)) {
        Ok(identity) => identity,
        Err(reason) => return Err(BindError::Identity { address, reason }),
    };
    let mut tls = ServerTls::new(Arc::clone(&identity));
    tls.versions = settings.versions;
    tls.suites.clone_from(&settings.suites);
    tls.alpn = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    if let Some(file) = &settings.client_ca {
        match with_file_access(|| Roots::from_file(file)) {
            Ok(roots) => tls.client_auth = ClientAuth::Optional(roots),
            Err(reason) => return Err(BindError::ClientCa { address, reason }),
        }
    }
    match tls.config() {
        Ok(config) => Ok((config, identity)),
        Err(reason) => Err(BindError::Tls { address, reason }),
    }
}
