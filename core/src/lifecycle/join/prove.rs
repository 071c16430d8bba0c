//! The shares that a joining node is given: they prove it to the cluster, and open its keys once they have arrived.

use std::sync::Arc;
use std::time::Duration;

use coffer_seal::{JoinKey, JoinShares, KEYRING_PATH, KeyShare, STORED_KEYS_PATH, SealedRecords, UnsealProgress};

use super::super::node::Node;
use super::super::phase::Phase;
use super::super::unseal::{SERVE_TIME, UnsealFailure};
use super::{JoinFailure, Joining};
use crate::Failure;
use crate::follower_unseal::UnsealedBy;
use crate::joining::{
    Answer, Base64, DeskError, FormerKeys, GivenCard, JoinDesk, JoinTarget, Offered, answer_text, exchange, offer_text,
};

/// How long the last share's answer waits for a node of the cluster that answers.
const PROVE_TIME: Duration = Duration::from_secs(20);

/// Between two rounds of questions while the last share waits.
const PROVE_PAUSE: Duration = Duration::from_millis(500);

/// Between two looks at whether the cluster's keys have arrived.
const ARRIVAL_PAUSE: Duration = Duration::from_millis(50);

impl Node {
    /// Takes a share of the cluster's unseal key. The last one proves this node to the cluster.
    pub(in crate::lifecycle) async fn unseal_to_join(
        self: &Arc<Self>,
        joining: &Arc<Joining>,
        share: KeyShare,
    ) -> Result<UnsealProgress, UnsealFailure> {
        if joining.is_admitted() {
            return Ok(UnsealProgress::default());
        }
        let step = self.progress.lock().provide_to_join(share, joining.seal_config)?;
        let key = match step {
            JoinShares::Incomplete(progress) => return Ok(progress),
            JoinShares::Key(key) => key,
        };
        if !joining.is_opened_by(&key) {
            return Err(UnsealFailure::Join(format!(
                "these shares do not open what this node held as a member of cluster {}: either they are another \
                 cluster's, or the cluster's keys were changed since it was removed. Then stop it, empty its data folder, \
                 and start it again",
                joining.cluster_id
            )));
        }
        let given = self.prove(joining, &key).await?;
        let index = given.index;
        let card = given.into_card().map_err(|error| UnsealFailure::Join(error.to_string()))?;
        self.parts.cluster.adopt(card).await.map_err(|error| UnsealFailure::Join(error.to_string()))?;
        let _ = joining.admitted.set(());
        tracing::info!(cluster_id = joining.cluster_id, "admitted to the cluster, waiting for its data");
        let node = Arc::clone(self);
        let waiting = Arc::clone(joining);
        let opened = tokio::spawn(async move { node.open_when_arrived(&waiting, key, index).await });
        if tokio::time::timeout(SERVE_TIME, opened).await.is_err() {
            tracing::info!("the cluster's data is still on its way; this node opens by itself once it has it");
        }
        Ok(UnsealProgress::default())
    }

    /// Proves the key to the first target that answers.
    async fn prove(&self, joining: &Joining, key: &JoinKey) -> Result<GivenCard, UnsealFailure> {
        let desk = Arc::clone(self.desk().map_err(|failure| UnsealFailure::Join(failure.to_string()))?);
        let deadline = tokio::time::Instant::now() + PROVE_TIME;
        loop {
            let mut failure = None;
            for target in &joining.targets {
                match self.prove_to(&desk, target, joining, key).await {
                    Ok(given) => return Ok(given),
                    // Where one node says that the key is wrong and another can't be reached, the former is of more use.
                    Err(error @ UnsealFailure::OtherKey(_)) => failure = Some(error),
                    Err(error) => failure = failure.or(Some(error)),
                }
            }
            match failure {
                Some(UnsealFailure::JoinLater(_)) if tokio::time::Instant::now() + PROVE_PAUSE < deadline => {
                    tokio::time::sleep(PROVE_PAUSE).await;
                }
                Some(failure) => return Err(failure),
                None => return Err(UnsealFailure::Join(JoinFailure::NoTarget.to_string())),
            }
        }
    }

