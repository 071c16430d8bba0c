//! How this node reaches the others and is reached: mutual TLS 1.3 on the cluster address, ALPN chooses the purpose.
//!
//! A connection is greeted before it is used (`greet`): both certificates are judged, and each side proves with its
//! identity key over the connection's own secret that it is the member it says it is. Whoever refuses says why to the
//! other, so that both show it (`faults`). Links (`link`) are lasting connections for questions and answers, one for each
//! purpose, so that a vote never waits behind log entries.

mod accept;
mod acknowledged;
mod channel;
mod dial;
mod faults;
mod greet;
mod level;
mod link;
mod links;
mod options;
mod own_certificate;
mod raft_client;
mod receive_snapshot;
mod roster;
mod send_snapshot;
mod serve_ask;
mod serve_raft;
mod tls;
mod wire;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant, SystemTime};

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use coffer_model::{MembershipError, PeerError, PeerFault, PeerService, PeerStream, Topic};
use coffer_storage::{NodeIdentity, Stores};
use coffer_tls::NodeKey;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::OpenError;
use crate::address;
use crate::cluster::Shared;
use crate::member::MemberNode;
use acknowledged::Acknowledged;
use faults::FaultBook;
use greet::Known;
use link::{Lane, Link, LinkError};
use links::Links;
use roster::Roster;
use tls::{Protocol, Tls};

pub(crate) use greet::Target;
pub use options::{ClusterTls, TransportOptions};

/// The transport of a node; cheap to clone.
#[derive(Clone)]
pub(crate) struct Transport(Arc<Inner>);

pub(crate) struct Inner {
    identity: NodeIdentity,
    key: NodeKey,
    /// The highest level of the protocol between nodes that this node says it knows.
    level: u32,
    stores: Arc<Stores>,
    /// `None`: no cluster listener, so nobody is reached.
    tls: Option<Tls>,
    roster: Roster,
    faults: FaultBook,
    acknowledged: Acknowledged,
    links: Links,
    service: ArcSwapOption<Arc<dyn PeerService>>,
    shared: OnceLock<Weak<Shared>>,
    /// Members that there has been a connection with, by Raft id.
    met: Mutex<BTreeMap<u64, Met>>,
    /// Members that said that they have no cluster, and since when.
    without_cluster: Mutex<BTreeMap<u64, Instant>>,
    /// Somebody knocked whom the member list does not hold: it may be old.
    strangers: Notify,
    /// A member said, as itself, that this node was removed.
    removed: AtomicBool,
    stop: CancellationToken,
}

/// The last connection with a member.
#[derive(Clone, Copy, Debug)]
struct Met {
    at: Instant,
    certificate_ends: SystemTime,
}

/// What a transport is made of.
pub(crate) struct TransportParts<'p> {
    pub(crate) options: Option<&'p TransportOptions>,
    pub(crate) stores: Arc<Stores>,
    pub(crate) key: NodeKey,
    pub(crate) cluster_address: &'p str,
    pub(crate) level: u32,
}

impl Transport {
    /// Nothing is accepted before [`Transport::start`].
    pub(crate) fn new(parts: TransportParts<'_>) -> Result<Self, OpenError> {
        let TransportParts { options, stores, key, cluster_address, level } = parts;
        let identity = stores.identity();
        let tls = match options {
            Some(options) => {
                let host = address::host(cluster_address);
                let tls = Tls::new(options, &key, &identity.node_id, host);
                Some(tls.map_err(|error| OpenError::Transport(error.to_string()))?)
            }
            None => None,
        };
        Ok(Self(Arc::new(Inner {
            identity,
            key,
            level,
            stores,
            tls,
            roster: Roster::default(),
            faults: FaultBook::default(),
            acknowledged: Acknowledged::default(),
            links: Links::default(),
            service: ArcSwapOption::empty(),
            shared: OnceLock::new(),
            met: Mutex::default(),
            without_cluster: Mutex::default(),
            strangers: Notify::new(),
            removed: AtomicBool::new(false),
            stop: CancellationToken::new(),
        })))
    }

    /// Begins to accept.
    pub(crate) fn start(&self, shared: &Arc<Shared>, options: Option<&TransportOptions>) -> Result<(), OpenError> {
        let _ = self.0.shared.set(Arc::downgrade(shared));
        for listener in options.map_or(&[][..], |options| &options.listeners) {
            let listener = listener.try_clone().and_then(|listener| {
                listener.set_nonblocking(true)?;
                tokio::net::TcpListener::from_std(listener)
            });
            let listener = listener.map_err(|error| OpenError::Transport(format!("cluster listener: {error}")))?;
            tokio::spawn(accept::run(Arc::clone(&self.0), listener, self.0.stop.clone()));
        }
        let address = shared.own_node.cluster_address.clone();
        tokio::spawn(own_certificate::watch(Arc::downgrade(&self.0), address));
        Ok(())
    }

