//! A node: its phase, and what it has in every phase.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use arc_swap::ArcSwap;
use coffer_model::{ClusterControl, Store};
use coffer_seal::{Barrier, SEAL_CONFIG_PATH, SealConfig};
use coffer_telemetry::Telemetry;
use parking_lot::Mutex;

use super::join::Joiner;
use super::observer::Invalidation;
use super::phase::Phase;
use super::phase_cell::PhaseCell;
use super::unseal::Progress;
use crate::active::{Active, Settings};
use crate::audit_log::AuditLog;
use crate::ceremony::Ceremonies;
use crate::clock::Clock;
use crate::cluster_time::ClusterTime;
use crate::follower_unseal::{FollowerUnseal, UnsealedBy};
use crate::local::{Local, LogControl};
use crate::mount::Registry;
use crate::timed_store::TimedStore;
use crate::{Failure, Request, Response, pipeline};

/// What a node is built of.
pub struct NodeParts {
    /// The replicated store.
    pub store: Arc<dyn Store>,
    /// The cluster.
    pub cluster: Arc<dyn ClusterControl>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// What the configuration file sets.
    pub settings: Arc<Settings>,
    /// The backend types of this build.
    pub registry: Arc<Registry>,
    /// Audit devices; shared with the server, which has them reopen their files.
    pub audit: Arc<AuditLog>,
    /// Counts and times.
    pub telemetry: Arc<Telemetry>,
    /// The server's log.
    pub logs: Arc<dyn LogControl>,
}

/// The node. It exists from start to end of the process; what needs keys lives in its phase.
pub struct Node {
    pub(super) parts: NodeParts,
    pub(super) phase: PhaseCell,
    seal_config: ArcSwap<Option<SealConfig>>,
    /// Shares given so far; the lock also puts changes of phase in order. Never held over a wait for the cluster.
    pub(super) progress: Mutex<Progress>,
    /// Init, unseal and seal, one at a time.
    pub(super) turn: tokio::sync::Mutex<()>,
    /// Held by whoever brings the phase in line with leadership: services are built once.
    pub(super) following: tokio::sync::Mutex<()>,
    ceremonies: Arc<Ceremonies>,
    local: Arc<Local>,
    started: Instant,
    workers: Mutex<Option<super::workers::Workers>>,
    /// How often the whole state was exchanged since the process began.
    pub(super) replacements: AtomicU64,
    pub(super) joiner: Joiner,
    follower_unseal: FollowerUnseal,
    cluster_time: Arc<ClusterTime>,
}

impl Node {
    /// A node on a store that is open: sealed, or uninitialised.
    pub fn start(mut parts: NodeParts) -> Result<Arc<Self>, Failure> {
        parts.store = TimedStore::wrap(parts.store, Arc::clone(&parts.telemetry));
        let local = Arc::new(Local::new(Arc::clone(&parts.telemetry), Arc::clone(&parts.logs)));
        let cluster_time = Arc::new(ClusterTime::new(Arc::clone(&parts.clock)));
        // Before the first entry is applied: what was stored when the process began is the oldest mark it knows.
        cluster_time.mark_applied(parts.store.as_ref());
        let node = Arc::new_cyclic(|node| {
            parts.store.observe(Arc::new(Invalidation(std::sync::Weak::clone(node))));
            Self {
                parts,
                phase: PhaseCell::new(Phase::Uninitialized),
                seal_config: ArcSwap::from_pointee(None),
                progress: Mutex::default(),
                turn: tokio::sync::Mutex::default(),
                following: tokio::sync::Mutex::default(),
                ceremonies: Arc::default(),
                local,
                started: Instant::now(),
                workers: Mutex::default(),
                replacements: AtomicU64::new(0),
                joiner: Joiner::default(),
                follower_unseal: FollowerUnseal::default(),
                cluster_time,
            }
        });
        node.read_seal_config()?;
        if node.seal_config().is_some() {
            node.phase.store(Arc::new(Phase::Sealed));
        }
        Ok(node)
    }

    /// Answers a request: only the active node can.
    pub async fn serve(self: &Arc<Self>, request: Arc<Request>) -> Result<Response, Failure> {
        let active = self.require_active()?;
        let mut carried = pipeline::carry_out(&active, &request).await?;
        // Decided by the other members too: whether it was done belongs into the audit of the answer.
        if let Some(change) = carried.result.as_mut().ok().and_then(Response::take_member_change)
            && let Err(failure) = self.change_members(*change).await
        {
            carried.result = Err(failure.after_a_commit());
        }
        let (answered, trail) = pipeline::answer(&active, &request, carried).await;
        let mut response = answered?;
        match self.do_afterwards(&active, &request, &mut response).await.map_err(Failure::after_a_commit) {
            Ok(()) => Ok(response),
            Err(failure) => pipeline::audit_late_failure(&active, &request, &trail, failure).await,
        }
    }

    /// The phase now.
    pub fn phase(&self) -> Arc<Phase> {
        self.phase.load_full()
    }

    /// Changes whenever the phase may have; the value itself means nothing.
    pub fn watch_phase(&self) -> tokio::sync::watch::Receiver<u64> {
        self.phase.watch()
    }

    /// The services of an active node.
    pub fn active(&self) -> Option<Arc<Active>> {
        match &**self.phase.load() {
            Phase::Active(active) => Some(Arc::clone(active)),
            Phase::Uninitialized | Phase::Joining(_) | Phase::Sealed | Phase::Standby(_) | Phase::Removed => None,
        }
    }

