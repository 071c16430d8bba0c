//! What a node answers in every phase: about itself, and to those who open it.

mod body;
mod by_share_holders;
mod generate_root;
mod health;
mod init;
mod join;
mod leader;
mod metrics;
mod paths;
mod raft_gauges;
mod rekey;
mod restore;
mod seal_status;
mod unseal;

pub(crate) use paths::paths;

use std::sync::Arc;

use coffer_core::lifecycle::{Node, Phase};
use coffer_core::{Body, Failure, Operation, Raw, Request, Response};
use serde_json::Value;

/// Answers a request that is about the node itself; `None`: it is one for the pipeline.
pub async fn answer(node: &Arc<Node>, request: &Arc<Request>) -> Option<Result<Response, Failure>> {
    let path = request.path.strip_prefix("sys/").filter(|_| request.operation != Operation::Help)?;
    // A listing's path ends with a slash, and is refused below as what these paths do not know.
    let path = match request.operation {
        Operation::List | Operation::Scan => path.trim_end_matches('/'),
        _ => path,
    };
    Some(match path {
        "health" => health::answer(node, request),
        "seal-status" => only(request, &[Operation::Read]).map(|()| seal_status::answer(node)),
        "init" => init::answer(node, request).await,
        "unseal" => unseal::answer(node, request).await,
        "leader" => only(request, &[Operation::Read]).and_then(|()| leader::answer(node)),
        "storage/raft/join" => join::join(node, request).await,
        "storage/raft/bootstrap/challenge" => join::challenge(node, request).await,
        "storage/raft/bootstrap/answer" => join::answer(node, request).await,
        "storage/raft/snapshot-force" if is_new(node) && request.operation.is_write() => {
            restore::forced(node, request).await
        }
        "storage/raft/snapshot" if is_new(node) && request.operation.is_write() => Err(restore::unforced()),
        "metrics" => metrics::answer(node, request).await,
        "seal" if request.operation.is_write() && !node.phase().holds_keys() => match &*node.phase() {
            // What is sealed stays so; before init there is nothing to seal.
            Phase::Uninitialized | Phase::Joining(_) | Phase::Sealed | Phase::Removed => Ok(Response::empty()),
            Phase::Standby(_) | Phase::Active(_) => return None,
        },
        "seal" | "step-down" if !request.operation.is_write() => Err(not_allowed()),
        "rekey/init" | "rekey/update" | "rekey/verify" => {
            by_share_holders::guarded(node, request, request.ceremony_access.rekey, rekey::answer).await
        }
        "generate-root" | "generate-root/attempt" | "generate-root/update" => {
            let holders = request.ceremony_access.generate_root;
            by_share_holders::guarded(node, request, holders, generate_root::answer).await
        }
        _ => return None,
    })
}

fn is_new(node: &Node) -> bool {
    matches!(&*node.phase(), Phase::Uninitialized)
}

/// HTTP 405 without a text, as for methods that a path does not know.
fn not_allowed() -> Failure {
    Failure::MethodNotAllowed
}

fn only(request: &Request, operations: &[Operation]) -> Result<(), Failure> {
    if operations.contains(&request.operation) { Ok(()) } else { Err(not_allowed()) }
}

/// A JSON object with a status of its own and no envelope.
fn with_status(status: u16, value: &Value) -> Response {
    let mut bytes = value.to_string().into_bytes();
    bytes.push(b'\n');
    Response { body: Body::Raw(Raw { status, content_type: "application/json", bytes }), ..Response::default() }
}
