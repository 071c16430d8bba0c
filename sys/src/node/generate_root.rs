//! `sys/generate-root`: a root token by those who hold shares, as Vault has it without a token.

use std::sync::Arc;

use coffer_core::ceremony::{CeremonyError, CeremonyKind, GenerateRootProgress};
use coffer_core::lifecycle::Node;
use coffer_core::token::ROOT_TOKEN_LEN;
use coffer_core::{Failure, Operation, Request, Response};
use coffer_seal::{GenerateRootStatus, KeyShare, TokenCover};
use serde_json::{Value, json};

use super::body::text;
use super::not_allowed;
use super::rekey::refused;

const GO: &str = "GenerateRootInitRequest";

pub(super) async fn answer(node: &Arc<Node>, request: &Request) -> Result<Response, Failure> {
    match request.path.as_str() {
        "sys/generate-root/update" => update(node, request).await,
        _ => attempt(node, request).await,
    }
}

async fn attempt(node: &Arc<Node>, request: &Request) -> Result<Response, Failure> {
    node.require_active()?;
    let ceremonies = node.ceremonies();
    match request.operation {
        Operation::Read => Ok(Response::bare(status(node, ceremonies.generate_root_status().as_ref()))),
        Operation::Create | Operation::Update => {
            let otp = text(request, "otp", GO)?;
            let cover = if !text(request, "pgp_key", GO)?.is_empty() {
                TokenCover::Pgp
            } else if otp.is_empty() {
                TokenCover::NewOtp
            } else {
                TokenCover::Otp(otp)
            };
            let started = ceremonies
                .start_generate_root(cover, ROOT_TOKEN_LEN)
                .map_err(|error| refused(error.fault(), &error))?;
            node.note_ceremony(CeremonyKind::GenerateRoot, started.nonce.to_string()).await;
            let mut body = status(node, ceremonies.generate_root_status().as_ref());
            if let Some(otp) = started.otp {
                body["otp"] = json!(otp.as_str());
            }
            Ok(Response::bare(body))
        }
        Operation::Delete => {
            ceremonies.cancel_generate_root();
            node.forget_ceremony(CeremonyKind::GenerateRoot).await;
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
    let key = text(request, "key", GO)?;
    let share = KeyShare::parse(key).map_err(|error| Failure::invalid(error.to_string()))?;
    let progress =
        node.provide_generate_root(share, text(request, "nonce", GO)?).await.map_err(|error| match error {
            CeremonyError::Refused(error) => refused(error.fault(), &error),
            CeremonyError::Failure(failure) => failure,
        })?;
    Ok(Response::bare(match progress {
        GenerateRootProgress::Incomplete(running) => status(node, Some(&running)),
        GenerateRootProgress::Complete { nonce, encoded } => {
            let mut body = status(node, None);
            let required = body["required"].clone();
            body["nonce"] = json!(nonce);
            body["started"] = json!(true);
            body["progress"] = required;
            body["complete"] = json!(true);
            body["encoded_token"] = json!(encoded.expose());
            body["encoded_root_token"] = json!(encoded.expose());
            body
        }
    }))
}

fn status(node: &Node, running: Option<&GenerateRootStatus>) -> Value {
    json!({
        "nonce": running.map(|running| running.nonce.to_string()).unwrap_or_default(),
        "started": running.is_some(),
        "progress": running.map_or(0, |running| running.progress),
        "required": node.seal_config().map_or(0, |config| config.threshold()),
        "complete": false,
        "encoded_token": "",
        "encoded_root_token": "",
        "pgp_fingerprint": "",
        "otp": "",
        "otp_length": ROOT_TOKEN_LEN,
    })
}
