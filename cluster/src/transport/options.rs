//! What the cluster's own TLS rests on.

use std::net::TcpListener;
use std::sync::Arc;

use coffer_tls::{ReloadableIdentity, ReloadableRoots};

/// Where and how this node is reached by the others, and reaches them.
#[derive(Clone, Debug)]
pub struct TransportOptions {
    /// Bound sockets; the other members connect to one of them.
    pub listeners: Vec<Arc<TcpListener>>,
    /// What is shown, and what is asked of others.
    pub tls: ClusterTls,
}

/// What is shown, and what is asked of others.
#[derive(Clone, Debug)]
pub enum ClusterTls {
    /// Certificates that a CA of the operator's has signed.
    Certificates {
        /// Shown to all others.
        identity: Arc<ReloadableIdentity>,
        /// The CAs that may have signed the others'.
        roots: Arc<ReloadableRoots>,
    },
    /// `cluster_tls = "internal"`: each node shows a certificate that its identity key signed itself, and believes the
    /// keys in the member list.
    Internal,
}
