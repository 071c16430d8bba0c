//! The way of requests to other members.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use coffer_api::ResponseBody;
use coffer_api::forward::{Carrier, CarryError, SentBody};
use coffer_model::{ClusterControl, Peers};
use http::{Request, Response};
use tokio::sync::RwLock;

use super::lane::Lane;

/// Connections to a member: more than one, so that more than one core can seal and open what they carry.
const LANES: usize = 2;
/// Members other than the last few leaders need no connection.
const MOST_MEMBERS: usize = 16;
/// To reach a member; shorter than the time after which a deposed leader counts as lost.
const REACH: Duration = Duration::from_millis(1500);

/// Between two looks at whether all connections stand.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Members heard from within this time are reached beforehand.
const HEARD_LATELY: Duration = Duration::from_secs(3);

/// Connections to the members that requests were sent to, or may be.
pub struct Links<P> {
    peers: Arc<P>,
    members: RwLock<HashMap<String, Arc<Lanes>>>,
}

#[derive(Default)]
struct Lanes {
    next: AtomicUsize,
    lanes: [Lane; LANES],
}

impl<P: Peers> Links<P> {
    /// None yet.
    pub fn new(peers: Arc<P>) -> Self {
        Self { peers, members: RwLock::default() }
    }

    /// Has connections ready to every voter, so that whoever leads next is reached without a handshake. Goes on for ever.
    pub async fn keep_ready(self: Arc<Self>)
    where
        P: ClusterControl + 'static,
    {
        let mut changes = self.peers.watch();
        loop {
            for voter in self.voters() {
                for lane in 0..LANES {
                    let links = Arc::clone(&self);
                    let voter = voter.clone();
                    // Apart: one that can't be reached does not hold the others up.
                    tokio::spawn(async move {
                        let lanes = links.lanes(&voter).await;
                        if let Ok(Err(reason)) =
                            tokio::time::timeout(REACH, lanes.lanes[lane].sender(&*links.peers, &voter)).await
                        {
                            tracing::trace!(member = voter, reason, "no connection for forwarded requests yet");
                        }
                    });
                }
            }
            let _ = tokio::time::timeout(LOOK_EVERY, changes.changed()).await;
        }
    }

    /// The others that were heard from lately.
    fn voters(&self) -> Vec<String>
    where
        P: ClusterControl,
    {
        let status = self.peers.status();
        let is_voter = |node_id: &str| status.members.iter().any(|member| member.voter && member.node_id == node_id);
        let peers = self.peers.peers().into_iter();
        peers
            .filter(|peer| peer.last_contact.is_some_and(|since| since < HEARD_LATELY) && is_voter(&peer.node_id))
            .map(|peer| peer.node_id)
            .collect()
    }

    async fn lanes(&self, to: &str) -> Arc<Lanes> {
        if let Some(lanes) = self.members.read().await.get(to) {
            return Arc::clone(lanes);
        }
        let mut members = self.members.write().await;
        if members.len() >= MOST_MEMBERS {
            members.clear();
        }
        Arc::clone(members.entry(to.to_owned()).or_default())
    }
}

#[async_trait::async_trait]
impl<P: Peers> Carrier for Links<P> {
    async fn carry(&self, to: &str, request: Request<SentBody>) -> Result<Response<ResponseBody>, CarryError> {
        let lanes = self.lanes(to).await;
        let lane = &lanes.lanes[lanes.next.fetch_add(1, Relaxed) % LANES];
        let not_sent = |request, reason| Err(CarryError::NotSent { request: Box::new(request), reason });
        let mut sender = match tokio::time::timeout(REACH, lane.sender(&*self.peers, to)).await {
            Ok(Ok(sender)) => sender,
            Ok(Err(reason)) => return not_sent(request, reason),
            Err(_) => return not_sent(request, format!("no connection within {} ms", REACH.as_millis())),
        };
        match sender.try_send_request(request).await {
            Ok(response) => {
                let (mut head, body) = response.into_parts();
                head.version = http::Version::default();
                Ok(Response::from_parts(head, ResponseBody::passed_on(body)))
            }
            Err(mut error) => match error.take_message() {
                Some(request) => not_sent(request, in_words(error.error())),
                None => Err(CarryError::Lost { reason: in_words(error.error()) }),
            },
        }
    }
}

/// An error with its causes.
fn in_words(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    words
}
