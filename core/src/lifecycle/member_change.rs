//! Changes of the member list that an operator asks for.

use coffer_model::MembershipError;

use super::node::Node;
use crate::{Failure, MemberChange};

impl Node {
    pub(super) async fn change_members(&self, change: MemberChange) -> Result<(), Failure> {
        let cluster = &self.parts.cluster;
        let changed = match &change {
            MemberChange::Remove(node_id) => match cluster.remove(node_id).await {
                Err(MembershipError::Unknown(_)) => Ok(()),
                other => other,
            },
            MemberChange::Promote(node_id) => cluster.promote(node_id).await,
            MemberChange::Demote(node_id) => cluster.demote(node_id).await,
            MemberChange::Autopilot(config) => cluster.set_autopilot_config(config.clone()).await,
        };
        changed.map_err(failure)
    }
}

/// In Vault's words where it has some.
fn failure(error: MembershipError) -> Failure {
    match error {
        MembershipError::Unknown(node_id) => {
            Failure::fault(format!("server {node_id} not found in raft configuration"))
        }
        MembershipError::NotLeader => Failure::NotLeader,
        MembershipError::NoQuorum(why) => Failure::Unavailable(why),
        other @ (MembershipError::Alive { .. } | MembershipError::Unfit(_) | MembershipError::Failed(_)) => {
            Failure::fault(other.to_string())
        }
    }
}
