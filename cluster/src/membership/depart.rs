//! Taking members out.

use std::collections::BTreeSet;

use coffer_model::MembershipError;

use super::change::Change;
use super::list::MemberList;
use super::removed;
use crate::cluster::Shared;

impl Shared {
    /// Removes all incarnations of that name, the leader's own included: it hands over once the change is committed.
    pub(super) async fn remove(&self, node_id: &str) -> Result<(), MembershipError> {
        let _turn = self.upkeep.turn.lock().await;
        self.must_lead()?;
        let list = self.member_list();
        let ids: BTreeSet<u64> = list.called(node_id).map(|(id, _)| id).collect();
        if ids.is_empty() {
            return Err(MembershipError::Unknown(node_id.to_owned()));
        }
        self.check_departure(&list, &ids, &format!("removing {node_id}"))?;
        self.expel(&list, &ids).await
    }

    /// Whether the others can go on.
    pub(super) fn check_departure(
        &self,
        list: &MemberList,
        ids: &BTreeSet<u64>,
        doing: &str,
    ) -> Result<(), MembershipError> {
        let voters = list.voters();
        let left: BTreeSet<u64> = voters.difference(ids).copied().collect();
        if left.is_empty() {
            return Err(MembershipError::NoQuorum(format!(
                "{doing} would leave no voter: promote another member first, or stop the server"
            )));
        }
        if left == voters { Ok(()) } else { self.must_have_majority(list, &left, doing) }
    }

    /// Decides that they are removed, then removes them.
    pub(super) async fn expel(&self, list: &MemberList, ids: &BTreeSet<u64>) -> Result<(), MembershipError> {
        let named = ids.iter().filter_map(|id| Some((*id, list.nodes.get(id)?.node_id.clone())));
        self.record(removed::command(named)).await?;
        self.drop_members(ids).await?;
        tracing::info!(members = list.names(ids.iter().copied()), "removed from the cluster");
        Ok(())
    }

    /// Takes out members whose removal was decided.
    pub(super) async fn drop_members(&self, ids: &BTreeSet<u64>) -> Result<(), MembershipError> {
        let list = self.member_list();
        let (voters, learners): (BTreeSet<u64>, BTreeSet<u64>) =
            ids.iter().filter(|id| list.nodes.contains_key(id)).partition(|id| list.is_voter(**id));
        if !voters.is_empty() {
            self.change_members(Change::RemoveVoters(voters), false).await?;
        }
        if !learners.is_empty() {
            self.change_members(Change::RemoveNodes(learners), true).await?;
        }
        Ok(())
    }

    /// Ends a change of voters that a leader before this one began.
    pub(super) async fn end_joint(&self) -> Result<(), MembershipError> {
        // Adds nobody: what is left of the change is its second step. Who lost a vote by it stays a learner; those whose
        // removal was decided go next.
        self.change_members(Change::AddVoterIds(BTreeSet::new()), true).await
    }
}
