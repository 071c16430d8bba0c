//! What other members ask of this node, by subject.

use std::sync::Arc;

use bytes::Bytes;
use coffer_core::lifecycle::Node;
use coffer_model::{PeerIdentity, PeerService, PeerStream, Topic};

use crate::forward::ForwardServer;

/// Answers the other members.
pub struct Peering {
    /// Seals, ceremonies, clocks.
    pub node: Arc<Node>,
    /// Forwarded requests.
    pub forwarded: ForwardServer,
}

#[async_trait::async_trait]
impl PeerService for Peering {
    async fn answer(&self, from: &PeerIdentity, topic: Topic, question: Bytes) -> Result<Bytes, String> {
        match self.node.answer_peer(from, topic, &question).await {
            Some(answer) => answer,
            None => Err(format!("this release knows no topic {}", topic.0)),
        }
    }

    async fn forwarded(&self, _: &PeerIdentity, stream: Box<dyn PeerStream>) {
        self.forwarded.serve(stream).await;
    }
}
