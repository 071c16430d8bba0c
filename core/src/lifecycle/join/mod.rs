//! A node that is to become a member of a cluster that is there already: from the first question to open keys.

mod elsewhere;
mod prove;
mod search;

use std::sync::{Arc, OnceLock};

use coffer_seal::{KEYRING_PATH, STORED_KEYS_PATH, SealConfig};
use parking_lot::Mutex;
use tokio::task::AbortHandle;

use super::node::Node;
use super::phase::Phase;
use crate::Failure;
use crate::joining::{
    FormerKeys, JoinDesk, JoinTarget, JoinerCard, NONCE_LEN, Offer, Offered, RememberedJoin, RememberedSeal,
};

/// What a node that joins knows of the cluster before it is a member.
#[derive(Debug)]
pub struct Joining {
    /// How the cluster's root key is shared.
    pub seal_config: SealConfig,
    /// The cluster, in hex.
    cluster_id: String,
    /// Through whom; never empty.
    targets: Vec<JoinTarget>,
    non_voter: bool,
    /// What a node that was removed held before.
    former: Option<FormerKeys>,
    /// Set once the cluster has admitted this node.
    admitted: OnceLock<()>,
}

/// What `operator raft join` and the configuration ask for.
#[derive(Clone, Debug)]
pub struct JoinRequest {
    /// Through whom; the first that answers will do.
    pub targets: Vec<JoinTarget>,
    /// Go on trying in the background.
    pub retry: bool,
    /// Without a vote.
    pub non_voter: bool,
}

