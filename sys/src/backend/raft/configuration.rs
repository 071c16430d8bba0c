//! `sys/storage/raft/configuration`: the member list.

use coffer_core::Operation::Read;
use coffer_core::framework::{Matched, Route};
use coffer_core::{Context, Failure, Response, Timestamp};
use serde_json::{Value, json};

use super::{alarms, raft_status};
use crate::backend::SystemBackend;

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    vec![Route::new("storage/raft/configuration", &[], "The members of the Raft cluster.").on(Read, read)]
}

fn read(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    let (_, active) = cx.system(backend.access());
    let status = raft_status(active)?;
    let state = active.cluster.autopilot_state();
    let faults = active.cluster.faults();
    let servers: Vec<Value> = status
        .members
        .iter()
        .map(|member| {
            let mut server = json!({
                "node_id": member.node_id,
                "address": member.cluster_address,
                "leader": member.leader,
                "protocol_version": "3",
                "voter": member.voter,
            });
            // Beyond Vault's, and only where there is something to tell.
            if let Some(fault) = faults.iter().find(|fault| fault.node_id == member.node_id) {
                server["last_connection_error"] = json!(fault.reason);
                server["last_connection_error_time"] = json!(moment(fault.at));
            }
            server
        })
        .collect();
    let config = json!({ "config": { "servers": servers, "index": status.configuration_index } });
    Ok(Response { warnings: alarms(active, &state), ..Response::data(config) })
}

pub(super) fn moment(at: std::time::SystemTime) -> String {
    let since = at.duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap_or_default();
    let nanos = i128::try_from(since.as_nanos()).ok();
    nanos.and_then(Timestamp::from_unix_nanos).unwrap_or(Timestamp::ZERO).rfc3339()
}
