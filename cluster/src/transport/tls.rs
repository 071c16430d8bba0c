//! The TLS configurations of the transport, made once.

use std::sync::Arc;

use coffer_tls::rustls::{self, ClientConfig, ServerConfig};
use coffer_tls::{NodeKey, NodeKeyError, PeerTls, ReloadableIdentity};

use super::options::{ClusterTls, TransportOptions};

/// What a connection is for; ALPN chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Raft's messages.
    Raft,
    /// Questions of the upper layers.
    Ask,
    /// A stream of forwarded requests.
    Forward,
    /// Nothing but the greeting: whether a node can be reached that is no member yet.
    Probe,
}

impl Protocol {
    const ALL: [Self; 4] = [Self::Raft, Self::Ask, Self::Forward, Self::Probe];

    fn alpn(self) -> &'static [u8] {
        match self {
            Self::Raft => b"coffer-raft/1",
            Self::Ask => b"coffer-ask/1",
            Self::Forward => b"coffer-forward/1",
            Self::Probe => b"coffer-probe/1",
        }
    }

    pub(super) fn of(alpn: Option<&[u8]>) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| Some(protocol.alpn()) == alpn)
    }
}

/// Configurations that follow the certificate as it is replaced.
pub(super) struct Tls {
    pub(super) options: ClusterTls,
    pub(super) identity: Arc<ReloadableIdentity>,
    pub(super) server: Arc<ServerConfig>,
    clients: [Arc<ClientConfig>; 4],
}

/// The transport cannot be set up.
#[derive(Debug, thiserror::Error)]
pub(super) enum TlsError {
    #[error("{}", coffer_tls::explain(.0))]
    Refused(#[from] rustls::Error),
    #[error(transparent)]
    Own(#[from] NodeKeyError),
}

impl Tls {
    pub(super) fn new(options: &TransportOptions, key: &NodeKey, node_id: &str, host: &str) -> Result<Self, TlsError> {
        let identity = match &options.tls {
            ClusterTls::Certificates { identity, .. } => Arc::clone(identity),
            ClusterTls::Internal => ReloadableIdentity::fixed(own_certificate(key, node_id, host)?),
        };
        let alpn = Protocol::ALL.map(|protocol| protocol.alpn().to_vec()).to_vec();
        let peer = PeerTls { identity: Arc::clone(&identity), alpn };
        let client = |protocol: Protocol| peer.client(protocol.alpn());
        let clients =
            [client(Protocol::Raft)?, client(Protocol::Ask)?, client(Protocol::Forward)?, client(Protocol::Probe)?];
        Ok(Self { options: options.tls.clone(), identity, server: peer.server()?, clients })
    }

    pub(super) fn client(&self, protocol: Protocol) -> &Arc<ClientConfig> {
        let [raft, ask, forward, probe] = &self.clients;
        match protocol {
            Protocol::Raft => raft,
            Protocol::Ask => ask,
            Protocol::Forward => forward,
            Protocol::Probe => probe,
        }
    }
}

/// Made at every start; whoever believes the key needs no date, so it is far off.
fn own_certificate(key: &NodeKey, node_id: &str, host: &str) -> Result<coffer_tls::Identity, NodeKeyError> {
    const LIFETIME: std::time::Duration = std::time::Duration::from_secs(20 * 365 * 86_400);
    let common_name = format!("coffer node {node_id}");
    match key.identity(&common_name, vec![host.to_owned()], LIFETIME) {
        Ok(identity) => Ok(identity),
        // An address that no certificate bears: the name is for people.
        Err(_) => key.identity("coffer node", Vec::new(), LIFETIME),
    }
}
