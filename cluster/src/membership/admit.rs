//! Taking in a node that was found fit to join.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use bytes::Bytes;
use coffer_model::{MembershipError, NewMember, Topic};

use super::change::Change;
use super::list::MemberList;
use super::removed;
use crate::cluster::Shared;
use crate::member::MemberNode;
use crate::pulse::FRESH;

/// How long an earlier incarnation has to answer.
const PATIENCE: Duration = Duration::from_millis(900);

impl Shared {
    /// Adds a learner. An earlier incarnation of its name that is dead stays until the learner can take its place.
    pub(super) async fn admit(&self, new: NewMember) -> Result<(), MembershipError> {
        let _turn = self.upkeep.turn.lock().await;
        self.must_lead()?;
        if self.was_removed(new.raft_id) {
            return Err(MembershipError::Failed(format!(
                "the data of node {:?} belong to a member that was removed, and are never let in again: set them aside and \
                 join with an empty data folder (\"operator raft join\" does both)",
                new.node_id
            )));
        }
        let list = self.member_list();
        match list.nodes.get(&new.raft_id) {
            Some(present) => self.admit_again(present, new).await,
            None => self.admit_first(&list, new).await,
        }
    }

    /// The same incarnation: at most its addresses are new.
    async fn admit_again(&self, present: &MemberNode, new: NewMember) -> Result<(), MembershipError> {
        let is_other =
            present.node_id != new.node_id || !(present.public_key.is_empty() || present.public_key == new.public_key);
        if is_other {
            return Err(MembershipError::Failed(format!(
                "another node is a member under the Raft id of {:?}: a data folder was copied; empty this one and join again",
                new.node_id
            )));
        }
        let node = MemberNode { non_voter: present.non_voter, ..member_node(&new) };
        if node == *present {
            return Ok(());
        }
        self.change_members(Change::SetNodes(BTreeMap::from([(new.raft_id, node)])), true).await
    }

    async fn admit_first(&self, list: &MemberList, new: NewMember) -> Result<(), MembershipError> {
        let mut obsolete = Vec::new();
        for (id, node) in list.called(&new.node_id) {
            if self.is_alive(id, node, &new).await {
                let (node_id, address) = (node.node_id.clone(), node.cluster_address.clone());
                return Err(MembershipError::Alive { node_id, address });
            }
            if !list.is_voter(id) {
                obsolete.push(id);
            }
        }
        // Before it counts as a member whom others wait for.
        self.transport.probe(new.raft_id, member_node(&new), "was not let in").await?;
        let added = Change::AddNodes(BTreeMap::from([(new.raft_id, member_node(&new))]));
        let change = if obsolete.is_empty() {
            added
        } else {
            self.record(removed::command(obsolete.iter().map(|id| (*id, new.node_id.clone())))).await?;
            Change::Batch(vec![Change::RemoveNodes(BTreeSet::from_iter(obsolete)), added])
        };
        self.change_members(change, true).await?;
        tracing::info!(
            node_id = new.node_id,
            address = new.cluster_address,
            "a node has joined, without a vote for now"
        );
        // Heard from soon, it is promoted soon.
        self.pulse.push();
        Ok(())
    }

    /// Whether that incarnation lives. It is asked in any case: what was heard of it lately may be its last.
    async fn is_alive(&self, id: u64, node: &MemberNode, new: &NewMember) -> bool {
        if id == self.identity.raft_id {
            return true;
        }
        let begun = Instant::now();
        let question = Bytes::from(self.told().encode());
        // The answer could be another incarnation's; only what is heard from this one counts.
        let _ = self.transport.ask_member(id, Topic::PULSE, &question, PATIENCE).await;
        let heard = self.pulse.look(|table| table.get(id).and_then(|known| known.heard)).map(|(at, _)| at);
        match heard {
            Some(at) if at >= begun => true,
            // Silent just now: dead where the newcomer has its address, and elsewhere once it is silent for longer.
            Some(at) => node.cluster_address != new.cluster_address && at.elapsed() <= FRESH,
            None => false,
        }
    }
}

fn member_node(new: &NewMember) -> MemberNode {
    MemberNode {
        node_id: new.node_id.clone(),
        cluster_address: new.cluster_address.clone(),
        api_address: new.api_address.clone(),
        public_key: new.public_key.clone(),
        non_voter: new.non_voter,
    }
}
