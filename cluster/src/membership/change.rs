//! One change of the member list at a time, proposed and waited for.

use std::collections::BTreeSet;
use std::time::Duration;

use coffer_model::{Command, CommitError, MembershipError};
use openraft::ChangeMembers;
use openraft::errors::{ChangeMembershipError, ClientWriteError, ForwardReason, RaftError};
use tokio::time::Instant;

use super::list::{MemberList, majority};
use crate::cluster::Shared;
use crate::member::MemberNode;
use crate::raft_types::Types;

/// How long a change that was proposed is waited for.
const PATIENCE: Duration = Duration::from_secs(8);
/// Between tries where an earlier change is not committed yet, or the leader's lease has to be renewed.
const RETRY: Duration = Duration::from_millis(20);

/// How a cluster without a majority is brought back, for the end of a message.
pub(crate) const RECOVERY: &str = "if a majority of the voters is lost for good, stop the others and recover them with \
                                   \"coffer operator raft recover\" or a peers.json";

pub(crate) type Change = ChangeMembers<u64, MemberNode>;

impl Shared {
    /// Proposes a change and waits until it is committed, its second step included. Voters that lose their vote stay
    /// as learners with `retain`.
    pub(super) async fn change_members(&self, change: Change, retain: bool) -> Result<(), MembershipError> {
        let until = Instant::now() + PATIENCE;
        loop {
            let raft = self.raft.load_full();
            let proposed = tokio::time::timeout_at(until, raft.change_membership(change.clone(), retain)).await;
            let Ok(proposed) = proposed else { return Err(unconfirmed()) };
            let again = match proposed {
                Ok(_) => {
                    self.status_changed();
                    return Ok(());
                }
                Err(error) => is_passing(error)?,
            };
            if Instant::now() >= until {
                return Err(again);
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Commits a record of the membership's own.
    pub(super) async fn record(&self, command: Command) -> Result<(), MembershipError> {
        match tokio::time::timeout(PATIENCE, self.commit(command)).await {
            Err(_) => Err(unconfirmed()),
            Ok(Ok(_)) => Ok(()),
            Ok(Err(CommitError::NotLeader)) => Err(MembershipError::NotLeader),
            Ok(Err(error)) => Err(MembershipError::Failed(error.to_string())),
        }
    }

    /// Whether this node leads and has applied what earlier leaders left.
    pub(super) fn must_lead(&self) -> Result<(), MembershipError> {
        if self.leadership.is_ready() { Ok(()) } else { Err(MembershipError::NotLeader) }
    }

    /// Refuses at once what could not be committed: a majority must answer now, and of those left afterwards too.
    pub(super) fn must_have_majority(
        &self,
        list: &MemberList,
        after: &BTreeSet<u64>,
        doing: &str,
    ) -> Result<(), MembershipError> {
        let answering = |voters: &BTreeSet<u64>| -> BTreeSet<u64> {
            voters.iter().copied().filter(|id| self.answers(*id)).collect()
        };
        for voters in &list.configurations {
            let present = answering(voters);
            if present.len() < majority(voters.len()) {
                return Err(MembershipError::NoQuorum(format!(
                    "{doing} needs the consent of {} of the voters {}, of which only {} answer: bring back the others; \
                     {RECOVERY}",
                    majority(voters.len()),
                    list.names(voters.iter().copied()),
                    none_or(list.names(present)),
                )));
            }
        }
        let present = answering(after);
        if present.len() < majority(after.len()) {
            let dead: Vec<u64> = after.iter().copied().filter(|id| !present.contains(id)).collect();
            return Err(MembershipError::NoQuorum(format!(
                "{doing} would leave the voters {}, of which only {} answer: nothing could be committed any more. Bring \
                 back or remove {} first; {RECOVERY}",
                list.names(after.iter().copied()),
                none_or(list.names(present)),
                list.names(dead),
            )));
        }
        Ok(())
    }
}

fn none_or(names: String) -> String {
    if names.is_empty() { "none".to_owned() } else { names }
}

fn unconfirmed() -> MembershipError {
    MembershipError::NoQuorum(format!(
        "a majority of the voters has not confirmed the change within {} seconds; it takes effect if one does later; \
         {RECOVERY}",
        PATIENCE.as_secs()
    ))
}

/// What to answer if a later try fares no better, or the error of one that makes no sense.
fn is_passing(error: RaftError<Types, ClientWriteError<Types>>) -> Result<MembershipError, MembershipError> {
    match error {
        RaftError::APIError(ClientWriteError::ForwardToLeader(refused))
            if refused.reason == ForwardReason::LeaseExpired =>
        {
            Ok(unconfirmed())
        }
        RaftError::APIError(ClientWriteError::ForwardToLeader(_)) => Err(MembershipError::NotLeader),
        RaftError::APIError(ClientWriteError::ChangeMembershipError(ChangeMembershipError::InProgress(_))) => {
            Ok(MembershipError::NoQuorum("an earlier change of the members is not committed yet".to_owned()))
        }
        other => Err(MembershipError::Failed(other.to_string())),
    }
}
