//! Where a node stands between its first start and serving. Keys exist only in the unsealed phases.

use std::sync::Arc;

use coffer_seal::Barrier;

use crate::active::Active;

/// The phase of a node.
pub enum Phase {
    /// No cluster was ever initialised here.
    Uninitialized,
    /// Initialised, without keys.
    Sealed,
    /// Holds the keys; another node leads, or none does yet.
    Standby(Barrier),
    /// Holds the keys and leads.
    Active(Arc<Active>),
}

impl Phase {
    /// Whether keys are held.
    pub fn holds_keys(&self) -> bool {
        matches!(self, Self::Standby(_) | Self::Active(_))
    }
}
