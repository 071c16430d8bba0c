//! The sealed node: says that it is sealed, and asks for the root key when a ceremony has opened that names it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use coffer_model::{PeerError, PeerIdentity, Topic};
use coffer_seal::{KEYRING_PATH, PeerUnsealError};

use super::message::{self, Context, SealStateAnswer, ToldState, UnsealAnswer, UnsealQuestion, WireKey};
use super::record::{self, EpochRecord};
use super::{FollowerUnsealPolicy, UnsealedBy};
use crate::lifecycle::{Node, Phase};

/// What a leader's refusal begins with that may pass.
pub(super) const ASK_AGAIN: &str = "not now: ";

/// Times that a node asks in one ceremony.
const ATTEMPTS: u32 = 4;

/// How long the leader may take: it holds the request, asks back, audits and commits.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why a node that asked is still sealed.
#[derive(Debug, thiserror::Error)]
enum StillSealed {
    #[error("{0}")]
    AskAgain(String),
    #[error("{0}")]
    ForGood(String),
}

impl Node {
    /// Waits for ceremonies as long as the process lives; to be run as a task.
    pub(crate) async fn wait_to_be_opened(self: Arc<Self>) {
        let mut announced = self.follower_unseal().announced.subscribe();
        loop {
            if announced.changed().await.is_err() {
                return;
            }
            if !matches!(&*self.phase(), Phase::Sealed) {
                continue;
            }
            if let Err(reason) = self.ask_to_be_opened().await {
                tracing::warn!("this node was not opened by the leader and has to be unsealed with shares: {reason}");
            }
        }
    }

    async fn ask_to_be_opened(self: &Arc<Self>) -> Result<(), String> {
        let Some(record) = record::read(self.store().as_ref()).map_err(|error| error.to_string())?.0 else {
            return Ok(());
        };
        let own = self.cluster().own_card();
        let Some(claim) = self.follower_unseal().sealed.lock().as_ref().map(|sealed| sealed.claim()) else {
            return Err("it was sealed by command, or another way than by a restart".to_owned());
        };
        let seat = record.roster.iter().find(|entry| entry.raft_id == own.raft_id);
        if seat.map(|seat| seat.claim()) != Some(claim) {
            return Err("the ceremony is not for this start of this node".to_owned());
        }
        for attempt in 1.. {
            match self.ask_leader(&record, &own.node_id, own.raft_id).await {
                Ok(()) => return Ok(()),
                Err(StillSealed::AskAgain(reason)) if attempt < ATTEMPTS => {
                    tracing::info!("not opened yet, asking again: {reason}");
                    let pause = self.follower_unseal().timings.request_interval + Duration::from_millis(200);
                    tokio::time::sleep(pause).await;
                }
                Err(StillSealed::AskAgain(reason) | StillSealed::ForGood(reason)) => return Err(reason),
            }
        }
        Ok(())
    }

    async fn ask_leader(self: &Arc<Self>, record: &EpochRecord, name: &str, raft_id: u64) -> Result<(), StillSealed> {
        let applied_index = self.cluster().status().applied_index;
        let question = {
            let sealed = self.follower_unseal().sealed.lock();
            // Unsealed with shares meanwhile.
            let Some(claim) = sealed.as_ref().map(|sealed| sealed.claim()) else { return Ok(()) };
            let (boot_id, key) = (claim.boot_id, WireKey(claim.key));
            UnsealQuestion { epoch: record.epoch, boot_id, key, applied_index }
        };
        let asked = message::encode(&question).map_err(StillSealed::ForGood)?;
        let answer = self.cluster().ask(&record.leader, Topic::UNSEAL, asked, PATIENCE).await;
        let answer = answer.map_err(|error| match &error {
            PeerError::Refused { reason, .. } if !reason.contains(ASK_AGAIN) => StillSealed::ForGood(error.to_string()),
            _ => StillSealed::AskAgain(error.to_string()),
        })?;
        let leader = PeerIdentity { node_id: record.leader.clone(), raft_id: record.leader_raft_id };
        let answer: UnsealAnswer = message::decode(&leader, &answer).map_err(StillSealed::ForGood)?;
        let root_key = hex::decode(&answer.sealed_root_key)
            .map_err(|_| StillSealed::ForGood("the leader's answer is no hex".to_owned()))?;
        let context = Context {
            protocol: 1,
            cluster_id: self.cluster_id_text(),
            leader: record.leader_raft_id,
            follower: raft_id,
            follower_name: name,
            question: &question,
        };
        let by = UnsealedBy::Peer { epoch: record.epoch, leader: record.leader.clone() };
        self.open_with(&root_key, &context.bytes(), by).await.map_err(StillSealed::ForGood)
    }

    async fn open_with(self: &Arc<Self>, root_key: &[u8], context: &[u8], by: UnsealedBy) -> Result<(), String> {
        let _turn = self.turn().await;
        if !matches!(&*self.phase(), Phase::Sealed) {
            return Ok(());
        }
        let keyring = self.store().get(KEYRING_PATH).map_err(|error| error.to_string())?;
        let keyring = keyring.ok_or_else(|| format!("{KEYRING_PATH} is missing"))?;
        let barrier = {
            let sealed = self.follower_unseal().sealed.lock();
            let sealed = sealed.as_ref().ok_or("this node was sealed by command")?;
            sealed.key.open(root_key, context, &keyring.value).map_err(|error: PeerUnsealError| error.to_string())?
        };
        tracing::info!("unsealed by the leader");
        self.unsealed(barrier, by);
        Ok(())
    }

    /// What this node tells the one that opens others.
    pub(super) fn answer_seal_state(&self) -> Result<Bytes, String> {
        let epoch = record::epoch(self.store().as_ref()).map_err(|error| error.to_string())?;
        let wanted = self.settings().follower_unseal == FollowerUnsealPolicy::FullRestart;
        let claim = self.follower_unseal().sealed.lock().as_ref().map(|sealed| sealed.claim());
        let state = match (&*self.phase(), claim) {
            (phase, _) if phase.holds_keys() => ToldState::Unsealed,
            (Phase::Sealed, Some(claim)) if wanted => {
                ToldState::Sealed { boot_id: claim.boot_id, key: WireKey(claim.key) }
            }
            (Phase::Sealed, _) => ToldState::SealedForGood,
            _ => return Err("this node is not initialized".to_owned()),
        };
        message::encode(&SealStateAnswer { epoch, state })
    }

    /// Answers another member, on what `core` knows: seals and clocks.
    pub async fn answer_peer(
        &self,
        from: &PeerIdentity,
        topic: Topic,
        question: &Bytes,
    ) -> Option<Result<Bytes, String>> {
        match topic {
            Topic::SEAL_STATE => Some(self.answer_seal_state()),
            Topic::UNSEAL => Some(self.answer_unseal(from, question).await),
            Topic::CLOCK => Some(Ok(self.answer_clock())),
            _ => None,
        }
    }
}
