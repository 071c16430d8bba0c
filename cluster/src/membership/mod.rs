//! Joining, promoting, removing.

mod admit;
pub(crate) mod autopilot;
mod change;
mod depart;
mod leave;
mod list;
mod readdress;
mod removed;
mod suffrage;

pub(crate) mod card;

pub(crate) use removed::command as removal;

use coffer_model::{ClusterCard, Membership, MembershipError, NewMember, OwnCard};

use crate::Cluster;

#[async_trait::async_trait]
impl Membership for Cluster {
    fn own_card(&self) -> OwnCard {
        self.shared.own_card()
    }

    fn cluster_card(&self) -> Option<ClusterCard> {
        self.shared.cluster_card()
    }

    async fn adopt(&self, card: ClusterCard) -> Result<(), MembershipError> {
        self.shared.adopt(card).await
    }

    async fn admit(&self, member: NewMember) -> Result<(), MembershipError> {
        self.shared.admit(member).await
    }

    async fn promote(&self, node_id: &str) -> Result<(), MembershipError> {
        self.shared.promote(node_id).await
    }

    async fn demote(&self, node_id: &str) -> Result<(), MembershipError> {
        self.shared.demote(node_id).await
    }

    async fn remove(&self, node_id: &str) -> Result<(), MembershipError> {
        self.shared.remove(node_id).await
    }

    async fn leave(&self) -> Result<(), MembershipError> {
        self.set_aside().await
    }
}
