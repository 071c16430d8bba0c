//! `sys/storage/raft/snapshot-force` on a node that was never initialised: nobody has a token there, and who can reach it
//! could as well initialise it.

use std::sync::Arc;

use coffer_core::lifecycle::Node;
use coffer_core::{Failure, Request, Response};

pub(super) async fn forced(node: &Arc<Node>, request: &Request) -> Result<Response, Failure> {
    let upload = request.upload.as_ref().ok_or_else(|| Failure::invalid("the request has no body"))?;
    let restored = node.restore_into_new(upload).await?;
    let mut response = Response::empty();
    response.warnings.push(format!(
        "the snapshot is restored, and this node is sealed: unseal it with {} of the {} unseal keys of the server that the \
         snapshot was taken of",
        restored.threshold, restored.shares
    ));
    Ok(response)
}

pub(super) fn unforced() -> Failure {
    Failure::invalid(
        "this node is not initialized, so that it has no unseal keys which the snapshot could be checked with: restore it with \
         -force (sys/storage/raft/snapshot-force), and then unseal this node with the unseal keys of the server that the \
         snapshot was taken of",
    )
}
