//! `sys/storage/raft/autopilot/state`: how well the members are.

use coffer_core::Operation::Read;
use coffer_core::active::Active;
use coffer_core::framework::{Matched, Route};
use coffer_core::{Context, Failure, Response};
use coffer_model::{AutopilotState, ServerHealth, ServerStatus};
use serde_json::{Map, Value, json};

use super::configuration::moment;
use super::duration::go;
use super::{alarms, raft_status};
use crate::backend::SystemBackend;

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    vec![Route::new("storage/raft/autopilot/state", &[], "How well the members are.").on(Read, read)]
}

fn read(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    let (_, active) = cx.system(backend.access());
    let status = raft_status(active)?;
    let state = active.cluster.autopilot_state();
    let servers: Map<_, _> =
        state.servers.iter().map(|server| (server.node_id.clone(), server_state(active, server))).collect();
    let mut data = json!({
        "healthy": state.healthy,
        "failure_tolerance": state.failure_tolerance,
        "leader": status.leader().map(|leader| leader.node_id.as_str()).unwrap_or_default(),
        "voters": named(&state, |server| server.status != ServerStatus::NonVoter),
        "servers": servers,
    });
    let others = named(&state, |server| server.status == ServerStatus::NonVoter);
    if !others.is_empty() {
        data["non_voters"] = json!(others);
    }
    Ok(Response { warnings: alarms(active, &state), ..Response::data(data) })
}

fn named(state: &AutopilotState, which: impl Fn(&ServerHealth) -> bool) -> Vec<&str> {
    state.servers.iter().filter(|server| which(server)).map(|server| server.node_id.as_str()).collect()
}

fn server_state(active: &Active, server: &ServerHealth) -> Value {
    let is_self = server.node_id == active.cluster.status().node_id;
    let mut shown = json!({
        "id": server.node_id,
        "name": server.node_id,
        "address": server.address,
        "node_status": match (server.alive, server.last_contact) {
            (true, _) => "alive",
            (false, Some(_)) => "failed",
            (false, None) => "unknown",
        },
        "last_contact": go(server.last_contact.unwrap_or_default()),
        "last_term": server.last_term,
        "last_index": server.last_index,
        "healthy": server.healthy,
        "stable_since": moment(server.stable_since),
        "status": match server.status {
            ServerStatus::Leader => "leader",
            ServerStatus::Voter => "voter",
            ServerStatus::NonVoter => "non-voter",
        },
        "version": if is_self { active.settings.version.as_str() } else { server.version.as_str() },
        "node_type": if server.stays_non_voter { "non-voter" } else { "voter" },
    });
    // Beyond Vault's, and only where there is something to tell.
    if let Some(reason) = &server.unfit {
        shown["unfit"] = json!(reason);
    }
    shown
}
