//! Ceremonies that need shares and no token: shut where the listener says so, slowed for each address, and audited.

use std::sync::Arc;

use coffer_core::lifecycle::Node;
use coffer_core::pipeline::Trail;
use coffer_core::{Failure, Request, Response, ShareHolders};

/// Answers a step of a ceremony, if it may be taken here and now.
pub(super) async fn guarded<'a, A, F>(
    node: &'a Arc<Node>,
    request: &'a Arc<Request>,
    holders: ShareHolders,
    answer: A,
) -> Result<Response, Failure>
where
    A: FnOnce(&'a Arc<Node>, &'a Request) -> F,
    F: Future<Output = Result<Response, Failure>>,
{
    let active = node.require_active()?;
    if holders == ShareHolders::Refused {
        return Err(Failure::UnsupportedOperation);
    }
    if request.operation.is_reading() {
        return answer(node, request).await;
    }
    node.ceremonies().admit(request.remote.map(|remote| remote.address))?;
    let trail = Trail::default();
    active.audit.request(&active, request, &trail, None).await?;
    let result = answer(node, request).await;
    match active.audit.response(&active, request, &trail, &result).await {
        Ok(()) => result,
        // New shares are given out all the same: they may be the only ones that open the server.
        Err(failure) if result.is_ok() => {
            tracing::error!("the answer to {} could not be audited: {failure}", request.path);
            result
        }
        Err(failure) => Err(failure),
    }
}
