//! Unseal: share by share until the barrier opens, then on to leading.

use std::sync::Arc;
use std::time::Duration;

use coffer_seal::{
    Barrier, JoinShares, KEYRING_PATH, KeyShare, STORED_KEYS_PATH, SealConfig, SealedRecords, Unseal, UnsealError,
    UnsealProgress, UnsealStep,
};

use super::node::Node;
use super::phase::Phase;
use crate::Failure;
use crate::follower_unseal::{Followers, UnsealedBy};

/// How long the last share's answer waits for the node to serve.
pub(super) const SERVE_TIME: Duration = Duration::from_secs(10);

/// Between attempts to serve that failed.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// Shares given so far.
#[derive(Default)]
pub(super) struct Progress(Unseal);

impl Progress {
    pub(super) fn clear(&mut self) {
        self.0.reset();
    }

    pub(super) fn provide_to_join(&mut self, share: KeyShare, config: SealConfig) -> Result<JoinShares, UnsealError> {
        self.0.provide_to_join(share, config)
    }
}

/// A share that was not taken.
#[derive(Debug, thiserror::Error)]
pub enum UnsealFailure {
    /// The share, or all of them together, are no key.
    #[error(transparent)]
    Share(#[from] UnsealError),
    /// There is nothing to unseal.
    #[error("Vault is not initialized")]
    Uninitialized,
    /// It is of no use any more.
    #[error("this node was removed from its cluster: join it again with \"operator raft join\"")]
    Removed,
    /// The shares do not make the key of the cluster that this node is to join, or who answered has it not.
    #[error(
        "invalid key: the shares given do not make the unseal key that the node at {0} holds: give the shares of the \
         cluster that is joined (if they are, that node is not of that cluster)"
    )]
    OtherKey(String),
    /// The cluster could not be asked whether the shares are right; they have to be given again.
    #[error("no node of the cluster could be asked, and the keys have to be given again: {0}")]
    JoinLater(String),
    /// The cluster does not take this node.
    #[error("failed to join raft cluster: {0}")]
    Join(String),
    /// Anything else.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl Node {
    /// Takes a share. The last one is answered when the node serves, or follows another that does.
    pub async fn unseal(self: &Arc<Self>, share: KeyShare) -> Result<UnsealProgress, UnsealFailure> {
        self.unseal_and(share, Followers::AsConfigured).await
    }

    /// As [`Node::unseal`]; with the last share, `followers` says what becomes of the other sealed nodes.
    pub async fn unseal_and(
        self: &Arc<Self>,
        share: KeyShare,
        followers: Followers,
    ) -> Result<UnsealProgress, UnsealFailure> {
        let _turn = self.turn.lock().await;
        let _timed = self.local().telemetry.unseal.timer();
        match &*self.phase() {
            Phase::Uninitialized => return Err(UnsealFailure::Uninitialized),
            Phase::Standby(_) | Phase::Active(_) => return Ok(UnsealProgress::default()),
            Phase::Joining(joining) => return self.unseal_to_join(joining, share).await,
            Phase::Removed => return Err(UnsealFailure::Removed),
            Phase::Sealed => {}
        }
        let config = self.seal_config().ok_or(UnsealFailure::Uninitialized)?;
        let keyring = self.record(KEYRING_PATH)?;
        let stored_keys = self.record(STORED_KEYS_PATH)?;
        let records = SealedRecords { config, stored_keys: &stored_keys, keyring: &keyring };
        let step = self.progress.lock().0.provide(share, records)?;
        match step {
            UnsealStep::Incomplete(progress) => Ok(progress),
            UnsealStep::Opened(barrier) => {
                tracing::info!("unsealed");
                self.unsealed(barrier, UnsealedBy::Shares);
                self.begin_opening_followers(followers);
                self.serve_soon().await;
                Ok(UnsealProgress::default())
            }
        }
    }

    /// Takes the keys into use.
    pub(crate) fn unsealed(&self, barrier: Barrier, by: UnsealedBy) {
        self.follower_unseal().opened(by);
        self.progress.lock().clear();
        self.phase.store(Arc::new(Phase::Standby(barrier)));
        // What was rotated since the records were read went by unseen: the keys were not yet here.
        self.keyring_changed();
        self.load_browser_rules();
    }

    /// Forgets the shares given so far.
    pub fn reset_unseal(&self) {
        self.progress.lock().clear();
    }

    /// Shares given so far.
    pub fn unseal_progress(&self) -> UnsealProgress {
        self.progress.lock().0.progress()
    }

    fn record(&self, path: &str) -> Result<Vec<u8>, Failure> {
        let found = self.parts.store.get(path)?;
        found
            .map(|found| found.value)
            .ok_or_else(|| Failure::Internal(format!("{path} is missing: the data is damaged")))
    }

    pub(super) async fn serve_soon(self: &Arc<Self>) {
        let mut changes = self.parts.cluster.watch();
        let served = async {
            loop {
                match self.follow_leadership().await {
                    Ok(()) if self.active().is_some() => break,
                    Ok(()) => {}
                    Err(failure) => tracing::warn!("the node can't serve yet: {failure}"),
                }
                if !self.phase().holds_keys() {
                    return;
                }
                if self
                    .parts
                    .cluster
                    .status()
                    .leader()
                    .is_some_and(|leader| leader.node_id != self.parts.cluster.status().node_id)
                    || changes.changed().await.is_err()
                {
                    break;
                }
            }
        };
        if tokio::time::timeout(SERVE_TIME, served).await.is_err() {
            tracing::warn!("unsealed, and still waiting for a leader");
        }
    }

    /// Keeps the phase in line with leadership until the process ends; to be run as a task.
    pub async fn follow(self: Arc<Self>) {
        let mut others = tokio::task::JoinSet::new();
        others.spawn(Arc::clone(&self).tell_condition());
        others.spawn(Arc::clone(&self).wait_to_be_opened());
        others.spawn(crate::cluster_time::watch_skew(Arc::clone(&self)));
        let (mut changes, mut phases) = (self.parts.cluster.watch(), self.watch_phase());
        let mut pause = FIRST_PAUSE;
        loop {
            if let Err(failure) = self.follow_leadership().await {
                if pause == LONGEST_PAUSE {
                    tracing::warn!("the node can't serve yet: {failure}");
                } else {
                    tracing::debug!("the node can't serve yet: {failure}");
                }
                // The fence may open without a further change of leadership.
                let _ = tokio::time::timeout(pause, changes.changed()).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
                continue;
            }
            pause = FIRST_PAUSE;
            tokio::select! {
                changed = changes.changed() => {
                    if changed.is_err() {
                        return;
                    }
                }
                // The keys of a node stay while its state is exchanged.
                _ = phases.changed() => {}
            }
        }
    }
}
