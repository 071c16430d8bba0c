//! `sys/leader`: who leads.

use std::sync::Arc;

use coffer_core::lifecycle::{Node, Phase};
use coffer_core::{Failure, Response};
use coffer_model::NodeRole;
use serde_json::json;

pub(super) fn answer(node: &Arc<Node>) -> Result<Response, Failure> {
    if !node.phase().holds_keys() {
        return Err(Failure::Sealed);
    }
    if node.settings().storage_type == "inmem" {
        return Ok(Response::bare(json!({
            "ha_enabled": false,
            "performance_standby": false,
            "performance_standby_last_remote_wal": 0,
        })));
    }
    let status = node.cluster().status();
    let leader = status.leader().filter(|_| !status.leads_nobody);
    let is_active = matches!(&*node.phase(), Phase::Active(_)) && status.role == NodeRole::Leader;
    let is_self = is_active && !status.leads_nobody;
    let mut body = json!({
        "ha_enabled": true,
        "is_self": is_self,
        "leader_address": leader.map(|leader| leader.api_address.clone()).unwrap_or_default(),
        "leader_cluster_address": leader.map(|leader| format!("https://{}", leader.cluster_address)).unwrap_or_default(),
        "performance_standby": false,
        "performance_standby_last_remote_wal": 0,
        "raft_committed_index": status.committed_index,
        "raft_applied_index": status.applied_index,
    });
    body["active_time"] = json!(match status.leading_for {
        Some(led) if is_self => node.clock().now().minus(led).rfc3339(),
        _ => "0001-01-01T00:00:00Z".to_owned(),
    });
    Ok(Response::bare(body))
}
