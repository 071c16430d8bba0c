//! `sys/metrics`.

use std::sync::Arc;

use coffer_core::lifecycle::Node;
use coffer_core::{Failure, Request, Response};

pub(super) async fn answer(_node: &Arc<Node>, _request: &Request) -> Result<Response, Failure> {
    Err(Failure::UnsupportedPath)
}
