//! Which certificate the other nodes are shown, and whose they must be.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use coffer_cluster::ClusterTls;
use coffer_tls::{IdentityError, IdentityFiles, PemError, ReloadableIdentity, ReloadableRoots, Roots};

use crate::config::{ClusterTlsSettings, Config, PemSetting, Storage};
use crate::lifecycle::with_file_access;
use crate::listen::Bound;

const WATCH_EVERY: Duration = Duration::from_secs(5);

/// What was found.
pub(super) struct Chosen {
    pub(super) tls: ClusterTls,
    pub(super) identity: Option<Arc<ReloadableIdentity>>,
    pub(super) roots: Option<Arc<ReloadableRoots>>,
    pub(super) watch_every: Option<Duration>,
}

/// A certificate or CA of the cluster's that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ClusterTlsError {
    /// The certificate or its key.
    #[error("cluster_tls_cert_file or cluster_tls_key_file: {0}")]
    Identity(#[from] IdentityError),
    /// The CAs.
    #[error("trusted CA of the other nodes: {0}")]
    Roots(#[from] PemError),
}

pub(super) fn choose(config: &Config, bound: &[Bound]) -> Result<Chosen, ClusterTlsError> {
    let internal = || Chosen { tls: ClusterTls::Internal, identity: None, roots: None, watch_every: None };
    let ClusterTlsSettings::Certificates { own, ca } = &config.cluster_tls else { return Ok(internal()) };
    let (identity, watch_every) = match own {
        Some((certificate, key)) => {
            let files = IdentityFiles { certificate: certificate.clone(), key: key.clone() };
            (with_file_access(|| ReloadableIdentity::load(files))?, Some(WATCH_EVERY))
        }
        // Shared with the listener, and reloaded with it.
        None => match bound.iter().find_map(Bound::identity) {
            Some(identity) => (Arc::clone(identity), None),
            None => {
                tracing::debug!("no listener has a certificate: the nodes know each other by their own keys alone");
                return Ok(internal());
            }
        },
    };
    let roots = trusted(config, ca.as_deref())?;
    let tls = ClusterTls::Certificates { identity: Arc::clone(&identity), roots: Arc::clone(&roots) };
    Ok(Chosen { tls, identity: Some(identity), roots: Some(roots), watch_every })
}

/// The cluster's own setting, else the CAs that the nodes to join through are trusted by, else the system's.
fn trusted(config: &Config, ca: Option<&Path>) -> Result<Arc<ReloadableRoots>, PemError> {
    if let Some(path) = ca {
        let path = path.to_owned();
        return ReloadableRoots::new(move || {
            with_file_access(|| if path.is_dir() { Roots::from_dir(&path) } else { Roots::from_file(&path) })
        });
    }
    let joins = match &config.storage {
        Storage::Raft(raft) => raft.retry_join.clone(),
        Storage::InMemory => Vec::new(),
    };
    let named: Vec<_> = joins.iter().filter_map(|join| join.ca.clone()).collect();
    // A block without a CA trusts the system's.
    let trusts_system = named.len() < joins.len() || named.is_empty();
    ReloadableRoots::new(move || {
        let mut roots = if trusts_system { Roots::system() } else { Roots::default() };
        for ca in &named {
            roots.extend(match ca {
                PemSetting::File(path) => with_file_access(|| Roots::from_file(path))?,
                PemSetting::Text(text) => Roots::from_pem(text.as_bytes(), "leader_ca_cert")?,
            });
        }
        Ok(roots)
    })
}
