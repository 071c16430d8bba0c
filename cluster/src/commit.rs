//! From a command to its outcome: size, room, proposal, answer; where no answer comes, what became of the entry.

use std::time::Duration;

use bytes::Bytes;
use coffer_model::{Command, CommitError, Exchange, Revision};
use openraft::async_runtime::WatchReceiver;
use openraft::errors::{ClientWriteError, ForwardReason, ForwardToLeader, RaftError};
use openraft::raft::ClientWriteResponse;
use tokio::time::Instant;

use crate::cluster::{Raft, Shared};
use crate::fate::{self, Fate, Ticket};
use crate::raft_types::{Outcome, Proposal, Types};

/// A leader just elected refuses proposals until a majority has answered it once; this long that is waited for.
const LEASE_PATIENCE: Duration = Duration::from_millis(500);
/// A core that is built anew takes proposals again within this time.
const CORE_PATIENCE: Duration = Duration::from_secs(2);
const RETRY: Duration = Duration::from_millis(2);
/// Between two looks at the prospects of a proposal that is under way.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// An entry for which the voters' disks turn out to have no room is given up after this long.
const ROOM_PATIENCE: Duration = Duration::from_secs(2);
/// After the lead is lost, this long the next leader's word on an entry is waited for.
const FATE_PATIENCE: Duration = Duration::from_secs(5);

/// How a proposal came back.
enum Returned {
    Answered(ClientWriteResponse<Types>),
    /// It was not taken.
    Refused(ForwardToLeader<Types>),
    /// The log of another leader has taken its place.
    Discarded,
    /// The core stopped.
    Stopped,
    /// There is no majority, or no leader for long.
    GivenUp,
}

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
        if let Some(reason) = self.no_room() {
            return Err(CommitError::Unavailable(reason));
        }
        let kib = u32::try_from(size.div_ceil(1024)).unwrap_or(u32::MAX);
        let room = self.room.acquire_many(kib.min(crate::cluster::ROOM_KIB)).await;
        let _room = room.map_err(|_| CommitError::Unavailable("the node is shutting down".into()))?;
        self.propose(Bytes::from(encode())).await
    }

    async fn propose(&self, bytes: Bytes) -> Result<Revision, CommitError> {
        let begun = Instant::now();
        loop {
            let raft = self.raft.load_full();
            let ticket = Ticket::default();
            let returned = self.put_in_log(&raft, Proposal(bytes.clone(), Some(ticket.clone()))).await;
            match returned {
                Returned::Answered(answer) => return outcome(answer),
                Returned::Refused(refused) if ticket.position().is_none() => {
                    if !is_without_lease(&refused) || begun.elapsed() >= LEASE_PATIENCE {
                        return Err(CommitError::NotLeader);
                    }
                }
                // Refused, and yet in the log: what counts is the log.
                Returned::Refused(_) | Returned::Discarded | Returned::Stopped | Returned::GivenUp => {
                    let is_given_up = matches!(returned, Returned::GivenUp);
                    match ticket.position() {
                        Some(at) => {
                            let patience = if is_given_up { Duration::ZERO } else { FATE_PATIENCE };
                            return self.fate_of(at, patience).await;
                        }
                        // It may still be on its way into the log.
                        None if is_given_up => return Err(CommitError::Unknown),
                        None if self.is_closing() => {
                            return Err(CommitError::Unavailable("the node is shutting down".into()));
                        }
                        None if begun.elapsed() >= CORE_PATIENCE => return Err(CommitError::NotLeader),
                        None => {}
                    }
                }
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    async fn put_in_log(&self, raft: &Raft, proposal: Proposal) -> Returned {
        let begun = Instant::now();
        let mut answer = std::pin::pin!(raft.client_write(proposal));
        let mut not_leading_since = None;
        loop {
            match tokio::time::timeout(LOOK_EVERY, &mut answer).await {
                Ok(Ok(answer)) => return Returned::Answered(answer),
                Ok(Err(RaftError::APIError(ClientWriteError::ForwardToLeader(refused)))) => {
                    return Returned::Refused(refused);
                }
                Ok(Err(RaftError::APIError(_))) => return Returned::Discarded,
                Ok(Err(RaftError::Fatal(_))) => return Returned::Stopped,
                Err(_) if !self.has_prospects(raft, &mut not_leading_since) => return Returned::GivenUp,
                // Taken before the disks were seen to be full.
                Err(_) if begun.elapsed() > ROOM_PATIENCE && self.no_room().is_some() => return Returned::GivenUp,
                Err(_) => {}
            }
        }
    }

    /// Whether an entry under way may still be committed within a time that somebody waits.
    fn has_prospects(&self, raft: &Raft, not_leading_since: &mut Option<Instant>) -> bool {
        let watched = raft.metrics();
        let metrics = watched.borrow_watched();
        if !metrics.state.is_leader() {
            return not_leading_since.get_or_insert_with(Instant::now).elapsed() < FATE_PATIENCE;
        }
        *not_leading_since = None;
        if metrics.membership_config.voter_ids().count() <= 1 {
            return true;
        }
        let since_election = self.leadership.get().map_or(Duration::ZERO, |lead| lead.since.elapsed());
        !self.is_unanswered(&metrics.last_quorum_acked, since_election)
    }

    /// What became of the entry at `at`.
    async fn fate_of(&self, at: coffer_storage::LogPosition, patience: Duration) -> Result<Revision, CommitError> {
        let deadline = Instant::now() + patience;
        let fate = tokio::select! {
            fate = fate::of(&self.stores.log, &self.applied, at, deadline) => fate,
            () = self.closing() => Fate::Unknown,
        };
        tracing::debug!(index = at.index, term = at.term, ?fate, "leadership changed while an entry was under way");
        match fate {
            Fate::Written(index) => Revision::new(index).ok_or(CommitError::Unknown),
            Fate::Conflict(key) => Err(CommitError::Conflict { key }),
            Fate::Lost => Err(CommitError::NotLeader),
            Fate::Unknown => Err(CommitError::Unknown),
        }
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
