//! Raft's questions and answers.

use bytes::{BufMut, Bytes, BytesMut};
use coffer_storage::{LogPosition, Record, RecordKind};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, TransferLeaderRequest, TransferLeaderResponse, VoteRequest,
    VoteResponse,
};

use super::Malformed;
use super::bytes_io::{Fields, put_bytes, put_maybe_position, put_position};
use crate::member;
use crate::raft_types::{
    Membership, RaftVote, SnapshotMeta, StoredMembership, Types, entry, log_id, position, raft_vote, record,
    stored_vote,
};

type TransferRefused = openraft::raft::TransferLeaderError<Types>;

fn put_vote(out: &mut BytesMut, vote: &RaftVote) {
    let vote = stored_vote(vote);
    out.put_u64(vote.term);
    out.put_u64(vote.candidate);
    out.put_u8(u8::from(vote.won));
}

fn take_vote(fields: &mut Fields) -> Result<RaftVote, Malformed> {
    let vote = coffer_storage::Vote { term: fields.u64()?, candidate: fields.u64()?, won: fields.flag()? };
    Ok(raft_vote(vote))
}

/// A vote alone.
pub(crate) fn encode_vote(vote: &RaftVote) -> Bytes {
    let mut out = BytesMut::with_capacity(17);
    put_vote(&mut out, vote);
    out.freeze()
}

pub(crate) fn decode_vote(body: Bytes) -> Result<RaftVote, Malformed> {
    let mut fields = Fields(body);
    let vote = take_vote(&mut fields)?;
    fields.end()?;
    Ok(vote)
}

pub(crate) fn append_request(request: AppendEntriesRequest<Types>) -> Bytes {
    let records: Vec<Record> = request.entries.into_iter().map(record).collect();
    let bodies: usize = records.iter().map(|record| record.body.len() + 32).sum();
    let mut out = BytesMut::with_capacity(bodies + 96);
    put_vote(&mut out, &request.vote);
    put_maybe_position(&mut out, request.prev_log_id.as_ref().map(position));
    put_maybe_position(&mut out, request.leader_commit.as_ref().map(position));
    // Bounded by openraft's settings.
    out.put_u32(u32::try_from(records.len()).unwrap_or(u32::MAX));
    for record in records {
        put_position(&mut out, record.at);
        out.put_u8(kind_number(record.kind));
        put_bytes(&mut out, &record.body);
    }
    out.freeze()
}

pub(crate) fn decode_append_request(body: Bytes) -> Result<AppendEntriesRequest<Types>, Malformed> {
    let mut fields = Fields(body);
    let vote = take_vote(&mut fields)?;
    let prev = fields.maybe_position()?;
    let leader_commit = fields.maybe_position()?;
    let mut entries = Vec::new();
    let mut next = prev.map_or(0, |at| at.index.saturating_add(1));
    for _ in 0..fields.u32()? {
        let at = fields.position()?;
        // A gap would break Raft's own rules further in.
        if at.index != next {
            return Err(Malformed);
        }
        next = next.checked_add(1).ok_or(Malformed)?;
        let kind = kind_of(fields.u8()?)?;
        let record = Record { at, kind, body: fields.bytes()? };
        entries.push(entry(record).map_err(|_| Malformed)?);
    }
    fields.end()?;
    Ok(AppendEntriesRequest { vote, prev_log_id: prev.map(log_id), entries, leader_commit: leader_commit.map(log_id) })
}

fn kind_number(kind: RecordKind) -> u8 {
    match kind {
        RecordKind::Blank => 0,
        RecordKind::Command => 1,
        RecordKind::Membership => 2,
    }
}

fn kind_of(number: u8) -> Result<RecordKind, Malformed> {
    [RecordKind::Blank, RecordKind::Command, RecordKind::Membership]
        .into_iter()
        .find(|kind| kind_number(*kind) == number)
        .ok_or(Malformed)
}

pub(crate) fn append_answer(answer: &AppendEntriesResponse<Types>) -> Bytes {
    let mut out = BytesMut::with_capacity(26);
    match answer {
        AppendEntriesResponse::Success => out.put_u8(0),
        AppendEntriesResponse::PartialSuccess(upto) => {
            out.put_u8(1);
            put_maybe_position(&mut out, upto.as_ref().map(position));
        }
        AppendEntriesResponse::Conflict => out.put_u8(2),
        AppendEntriesResponse::HigherVote(vote) => {
            out.put_u8(3);
            put_vote(&mut out, vote);
        }
    }
    out.freeze()
}

pub(crate) fn decode_append_answer(body: Bytes) -> Result<AppendEntriesResponse<Types>, Malformed> {
    let mut fields = Fields(body);
    let answer = match fields.u8()? {
        0 => AppendEntriesResponse::Success,
        1 => AppendEntriesResponse::PartialSuccess(fields.maybe_position()?.map(log_id)),
        2 => AppendEntriesResponse::Conflict,
        3 => AppendEntriesResponse::HigherVote(take_vote(&mut fields)?),
        _ => return Err(Malformed),
    };
    fields.end()?;
    Ok(answer)
}

