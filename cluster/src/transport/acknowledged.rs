//! How far each follower has acknowledged this leader's log: what it said once, it must hold for good.

use std::collections::BTreeMap;

use openraft::errors::{RPCError, Unreachable};
use openraft::raft::AppendEntriesResponse;
use parking_lot::Mutex;

use super::Transport;
use super::faults::Way;
use super::greet::Target;
use crate::raft_types::{RaftLogId, Types};

/// The leader's term, in which what a follower has acknowledged holds.
pub(super) type Session = u64;

/// By Raft's number of the follower: the leader's term, and the last index acknowledged in it.
#[derive(Debug, Default)]
pub(crate) struct Acknowledged(Mutex<BTreeMap<u64, (u64, u64)>>);

impl Acknowledged {
    /// A follower holds all up to `index`.
    pub(crate) fn note(&self, raft_id: u64, term: u64, index: Option<u64>) {
        let Some(index) = index else { return };
        let mut held = self.0.lock();
        let (of_term, upto) = held.entry(raft_id).or_insert((term, index));
        match term.cmp(of_term) {
            std::cmp::Ordering::Less => {}
            std::cmp::Ordering::Equal => *upto = index.max(*upto),
            std::cmp::Ordering::Greater => (*of_term, *upto) = (term, index),
        }
    }

    /// The last index that it has acknowledged in that term.
    pub(crate) fn of(&self, raft_id: u64, term: u64) -> Option<u64> {
        self.0.lock().get(&raft_id).filter(|(of_term, _)| *of_term == term).map(|(_, upto)| *upto)
    }

    /// It is no member any more.
    pub(crate) fn forget(&self, raft_id: u64) {
        self.0.lock().remove(&raft_id);
    }
}

/// Sees to it that a follower still has what it has acknowledged. One that has not (its data folder was exchanged for an
/// older copy) is kept from openraft, which takes that for a fault of its own.
#[derive(Clone)]
pub(super) struct Witness {
    pub(super) transport: Transport,
    pub(super) target: Target,
}

impl Witness {
    /// Notes what an answer acknowledges, or refuses to pass it on.
    pub(super) fn check(
        &self,
        session: Session,
        answer: &AppendEntriesResponse<Types>,
        prev: Option<RaftLogId>,
        last: Option<RaftLogId>,
    ) -> Result<(), RPCError<Types>> {
        let acknowledged = &self.transport.inner().acknowledged;
        let index = |id: &RaftLogId| id.index;
        match answer {
            AppendEntriesResponse::Success => acknowledged.note(self.target.raft_id, session, last.as_ref().map(index)),
            AppendEntriesResponse::PartialSuccess(upto) => {
                acknowledged.note(self.target.raft_id, session, upto.as_ref().map(index));
            }
            AppendEntriesResponse::HigherVote(_) => {}
            AppendEntriesResponse::Conflict => {
                let held = acknowledged.of(self.target.raft_id, session);
                if let (Some(held), Some(prev)) = (held, prev)
                    && prev.index <= held
                {
                    let node = &self.target.node;
                    let reason = format!(
                        "it no longer has what it acknowledged: entry {held} of its log is gone. Its data folder is an \
                         older copy; stop it, empty its data folder, and start it: it joins again"
                    );
                    let way = Way::Dialled(self.target.raft_id);
                    self.transport.inner().faults.note(way, &node.node_id, &node.cluster_address, &reason);
                    return Err(Unreachable::from_string(reason).into());
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_acknowledged_belongs_to_its_term() {
        let held = Acknowledged::default();
        held.note(1, 3, Some(9));
        held.note(1, 3, Some(7));
        held.note(1, 2, Some(99));
        assert_eq!((held.of(1, 3), held.of(1, 2), held.of(2, 3)), (Some(9), None, None));
        held.note(1, 4, Some(5));
        held.note(1, 4, None);
        assert_eq!((held.of(1, 4), held.of(1, 3)), (Some(5), None));
        held.forget(1);
        assert_eq!(held.of(1, 4), None);
    }
}
