//! From a command to its outcome: size, room, proposal, answer.

use std::time::Duration;

use bytes::Bytes;
use coffer_model::{Command, CommitError, Exchange, Revision};
use openraft::errors::{ClientWriteError, Fatal, ForwardReason, ForwardToLeader, RaftError};
use openraft::raft::ClientWriteResponse;

use crate::cluster::Shared;
use crate::raft_types::{Outcome, Proposal, Types};

/// A leader just elected refuses proposals until a majority has answered it once; this long that is waited for.
const LEASE_PATIENCE: Duration = Duration::from_millis(500);
const LEASE_RETRY: Duration = Duration::from_millis(2);

impl Shared {
    pub(crate) async fn commit(&self, command: Command) -> Result<Revision, CommitError> {
        let size = command.encoded_len();
        self.propose_bytes(size, || command.encode()).await
    }

    pub(crate) async fn exchange(&self, step: &Exchange) -> Result<Revision, CommitError> {
        let bytes = step.encode();
        self.propose_bytes(bytes.len(), || bytes).await
    }

    async fn propose_bytes(&self, size: usize, encode: impl FnOnce() -> Vec<u8>) -> Result<Revision, CommitError> {
        if size > self.max_entry_size {
            return Err(CommitError::TooLarge { size, limit: self.max_entry_size });
        }
        let kib = u32::try_from(size.div_ceil(1024)).unwrap_or(u32::MAX);
        let room = self.room.acquire_many(kib.min(crate::cluster::ROOM_KIB)).await;
        let _room = room.map_err(|_| CommitError::Unavailable("the node is shutting down".into()))?;
        let proposal = Proposal(Bytes::from(encode()));
        self.propose(proposal).await
    }

    async fn propose(&self, proposal: Proposal) -> Result<Revision, CommitError> {
        let patience = tokio::time::Instant::now() + LEASE_PATIENCE;
        loop {
            let raft = self.raft.load_full();
            match raft.client_write(proposal.clone()).await {
                Ok(answer) => return outcome(answer),
                Err(RaftError::APIError(ClientWriteError::ForwardToLeader(refused))) => {
                    if !is_without_lease(&refused) || tokio::time::Instant::now() >= patience {
                        return Err(CommitError::NotLeader);
                    }
                    tokio::time::sleep(LEASE_RETRY).await;
                }
                Err(RaftError::APIError(_)) => return Err(CommitError::Unknown),
                Err(RaftError::Fatal(error)) => return Err(self.after_fatal(&error)),
            }
        }
    }

    fn after_fatal(&self, error: &Fatal<Types>) -> CommitError {
        tracing::warn!(%error, "a proposal was under way while Raft stopped");
        CommitError::Unknown
    }
}

fn is_without_lease(refused: &ForwardToLeader<Types>) -> bool {
    refused.reason == ForwardReason::LeaseExpired
}

fn outcome(answer: ClientWriteResponse<Types>) -> Result<Revision, CommitError> {
    match answer.data {
        // Index 0 is the first member list.
        Outcome::Written => Revision::new(answer.log_id.index).ok_or(CommitError::Unknown),
        Outcome::Conflict(key) => Err(CommitError::Conflict { key }),
    }
}
