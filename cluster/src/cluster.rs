//! The handle of a running cluster member, and what its parts share.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::{ArcSwap, ArcSwapOption};
use coffer_model::{
    ApplyObserver, ClusterStatus, Command, CommitError, Exchange, FenceError, Frozen, Revision, Store, StoreError,
    Versioned,
};
use coffer_storage::{NodeIdentity, StoreFault, Stores};
use tokio::sync::{Semaphore, watch};
use tokio_util::task::TaskTracker;

use crate::disk::Disk;
use crate::fate::Applied;
use crate::fence::Fence;
use crate::frozen::FrozenState;
use crate::leadership::Leadership;
use crate::leading::Leading;
use crate::level::NodeLevel;
use crate::member::MemberNode;
use crate::membership::autopilot::Upkeep;
use crate::open::CoreParts;
use crate::pulse::Pulse;
use crate::raft_types::Types;
use crate::sole_voter::SoleVoter;
use crate::state_machine::{ObserverSlot, StateMachine};
use crate::timing::{NodeTiming, Timing};
use crate::transport::Transport;
use crate::{ClusterOptions, OpenError, open};

pub(crate) type Raft = openraft::Raft<Types, StateMachine>;

/// Proposals in flight, in KiB: more wait at the door.
pub(crate) const ROOM_KIB: u32 = 64 << 10;

/// This node's part in a cluster: the replicated store, and its steering. Dropping it stops the node without waiting;
/// `ClusterControl::shutdown` waits.
#[derive(Debug)]
pub struct Cluster {
    pub(crate) shared: Arc<Shared>,
}

/// The node cannot go on; one line that says why and what to do. The process should end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FatalError(String);

pub(crate) struct Shared {
    pub(crate) stores: Arc<Stores>,
    pub(crate) identity: NodeIdentity,
    pub(crate) own_node: MemberNode,
    pub(crate) transport: Transport,
    pub(crate) max_entry_size: usize,
    /// The running core; exchanged by a rebuild.
    pub(crate) raft: ArcSwap<Raft>,
    pub(crate) sole: Arc<SoleVoter>,
    pub(crate) observer: Arc<ObserverSlot>,
    pub(crate) applied: Arc<Applied>,
    pub(crate) leadership: Leadership,
    pub(crate) fence: Fence,
    pub(crate) room: Semaphore,
    pub(crate) disk: Disk,
    pub(crate) pulse: Pulse,
    pub(crate) timing: NodeTiming,
    pub(crate) level: NodeLevel,
    pub(crate) leading: Leading,
    pub(crate) upkeep: Upkeep,
    /// Shown in the place of the status while there is no core to ask.
    pub(crate) held_status: ArcSwapOption<ClusterStatus>,
    /// Counts changes of the status.
    pub(crate) changes: watch::Sender<u64>,
    pub(crate) life: watch::Sender<Life>,
    /// All tasks that hold this, but for the supervisor.
    pub(crate) tasks: TaskTracker,
    /// Why the Raft core is not rebuilt any more.
    pub(crate) gave_up: watch::Sender<Option<String>>,
    /// Rebuilds so far.
    pub(crate) rebuilds: AtomicU64,
}

/// From open to closed, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Life {
    Running,
    Closing,
    Closed,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("identity", &self.identity).finish_non_exhaustive()
    }
}

impl Cluster {
    /// Opens log and state, and starts Raft: a member that was formed takes part at once, sealed or not.
    ///
    /// # Errors
    /// See [`OpenError`]; each says what, where and what to do.
    pub async fn open(options: ClusterOptions) -> Result<Arc<Self>, OpenError> {
        open::open(options).await.map(|shared| Arc::new(Self { shared }))
    }

    /// This node's id: the configured one, or the one on disk.
    pub fn node_id(&self) -> &str {
        &self.shared.identity.node_id
    }

    /// Returns once the node cannot go on: the store failed, or the Raft core died too often. Never otherwise.
    pub async fn fatal(&self) -> FatalError {
        let mut gave_up = self.shared.gave_up.subscribe();
        tokio::select! {
            fault = self.shared.stores.faults.wait() => FatalError(fault.to_string()),
            reason = gave_up.wait_for(Option::is_some) => match reason {
                Ok(reason) => FatalError(reason.clone().unwrap_or_default()),
                Err(_) => std::future::pending().await,
            },
        }
    }

