//! A node that is to become a member of a cluster that is there already.

use coffer_seal::SealConfig;

/// What a node that joins knows of the cluster before it is a member.
#[derive(Debug)]
pub struct Joining {
    /// How the cluster's root key is shared.
    pub seal_config: SealConfig,
}
