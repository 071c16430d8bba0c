//! From options to a running member.

use std::sync::Arc;

use coffer_storage::{Medium, Stores};
use coffer_tls::NodeKey;

use crate::cluster::{Raft, Shared, no_observer};
use crate::epoch::Epoch;
use crate::fate::Applied;
use crate::raft_log::RaftLog;
use crate::sole_voter::SoleVoter;
use crate::state_machine::{ObserverSlot, StateMachine};
use crate::timing::Pace;
use crate::transport::{Transport, TransportParts};
use crate::{
    ClusterOptions, OpenError, StorageMedium, leading, level, log_keeper, membership, pulse, recovery, state_keeper,
    supervisor, timing,
};

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
    let held = Arc::clone(&stores);
    let recovered = tokio::task::spawn_blocking(move || recovery::from_file(&held)).await;
    recovered.map_err(|error| OpenError::Transport(error.to_string()))??;
    let (epoch, gone) = Epoch::first();
    if let Some(refusal) = level::refusal("this node", options.level, level::recorded(&stores).floor) {
        return Err(OpenError::TooOld(refusal));
    }
    let timing = timing::recorded(&stores).unwrap_or_default();
    let transport = transport(&options, &stores).await?;
    let parts = CoreParts { stores, transport, sole: Arc::default(), observer: no_observer(), applied: Arc::default() };
    let raft = parts
        .start(epoch.clone(), Pace { timing, goes_on_leading: false })
        .await
        .map_err(|reason| OpenError::Raft { data: parts.stores.log.file().to_owned(), reason })?;
    let shared = Arc::new(Shared::new(parts, raft, timing, &options));
    shared.take_up_card();
    shared.transport.start(&shared, options.transport.as_ref())?;
    shared.tasks.spawn(membership::card::follow(Arc::clone(&shared)));
    tokio::spawn(supervisor::run(Arc::clone(&shared), epoch, gone));
    shared.tasks.spawn(log_keeper::run(Arc::clone(&shared)));
    shared.tasks.spawn(state_keeper::run(Arc::clone(&shared)));
    shared.tasks.spawn(pulse::run(Arc::clone(&shared)));
    shared.tasks.spawn(timing::run(Arc::clone(&shared)));
    shared.tasks.spawn(level::run(Arc::clone(&shared)));
    shared.tasks.spawn(leading::stand(Arc::clone(&shared)));
    shared.tasks.spawn(leading::lead(Arc::clone(&shared)));
    shared.tasks.spawn(membership::autopilot::run(Arc::clone(&shared)));
    Ok(shared)
}

/// With the node's identity key, which is made at the first start.
async fn transport(options: &ClusterOptions, stores: &Arc<Stores>) -> Result<Transport, OpenError> {
    let held = Arc::clone(stores);
    let key = tokio::task::spawn_blocking(move || node_key(&held)).await;
    let key = key.map_err(|error| OpenError::Transport(error.to_string()))??;
    Transport::new(TransportParts {
        options: options.transport.as_ref(),
        stores: Arc::clone(stores),
        key,
        cluster_address: &options.cluster_address,
        level: options.level,
    })
}

fn node_key(stores: &Stores) -> Result<NodeKey, OpenError> {
    const FILE: &str = "node-key.pem";
    let failed = |error: &dyn std::fmt::Display| OpenError::Transport(format!("the node's identity key: {error}"));
    if let Some(text) = stores.private_file(FILE)? {
        let text = zeroize::Zeroizing::new(text);
        let folder = stores.folder().unwrap_or(std::path::Path::new("")).display();
        return NodeKey::from_pem(&text).map_err(|error| {
            failed(&format_args!(
                "{folder}/{FILE}: {error}; put the right one back, or empty the folder and join again"
            ))
        });
    }
    // The others know this member by its key alone.
    if let (Some(folder), Some(_)) = (stores.folder(), stores.cluster_id()) {
        return Err(failed(&format_args!(
            "{}/{FILE} is missing, and this node is a member of a cluster that knows it by that key: put it back, or empty \
             the folder and let the node join again",
            folder.display()
        )));
    }
    let key = NodeKey::generate().map_err(|error| failed(&error))?;
    stores.keep_private_file(FILE, key.to_pem().as_bytes()).map_err(|error| failed(&error))?;
    Ok(key)
}

/// What outlives a Raft core, and the next one is built on.
#[derive(Clone)]
pub(crate) struct CoreParts {
    pub(crate) stores: Arc<Stores>,
    pub(crate) transport: Transport,
    pub(crate) sole: Arc<SoleVoter>,
    pub(crate) observer: Arc<ObserverSlot>,
    pub(crate) applied: Arc<Applied>,
}

impl CoreParts {
    /// Builds a core.
    pub(crate) async fn start(&self, epoch: Epoch, pace: Pace) -> Result<Raft, String> {
        let Self { stores, transport, sole, observer, applied } = self.clone();
        let name = stores.cluster_id().map_or_else(|| "unformed".to_owned(), |id| id.to_string());
        let config = timing::config(name, pace).validate().map_err(|error| error.to_string())?;
        let raft_id = stores.identity().raft_id;
        let log = RaftLog::new(Arc::clone(&stores), Arc::clone(&sole), epoch.clone());
        let state = StateMachine { stores, sole, observer, applied, epoch };
        Raft::new(raft_id, Arc::new(config), transport, log, state).await.map_err(|error| error.to_string())
    }
}