pub(crate) fn vote_request(request: &VoteRequest<Types>) -> Bytes {
    let mut out = BytesMut::with_capacity(48);
    put_vote(&mut out, &request.vote);
    put_maybe_position(&mut out, request.last_log_id.as_ref().map(position));
    out.put_u8(u8::from(request.leadership_transfer));
    out.freeze()
}

pub(crate) fn decode_vote_request(body: Bytes) -> Result<VoteRequest<Types>, Malformed> {
    let mut fields = Fields(body);
    let vote = take_vote(&mut fields)?;
    let mut request = VoteRequest::new(vote, fields.maybe_position()?.map(log_id));
    request.leadership_transfer = fields.flag()?;
    fields.end()?;
    Ok(request)
}

pub(crate) fn vote_answer(answer: &VoteResponse<Types>) -> Bytes {
    let mut out = BytesMut::with_capacity(48);
    put_vote(&mut out, &answer.vote);
    out.put_u8(u8::from(answer.vote_granted));
    put_maybe_position(&mut out, answer.last_log_id.as_ref().map(position));
    out.freeze()
}

pub(crate) fn decode_vote_answer(body: Bytes) -> Result<VoteResponse<Types>, Malformed> {
    let mut fields = Fields(body);
    let (vote, granted) = (take_vote(&mut fields)?, fields.flag()?);
    let answer = VoteResponse::new(vote, fields.maybe_position()?.map(log_id), granted);
    fields.end()?;
    Ok(answer)
}

pub(crate) fn transfer_request(request: &TransferLeaderRequest<Types>) -> Bytes {
    let mut out = BytesMut::with_capacity(56);
    put_vote(&mut out, request.from_leader());
    out.put_u64(*request.to_node_id());
    put_maybe_position(&mut out, request.last_log_id().map(position));
    out.freeze()
}

pub(crate) fn decode_transfer_request(body: Bytes) -> Result<TransferLeaderRequest<Types>, Malformed> {
    let mut fields = Fields(body);
    let (from, to) = (take_vote(&mut fields)?, fields.u64()?);
    let request = TransferLeaderRequest::new(from, to, fields.maybe_position()?.map(log_id));
    fields.end()?;
    Ok(request)
}

pub(crate) fn transfer_answer(answer: &TransferLeaderResponse<Types>) -> Bytes {
    let mut out = BytesMut::with_capacity(56);
    match answer {
        Ok(()) => out.put_u8(0),
        Err(TransferRefused::VoteChanged { expected, actual }) => {
            out.put_u8(1);
            put_vote(&mut out, expected);
            put_vote(&mut out, actual);
        }
        Err(TransferRefused::LogNotFlushed { expected, actual }) => {
            out.put_u8(2);
            put_maybe_position(&mut out, expected.as_ref().map(position));
            put_maybe_position(&mut out, actual.as_ref().map(position));
        }
    }
    out.freeze()
}

pub(crate) fn decode_transfer_answer(body: Bytes) -> Result<TransferLeaderResponse<Types>, Malformed> {
    let mut fields = Fields(body);
    let answer = match fields.u8()? {
        0 => Ok(()),
        1 => Err(TransferRefused::VoteChanged { expected: take_vote(&mut fields)?, actual: take_vote(&mut fields)? }),
        2 => Err(TransferRefused::LogNotFlushed {
            expected: fields.maybe_position()?.map(log_id),
            actual: fields.maybe_position()?.map(log_id),
        }),
        _ => return Err(Malformed),
    };
    fields.end()?;
    Ok(answer)
}

/// What comes before a snapshot's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SnapshotHead {
    pub(crate) vote: RaftVote,
    pub(crate) meta: SnapshotMeta,
}

impl SnapshotHead {
    pub(crate) fn encode(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(512);
        put_vote(&mut out, &self.vote);
        put_maybe_position(&mut out, self.meta.last_log_id.as_ref().map(position));
        put_maybe_position(&mut out, self.meta.last_membership.log_id().as_ref().map(position));
        put_bytes(&mut out, &member::encode(self.meta.last_membership.membership()));
        out.freeze()
    }

