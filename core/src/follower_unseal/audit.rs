//! What audit devices are told of ceremonies. An opening and a grant have to be on every device before they happen.

use coffer_audit::{Data, LogFacts, RequestFacts};
use coffer_model::PeerIdentity;
use serde_json::json;

use super::record::{EpochRecord, RosterEntry};
use crate::Failure;
use crate::active::Active;

const PATH: &str = "sys/follower-unseal";

pub(super) async fn opened(active: &Active, record: &EpochRecord) -> Result<(), Failure> {
    let nodes: Vec<_> = record.roster.iter().map(|entry| entry.node_id.as_str()).collect();
    on_every_device(active, json!({ "action": "open", "epoch": record.epoch, "nodes": nodes }), "").await
}

pub(super) async fn granting(active: &Active, record: &EpochRecord, entry: &RosterEntry) -> Result<(), Failure> {
    let told = json!({
        "action": "grant",
        "epoch": record.epoch,
        "node": entry.node_id,
        "boot_id": entry.boot_id,
        "key": entry.key,
    });
    on_every_device(active, told, "").await
}

/// That somebody was refused is audited as far as devices work.
pub(super) async fn refused(active: &Active, from: &PeerIdentity, epoch: u64, reason: &str) {
    let told = json!({ "action": "refuse", "epoch": epoch, "node": from.node_id });
    if let Err(failure) = on_every_device(active, told, reason).await {
        tracing::error!("{failure}");
    }
}

async fn on_every_device(active: &Active, told: serde_json::Value, error: &str) -> Result<(), Failure> {
    let serde_json::Value::Object(data) = told else { return Ok(()) };
    let data: Data = data;
    // None of it is secret.
    let in_clear: Vec<String> = data.keys().cloned().collect();
    let id = uuid::Uuid::new_v4().to_string();
    let request =
        RequestFacts { id: &id, operation: "update", path: PATH, data: Some(&data), ..RequestFacts::default() };
    let facts = LogFacts { request, error, non_hmac_request_keys: &in_clear, ..LogFacts::default() };
    let logged = active.audit.broker().log_request_on_every(&facts);
    logged.await.map_err(|unavailable| Failure::Audit(unavailable.to_string()))
}
