//! The other members, as the upper layers ask them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use coffer_model::{NodeCondition, PeerError, PeerFault, PeerService, PeerState, PeerStream, Peers, Topic};

use crate::Cluster;
use crate::cluster::Shared;

#[async_trait::async_trait]
impl Peers for Cluster {
    async fn ask(&self, node_id: &str, topic: Topic, question: Bytes, patience: Duration) -> Result<Bytes, PeerError> {
        self.shared.ask(node_id, topic, question, patience).await
    }

    async fn connect(&self, node_id: &str) -> Result<Box<dyn PeerStream>, PeerError> {
        self.shared.transport.connect(node_id).await
    }

    fn serve_peers(&self, service: Arc<dyn PeerService>) {
        self.shared.transport.serve(service);
    }

    fn set_condition(&self, condition: NodeCondition) {
        self.shared.pulse.set_condition(condition);
    }

    fn peers(&self) -> Vec<PeerState> {
        self.shared.pulse.peers()
    }

    fn faults(&self) -> Vec<PeerFault> {
        self.shared.transport.faults()
    }
}

impl Shared {
    pub(crate) async fn ask(
        &self,
        node_id: &str,
        topic: Topic,
        question: Bytes,
        patience: Duration,
    ) -> Result<Bytes, PeerError> {
        self.transport.ask(node_id, topic, &question, patience).await
    }
}
