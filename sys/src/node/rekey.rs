//! `sys/rekey`: new shares for the root key, as Vault has it: by those who hold shares, without a token.

use std::sync::Arc;

use coffer_core::ceremony::{CeremonyError, CeremonyKind};
use coffer_core::lifecycle::Node;
use coffer_core::{Failure, Operation, Request, Response};
use coffer_seal::{Fault, KeyShare, RekeyRequest, RekeyStatus, RekeyStep, VerificationStatus, VerifyStep};
use serde_json::{Value, json};

use super::body::{flag, int, list_len, text};
use super::not_allowed;

const GO: &str = "RekeyRequest";

pub(super) async fn answer(node: &Arc<Node>, request: &Request) -> Result<Response, Failure> {
    match request.path.as_str() {
        "sys/rekey/init" => init(node, request).await,
        "sys/rekey/update" => update(node, request).await,
        _ => verify(node, request).await,
    }
}

async fn init(node: &Arc<Node>, request: &Request) -> Result<Response, Failure> {
    node.require_active()?;
    match request.operation {
        Operation::Read => Ok(Response::bare(status(node, node.ceremonies().rekey_status()))),
        Operation::Create | Operation::Update => {
            if text(request, "nonce", GO).is_ok_and(|nonce| !nonce.is_empty()) {
                return Err(Failure::invalid("a new rekey takes no nonce; cancel the one in progress first"));
            }
            let asked = RekeyRequest {
                secret_shares: int(request, "secret_shares", GO)?,
                secret_threshold: int(request, "secret_threshold", GO)?,
                pgp_keys: list_len(request, "pgp_keys", GO)?,
                backup: flag(request, "backup", GO)?,
                verification_required: flag(request, "require_verification", GO)?,
            };
            let started = node.ceremonies().start_rekey(&asked).map_err(|error| match error.fault() {
                Fault::Request => Failure::invalid(error.to_string()),
                // What is wrong with the numbers, with Vault's status.
                Fault::Server => Failure::Tokenless(Box::new(Failure::fault(error.to_string()))),
            })?;
            node.note_ceremony(CeremonyKind::Rekey, started.nonce.to_string()).await;
            Ok(Response::bare(status(node, Some(started))))
        }
        Operation::Delete => {
            node.ceremonies().cancel_rekey();
            node.forget_ceremony(CeremonyKind::Rekey).await;
            Ok(Response::empty())
        }
        _ => Err(not_allowed()),
    }
}

async fn update(node: &Arc<Node>, request: &Request) -> Result<Response, Failure> {
    node.require_active()?;
    if !request.operation.is_write() {
        return Err(not_allowed());
    }
    let (share, nonce) = share(request)?;
    let provided = node.provide_rekey(share, nonce).await.map_err(|error| match error {
        CeremonyError::Refused(error) => refused(error.fault(), &error),
        CeremonyError::Failure(failure) => failure,
    })?;
    let complete = |nonce: String, shares: &[KeyShare], verification_nonce: String| {
        let mut body = json!({
            "nonce": nonce,
            "complete": true,
            "keys": shares.iter().map(|share| share.to_hex().to_string()).collect::<Vec<_>>(),
            "keys_base64": shares.iter().map(|share| share.to_base64().to_string()).collect::<Vec<_>>(),
            "pgp_fingerprints": null,
            "backup": false,
            "verification_required": !verification_nonce.is_empty(),
        });
        if !verification_nonce.is_empty() {
            body["verification_nonce"] = json!(verification_nonce);
        }
        body
    };
    let mut body = match provided.step {
        RekeyStep::Incomplete(started) => status(node, Some(started)),
        RekeyStep::ToVerify { nonce, shares, verification_nonce } => {
            complete(nonce.to_string(), &shares, verification_nonce.to_string())
        }
        RekeyStep::Complete { nonce, shares, .. } => complete(nonce.to_string(), &shares, String::new()),
    };
    if let Some(warning) = provided.warning {
        body["warnings"] = json!([warning]);
    }
    Ok(Response::bare(body))
}

async fn verify(node: &Arc<Node>, request: &Request) -> Result<Response, Failure> {
    node.require_active()?;
    let shown = |status: VerificationStatus| {
        Response::bare(json!({
            "nonce": status.nonce.map(|nonce| nonce.to_string()).unwrap_or_default(),
            "started": true,
            "t": status.config.threshold(),
            "n": status.config.shares(),
            "progress": status.progress,
        }))
    };
    match request.operation {
        Operation::Read => {
            node.ceremonies().verification_status().map(shown).map_err(|error| refused(error.fault(), &error))
        }
        Operation::Delete => {
            let restarted = node.ceremonies().restart_verification();
            restarted.map(shown).map_err(|error| refused(error.fault(), &error))
        }
        Operation::Create | Operation::Update => {
            let (share, nonce) = share(request)?;
            let provided = node.verify_rekey(share, nonce).await.map_err(|error| match error {
                CeremonyError::Refused(error) => refused(error.fault(), &error),
                CeremonyError::Failure(failure) => failure,
            })?;
            Ok(match provided.step {
                VerifyStep::Incomplete(status) => shown(status),
                VerifyStep::Complete { nonce, .. } => {
                    let mut body = json!({ "nonce": nonce.to_string(), "complete": true });
                    if let Some(warning) = provided.warning {
                        body["warnings"] = json!([warning]);
                    }
                    Response::bare(body)
                }
            })
        }
        _ => Err(not_allowed()),
    }
}

fn share(request: &Request) -> Result<(KeyShare, &str), Failure> {
    let share = KeyShare::parse(text(request, "key", GO)?).map_err(|error| Failure::invalid(error.to_string()))?;
    Ok((share, text(request, "nonce", GO)?))
}

pub(super) fn refused(fault: Fault, error: &dyn std::error::Error) -> Failure {
    match fault {
        Fault::Request => Failure::invalid(error.to_string()),
        Fault::Server => Failure::internal(error),
    }
}

fn status(node: &Node, running: Option<RekeyStatus>) -> Value {
    let required = node.seal_config().map_or(0, |config| config.threshold());
    let mut body = json!({
        "nonce": "",
        "started": running.is_some(),
        "t": 0,
        "n": 0,
        "progress": 0,
        "required": required,
        "pgp_fingerprints": null,
        "backup": false,
        "verification_required": false,
    });
    if let Some(running) = running {
        body["nonce"] = json!(running.nonce.to_string());
        body["t"] = json!(running.config.threshold());
        body["n"] = json!(running.config.shares());
        body["progress"] = json!(running.progress);
        body["verification_required"] = json!(running.verification_required);
        if let Some(nonce) = running.verification_nonce {
            body["verification_nonce"] = json!(nonce.to_string());
        }
    }
    body
}