    /// The services, or why there are none.
    pub fn require_active(&self) -> Result<Arc<Active>, Failure> {
        match &**self.phase.load() {
            Phase::Active(active) => Ok(Arc::clone(active)),
            Phase::Uninitialized => Err(Failure::Uninitialized),
            Phase::Joining(_) | Phase::Sealed | Phase::Removed => Err(Failure::Sealed),
            Phase::Standby(_) => Err(Failure::NotLeader),
        }
    }

    /// The keys, where they are held.
    pub fn barrier(&self) -> Option<Barrier> {
        match &**self.phase.load() {
            Phase::Active(active) => Some(active.barrier.clone()),
            Phase::Standby(barrier) => Some(barrier.clone()),
            Phase::Uninitialized | Phase::Joining(_) | Phase::Sealed | Phase::Removed => None,
        }
    }

    /// How the root key is shared, here or in the cluster that is being joined; `None` before init.
    pub fn seal_config(&self) -> Option<SealConfig> {
        match &**self.phase.load() {
            Phase::Joining(joining) => Some(joining.seal_config),
            _ => self.stored_seal_config(),
        }
    }

    pub(super) fn stored_seal_config(&self) -> Option<SealConfig> {
        **self.seal_config.load()
    }

    /// The cluster.
    pub fn cluster(&self) -> &Arc<dyn ClusterControl> {
        &self.parts.cluster
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.parts.store
    }

    /// What the configuration file sets.
    pub fn settings(&self) -> &Arc<Settings> {
        &self.parts.settings
    }

    /// Audit devices.
    pub fn audit(&self) -> &Arc<AuditLog> {
        &self.parts.audit
    }

    /// Rekey and generate-root in progress.
    pub fn ceremonies(&self) -> &Arc<Ceremonies> {
        &self.ceremonies
    }

    /// The time that the cluster goes by.
    pub fn cluster_time(&self) -> &Arc<ClusterTime> {
        &self.cluster_time
    }

    /// How the node came to its keys; `None` while it has none.
    pub fn unsealed_by(&self) -> Option<UnsealedBy> {
        self.follower_unseal.unsealed_by()
    }

    pub(crate) fn follower_unseal(&self) -> &FollowerUnseal {
        &self.follower_unseal
    }

    /// Leave to init, unseal or seal; one at a time.
    pub(crate) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// What the node knows of itself alone.
    pub fn local(&self) -> &Arc<Local> {
        &self.local
    }

    /// Time.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.parts.clock
    }

    /// When the process started.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// Name and id of the cluster; known while keys are held.
    pub fn cluster_identity(&self) -> Option<super::init::ClusterIdentity> {
        let barrier = self.barrier()?;
        // The running cluster's, whatever state was restored into it.
        let own = self.parts.store.get(super::init::OWN_IDENTITY_PATH).ok()?;
        if let Some(own) = own.and_then(|own| serde_json::from_slice(&own.value).ok()) {
            return Some(own);
        }
        let found = self.parts.store.get(super::init::CLUSTER_IDENTITY_PATH).ok()??;
        let plain = barrier.decrypt(super::init::CLUSTER_IDENTITY_PATH, &found.value).ok()?;
        serde_json::from_slice(&plain).ok()
    }

    pub(super) fn read_seal_config(&self) -> Result<(), Failure> {
        let config = match self.parts.store.get(SEAL_CONFIG_PATH)? {
            Some(found) => Some(SealConfig::read(&found.value).map_err(Failure::internal)?),
            None => None,
        };
        self.seal_config.store(Arc::new(config));
        Ok(())
    }

    /// `core/seal-config` was written: by this node's init or rekey, or by another's.
    pub(super) fn seal_config_changed(&self) {
        if let Err(failure) = self.read_seal_config() {
            tracing::error!("the seal configuration could not be read: {failure}");
            return;
        }
        let mut now_sealed = None;
        self.phase.rcu(|phase| match &**phase {
            Phase::Uninitialized => Arc::clone(now_sealed.get_or_insert_with(|| Arc::new(Phase::Sealed))),
            // The keys of one that is admitted are about to open what arrives.
            Phase::Joining(joining) if !joining.is_admitted() => {
                Arc::clone(now_sealed.get_or_insert_with(|| Arc::new(Phase::Sealed)))
            }
            Phase::Joining(_) | Phase::Sealed | Phase::Standby(_) | Phase::Active(_) | Phase::Removed => {
                Arc::clone(phase)
            }
        });
    }

    /// `core/keyring` was written: follow it.
    pub(super) fn keyring_changed(&self) {
        let Some(barrier) = self.barrier() else { return };
        let store = &self.parts.store;
        let read = |path: &str| store.get(path).map(|found| found.map(|found| found.value));
        if let Err(error) = barrier.adopt(read) {
            tracing::error!("the keyring was changed and could not be followed: {error}");
        }
    }

    /// What browsers are allowed was changed, or can be read now.
    pub(super) fn load_browser_rules(&self) {
        if let Some(barrier) = self.barrier() {
            self.local.browser.reload(self.parts.store.as_ref(), &barrier);
        }
    }

    pub(super) fn set_workers(&self, workers: Option<super::workers::Workers>) {
        *self.workers.lock() = workers;
    }
}
