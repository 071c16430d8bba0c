//! Requests that another node has to answer: which those are, to whom they go, what goes along, and what becomes of them
//! while leadership moves.
//!
//! A client sees one cluster. The node that it asked is the only one that sends a request on, waits over an election and
//! asks again; the node that it was sent to carries it out or says that it did not.

mod about_node;
mod exchange;
mod message;
mod origin;
mod patience;
mod redirect;
mod sent_body;
mod target;

use std::sync::Arc;

use coffer_core::lifecycle::Node;
use http::{Request, Response};

use about_node::Concern;
pub(crate) use exchange::{Asked, Exchange};
pub use origin::{BadOrigin, Origin};
pub use sent_body::SentBody;

use crate::response_body::ResponseBody;
use patience::Trouble;
use target::LeaderView;

/// Takes a request to another member and brings its answer back.
#[async_trait::async_trait]
pub trait Carrier: Send + Sync {
    /// Sends to the member of that name. Dropping the future takes the request back, if that is still possible.
    async fn carry(&self, to: &str, request: Request<SentBody>) -> Result<Response<ResponseBody>, CarryError>;
}

/// A request that brought no answer.
#[derive(Debug)]
pub enum CarryError {
    /// The member has surely not begun with it: here it is again.
    NotSent {
        /// As it was handed over.
        request: Box<Request<SentBody>>,
        /// Why, in words.
        reason: String,
    },
    /// It may have been carried out, or not.
    Lost {
        /// Why, in words.
        reason: String,
    },
}

/// What a node needs to have requests answered elsewhere; one for all its listeners.
pub struct Forwarding {
    carrier: Arc<dyn Carrier>,
    leader: LeaderView,
    trouble: Trouble,
}

impl Forwarding {
    /// For this node.
    pub fn new(node: &Arc<Node>, carrier: Arc<dyn Carrier>) -> Self {
        Self { carrier, leader: LeaderView::new(Arc::clone(node.cluster())), trouble: Trouble::default() }
    }
}
