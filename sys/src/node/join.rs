//! `sys/storage/raft/join`, by which an operator has this node join a cluster, and `sys/storage/raft/bootstrap`, by which
//! a joining node speaks to the cluster.

use std::sync::Arc;

use coffer_core::joining::{Answer, JoinTarget, JoinerCard, Offered, Pem};
use coffer_core::lifecycle::{JoinFailure, JoinRequest, Node};
use coffer_core::pipeline::Trail;
use coffer_core::{Failure, Request, Response, SecretText};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::body::{flag, text};
use super::not_allowed;

const GO: &str = "JoinRequest";

/// Has this node join; answered by the node itself in every phase.
pub(super) async fn join(node: &Arc<Node>, request: &Request) -> Result<Response, Failure> {
    if !request.operation.is_write() {
        return Err(not_allowed());
    }
    node.ceremonies().admit_join(request.remote.map(|remote| remote.address))?;
    let field = |name: &str| text(request, name, GO).map(str::trim);
    if !field("auto_join")?.is_empty() {
        return Err(Failure::invalid("auto_join is not built: name a node of the cluster in leader_api_addr"));
    }
    let asked = JoinRequest {
        targets: target(&field)?.into_iter().collect(),
        retry: flag(request, "retry", GO)?,
        non_voter: flag(request, "non_voter", GO)?,
    };
    let joined = node.join(asked).await.map_err(|failure| match failure {
        JoinFailure::NoTarget | JoinFailure::OtherCluster(_) => Failure::invalid(failure.to_string()),
        _ => Failure::Tokenless(Box::new(Failure::fault(format!("failed to join raft cluster: {failure}")))),
    })?;
    Ok(Response::bare(json!({ "joined": joined })))
}

fn target<'r>(field: &impl Fn(&str) -> Result<&'r str, Failure>) -> Result<Option<JoinTarget>, Failure> {
    let set = |name: &str| field(name).map(|text| (!text.is_empty()).then_some(text));
    let Some(address) = set("leader_api_addr")? else { return Ok(None) };
    let pem = |name: &str| set(name).map(|text| text.map(|text| Pem::Text(SecretText::new(text))));
    let client = match (pem("leader_client_cert")?, pem("leader_client_key")?) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => {
            return Err(Failure::invalid(
                "a client certificate needs its key: give both leader_client_cert and leader_client_key",
            ));
        }
    };
    Ok(Some(JoinTarget {
        api_address: address.trim_end_matches('/').to_owned(),
        server_name: set("leader_tls_servername")?.map(str::to_owned),
        ca: pem("leader_ca_cert")?,
        client,
        configured: false,
    }))
}

/// Answers a joining node's introduction.
pub(super) async fn challenge(node: &Arc<Node>, request: &Request) -> Result<Response, Failure> {
    let joiner: JoinerCard = read(request)?;
    joiner.check().map_err(|error| Failure::invalid(error.to_string()))?;
    audited(node, request, async || {
        Ok(match node.offer_to_join(&joiner)? {
            Offered::Itself => Response::data(json!({ "self": true })),
            Offered::Offer(offer) => Response::data(json!(offer)),
        })
    })
    .await
}

/// Admits a joining node that has proved itself.
pub(super) async fn answer(node: &Arc<Node>, request: &Request) -> Result<Response, Failure> {
    let answer: Answer = read(request)?;
    audited(node, request, async || Ok(Response::data(json!(node.admit_to_join(&answer).await?)))).await
}

/// By the active node what is asked is paced and audited; the others only say that they are not it.
async fn audited(
    node: &Arc<Node>,
    request: &Request,
    answer: impl AsyncFnOnce() -> Result<Response, Failure>,
) -> Result<Response, Failure> {
    let Some(active) = node.active() else { return answer().await };
    node.ceremonies().admit_join(request.remote.map(|remote| remote.address))?;
    let trail = Trail::default();
    active.audit.request(&active, request, &trail, None).await?;
    let result = answer().await;
    active.audit.response(&active, request, &trail, &result).await?;
    result
}

fn read<T: DeserializeOwned>(request: &Request) -> Result<T, Failure> {
    if !request.operation.is_write() {
        return Err(Failure::UnsupportedOperation);
    }
    let body = request.data.map();
    // Vault's words, where another server's node asks.
    if body.get("server_id").and_then(Value::as_str).unwrap_or_default().is_empty() {
        return Err(Failure::invalid("no server id provided"));
    }
    serde_json::from_value(Value::Object(body.clone())).map_err(|error| {
        Failure::invalid(format!("this is not the request of a coffer node that wants to join: {error}"))
    })
}