    pub(crate) fn decode(body: Bytes) -> Result<Self, Malformed> {
        let mut fields = Fields(body);
        let vote = take_vote(&mut fields)?;
        let last_log_id = fields.maybe_position()?.map(log_id);
        let listed_at: Option<LogPosition> = fields.maybe_position()?;
        let list: Membership = member::decode(&fields.bytes()?).map_err(|_| Malformed)?;
        fields.end()?;
        let last_membership = StoredMembership::new(listed_at.map(log_id), list);
        Ok(Self { vote, meta: SnapshotMeta { last_log_id, last_membership } })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::raft_types::Entry;

    fn vote() -> impl Strategy<Value = RaftVote> {
        (any::<u64>(), any::<u64>(), any::<bool>())
            .prop_map(|(term, candidate, won)| raft_vote(coffer_storage::Vote { term, candidate, won }))
    }

    fn at() -> impl Strategy<Value = LogPosition> {
        (any::<u64>(), any::<u64>(), 0..u64::MAX / 2).prop_map(|(term, leader, index)| LogPosition {
            term,
            leader,
            index,
        })
    }

    fn append() -> impl Strategy<Value = AppendEntriesRequest<Types>> {
        let body = proptest::collection::vec(any::<u8>(), 0..40);
        let entries = proptest::collection::vec((any::<u64>(), body), 0..5);
        (vote(), proptest::option::of(at()), proptest::option::of(at()), entries).prop_map(
            |(vote, prev, commit, entries)| {
                let first = prev.map_or(0, |at| at.index + 1);
                let entries = entries.into_iter().zip(first..).map(|((term, body), index)| {
                    let at = LogPosition { term, leader: 1, index };
                    let kind = if body.is_empty() { RecordKind::Blank } else { RecordKind::Command };
                    entry(Record { at, kind, body: body.into() }).unwrap()
                });
                AppendEntriesRequest {
                    vote,
                    prev_log_id: prev.map(log_id),
                    entries: entries.collect(),
                    leader_commit: commit.map(log_id),
                }
            },
        )
    }

    fn same(left: &Entry, right: &Entry) -> bool {
        record(left.clone()).body == record(right.clone()).body && left.log_id == right.log_id
    }

    proptest! {
        #[test]
        fn appends_survive(request in append()) {
            let read = decode_append_request(append_request(request.clone())).unwrap();
            prop_assert_eq!((read.vote, read.prev_log_id, read.leader_commit), (request.vote, request.prev_log_id, request.leader_commit));
            prop_assert_eq!(read.entries.len(), request.entries.len());
            prop_assert!(read.entries.iter().zip(&request.entries).all(|(left, right)| same(left, right)));
        }

        #[test]
        fn votes_and_transfers_survive(vote in vote(), other in vote(), last in proptest::option::of(at()), flag: bool, to: u64) {
            let last = last.map(log_id);
            let mut request = VoteRequest::new(vote, last);
            request.leadership_transfer = flag;
            prop_assert_eq!(decode_vote_request(vote_request(&request)), Ok(request));
            let answer = VoteResponse::new(vote, last, flag);
            prop_assert_eq!(decode_vote_answer(vote_answer(&answer)), Ok(answer));
            let request = TransferLeaderRequest::new(vote, to, last);
            prop_assert_eq!(decode_transfer_request(transfer_request(&request)), Ok(request));
            for answer in [
                Ok(()),
                Err(TransferRefused::VoteChanged { expected: vote, actual: other }),
                Err(TransferRefused::LogNotFlushed { expected: last, actual: None }),
            ] {
                prop_assert_eq!(decode_transfer_answer(transfer_answer(&answer)), Ok(answer));
            }
            for answer in [
                AppendEntriesResponse::Success,
                AppendEntriesResponse::Conflict,
                AppendEntriesResponse::PartialSuccess(last),
                AppendEntriesResponse::HigherVote(vote),
            ] {
                prop_assert_eq!(decode_append_answer(append_answer(&answer)), Ok(answer));
            }
        }

        #[test]
        fn no_bytes_make_the_decoders_panic(bytes in proptest::collection::vec(any::<u8>(), 0..140)) {
            let bytes = Bytes::from(bytes);
            let _ = decode_append_request(bytes.clone());
            let _ = decode_append_answer(bytes.clone());
            let _ = decode_vote_request(bytes.clone());
            let _ = decode_vote_answer(bytes.clone());
            let _ = decode_transfer_request(bytes.clone());
            let _ = decode_transfer_answer(bytes.clone());
            let _ = decode_vote(bytes.clone());
            let _ = SnapshotHead::decode(bytes);
        }

        #[test]
        fn a_cut_append_is_refused(request in append(), cut in 1usize..20) {
            let bytes = append_request(request);
            prop_assert!(decode_append_request(bytes.slice(..bytes.len().saturating_sub(cut))).is_err());
        }
    }

    #[test]
    fn entries_with_a_gap_are_refused() {
        let entry = |index| {
            entry(Record {
                at: LogPosition { term: 1, leader: 1, index },
                kind: RecordKind::Command,
                body: Bytes::from_static(b"x"),
            })
            .unwrap()
        };
        let request = AppendEntriesRequest {
            vote: raft_vote(coffer_storage::Vote { term: 1, candidate: 1, won: true }),
            prev_log_id: None,
            entries: vec![entry(0), entry(2)],
            leader_commit: None,
        };
        assert_eq!(decode_append_request(append_request(request)).unwrap_err(), Malformed);
    }
}
