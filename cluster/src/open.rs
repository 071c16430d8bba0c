//! From options to a running member.

use std::sync::Arc;

use coffer_storage::{Medium, Stores};

use crate::cluster::{Raft, Shared, no_observer};
use crate::epoch::Epoch;
use crate::raft_log::RaftLog;
use crate::sole_voter::SoleVoter;
use crate::state_machine::{ObserverSlot, StateMachine};
use crate::transport::Transport;
use crate::{ClusterOptions, OpenError, StorageMedium, log_keeper, supervisor, timing};

pub(crate) async fn open(options: ClusterOptions) -> Result<Arc<Shared>, OpenError> {
    let medium = match &options.storage {
        StorageMedium::Raft { path } => Medium::Folder(path.clone()),
        StorageMedium::InMemory => Medium::Memory,
    };
    let node_id = options.node_id.clone();
    let opened = tokio::task::spawn_blocking(move || coffer_storage::open(&medium, node_id.as_deref())).await;
    let stores =
        Arc::new(opened.map_err(|error| OpenError::Raft {
            data: format!("{:?}", options.storage),
            reason: error.to_string(),
        })??);
    let (sole, observer) = (Arc::new(SoleVoter::default()), no_observer());
    let (epoch, gone) = Epoch::first();
    let raft = start_core(&stores, &sole, &observer, epoch.clone())
        .await
        .map_err(|reason| OpenError::Raft { data: stores.log.file().to_owned(), reason })?;
    let shared = Arc::new(Shared::new(stores, raft, sole, observer, &options));
    tokio::spawn(supervisor::run(Arc::clone(&shared), epoch, gone));
    shared.tasks.spawn(log_keeper::run(Arc::clone(&shared)));
    Ok(shared)
}

/// Builds a Raft core on the open stores.
pub(crate) async fn start_core(
    stores: &Arc<Stores>,
    sole: &Arc<SoleVoter>,
    observer: &Arc<ObserverSlot>,
    epoch: Epoch,
) -> Result<Raft, String> {
    let name = stores.cluster_id().map_or_else(|| "unformed".to_owned(), |id| id.to_string());
    let config = timing::config(name).validate().map_err(|error| error.to_string())?;
    let log = RaftLog::new(Arc::clone(stores), Arc::clone(sole), epoch.clone());
    let state =
        StateMachine { stores: Arc::clone(stores), sole: Arc::clone(sole), observer: Arc::clone(observer), epoch };
    let raft_id = stores.identity().raft_id;
    Raft::new(raft_id, Arc::new(config), Transport, log, state).await.map_err(|error| error.to_string())
}
