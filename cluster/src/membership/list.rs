//! The member list as decisions are made on it: Raft's newest, committed or not.

use std::collections::{BTreeMap, BTreeSet};

use openraft::async_runtime::WatchReceiver;

use crate::cluster::Shared;
use crate::member::MemberNode;
use crate::raft_types::RaftLogId;

/// Raft's newest member list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MemberList {
    /// The entry that holds it.
    pub(crate) at: Option<RaftLogId>,
    /// Sets of voters, of each of which a majority decides; more than one while a change is under way.
    pub(crate) configurations: Vec<BTreeSet<u64>>,
    /// All members, by Raft id.
    pub(crate) nodes: BTreeMap<u64, MemberNode>,
}

impl MemberList {
    /// A change of voters was begun and not ended.
    pub(crate) fn is_joint(&self) -> bool {
        self.configurations.len() > 1
    }

    /// Those that vote once a change under way has ended.
    pub(crate) fn voters(&self) -> BTreeSet<u64> {
        self.configurations.last().cloned().unwrap_or_default()
    }

    pub(crate) fn is_voter(&self, id: u64) -> bool {
        self.configurations.iter().any(|voters| voters.contains(&id))
    }

    pub(crate) fn learners(&self) -> impl Iterator<Item = (u64, &MemberNode)> {
        self.nodes.iter().filter(|(id, _)| !self.is_voter(**id)).map(|(id, node)| (*id, node))
    }

    /// Incarnations of that name; more than one while a dead one is replaced.
    pub(crate) fn called(&self, node_id: &str) -> impl Iterator<Item = (u64, &MemberNode)> {
        self.nodes.iter().filter(move |(_, node)| node.node_id == node_id).map(|(id, node)| (*id, node))
    }

    /// The one of that name that counts: a learner that is to replace a voter comes after it.
    pub(crate) fn named(&self, node_id: &str) -> Option<(u64, &MemberNode)> {
        self.called(node_id).max_by_key(|(id, _)| self.is_voter(*id))
    }

    /// Names of these ids, for a sentence.
    pub(crate) fn names(&self, ids: impl IntoIterator<Item = u64>) -> String {
        let names =
            ids.into_iter().map(|id| self.nodes.get(&id).map_or_else(|| id.to_string(), |node| node.node_id.clone()));
        names.collect::<Vec<_>>().join(", ")
    }
}

/// How many of `count` voters decide.
pub(crate) fn majority(count: usize) -> usize {
    count / 2 + 1
}

impl Shared {
    pub(crate) fn member_list(&self) -> MemberList {
        let raft = self.raft.load();
        let watched = raft.server_metrics();
        let metrics = watched.borrow_watched();
        let list = &metrics.membership_config;
        MemberList {
            at: *list.log_id(),
            configurations: list.membership().get_joint_config().clone(),
            nodes: list.nodes().map(|(id, node)| (*id, node.clone())).collect(),
        }
    }
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// Members 1, 2 ... called a, b ...; these vote.
    pub(crate) fn list(members: u64, voters: &[u64]) -> MemberList {
        let name = |id: u64| char::from(b'a' + u8::try_from(id).unwrap() - 1).to_string();
        let node = |id| MemberNode {
            node_id: name(id),
            cluster_address: format!("{}:8201", name(id)),
            ..MemberNode::default()
        };
        MemberList {
            at: None,
            configurations: vec![voters.iter().copied().collect()],
            nodes: (1..=members).map(|id| (id, node(id))).collect(),
        }
    }
}