    /// Ends all connections and accepts no more.
    pub(crate) fn close(&self) {
        self.0.stop.cancel();
        self.0.links.close_all();
    }

    fn inner(&self) -> &Arc<Inner> {
        &self.0
    }

    pub(crate) fn public_key(&self) -> &[u8] {
        self.0.key.public_key()
    }

    /// Raft's member list has changed: who is in it is let in, and a way to it is kept open.
    pub(crate) fn members_changed(&self, at: u64, members: BTreeMap<u64, MemberNode>) {
        let own = self.0.identity.raft_id;
        let others: Vec<_> =
            members.iter().filter(|(id, _)| **id != own).map(|(id, node)| (*id, node.clone())).collect();
        for (raft_id, node) in self.0.roster.replace(own, at, members.clone()) {
            self.0.links.close(raft_id);
            self.0.met.lock().remove(&raft_id);
            self.0.without_cluster.lock().remove(&raft_id);
            self.0.acknowledged.forget(raft_id);
            if !others.iter().any(|(_, other)| other.node_id == node.node_id) {
                self.0.faults.forget(&node.node_id);
            }
        }
        self.0.faults.keep_incarnations(|raft_id| self.0.roster.get(raft_id).is_some());
        if !members.contains_key(&own) {
            return;
        }
        for (raft_id, node) in others {
            self.warm_to(&Target { raft_id, node, is_joining: false });
        }
    }

    /// The member lives: whatever this node may be for it next, it is reached without a handshake.
    pub(crate) fn warm(&self, raft_id: u64) {
        if let Some(node) = self.0.roster.get(raft_id) {
            self.warm_to(&Target { raft_id, node, is_joining: false });
        }
    }

    fn warm_to(&self, target: &Target) {
        for lane in [Lane::Control, Lane::Append, Lane::Heartbeat] {
            if let Some(link) = self.link(target, lane) {
                link.warm();
            }
        }
    }

    /// Members as a pinned member told of them, in the entry at `at`.
    pub(crate) fn members_told(&self, at: u64, members: BTreeMap<u64, MemberNode>) {
        self.0.roster.told(at, members);
    }

    /// Whether a member said that this node was removed.
    pub(crate) fn was_told_removed(&self) -> bool {
        self.0.removed.load(Ordering::Relaxed)
    }

    /// Returns when somebody knocked whom the member list does not hold.
    pub(crate) async fn stranger(&self) {
        self.0.strangers.notified().await;
    }

    /// The lasting connection to a member for one purpose.
    fn link(&self, target: &Target, lane: Lane) -> Option<Arc<Link>> {
        self.0.tls.as_ref()?;
        Some(self.0.links.get(&self.0, target, lane))
    }

    /// Asks the member of that name.
    pub(crate) async fn ask(
        &self,
        node_id: &str,
        topic: Topic,
        question: &[u8],
        patience: Duration,
    ) -> Result<Bytes, PeerError> {
        let target = self.target(node_id)?;
        self.ask_target(&target, topic, question, patience).await
    }

    /// Asks one incarnation of a member, and no other of its name.
    pub(crate) async fn ask_member(
        &self,
        raft_id: u64,
        topic: Topic,
        question: &[u8],
        patience: Duration,
    ) -> Result<Bytes, PeerError> {
        let node = self.0.roster.get(raft_id).ok_or_else(|| PeerError::Unknown(raft_id.to_string()))?;
        self.ask_target(&Target { raft_id, node, is_joining: false }, topic, question, patience).await
    }

    async fn ask_target(
        &self,
        target: &Target,
        topic: Topic,
        question: &[u8],
        patience: Duration,
    ) -> Result<Bytes, PeerError> {
        let node_id = || target.node.node_id.clone();
        let unreachable = |reason: String| PeerError::Unreachable { node_id: node_id(), reason };
        let link =
            self.link(target, Lane::Ask).ok_or_else(|| unreachable("this node has no cluster listener".into()))?;
        let body = serve_ask::question(topic, question);
        link.ask(wire::Kind::Question, body, patience).await.map_err(|error| match error {
            LinkError::Failure(reason) => PeerError::Refused { node_id: node_id(), reason },
            other => unreachable(other.to_string()),
        })
    }

