//! What a standby does itself although it takes a token: what is about this one node, and to seal it.

use std::sync::Arc;

use super::node::Node;
use super::phase::Phase;
use crate::active::Active;
use crate::{Afterwards, Failure, Request, Response, pipeline};

impl Node {
    /// Carries out a request about this node for which the active node gave leave.
    pub async fn serve_permitted(self: &Arc<Self>, request: &Arc<Request>) -> Result<Response, Failure> {
        let services = self.standby_services()?;
        let asked = Arc::clone(request);
        // Some of what is told has to be waited for: the machine's state, for instance.
        let answered = tokio::task::spawn_blocking(move || pipeline::carry_out_permitted(&services, &asked)).await;
        let mut response = answered.map_err(Failure::internal)??;
        if matches!(std::mem::take(&mut response.afterwards), Afterwards::Seal) {
            self.seal_by_command().await;
        }
        Ok(response)
    }

    /// Seals this standby while no node leads: a token that was good when this node last heard is good enough.
    pub async fn seal_without_leader(self: &Arc<Self>, request: &Arc<Request>) -> Result<Response, Failure> {
        pipeline::may_by_what_is_known_here(&self.standby_services()?, request)?;
        tracing::warn!("sealed by command while no node led: not audited");
        self.seal_by_command().await;
        Ok(Response::empty())
    }

    fn standby_services(&self) -> Result<Arc<Active>, Failure> {
        match &*self.phase() {
            Phase::Standby(barrier) => self.build_unaudited(barrier.clone()).map(Arc::new),
            Phase::Active(active) => Ok(Arc::clone(active)),
            Phase::Uninitialized | Phase::Joining(_) | Phase::Sealed | Phase::Removed => Err(Failure::Sealed),
        }
    }
}