    /// How often the Raft core died and was rebuilt since the node was opened.
    pub fn raft_rebuilds(&self) -> u64 {
        self.shared.rebuilds.load(Ordering::Relaxed)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl Shared {
    pub(crate) fn new(parts: CoreParts, raft: Raft, timing: Timing, options: &ClusterOptions) -> Self {
        let CoreParts { stores, transport, sole, observer, applied } = parts;
        let identity = stores.identity();
        let own_node = MemberNode {
            node_id: identity.node_id.clone(),
            cluster_address: options.cluster_address.clone(),
            api_address: options.api_address.clone(),
            public_key: transport.public_key().to_vec(),
            non_voter: false,
        };
        let level = crate::level::recorded(&stores);
        Self {
            stores,
            identity,
            own_node,
            transport,
            max_entry_size: options.max_entry_size,
            raft: ArcSwap::from_pointee(raft),
            sole,
            observer,
            applied,
            leadership: Leadership::default(),
            fence: Fence::default(),
            room: Semaphore::new(ROOM_KIB as usize),
            disk: Disk::default(),
            pulse: Pulse::new(options.leader_priority, options.performance_multiplier),
            timing: NodeTiming::new(timing),
            level: NodeLevel::new(options.level, level),
            upkeep: Upkeep::default(),
            leading: Leading::default(),
            held_status: ArcSwapOption::empty(),
            changes: watch::Sender::new(0),
            life: watch::Sender::new(Life::Running),
            tasks: TaskTracker::new(),
            gave_up: watch::Sender::new(None),
            rebuilds: AtomicU64::new(0),
        }
    }

    pub(crate) fn core_parts(&self) -> CoreParts {
        CoreParts {
            stores: Arc::clone(&self.stores),
            transport: self.transport.clone(),
            sole: Arc::clone(&self.sole),
            observer: Arc::clone(&self.observer),
            applied: Arc::clone(&self.applied),
        }
    }

    /// Begins the end; the supervisor does the rest.
    pub(crate) fn close(&self) {
        self.room.close();
        self.life.send_if_modified(|life| {
            let is_running = *life == Life::Running;
            if is_running {
                *life = Life::Closing;
            }
            is_running
        });
    }

    pub(crate) fn is_closing(&self) -> bool {
        *self.life.borrow() >= Life::Closing
    }

    pub(crate) async fn closing(&self) {
        // The sender is in `self`, so this cannot fail.
        let _ = self.life.subscribe().wait_for(|life| *life >= Life::Closing).await;
    }

    pub(crate) fn status_changed(&self) {
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
    }
}

#[async_trait::async_trait]
impl Store for Cluster {
    fn get(&self, key: &str) -> Result<Option<Versioned>, StoreError> {
        let found = self.shared.stores.state.get(key).map_err(store_error)?;
        Ok(found.and_then(|found| {
            // Index 0 holds the first member list, never a value.
            Revision::new(found.revision).map(|revision| Versioned { value: found.value, revision })
        }))
    }

    fn list(&self, prefix: &str, after: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        self.shared.stores.state.list(prefix, after, limit).map_err(store_error)
    }

    fn scan(&self, prefix: &str, after: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        self.shared.stores.state.scan(prefix, after, limit).map_err(store_error)
    }

    async fn commit(&self, command: Command) -> Result<Revision, CommitError> {
        self.shared.commit(command).await
    }

    async fn exchange(&self, step: Exchange) -> Result<Revision, CommitError> {
        self.shared.exchange(&step).await
    }

    fn is_staging(&self) -> bool {
        self.shared.stores.state.committed().staging.is_some()
    }

    async fn freeze(&self) -> Result<Arc<dyn Frozen>, StoreError> {
        let stores = Arc::clone(&self.shared.stores);
        let frozen = tokio::task::spawn_blocking(move || stores.state.snapshot()).await;
        let frozen = frozen.map_err(|error| StoreError(error.to_string()))?.map_err(store_error)?;
        Ok(Arc::new(FrozenState(frozen)))
    }

    fn folder(&self) -> Option<PathBuf> {
        self.shared.stores.folder().map(Path::to_owned)
    }

    async fn read_fence(&self) -> Result<(), FenceError> {
        Shared::read_fence(&self.shared).await
    }

    fn observe(&self, observer: Arc<dyn ApplyObserver>) {
        self.shared.observer.store(Some(Arc::new(observer)));
    }

    fn max_entry_size(&self) -> usize {
        self.shared.max_entry_size
    }
}

pub(crate) fn no_observer() -> Arc<ObserverSlot> {
    Arc::new(ArcSwapOption::empty())
}

fn store_error(fault: StoreFault) -> StoreError {
    StoreError(fault.to_string())
}
