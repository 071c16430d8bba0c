//! The other members, as the upper layers ask them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use coffer_model::{NodeCondition, PeerError, PeerFault, PeerService, PeerState, PeerStream, Peers, Topic};

use crate::Cluster;

#[async_trait::async_trait]
impl Peers for Cluster {
    async fn ask(&self, node_id: &str, _: Topic, _: Bytes, _: Duration) -> Result<Bytes, PeerError> {
        Err(PeerError::Unknown(node_id.to_owned()))
    }

    async fn connect(&self, node_id: &str) -> Result<Box<dyn PeerStream>, PeerError> {
        Err(PeerError::Unknown(node_id.to_owned()))
    }

    fn serve_peers(&self, _: Arc<dyn PeerService>) {}

    fn set_condition(&self, _: NodeCondition) {}

    fn peers(&self) -> Vec<PeerState> {
        Vec::new()
    }

    fn faults(&self) -> Vec<PeerFault> {
        Vec::new()
    }
}
