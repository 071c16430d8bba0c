//! Giving up what this node holds of a cluster that has removed it.

use std::sync::Arc;
use std::time::SystemTime;

use coffer_model::{ClusterControl, MembershipError};

use crate::Cluster;

impl Cluster {
    /// Ends this node, and sets its files aside: the next opening begins as a new incarnation without a cluster.
    pub(super) async fn set_aside(&self) -> Result<(), MembershipError> {
        // One that leads others which were removed with it, after a recovery, goes too.
        if !self.shared.is_removed() {
            return Err(MembershipError::Failed(
                "this node was not removed from its cluster: run \"operator raft remove-peer\" on a member first"
                    .to_owned(),
            ));
        }
        self.shutdown().await;
        let stores = Arc::clone(&self.shared.stores);
        let moved = tokio::task::spawn_blocking(move || stores.set_aside(SystemTime::now())).await;
        let failed = |error: &dyn std::fmt::Display| MembershipError::Failed(error.to_string());
        if let Some(folder) = moved.map_err(|error| failed(&error))?.map_err(|error| failed(&error))? {
            tracing::warn!(folder = %folder.display(), "the data of the former membership was set aside");
        }
        Ok(())
    }
}
