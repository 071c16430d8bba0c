//! A member whose configuration gives it other addresses than the list has.

use std::collections::BTreeMap;

use coffer_model::MembershipError;

use super::change::Change;
use crate::cluster::Shared;
use crate::member::MemberNode;

impl Shared {
    /// Puts its addresses into the list, once it was found there: an address that leads nowhere, or to another node, would
    /// cost its vote. Where it isn't found, the reason stands among the peers' errors.
    pub(super) async fn readdress(&self, id: u64, node: MemberNode) -> Result<(), MembershipError> {
        if id != self.identity.raft_id {
            self.transport.probe(id, node.clone(), "is not found where it says it is").await?;
        }
        let (node_id, cluster_address, api_address) =
            (node.node_id.clone(), node.cluster_address.clone(), node.api_address.clone());
        self.change_members(Change::SetNodes(BTreeMap::from([(id, node)])), true).await?;
        tracing::info!(node_id, cluster_address, api_address, "a member has other addresses than before");
        Ok(())
    }
}
