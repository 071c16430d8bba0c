//! `sys/ha-status`: the nodes of the cluster.

use coffer_core::Operation::Read;
use coffer_core::active::Active;
use coffer_core::framework::{Matched, Route};
use coffer_core::{Context, Failure, Response};
use coffer_model::{ClusterStatus, Member};
use serde_json::{Value, json};

use super::SystemBackend;
use super::host_info::hostname;
use super::raft::is_raft;

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    vec![Route::new("ha-status", &[], "The nodes of the cluster.").on(Read, ha_status)]
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
