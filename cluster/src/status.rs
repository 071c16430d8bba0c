//! What this node sees of the cluster.

use std::sync::Arc;
use std::time::Duration;

use coffer_model::{ClusterStatus, Member, NodeRole};
use openraft::Instant as _;
use openraft::ServerState;
use openraft::async_runtime::WatchReceiver;

use crate::cluster::Shared;
use crate::raft_types::{StoredMembership, Types};

/// A leader that no majority has answered for this long, beyond its lease, has no prospect.
const QUORUM_PATIENCE: Duration = Duration::from_secs(1);

impl Shared {
    /// While the core is built anew for another timing: as it was before.
    pub(crate) fn status(&self) -> ClusterStatus {
        match &*self.held_status.load() {
            Some(held) => ClusterStatus::clone(held),
            None => self.current_status(),
        }
    }

    /// From now on nothing changes, to the eyes of others.
    pub(crate) fn hold_status(&self) {
        self.held_status.store(Some(Arc::new(self.current_status())));
    }

    pub(crate) fn release_status(&self) {
        self.held_status.store(None);
        self.status_changed();
    }

    /// Whether the cluster has removed this node, as far as it knows.
    pub(crate) fn is_removed(&self) -> bool {
        self.upkeep.is_removed() || self.transport.was_told_removed()
    }

    /// A leader that no majority has answered for longer than it takes to elect another; `false` where this node does not
    /// lead.
    fn leads_nobody(&self) -> bool {
        let Some(lead) = self.leadership.get() else { return false };
        let raft = self.raft.load();
        let watched = raft.metrics();
        let metrics = watched.borrow_watched();
        let is_sole = metrics.membership_config.voter_ids().count() <= 1;
        metrics.state.is_leader() && !is_sole && self.is_unanswered(&metrics.last_quorum_acked, lead.since.elapsed())
    }

    /// Whether a majority's last answer is too old; `led`: how long this node leads.
    pub(crate) fn is_unanswered(
        &self,
        last: &Option<impl std::ops::Deref<Target = openraft::alias::InstantOf<Types>>>,
        led: Duration,
    ) -> bool {
        let lease = Duration::from_millis(self.timing.in_force().election_max());
        last.as_ref().map_or(led, |acked| acked.elapsed()) >= lease + QUORUM_PATIENCE
    }

    fn current_status(&self) -> ClusterStatus {
        let raft = self.raft.load();
        let (committed_index, applied_index) = {
            let watched = raft.metrics();
            let metrics = watched.borrow_watched();
            (metrics.local_committed.map_or(0, |id| id.index), metrics.last_applied.map_or(0, |id| id.index))
        };
        // The part that `watch` announces.
        let watched = raft.server_metrics();
        let metrics = watched.borrow_watched();
        let list = &metrics.committed_membership_config;
        let role = match metrics.state {
            ServerState::Leader => NodeRole::Leader,
            _ if self.is_removed() => NodeRole::Removed,
            _ if !is_formed(list) && !is_formed(&metrics.membership_config) => NodeRole::Unformed,
            ServerState::Learner => NodeRole::Learner,
            ServerState::Follower | ServerState::Candidate | ServerState::Shutdown => NodeRole::Follower,
        };
        ClusterStatus {
            node_id: self.identity.node_id.clone(),
            role,
            term: metrics.vote.leader_id.term,
            committed_index,
            applied_index,
            members: members(list, metrics.current_leader),
            configuration_index: list.log_id().map_or(0, |id| id.index),
            level: self.level.recorded().in_force,
            heartbeat: Duration::from_millis(self.timing.in_force().heartbeat()),
            leads_nobody: self.leads_nobody(),
            leading_for: self.leadership.get().map(|lead| lead.since.elapsed()),
        }
    }
}

fn is_formed(list: &StoredMembership) -> bool {
    list.nodes().next().is_some()
}

fn members(list: &StoredMembership, leader: Option<u64>) -> Vec<Member> {
    let voters: Vec<u64> = list.voter_ids().collect();
    list.nodes()
        .map(|(id, node)| Member {
            node_id: node.node_id.clone(),
            cluster_address: node.cluster_address.clone(),
            api_address: node.api_address.clone(),
            voter: voters.contains(id),
            leader: leader == Some(*id),
            raft_id: *id,
            public_key: node.public_key.clone(),
        })
        .collect()
}
