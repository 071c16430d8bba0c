//! Who has to answer a request.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use coffer_core::Failure;
use coffer_core::lifecycle::{Node, Phase};
use coffer_model::{ClusterControl, NodeRole, PeerState, SealState};
use tokio::sync::watch;
use tokio::time::Instant;

use super::Forwarding;

/// Members heard from within this time count, where it is asked whether the cluster still serves.
const HEARD_LATELY: Duration = Duration::from_secs(5);

/// So long after its start a node may not have heard from a member that runs.
const FIRST_WORD: Duration = Duration::from_secs(2);

/// Where a request is to be carried out.
#[derive(Debug)]
pub(super) enum Target {
    /// On this node.
    Here,
    /// On the node that leads.
    Leader(Arc<Leader>),
    /// On none just now; what to say if that lasts.
    Nobody(Failure),
    /// On none, and it is of no use to wait.
    Never(Failure),
}

/// The node that leads, as this one sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leader {
    pub(super) node_id: String,
    pub(super) raft_id: u64,
    pub(super) api_address: String,
}

/// Who leads, put together anew only when it may have changed.
pub(super) struct LeaderView {
    cluster: Arc<dyn ClusterControl>,
    changes: watch::Receiver<u64>,
    seen: ArcSwap<Seen>,
    began: Instant,
}

#[derive(Clone)]
struct Seen {
    at: Option<u64>,
    led: Led,
}

#[derive(Clone)]
enum Led {
    ByNobody,
    ByThisNode,
    By(Arc<Leader>),
}

impl Forwarding {
    /// Where a request belongs that is not about this node.
    pub(super) fn target(&self, node: &Arc<Node>) -> Target {
        match &*node.phase() {
            Phase::Active(_) => Target::Here,
            Phase::Standby(_) => match self.leader.led() {
                Led::By(leader) => Target::Leader(leader),
                // About to serve, or to hand over.
                Led::ByThisNode | Led::ByNobody => Target::Nobody(Failure::NotLeader),
            },
            Phase::Sealed if node.is_sealed_by_command() => Target::Here,
            Phase::Sealed => match self.leader.led() {
                Led::By(leader) => Target::Leader(leader),
                _ if self.leader.may_be_served_soon() => Target::Nobody(Failure::Sealed),
                _ => Target::Never(Failure::Sealed),
            },
            Phase::Uninitialized | Phase::Joining(_) | Phase::Removed => Target::Here,
        }
    }

    /// The leader that a client is sent to who does not want to be forwarded.
    pub(super) fn leader(&self) -> Option<Arc<Leader>> {
        match self.leader.led() {
            Led::By(leader) => Some(leader),
            Led::ByThisNode | Led::ByNobody => None,
        }
    }

    /// A member that holds keys, was heard from lately and is not thought to lead: it may reach the leader where this
    /// node cannot.
    pub(super) fn helper(&self) -> Option<Leader> {
        let leader = self.leader();
        let fits = |peer: &&coffer_model::PeerState| {
            peer.condition.seal == SealState::Unsealed
                && peer.last_contact.is_some_and(|since| since < HEARD_LATELY)
                && leader.as_ref().is_none_or(|leader| leader.node_id != peer.node_id)
        };
        let found =
            self.leader.cluster.peers().iter().filter(fits).min_by_key(|peer| peer.last_contact)?.node_id.clone();
        Some(Leader { node_id: found, raft_id: 0, api_address: String::new() })
    }

    pub(super) fn leads(&self, leader: &Leader) -> bool {
        matches!(self.leader.led(), Led::By(now) if now.raft_id == leader.raft_id)
    }

    pub(super) fn is_led_here(&self) -> bool {
        matches!(self.leader.led(), Led::ByThisNode)
    }

    pub(super) fn watch_leader(&self) -> watch::Receiver<u64> {
        self.leader.changes.clone()
    }
}

impl LeaderView {
    pub(super) fn new(cluster: Arc<dyn ClusterControl>) -> Self {
        let changes = cluster.watch();
        Self {
            cluster,
            changes,
            seen: ArcSwap::from_pointee(Seen { at: None, led: Led::ByNobody }),
            began: Instant::now(),
        }
    }

    fn led(&self) -> Led {
        // Read before the status: a change in between is seen the next time.
        let at = Some(*self.changes.borrow());
        let seen = self.seen.load();
        if seen.at == at {
            return seen.led.clone();
        }
        let status = self.cluster.status();
        let led = match status.leader() {
            _ if status.role == NodeRole::Leader => Led::ByThisNode,
            Some(leader) if leader.node_id == status.node_id => Led::ByNobody,
            Some(leader) => Led::By(Arc::new(Leader {
                node_id: leader.node_id.clone(),
                raft_id: leader.raft_id,
                api_address: leader.api_address.clone(),
            })),
            None => Led::ByNobody,
        };
        self.seen.store(Arc::new(Seen { at, led: led.clone() }));
        led
    }

    /// Whether some member holds the keys, so that an election will bring one that serves; or may, where this node has
    /// only just started and not heard from all.
    fn may_be_served_soon(&self) -> bool {
        let peers = self.cluster.peers();
        let holds_keys = |peer: &PeerState| {
            peer.condition.seal == SealState::Unsealed && peer.last_contact.is_some_and(|since| since < HEARD_LATELY)
        };
        if peers.iter().any(holds_keys) {
            return true;
        }
        let heard = |name: &str| peers.iter().any(|peer| peer.node_id == name && peer.last_contact.is_some());
        self.began.elapsed() < FIRST_WORD && {
            let status = self.cluster.status();
            status
                .members
                .iter()
                .any(|member| member.voter && member.node_id != status.node_id && !heard(&member.node_id))
        }
    }
}
