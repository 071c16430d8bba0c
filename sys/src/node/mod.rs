//! What a node answers in every phase: about itself, and to those who open it.

use std::sync::Arc;

use coffer_core::lifecycle::Node;
use coffer_core::{Failure, Request, Response};

/// Answers a request that is about the node itself; `None`: it is one for the pipeline.
pub async fn answer(_node: &Arc<Node>, _request: &Arc<Request>) -> Option<Result<Response, Failure>> {
    None
}
