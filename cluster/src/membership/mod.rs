//! Joining, promoting, removing.

use coffer_model::{ClusterCard, Membership, MembershipError, NewMember, OwnCard};

use crate::Cluster;

fn not_built() -> MembershipError {
    MembershipError::Failed("not built".to_owned())
}

#[async_trait::async_trait]
impl Membership for Cluster {
    fn own_card(&self) -> OwnCard {
        let shared = &self.shared;
        OwnCard {
            node_id: shared.identity.node_id.clone(),
            raft_id: shared.identity.raft_id,
            cluster_address: shared.own_node.cluster_address.clone(),
            api_address: shared.own_node.api_address.clone(),
            public_key: Vec::new(),
        }
    }

    fn cluster_card(&self) -> Option<ClusterCard> {
        None
    }

    async fn adopt(&self, _: ClusterCard) -> Result<(), MembershipError> {
        Err(not_built())
    }

    async fn admit(&self, _: NewMember) -> Result<(), MembershipError> {
        Err(not_built())
    }

    async fn promote(&self, _: &str) -> Result<(), MembershipError> {
        Err(not_built())
    }

    async fn demote(&self, _: &str) -> Result<(), MembershipError> {
        Err(not_built())
    }

    async fn remove(&self, _: &str) -> Result<(), MembershipError> {
        Err(not_built())
    }

    async fn leave(&self) -> Result<(), MembershipError> {
        Err(not_built())
    }
}
