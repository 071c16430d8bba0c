//! A leader whose process has died is not waited for.
//!
//! When the connection to the leader ends, and it does not answer a question on a new one, this node no longer holds to the
//! promise of not electing another while the leader's lease runs. The election that follows asks for votes as any other:
//! it takes place only if a majority has seen the same, and no node reads by a lease.

use std::sync::Arc;
use std::time::Duration;

use coffer_model::{PeerError, Topic};
use openraft::async_runtime::WatchReceiver;
use openraft::raft::TransferLeaderRequest;

use crate::cluster::Shared;

/// A live leader answers within this time; one whose machine is gone does not answer at all, and is left to the lease.
const PATIENCE: Duration = Duration::from_millis(400);
/// Members stand one after another, so that votes are not split.
const STAGGER: Duration = Duration::from_millis(30);
/// The others may see it a little later.
const ATTEMPTS: u32 = 4;

impl Shared {
    /// A connection to a member has ended, and not by this node's wish.
    pub(crate) fn connection_lost(self: &Arc<Self>, raft_id: u64) {
        if self.current_leader() == Some(raft_id) && !self.is_closing() {
            self.tasks.spawn(look(Arc::clone(self), raft_id));
        }
    }

    /// Whether the member was found dead while it led, and has not been heard from since.
    pub(super) fn is_dead(&self, raft_id: u64) -> bool {
        *self.leading.dead_leader.lock() == Some(raft_id)
    }

    fn current_leader(&self) -> Option<u64> {
        let raft = self.raft.load();
        let watched = raft.server_metrics();
        watched.borrow_watched().current_leader
    }
}

async fn look(shared: Arc<Shared>, leader: u64) {
    // One look at a time: all connections to it end at once.
    let Ok(_turn) = shared.leading.looking.try_lock() else { return };
    let name = shared.pulse.look(|table| table.get(leader).map(|known| known.node_id.clone()));
    let Some(name) = name else { return };
    let question = shared.told().encode();
    let begun = tokio::time::Instant::now();
    match shared.transport.ask_member(leader, Topic::PULSE, &question, PATIENCE).await {
        Err(PeerError::Unreachable { reason, .. }) if begun.elapsed() < PATIENCE => {
            tracing::info!(leader = name, reason, "the leader is gone");
        }
        _ => return,
    }
    forget_lease(&shared, leader).await;
    *shared.leading.dead_leader.lock() = Some(leader);
    // Also wakes those who decide whether this node may stand.
    shared.pulse.push();
    stand(&shared, leader).await;
    *shared.leading.dead_leader.lock() = None;
}

/// From now on this node grants its vote to others, and asks for theirs.
async fn forget_lease(shared: &Shared, leader: u64) {
    let raft = shared.raft.load_full();
    let vote = raft.server_metrics().borrow_watched().vote;
    if vote.leader_id.node_id == leader {
        // Addressed to the dead leader, so that it asks for no election here by itself.
        let request = TransferLeaderRequest::new(vote, leader, None);
        // A core that stopped is the supervisor's business.
        let _ = raft.handle_transfer_leader(request).await;
    }
}

async fn stand(shared: &Shared, leader: u64) {
    let place = {
        let raft = shared.raft.load();
        let watched = raft.server_metrics();
        let metrics = watched.borrow_watched();
        let own = shared.identity.raft_id;
        metrics.membership_config.voter_ids().filter(|id| *id != leader && *id < own).count()
    };
    let turn = STAGGER * (1 + u32::try_from(place).unwrap_or(0));
    for _ in 0..ATTEMPTS {
        tokio::time::sleep(turn).await;
        if shared.current_leader() != Some(leader) {
            return;
        }
        if shared.may_stand(&mut None) {
            let raft = shared.raft.load_full();
            let _ = raft.trigger().elect(true).await;
        }
    }
}
