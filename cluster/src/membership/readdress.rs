//! A member whose configuration gives it other addresses than the list has.

use std::collections::BTreeMap;

use coffer_model::MembershipError;

use super::change::Change;
use crate::cluster::Shared;
use crate::member::MemberNode;

impl Shared {
    /// Puts its addresses into the list. A new cluster address only once the member was found there: one that leads
    /// nowhere, or to another node, would cost its vote.
    pub(super) async fn readdress(&self, id: u64, node: MemberNode) -> Result<(), MembershipError> {
        let listed = self.member_list().nodes.get(&id).cloned();
        if listed.as_ref().is_none_or(|listed| listed.cluster_address != node.cluster_address)
            && let Err(error) = self.transport.probe(id, node.clone(), "is not found where it says it is").await
        {
            let told = self.pulse.look(|table| table.get(id).map(|known| known.told.addresses.clone()));
            self.upkeep.not_found(id, told.unwrap_or_default());
            return Err(error);
        }
        let _turn = self.upkeep.turn.lock().await;
        self.must_lead()?;
        // It may have been removed or changed meanwhile: then what is seen next decides.
        if listed.is_none() || self.member_list().nodes.get(&id) != listed.as_ref() {
            return Ok(());
        }
        self.list_anew(id, node.clone()).await?;
        let MemberNode { node_id, cluster_address, api_address, .. } = node;
        tracing::info!(node_id, cluster_address, api_address, "a member has other addresses than before");
        Ok(())
    }

    /// Brings this node's own record in the member list up to its configuration. It leads.
    pub(crate) async fn announce_addresses(&self) {
        let id = self.identity.raft_id;
        let is_current = self.member_list().nodes.get(&id).is_none_or(|node| *node == self.own_node);
        if !is_current && let Err(error) = self.list_anew(id, self.own_node.clone()).await {
            tracing::warn!(%error, "this node's new addresses could not be entered in the member list");
        }
    }

    async fn list_anew(&self, id: u64, node: MemberNode) -> Result<(), MembershipError> {
        self.change_members(Change::SetNodes(BTreeMap::from([(id, node)])), true).await
    }
}
