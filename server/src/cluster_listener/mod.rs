//! The cluster address: sockets, certificate and trusted CAs, as the configuration has them.

mod tls;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use coffer_cluster::TransportOptions;
use coffer_tls::{ReloadableIdentity, ReloadableRoots};

use crate::config::{Config, Endpoint, Storage};
use crate::listen::{BindError, Bound, bind_tcp};

pub use tls::ClusterTlsError;

/// Everything of the cluster's listener that the server keeps: for the cluster, and to be reloaded.
#[derive(Debug)]
pub struct ClusterListener {
    /// What the cluster is opened with.
    pub options: TransportOptions,
    /// The certificate shown to the other nodes; `None` where they believe keys.
    pub identity: Option<Arc<ReloadableIdentity>>,
    /// The CAs of the other nodes'.
    pub roots: Option<Arc<ReloadableRoots>>,
    /// How often a certificate of the cluster's own is looked at; `None` where the listener's is used, which is watched
    /// there.
    pub watch_every: Option<Duration>,
}

/// The cluster's listener cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ClusterListenerError {
    /// Its address.
    #[error("cluster address: {0}")]
    Bind(#[from] BindError),
    /// Its certificate or CAs.
    #[error(transparent)]
    Tls(#[from] ClusterTlsError),
}

/// Loads certificates, then binds; `None` for a node that is to stay alone.
///
/// # Errors
/// A certificate can't be used, an address can't be had.
pub async fn open(config: &Config, bound: &[Bound]) -> Result<Option<ClusterListener>, ClusterListenerError> {
    if !matches!(config.storage, Storage::Raft(_)) && config.cluster_addr.is_none() {
        return Ok(None);
    }
    let tls::Chosen { tls, identity, roots, watch_every } = tls::choose(config, bound)?;
    let mut listeners = Vec::new();
    let mut seen = BTreeSet::new();
    for listener in &config.listeners {
        let Endpoint::Tcp { cluster_address, .. } = &listener.endpoint else { continue };
        if cluster_address.port != 0 && !seen.insert(cluster_address.to_string()) {
            continue;
        }
        let socket = bind_tcp(cluster_address).await?.into_std();
        let socket = socket.map_err(|reason| BindError::Other { address: cluster_address.to_string(), reason })?;
        listeners.push(Arc::new(socket));
    }
    Ok(Some(ClusterListener { options: TransportOptions { listeners, tls }, identity, roots, watch_every }))
}
