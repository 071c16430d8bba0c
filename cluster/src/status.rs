//! What this node sees of the cluster.

use std::sync::Arc;
use std::time::Duration;

use coffer_model::{ClusterStatus, Member, NodeRole};
use openraft::ServerState;
use openraft::async_runtime::WatchReceiver;

use crate::cluster::Shared;
use crate::raft_types::StoredMembership;

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
            _ if self.upkeep.is_removed() || self.transport.was_told_removed() => NodeRole::Removed,
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