    async fn prove_to(
        &self,
        desk: &Arc<dyn JoinDesk>,
        target: &JoinTarget,
        joining: &Joining,
        key: &JoinKey,
    ) -> Result<GivenCard, UnsealFailure> {
        let card = self.introduction(joining.non_voter)?;
        let offer = match desk.challenge(target, &card).await.map_err(by_desk)? {
            Offered::Offer(offer) => offer,
            Offered::Itself => {
                return Err(UnsealFailure::JoinLater(format!("{} is this node itself", target.api_address)));
            }
        };
        if offer.raft_cluster_id != joining.cluster_id {
            return Err(UnsealFailure::Join(format!(
                "the node at {} belongs to cluster {} now, and this node was to join cluster {}: run \"operator raft \
                 join\" again",
                target.api_address, offer.raft_cluster_id, joining.cluster_id
            )));
        }
        // Neither a wrong share nor a false leader can be told from the other, and neither gets an answer.
        if !key.verify(coffer_seal::JoinPurpose::Leader, &offer_text(&card, &offer), &offer.proof.0) {
            return Err(UnsealFailure::OtherKey(target.api_address.clone()));
        }
        let answered = key
            .prove(coffer_seal::JoinPurpose::Joiner, &answer_text(&card, &offer.challenge.0, &offer.raft_cluster_id));
        let answer = Answer { joiner: card, challenge: offer.challenge, answer: Base64(answered.to_vec()) };
        let sealed = desk.answer(target, &answer).await.map_err(by_desk)?;
        let given = key
            .open(&exchange(&answer, &joining.cluster_id), &sealed.sealed.0)
            .map_err(|error| UnsealFailure::Join(format!("the answer of {} is false: {error}", target.api_address)))?;
        serde_json::from_slice(&given).map_err(|_| {
            UnsealFailure::Join(format!("the node at {} speaks another version of this protocol", target.api_address))
        })
    }

    /// Opens the barrier once all has arrived that was there when this node was admitted.
    async fn open_when_arrived(self: &Arc<Self>, joining: &Arc<Joining>, key: JoinKey, index: u64) {
        let is_joining = || matches!(&*self.phase(), Phase::Joining(now) if Arc::ptr_eq(now, joining));
        let mut ticks = tokio::time::interval(ARRIVAL_PAUSE);
        while is_joining() {
            ticks.tick().await;
            if self.parts.cluster.status().applied_index < index {
                continue;
            }
            match self.open_by(&key) {
                Ok(Some(barrier)) => {
                    self.unsealed(barrier, UnsealedBy::Shares);
                    self.remember(None);
                    tracing::info!("joined the cluster, and unsealed");
                    self.serve_soon().await;
                    return;
                }
                // The records come with the first entries; there is more to come.
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(
                        "joined the cluster, and its unseal key was changed meanwhile: unseal this node with the new \
                         keys ({error})"
                    );
                    let _turn = self.progress.lock();
                    if is_joining() {
                        self.phase.store(Arc::new(Phase::Sealed));
                    }
                    self.remember(None);
                    return;
                }
            }
        }
    }

    fn open_by(&self, key: &JoinKey) -> Result<Option<coffer_seal::Barrier>, UnsealFailure> {
        self.read_seal_config()?;
        let record = |path: &str| self.parts.store.get(path).map(|found| found.map(|found| found.value));
        let (Some(config), Some(keyring), Some(stored_keys)) = (
            self.stored_seal_config(),
            record(KEYRING_PATH).map_err(Failure::from)?,
            record(STORED_KEYS_PATH).map_err(Failure::from)?,
        ) else {
            return Ok(None);
        };
        Ok(Some(key.open_barrier(SealedRecords { config, stored_keys: &stored_keys, keyring: &keyring })?))
    }
}

impl Joining {
    /// Whether a key is that of the former membership, where there was one.
    fn is_opened_by(&self, key: &JoinKey) -> bool {
        self.former.as_ref().is_none_or(|former| {
            let FormerKeys { stored_keys, keyring } = former;
            key.open_barrier(SealedRecords { config: self.seal_config, stored_keys, keyring }).is_ok()
        })
    }
}

fn by_desk(error: DeskError) -> UnsealFailure {
    match error {
        DeskError::Unreachable(text) | DeskError::NotNow(text) => UnsealFailure::JoinLater(text),
        DeskError::Refused(text) => UnsealFailure::Join(text),
    }
}
