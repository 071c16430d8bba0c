//! `sys/storage/raft`: the members of the cluster and their upkeep. These paths exist on Raft alone.

mod alarms;
mod configuration;
mod duration;
mod members;
mod settings;
mod state;

use coffer_core::Failure;
use coffer_core::active::Active;
use coffer_core::framework::Route;
use coffer_model::ClusterStatus;

use super::SystemBackend;

pub(crate) use alarms::alarms;

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    [configuration::routes(), members::routes(), state::routes(), settings::routes()].into_iter().flatten().collect()
}

pub(super) fn is_raft(active: &Active) -> bool {
    active.settings.storage_type == "raft"
}

fn raft_status(active: &Active) -> Result<ClusterStatus, Failure> {
    if is_raft(active) { Ok(active.cluster.status()) } else { Err(Failure::UnsupportedPath) }
}
