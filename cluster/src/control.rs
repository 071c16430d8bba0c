//! Forming, handing over, ending.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use coffer_model::{ClusterControl, ClusterStatus, ControlError};
use coffer_storage::ClusterId;
use openraft::errors::{InitializeError, RaftError};
use tokio::sync::watch;

use crate::Cluster;
use crate::cluster::{Life, Shared};

/// How long the end waits for another member to take the lead.
const LEAVE_PATIENCE: Duration = Duration::from_secs(2);

#[async_trait::async_trait]
impl ClusterControl for Cluster {
    fn status(&self) -> ClusterStatus {
        self.shared.status()
    }

    /// Changes with role, term, leader and members; the two indexes move on without it.
    fn watch(&self) -> watch::Receiver<u64> {
        self.shared.changes.subscribe()
    }

    async fn form(&self) -> Result<(), ControlError> {
        self.shared.form().await
    }

    async fn step_down(&self) -> Result<(), ControlError> {
        self.shared.step_down().await
    }

    async fn shutdown(&self) {
        self.leave_lead().await;
        self.shared.close();
        // The sender is in `shared`, so this cannot fail.
        let _ = self.shared.life.subscribe().wait_for(|life| *life == Life::Closed).await;
    }
}

impl Cluster {
    /// Gives the lead to another voter because this node goes away; returns once one has it, or when nobody takes it in
    /// time: an election follows then. Does nothing on a node that does not lead.
    pub async fn leave_lead(&self) {
        if self.shared.leadership.get().is_none() {
            return;
        }
        match tokio::time::timeout(LEAVE_PATIENCE, self.shared.leave_lead()).await {
            Ok(Ok(()) | Err(ControlError::NotLeader)) => {}
            Ok(Err(reason)) => tracing::info!(%reason, "this node ends while it leads"),
            Err(_) => tracing::warn!("this node ends while it leads: nobody took the lead in time"),
        }
    }
}

impl Shared {
    async fn form(&self) -> Result<(), ControlError> {
        let raft = self.raft.load_full();
        if raft.is_initialized().await.map_err(failed)? {
            return Err(ControlError::AlreadyFormed);
        }
        if self.has_adopted() {
            return Err(failed(
                "this node was admitted to another cluster and waits for its data: start that cluster's nodes, or give \
                 this one an empty data folder",
            ));
        }
        // One that is there already is left from a forming that was cut short.
        let cluster = match self.stores.cluster_id() {
            Some(cluster) => cluster,
            None => new_cluster_id()?,
        };
        let stores = Arc::clone(&self.stores);
        let bound = tokio::task::spawn_blocking(move || stores.set_cluster_id(cluster)).await;
        bound.map_err(failed)?.map_err(failed)?;
        let first = BTreeMap::from([(self.identity.raft_id, self.own_node.clone())]);
        raft.initialize(first).await.map_err(|error| match error {
            RaftError::APIError(InitializeError::NotAllowed(_)) => ControlError::AlreadyFormed,
            other => failed(other),
        })?;
        tokio::select! {
            () = self.leadership.wait_ready() => Ok(()),
            () = self.closing() => Err(failed("the node is shutting down")),
            fault = self.stores.faults.wait() => Err(failed(fault)),
        }
    }
}

fn new_cluster_id() -> Result<ClusterId, ControlError> {
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(failed)?;
    Ok(ClusterId(id))
}

fn failed(error: impl std::fmt::Display) -> ControlError {
    ControlError::Failed(error.to_string())
}
