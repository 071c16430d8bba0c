//! `sys/ha-status`, `sys/storage/raft`: the members of the cluster.

use coffer_core::Operation::{Read, Update};
use coffer_core::active::Active;
use coffer_core::framework::{Matched, Route};
use coffer_core::{Context, Failure, Response, Timestamp};
use coffer_model::{ClusterStatus, Member};
use serde_json::{Map, Value, json};

use super::SystemBackend;
use super::host_info::hostname;

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    vec![
        Route::new("ha-status", &[], "The nodes of the cluster.").on(Read, ha_status),
        Route::new("storage/raft/configuration", &[], "The members of the Raft cluster.").on(Read, configuration),
        Route::new("storage/raft/autopilot/state", &[], "How well the members are.").on(Read, state),
        Route::new("storage/raft/autopilot/configuration", &[], "When members count as well.")
            .on(Read, autopilot)
            .on(Update, set_autopilot),
    ]
}

fn ha_status(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    let (_, active) = cx.system(backend.access());
    let status = active.cluster.status();
    let nodes: Vec<_> = status.members.iter().map(|member| ha_node(active, &status, member)).collect();
    Ok(Response::doubled(json!({ "nodes": nodes })))
}

fn ha_node(active: &Active, status: &ClusterStatus, member: &Member) -> Value {
    let is_self = member.node_id == status.node_id;
    let version = if is_self { active.settings.version.as_str() } else { "" };
    let mut node = json!({
        "hostname": if is_self { hostname() } else { String::new() },
        "api_address": member.api_address,
        "cluster_address": match member.cluster_address.as_str() {
            "" => String::new(),
            address => format!("https://{address}"),
        },
        "active_node": member.leader,
        "last_echo": null,
        "version": version,
    });
    if is_raft(active) {
        node["upgrade_version"] = json!(version);
    }
    node
}

fn configuration(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    let (_, active) = cx.system(backend.access());
    let status = raft_status(active)?;
    let servers: Vec<_> = status
        .members
        .iter()
        .map(|member| {
            json!({
                "node_id": member.node_id,
                "address": member.cluster_address,
                "leader": member.leader,
                "protocol_version": "3",
                "voter": member.voter,
            })
        })
        .collect();
    Ok(Response::data(json!({ "config": { "servers": servers, "index": status.configuration_index } })))
}

/// What this node can vouch for: itself, and who is a member. The leader hears from nobody else while it is alone.
fn state(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    let now = cx.now();
    let (_, active) = cx.system(backend.access());
    let status = raft_status(active)?;
    let stable_since = status.leading_for.map_or(Timestamp::ZERO, |led| now.minus(led));
    let servers: Map<_, _> = status
        .members
        .iter()
        .map(|member| (member.node_id.clone(), server_state(active, &status, member, stable_since)))
        .collect();
    let voters: Vec<_> = status.members.iter().filter(|member| member.voter).map(|member| &member.node_id).collect();
    let healthy = status.members.iter().all(|member| member.node_id == status.node_id);
    Ok(Response::data(json!({
        "healthy": healthy,
        "failure_tolerance": if healthy { voters.len().saturating_sub(1) / 2 } else { 0 },
        "leader": status.leader().map(|leader| leader.node_id.as_str()).unwrap_or_default(),
        "voters": voters,
        "servers": servers,
    })))
}

fn server_state(active: &Active, status: &ClusterStatus, member: &Member, stable_since: Timestamp) -> Value {
    let is_self = member.node_id == status.node_id;
    json!({
        "id": member.node_id,
        "name": member.node_id,
        "address": member.cluster_address,
        "node_status": if is_self { "alive" } else { "unknown" },
        "last_contact": "0s",
        "last_term": if is_self { status.term } else { 0 },
        "last_index": if is_self { status.applied_index } else { 0 },
        "healthy": is_self,
        "stable_since": if is_self { stable_since } else { Timestamp::ZERO }.rfc3339(),
        "status": match (member.leader, member.voter) {
            (true, _) => "leader",
            (false, true) => "voter",
            (false, false) => "non-voter",
        },
        "version": if is_self { active.settings.version.as_str() } else { "" },
        "node_type": if member.voter { "voter" } else { "non-voter" },
    })
}

/// Vault's defaults, with what is true here: no member is ever removed by itself.
fn autopilot(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    let (_, active) = cx.system(backend.access());
    raft_status(active)?;
    Ok(Response::data(json!({
        "cleanup_dead_servers": false,
        "dead_server_last_contact_threshold": "24h0m0s",
        "disable_upgrade_migration": false,
        "last_contact_threshold": "10s",
        "max_trailing_logs": 1000,
        "min_quorum": 0,
        "server_stabilization_time": "10s",
    })))
}

fn set_autopilot(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    let (_, active) = cx.system(backend.access());
    raft_status(active)?;
    Err(Failure::invalid("autopilot's configuration cannot be changed in this release of coffer"))
}

fn is_raft(active: &Active) -> bool {
    active.settings.storage_type == "raft"
}

/// These paths exist on Raft alone.
fn raft_status(active: &Active) -> Result<ClusterStatus, Failure> {
    if is_raft(active) { Ok(active.cluster.status()) } else { Err(Failure::UnsupportedPath) }
}
