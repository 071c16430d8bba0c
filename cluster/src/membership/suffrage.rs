//! Giving and taking votes.

use std::collections::{BTreeMap, BTreeSet};

use coffer_model::MembershipError;

use super::change::Change;
use super::removed;
use crate::cluster::Shared;
use crate::member::MemberNode;

impl Shared {
    /// From now on that member may vote; it does at once where it has caught up, and else as soon as it has.
    pub(super) async fn promote(&self, node_id: &str) -> Result<(), MembershipError> {
        let _turn = self.upkeep.turn.lock().await;
        self.must_lead()?;
        let list = self.member_list();
        let (id, node) = list.named(node_id).ok_or_else(|| MembershipError::Unknown(node_id.to_owned()))?;
        if list.is_voter(id) {
            return Err(MembershipError::Failed("server is not a non-voter".to_owned()));
        }
        let seen = self.members_seen(&self.autopilot_config(), &list);
        let mut changes = Vec::new();
        if node.non_voter {
            changes.push(Change::SetNodes(BTreeMap::from([(id, MemberNode { non_voter: false, ..node.clone() })])));
        }
        if seen.get(&id).is_some_and(|seen| seen.caught_up) {
            changes.push(Change::AddVoterIds(BTreeSet::from([id])));
        }
        if changes.is_empty() { Ok(()) } else { self.change_members(Change::Batch(changes), true).await }
    }

    /// From now on that member does not vote; it still receives everything.
    pub(super) async fn demote(&self, node_id: &str) -> Result<(), MembershipError> {
        let _turn = self.upkeep.turn.lock().await;
        self.must_lead()?;
        let list = self.member_list();
        let (id, node) = list.named(node_id).ok_or_else(|| MembershipError::Unknown(node_id.to_owned()))?;
        if node.non_voter && !list.is_voter(id) {
            return Err(MembershipError::Failed("server is already a non-voter".to_owned()));
        }
        let stays = Change::SetNodes(BTreeMap::from([(id, MemberNode { non_voter: true, ..node.clone() })]));
        if !list.is_voter(id) {
            return self.change_members(stays, true).await;
        }
        self.check_departure(&list, &BTreeSet::from([id]), &format!("demoting {node_id}"))?;
        self.change_members(Change::Batch(vec![stays, Change::RemoveVoters(BTreeSet::from([id]))]), true).await
    }

    /// Members that have caught up get their votes.
    pub(super) async fn give_votes(&self, ids: BTreeSet<u64>) -> Result<(), MembershipError> {
        let names = self.member_list().names(ids.iter().copied());
        self.change_members(Change::AddVoterIds(ids), true).await?;
        tracing::info!(members = names, "promoted: they vote now");
        Ok(())
    }

    /// One joint change in which the next incarnation takes the place of the dead one.
    pub(super) async fn replace(&self, old: BTreeSet<u64>, new: u64) -> Result<(), MembershipError> {
        let list = self.member_list();
        let named: Vec<_> = old.iter().filter_map(|id| Some((*id, list.nodes.get(id)?.node_id.clone()))).collect();
        let votes = list.nodes.get(&new).is_some_and(|node| !node.non_voter);
        self.record(removed::command(named)).await?;
        let (voters, learners): (BTreeSet<u64>, BTreeSet<u64>) = old.iter().partition(|id| list.is_voter(**id));
        let mut changes = vec![Change::RemoveVoters(voters)];
        if votes {
            changes.push(Change::AddVoterIds(BTreeSet::from([new])));
        }
        if !learners.is_empty() {
            changes.push(Change::RemoveNodes(learners));
        }
        self.change_members(Change::Batch(changes), false).await?;
        tracing::info!(member = list.names([new]), "has taken the place of an earlier incarnation that was dead");
        Ok(())
    }
}