    /// Opens a stream for forwarded requests.
    pub(crate) async fn connect(&self, node_id: &str) -> Result<Box<dyn PeerStream>, PeerError> {
        let target = self.target(node_id)?;
        let dialled = self.0.dial(&target, Protocol::Forward).await;
        dialled.map(|dialled| Box::new(dialled.stream) as _).map_err(|failed| dial::peer_error(node_id, failed))
    }

    /// Reaches a node that is to become a member, or is to be reached in another place, and judges it strictly: certificate
    /// in its time, name, identity. It judges this node's certificate as well. `failing`: what does not come about then.
    ///
    /// # Errors
    /// [`MembershipError::Unfit`] where one of the two refuses the other, [`MembershipError::Failed`] where no connection
    /// comes about; both name what to change.
    pub(crate) async fn probe(&self, raft_id: u64, node: MemberNode, failing: &str) -> Result<(), MembershipError> {
        if self.0.tls.is_none() {
            return Ok(());
        }
        let (name, address) = (node.node_id.clone(), node.cluster_address.clone());
        let target = Target { raft_id, node, is_joining: true };
        let Err(failed) = self.0.dial(&target, Protocol::Probe).await else { return Ok(()) };
        let text = format!("node {name:?} {failing}; its cluster address {address} was tried: {}", failed.reason);
        Err(match failed.code {
            wire::RefusalCode::Other | wire::RefusalCode::Later => MembershipError::Failed(text),
            _ => MembershipError::Unfit(text),
        })
    }

    fn target(&self, node_id: &str) -> Result<Target, PeerError> {
        let met = self.0.met.lock();
        // Of two incarnations of a name, the one that was last heard of.
        let found = self.0.roster.called(node_id).into_iter().max_by_key(|(id, _)| met.get(id).map(|met| met.at));
        let (raft_id, node) = found.ok_or_else(|| PeerError::Unknown(node_id.to_owned()))?;
        Ok(Target { raft_id, node, is_joining: false })
    }

    /// All that are known, this node not among them.
    pub(crate) fn others(&self) -> Vec<(u64, MemberNode)> {
        let mut all = self.0.roster.all();
        all.retain(|(id, _)| *id != self.0.identity.raft_id);
        all
    }

    pub(crate) fn serve(&self, service: Arc<dyn PeerService>) {
        self.0.service.store(Some(Arc::new(service)));
    }

    pub(crate) fn faults(&self) -> Vec<PeerFault> {
        self.0.faults.all()
    }

    /// When the certificate ends that this node shows the others; `None` where it shows none that ends.
    pub(crate) fn own_certificate_ends(&self) -> Option<SystemTime> {
        let tls = self.0.tls.as_ref()?;
        matches!(tls.options, ClusterTls::Certificates { .. }).then(|| tls.identity.current().not_after())
    }
}

impl Inner {
    /// `None` before the node has started, and after it has ended.
    fn shared(&self) -> Option<Arc<Shared>> {
        self.shared.get().and_then(Weak::upgrade)
    }

    /// What the others must know: what the cluster has used.
    fn lowest_level(&self) -> u32 {
        level::MIN_LEVEL.max(crate::level::recorded(&self.stores).floor)
    }

    fn is_still_known(&self, known: &Known) -> bool {
        self.roster.get(known.identity.raft_id).is_some()
    }

    fn was_removed(&self, raft_id: u64) -> bool {
        self.shared().is_some_and(|shared| shared.was_removed(raft_id))
    }

    fn stranger_seen(&self) {
        self.strangers.notify_one();
    }

    fn told_removed(&self) {
        if !self.removed.swap(true, Ordering::Relaxed)
            && let Some(shared) = self.shared()
        {
            shared.status_changed();
        }
    }

    /// A connection has come about. An expired certificate is no reason to refuse a member, and one to be heard of.
    fn met(&self, known: &Known) {
        let ends = known.certificate_ends;
        let met = Met { at: Instant::now(), certificate_ends: ends };
        tracing::debug!(member = known.identity.node_id, level = known.level, "cluster connection");
        let before = self.met.lock().insert(known.identity.raft_id, met);
        if before.is_none_or(|before| before.certificate_ends != ends) && ends < SystemTime::now() {
            tracing::error!(
                member = known.identity.node_id,
                "the certificate of a member has expired; its identity key vouches for it, and others may still refuse \
                 it: renew it (tls_cert_file, or cluster_tls_cert_file)"
            );
        }
    }
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transport").field("identity", &self.0.identity).finish_non_exhaustive()
    }
}
