//! `sys/init`.

use std::sync::Arc;

use coffer_core::lifecycle::{InitError, Node, Phase};
use coffer_core::{Failure, Operation, Request, Response};
use coffer_seal::{Fault, InitRequest};
use serde_json::{Value, json};

use super::body::{int, list_len, text};
use super::not_allowed;

const GO: &str = "InitRequest";

pub(super) async fn answer(node: &Arc<Node>, request: &Request) -> Result<Response, Failure> {
    match request.operation {
        Operation::Read => Ok(Response::bare(state(node))),
        Operation::Create | Operation::Update => init(node, request).await,
        _ => Err(not_allowed()),
    }
}

async fn init(node: &Arc<Node>, request: &Request) -> Result<Response, Failure> {
    let root_key = usize::from(!text(request, "root_token_pgp_key", GO)?.is_empty());
    if int(request, "stored_shares", GO)? > 1 {
        return Err(Failure::invalid(
            "invalid seal configuration: stored_shares is not applicable to seal type shamir",
        ));
    }
    let asked = InitRequest {
        secret_shares: int(request, "secret_shares", GO)?,
        secret_threshold: int(request, "secret_threshold", GO)?,
        pgp_keys: list_len(request, "pgp_keys", GO)? + root_key,
        recovery_shares: int(request, "recovery_shares", GO)?,
        recovery_threshold: int(request, "recovery_threshold", GO)?,
        recovery_pgp_keys: list_len(request, "recovery_pgp_keys", GO)?,
    };
    let made = node.init(asked, None).await.map_err(|error| match error {
        InitError::Already | InitError::Elsewhere(_) => Failure::invalid(error.to_string()),
        InitError::Seal(error) if error.fault() == Fault::Request => Failure::invalid(error.to_string()),
        InitError::Seal(error) => Failure::internal(error),
        InitError::Failure(failure) => failure,
    })?;
    let hex: Vec<_> = made.shares.iter().map(|share| share.to_hex().to_string()).collect();
    let base64: Vec<_> = made.shares.iter().map(|share| share.to_base64().to_string()).collect();
    Ok(Response::bare(json!({ "keys": hex, "keys_base64": base64, "root_token": made.root_token.expose() })))
}

/// Vault's answer; and, for a node of the configuration that asks before it is initialized, whether this one only looks
/// for a cluster, or was removed from one.
fn state(node: &Node) -> Value {
    let mut state = json!({ "initialized": node.seal_config().is_some() });
    match &*node.phase() {
        Phase::Joining(joining) if !joining.is_admitted() => state["joining"] = json!(true),
        Phase::Removed => state["removed_from_cluster"] = json!(true),
        _ => {}
    }
    state
}