/// A join that failed; the texts say with whom, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinFailure {
    /// This node keeps its data in memory.
    #[error("raft storage is not in use")]
    NoRaft,
    /// It names nobody.
    #[error("no leader_api_addr provided: name the API of a node of the cluster")]
    NoTarget,
    /// It is a member of another cluster.
    #[error("{0}")]
    OtherCluster(String),
    /// No node of the cluster could be asked.
    #[error("failed to get raft challenge: {0}")]
    NoOffer(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

/// What a node keeps for joining, in every phase.
#[derive(Default)]
pub(super) struct Joiner {
    desk: OnceLock<Arc<dyn JoinDesk>>,
    /// Whom the configuration names.
    configured: OnceLock<Vec<JoinTarget>>,
    /// The one search for a cluster that is under way.
    search: Mutex<Option<AbortHandle>>,
}

impl Joining {
    /// Whether the cluster has admitted this node, whose keys wait for the data.
    pub fn is_admitted(&self) -> bool {
        self.admitted.get().is_some()
    }

    fn remembered(&self) -> RememberedJoin {
        RememberedJoin {
            targets: own(&self.targets),
            non_voter: self.non_voter,
            seal: Some(RememberedSeal {
                shares: self.seal_config.shares(),
                threshold: self.seal_config.threshold(),
                cluster_id: self.cluster_id.clone(),
                former: self.former.clone(),
            }),
        }
    }
}

impl Node {
    /// Sets who speaks to other nodes' APIs, and goes on with the join that an earlier process began, or that the
    /// configuration asks for. Does nothing on a node that is a member of a cluster.
    pub fn join_at_start(
        self: &Arc<Self>,
        desk: Arc<dyn JoinDesk>,
        remembered: Option<RememberedJoin>,
        configured: JoinRequest,
    ) {
        if self.joiner.desk.set(Arc::clone(&desk)).is_err() {
            return;
        }
        if !matches!(&*self.phase(), Phase::Uninitialized) {
            if remembered.is_some() {
                self.remember(None);
            }
            return;
        }
        let _ = self.joiner.configured.set(configured.targets.clone());
        let mut wanted = configured;
        if let Some(remembered) = remembered {
            wanted.targets.splice(0..0, remembered.targets);
            wanted.non_voter |= remembered.non_voter;
            if let Some(joining) = remembered.seal.and_then(|seal| Joining::resumed(&seal, &wanted)) {
                tracing::info!("joining goes on: give this node the cluster's unseal keys");
                let _turn = self.progress.lock();
                self.phase.store(Arc::new(Phase::Joining(Arc::new(joining))));
                return;
            }
        }
        if !wanted.targets.is_empty() {
            self.search(wanted);
        }
    }

    /// Joins the cluster of a target, or says that this node is a member of it already. `false`: goes on trying.
    ///
    /// # Errors
    /// See [`JoinFailure`].
    pub async fn join(self: &Arc<Self>, request: JoinRequest) -> Result<bool, JoinFailure> {
        let desk = Arc::clone(self.desk()?);
        match &*self.phase() {
            Phase::Sealed | Phase::Standby(_) | Phase::Active(_) => {
                return self.confirm_membership(&desk, &request.targets).await;
            }
            Phase::Uninitialized | Phase::Joining(_) | Phase::Removed => {}
        }
        if request.targets.is_empty() {
            return Err(JoinFailure::NoTarget);
        }
        match self.join_once(&desk, &request).await {
            Ok(()) => Ok(true),
            Err(failure) if request.retry && !self.belongs_to_former() => {
                tracing::warn!("not joined yet, trying again: {failure}");
                self.remember(Some(&RememberedJoin {
                    targets: own(&request.targets),
                    non_voter: request.non_voter,
                    seal: None,
                }));
                self.search(request);
                Ok(false)
            }
            Err(failure) => Err(failure),
        }
    }

    /// Whether this node was removed from a cluster, and joins that one alone.
    fn belongs_to_former(&self) -> bool {
        match &*self.phase() {
            Phase::Removed => true,
            Phase::Joining(joining) => joining.former.is_some(),
            _ => false,
        }
    }

    async fn join_once(self: &Arc<Self>, desk: &Arc<dyn JoinDesk>, request: &JoinRequest) -> Result<(), JoinFailure> {
        let offer = self.first_offer(desk, &request.targets, request.non_voter).await?;
        let mut joining = Joining::offered(&offer, request)?;
        let _turn = self.turn.lock().await;
        if let Phase::Joining(before) = &*self.phase()
            && before.former.is_some()
        {
            joining.must_be_of(&before.cluster_id)?;
            joining.former.clone_from(&before.former);
        }
        match &*self.phase() {
            Phase::Uninitialized => {}
            Phase::Joining(before) if before.cluster_id == joining.cluster_id && before.is_admitted() => return Ok(()),
            Phase::Joining(before) if before.is_admitted() => {
                return Err(JoinFailure::OtherCluster(format!(
                    "this node was already admitted to cluster {}, and cannot join cluster {}: stop it, empty its data \
                     folder, and start it again",
                    before.cluster_id, joining.cluster_id
                )));
            }
            // Once more, perhaps through other nodes: the shares given so far stay, where they are for the same key.
            Phase::Joining(before)
                if before.cluster_id == joining.cluster_id && before.seal_config == joining.seal_config =>
            {
                return self.enter_joining(joining, false);
            }
            Phase::Joining(_) => {}
            Phase::Removed => return self.rejoin(desk, joining).await,
            Phase::Sealed | Phase::Standby(_) | Phase::Active(_) => {
                return Err(JoinFailure::Other("this node was initialized meanwhile".to_owned()));
            }
        }
        self.enter_joining(joining, true)
    }

    fn enter_joining(&self, joining: Joining, forget_shares: bool) -> Result<(), JoinFailure> {
        let mut progress = self.progress.lock();
        let (shares, threshold) = (joining.seal_config.shares(), joining.seal_config.threshold());
        self.desk()?.remember(Some(&joining.remembered())).map_err(|reason| {
            JoinFailure::Other(format!("the join cannot be kept over a restart, and so is not begun: {reason}"))
        })?;
        if forget_shares {
            progress.clear();
        }
        tracing::info!(
            cluster_id = joining.cluster_id,
            shares,
            threshold,
            "joining a cluster: give this node its unseal keys"
        );
        self.phase.store(Arc::new(Phase::Joining(Arc::new(joining))));
        Ok(())
    }

    /// A removed node starts anew: its data is set aside, and the next process goes on from what is remembered.
    ///
    /// Anybody may ask for that, and so only its former cluster can have it: what answers names that cluster, and the keys
    /// that the node is then given open what it held before.
    async fn rejoin(&self, desk: &Arc<dyn JoinDesk>, mut joining: Joining) -> Result<(), JoinFailure> {
        joining.must_be_of(&self.own_cluster_id())?;
        let record = |path: &str| self.parts.store.get(path).map_err(|error| JoinFailure::Other(error.to_string()));
        // A node that was never opened as a member holds none.
        if let (Some(stored_keys), Some(keyring)) = (record(STORED_KEYS_PATH)?, record(KEYRING_PATH)?) {
            joining.former =
                Some(FormerKeys { stored_keys: stored_keys.value.to_vec(), keyring: keyring.value.to_vec() });
        }
        tracing::warn!("this node joins again: the data of its former membership is set aside");
        self.parts.cluster.leave().await.map_err(|error| JoinFailure::Other(error.to_string()))?;
        desk.remember(Some(&joining.remembered())).map_err(JoinFailure::Other)?;
        desk.restart();
        Ok(())
    }

    /// On a node that is a member: whether it is one of the cluster of a target.
    async fn confirm_membership(&self, desk: &Arc<dyn JoinDesk>, targets: &[JoinTarget]) -> Result<bool, JoinFailure> {
        let members = self.parts.cluster.status().members;
        let is_known = |target: &JoinTarget| members.iter().any(|member| member.api_address == target.api_address);
        if targets.is_empty() || targets.iter().any(is_known) {
            return Ok(true);
        }
        let own = self.own_cluster_id();
        let offer = match self.first_offer(desk, targets, false).await {
            Ok(offer) => offer,
            Err(JoinFailure::Other(text)) if text == ITSELF => return Ok(true),
            // What else listens there is not for everybody who can reach this node to learn.
            Err(failure) => {
                tracing::warn!("asked to join through a node that gave no offer: {failure}");
                return Err(JoinFailure::Other(format!(
                    "this node is a member of cluster {own} already, and whether what it was told to join through is of \
                     that cluster can't be told; its log says why"
                )));
            }
        };
        if offer.raft_cluster_id == own {
            return Ok(true);
        }
        Err(JoinFailure::OtherCluster(format!(
            "this node is initialized and belongs to cluster {own}, the node at {} belongs to cluster {}: two clusters \
             cannot be merged. To give up what this node holds, stop it, empty its data folder, and start it again",
            targets.first().map(|target| target.api_address.as_str()).unwrap_or_default(),
            offer.raft_cluster_id
        )))
    }

    /// In hex.
    fn own_cluster_id(&self) -> String {
        self.parts.cluster.cluster_card().map(|card| hex::encode(card.cluster_id)).unwrap_or_default()
    }

    /// The offer of the first target that makes one.
    async fn first_offer(
        &self,
        desk: &Arc<dyn JoinDesk>,
        targets: &[JoinTarget],
        non_voter: bool,
    ) -> Result<Offer, JoinFailure> {
        let mut reasons = Vec::new();
        let mut itself = false;
        for target in targets {
            let card = self.introduction(non_voter).map_err(|failure| JoinFailure::Other(failure.to_string()))?;
            match desk.challenge(target, &card).await {
                Ok(Offered::Offer(offer)) => return Ok(offer),
                Ok(Offered::Itself) => itself = true,
                Err(error) => reasons.push(error.to_string()),
            }
        }
        match reasons.is_empty() && itself {
            true => Err(JoinFailure::Other(ITSELF.to_owned())),
            false => Err(JoinFailure::NoOffer(reasons.join("; "))),
        }
    }

    fn introduction(&self, non_voter: bool) -> Result<JoinerCard, Failure> {
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).map_err(Failure::internal)?;
        Ok(JoinerCard::new(self.parts.cluster.own_card(), non_voter, nonce))
    }

    /// The cluster has removed this node: its keys go, and its data serves nobody.
    pub(super) fn become_removed(self: &Arc<Self>) {
        let mut progress = self.progress.lock();
        if matches!(&*self.phase(), Phase::Removed | Phase::Uninitialized) {
            return;
        }
        self.set_workers(None);
        self.phase.store(Arc::new(Phase::Removed));
        progress.clear();
        drop(progress);
        self.local().browser.forget();
        self.ceremonies().cancel_all();
        self.parts.audit.close();
        tracing::error!(
            "this node was removed from its cluster and has given up its keys; \"operator raft join\" makes it join \
             again, with its present data set aside"
        );
    }

    fn desk(&self) -> Result<&Arc<dyn JoinDesk>, JoinFailure> {
        self.joiner.desk.get().ok_or(JoinFailure::NoRaft)
    }

    fn remember(&self, join: Option<&RememberedJoin>) {
        if let Some(desk) = self.joiner.desk.get()
            && let Err(reason) = desk.remember(join)
        {
            tracing::error!("what was begun of a join could not be written down: {reason}");
        }
    }
}

