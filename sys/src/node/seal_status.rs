//! `sys/seal-status`: how far the node is from serving.

use std::sync::Arc;

use coffer_core::Response;
use coffer_core::follower_unseal::UnsealedBy;
use coffer_core::lifecycle::{Node, Phase};
use serde_json::{Value, json};

pub(super) fn answer(node: &Arc<Node>) -> Response {
    Response::bare(status(node))
}

/// The status, also given by `sys/unseal`.
pub(super) fn status(node: &Arc<Node>) -> Value {
    let settings = node.settings();
    let phase = node.phase();
    let config = node.seal_config();
    let progress = node.unseal_progress();
    let mut status = json!({
        "type": "shamir",
        "initialized": !matches!(&*phase, Phase::Uninitialized),
        "sealed": !phase.holds_keys(),
        "t": config.map_or(0, |config| config.threshold()),
        "n": config.map_or(0, |config| config.shares()),
        "progress": progress.shares,
        "nonce": progress.nonce.map(|nonce| nonce.to_string()).unwrap_or_default(),
        "version": settings.version,
        "build_date": settings.build_date,
        "commit_date": settings.build_date,
        "migration": false,
        "recovery_seal": false,
        "storage_type": settings.storage_type,
    });
    if matches!(&*phase, Phase::Removed) {
        status["removed_from_cluster"] = json!(true);
    }
    if let Some(UnsealedBy::Peer { epoch, leader }) = node.unsealed_by() {
        status["unsealed_by"] = json!("peer");
        status["unseal_epoch"] = json!(epoch);
        status["unsealed_from"] = json!(leader);
    }
    if let Some(identity) = node.cluster_identity() {
        status["cluster_name"] = json!(identity.name);
        status["cluster_id"] = json!(identity.id);
    }
    status
}
