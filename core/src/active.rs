//! Everything that lives only while the node holds the keys and serves.

mod caller;
mod settings;

use std::sync::Arc;

use coffer_model::{ClusterControl, Store};
use coffer_seal::Barrier;
use tokio::sync::Semaphore;

pub use settings::{LeaseLimits, Settings};

use tokio::sync::Notify;

use crate::audit_log::AuditLog;
use crate::ceremony::Ceremonies;
use crate::clock::Clock;
use crate::identity::Identities;
use crate::lease::Leases;
use crate::local::Local;
use crate::lockout::Lockouts;
use crate::mount::Mounts;
use crate::policies::Policies;
use crate::quota::Quotas;
use crate::snapshot::StateMark;
use crate::token::Tokens;
use crate::wrapping::Wrapping;
use crate::{Timestamp, Transaction};

/// The services of an active node. It holds them and has no behaviour of its own; they work on the [`Transaction`] of a
/// request and know of each other only what they are handed.
pub struct Active {
    /// The replicated store.
    pub store: Arc<dyn Store>,
    /// Which state they are built on.
    pub(crate) state: StateMark,
    /// The cluster this node is in.
    pub cluster: Arc<dyn ClusterControl>,
    /// The keys.
    pub barrier: Barrier,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// What the configuration file sets.
    pub settings: Arc<Settings>,
    /// What is mounted.
    pub mounts: Mounts,
    /// Compiled policies.
    pub policies: Policies,
    /// Tokens.
    pub tokens: Tokens,
    /// Leases.
    pub leases: Leases,
    /// Response wrapping.
    pub wrapping: Wrapping,
    /// Entities and aliases.
    pub identities: Identities,
    /// Audit devices.
    pub audit: Arc<AuditLog>,
    /// Rate limits.
    pub quotas: Quotas,
    /// What the node knows of itself alone.
    pub local: Arc<Local>,
    /// Rekey and generate-root in progress; the node's.
    pub ceremonies: Arc<Ceremonies>,
    /// Failed logins.
    pub lockouts: Lockouts,
    /// Leave to keep a core busy, one a core: a flood of password guesses must not take all of them from other requests.
    pub heavy: Arc<Semaphore>,
    /// Told when a mount may have work that outlasts a request.
    pub mount_work: Notify,
}

impl Active {
    /// Begins a transaction on the state applied here.
    pub fn transaction(&self) -> Transaction {
        Transaction::new(Arc::clone(&self.store), self.barrier.clone(), Arc::clone(&self.local.telemetry))
            .on(self.state)
    }

    /// Whether another state has taken the place of the one that this was built on.
    pub(crate) fn is_outdated(&self) -> bool {
        StateMark::now(self.store.as_ref()).is_ok_and(|now| now != self.state)
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