const ITSELF: &str = "the address given is this node's own: name another node of the cluster";

/// Those that the configuration does not name.
fn own(targets: &[JoinTarget]) -> Vec<JoinTarget> {
    targets.iter().filter(|target| !target.configured).cloned().collect()
}

impl Joining {
    fn offered(offer: &Offer, request: &JoinRequest) -> Result<Self, JoinFailure> {
        let seal_config = offer.seal_config.config().map_err(|error| JoinFailure::Other(error.to_string()))?;
        Ok(Self {
            seal_config,
            cluster_id: offer.raft_cluster_id.clone(),
            targets: request.targets.clone(),
            non_voter: request.non_voter,
            former: None,
            admitted: OnceLock::new(),
        })
    }

    /// Of a node that was removed: whether it is that cluster.
    fn must_be_of(&self, former: &str) -> Result<(), JoinFailure> {
        if self.cluster_id == former {
            return Ok(());
        }
        Err(JoinFailure::OtherCluster(format!(
            "this node was removed from cluster {former} and joins that one again; to let it join cluster {}, stop it, \
             empty its data folder, and start it again",
            self.cluster_id
        )))
    }

    fn resumed(seal: &RememberedSeal, wanted: &JoinRequest) -> Option<Self> {
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        Some(Self {
            seal_config: SealConfig::new(count(seal.shares), count(seal.threshold)).ok()?,
            cluster_id: seal.cluster_id.clone(),
            targets: wanted.targets.clone(),
            non_voter: wanted.non_voter,
            former: seal.former.clone(),
            admitted: OnceLock::new(),
        })
    }
}
