//! Where a node stands between its first start and serving. Keys exist only in the unsealed phases.

use std::sync::Arc;

use coffer_seal::Barrier;

use super::join::Joining;
use crate::active::Active;

/// The phase of a node.
pub enum Phase {
    /// No cluster was ever initialised here.
    Uninitialized,
    /// Knows which cluster it is to be a member of, and waits for the keys that prove it. To operators it is sealed.
    Joining(Arc<Joining>),
    /// Initialised, without keys.
    Sealed,
    /// Holds the keys; another node leads, or none does yet.
    Standby(Barrier),
    /// Holds the keys and leads.
    Active(Arc<Active>),
    /// Was removed from its cluster: has no keys, and waits to join again.
    Removed,
}

impl Phase {
    /// Whether keys are held.
    pub fn holds_keys(&self) -> bool {
        matches!(self, Self::Standby(_) | Self::Active(_))
    }
}
