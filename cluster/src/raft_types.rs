//! openraft's type parameters as this crate fills them, and the way to and from storage's types.

use std::fmt;
use std::io;

use bytes::Bytes;
use coffer_storage::{LogPosition, Record, RecordKind, StoreFault, Vote};
use openraft::entry::EntryPayload;
use openraft::impls::leader_id_adv::LeaderId;
use openraft::impls::{InlineBatch, OneshotResponder};
use openraft::{LogId, OptionalSend, RaftTypeConfig};

use crate::fate::Ticket;
use crate::member::{self, MemberNode};

/// The type parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Types;

impl RaftTypeConfig for Types {
    type D = Proposal;
    type R = Outcome;
    type NodeId = u64;
    type Node = MemberNode;
    type Term = u64;
    type LeaderId = LeaderId<u64, u64>;
    type Vote = openraft::Vote<Self::LeaderId>;
    type Payload = EntryPayload<Proposal, u64, MemberNode>;
    type Entry = openraft::Entry<Self::LeaderId, Self::Payload>;
    type AsyncRuntime = openraft_rt_tokio::TokioRuntime;
    type Responder<T>
        = OneshotResponder<Self, T>
    where
        T: OptionalSend + 'static;
    type Batch<T>
        = InlineBatch<T>
    where
        T: OptionalSend + 'static;
    type ErrorSource = openraft::impls::BoxedErrorSource;
}

pub(crate) type Entry = openraft::alias::EntryOf<Types>;
pub(crate) type RaftLogId = openraft::alias::LogIdOf<Types>;
pub(crate) type RaftVote = openraft::alias::VoteOf<Types>;
pub(crate) type Membership = openraft::Membership<u64, MemberNode>;
pub(crate) type StoredMembership = openraft::alias::StoredMembershipOf<Types>;
pub(crate) type SnapshotMeta = openraft::alias::SnapshotMetaOf<Types>;

/// An encoded command on its way through Raft; cheap to clone. The ticket stays on the node that proposed it.
#[derive(Clone)]
pub(crate) struct Proposal(pub(crate) Bytes, pub(crate) Option<Ticket>);

impl PartialEq for Proposal {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Proposal {}

impl fmt::Debug for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "command of {} bytes", self.0.len())
    }
}

/// What applying a command came to; the same on every member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All of it was written.
    Written,
    /// Nothing was written: this key had changed.
    Conflict(String),
}

pub(crate) fn position(id: &RaftLogId) -> LogPosition {
    LogPosition { term: id.leader_id.term, leader: id.leader_id.node_id, index: id.index }
}

pub(crate) fn log_id(at: LogPosition) -> RaftLogId {
    LogId::new(LeaderId { term: at.term, node_id: at.leader }, at.index)
}

pub(crate) fn record(entry: Entry) -> Record {
    let at = position(&entry.log_id);
    let (kind, body) = match entry.payload {
        EntryPayload::Blank => (RecordKind::Blank, Bytes::new()),
        EntryPayload::Normal(Proposal(bytes, ticket)) => {
            if let Some(ticket) = ticket {
                ticket.entered(at);
            }
            (RecordKind::Command, bytes)
        }
        EntryPayload::Membership(list) => (RecordKind::Membership, member::encode(&list).into()),
    };
    Record { at, kind, body }
}

pub(crate) fn entry(record: Record) -> io::Result<Entry> {
    let payload = match record.kind {
        RecordKind::Blank => EntryPayload::Blank,
        RecordKind::Command => EntryPayload::Normal(Proposal(record.body, None)),
        RecordKind::Membership => EntryPayload::Membership(member::decode(&record.body).map_err(io::Error::other)?),
    };
    Ok(Entry { log_id: log_id(record.at), payload })
}

pub(crate) fn stored_vote(vote: &RaftVote) -> Vote {
    Vote { term: vote.leader_id.term, candidate: vote.leader_id.node_id, won: vote.committed }
}

pub(crate) fn raft_vote(vote: Vote) -> RaftVote {
    RaftVote { leader_id: LeaderId { term: vote.term, node_id: vote.candidate }, committed: vote.won }
}

pub(crate) fn io_error(fault: StoreFault) -> io::Error {
    io::Error::other(fault)
}
