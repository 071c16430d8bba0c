//! How this node's Raft core reaches the others'.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use openraft::OptionalSend;
use openraft::errors::{NetworkError, RPCError, ReplicationClosed, StreamingError, Unreachable};
use openraft::network::{RPCOption, RaftNetworkFactory, RaftNetworkV2};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, StreamAppendResult, TransferLeaderRequest,
    TransferLeaderResponse, VoteRequest, VoteResponse,
};

use super::acknowledged::{Session, Witness};
use super::greet::Target;
use super::link::{Connection, Lane, Link, LinkError, Pending};
use super::wire::{
    Kind, Malformed, append_request, decode_append_answer, decode_transfer_answer, decode_vote_answer,
    transfer_request, vote_request,
};
use super::{Transport, send_snapshot};
use crate::member::MemberNode;
use crate::raft_types::{RaftLogId, RaftVote, Types};
use crate::state_machine::{RaftSnapshot, SnapshotData};

/// How long an answer to entries may take that a living connection carries: the follower's disk decides.
const APPENDED_WITHIN: Duration = Duration::from_secs(10);
/// How long replication waits for a connection in the making.
const CONNECTED_WITHIN: Duration = Duration::from_secs(2);
/// Requests sent and not answered, in one replication.
const AHEAD: usize = 32;
/// Bytes of them; one request may be more.
const AHEAD_BYTES: usize = 4 << 20;

/// The way to one member, for one purpose.
pub(crate) struct Peer {
    witness: Witness,
    /// `None` where this node has no cluster listener.
    link: Option<Arc<Link>>,
}

impl RaftNetworkFactory<Types> for Transport {
    type Network = Peer;

    async fn new_client(&mut self, target: u64, node: &MemberNode) -> Peer {
        self.peer(target, node, Lane::Append)
    }

    async fn new_heartbeat_client(&mut self, target: u64, node: &MemberNode) -> Peer {
        self.peer(target, node, Lane::Heartbeat)
    }

    async fn new_snapshot_client(&mut self, target: u64, node: &MemberNode) -> Peer {
        self.peer(target, node, Lane::Control)
    }
}

impl Transport {
    fn peer(&self, raft_id: u64, node: &MemberNode, lane: Lane) -> Peer {
        let target = Target { raft_id, node: node.clone(), is_joining: false };
        Peer { link: self.link(&target, lane), witness: Witness { transport: self.clone(), target } }
    }
}

impl Peer {
    fn link(&self) -> Result<&Arc<Link>, Unreachable<Types>> {
        self.link.as_ref().ok_or_else(|| Unreachable::from_string("this node has no cluster listener"))
    }

    /// Votes and the handing over of leadership have a connection of their own, whoever asks.
    async fn ask<T>(
        &self,
        kind: Kind,
        body: Bytes,
        option: &RPCOption,
        decode: impl FnOnce(Bytes) -> Result<T, Malformed>,
    ) -> Result<T, RPCError<Types>> {
        let link = self.witness.transport.link(&self.witness.target, Lane::Control);
        let link = link.ok_or_else(|| Unreachable::from_string("this node has no cluster listener"))?;
        let answer = link.ask(kind, body, option.hard_ttl()).await.map_err(rpc_error)?;
        decode(answer).map_err(|error| NetworkError::new(&error).into())
    }
}

fn rpc_error(error: LinkError) -> RPCError<Types> {
    match error {
        LinkError::Down(_) | LinkError::Late => Unreachable::from_string(error).into(),
        LinkError::Broken | LinkError::Failure(_) => NetworkError::from_string(error).into(),
    }
}

impl RaftNetworkV2<Types> for Peer {
    type SnapshotData = SnapshotData;

    async fn append_entries(
        &mut self,
        request: AppendEntriesRequest<Types>,
        _: RPCOption,
    ) -> Result<AppendEntriesResponse<Types>, RPCError<Types>> {
        let session = session(&request);
        let (prev, last) = (request.prev_log_id, last_of(&request));
        let answer = self.link()?.ask(Kind::Append, append_request(request), APPENDED_WITHIN).await;
        let answer = decode_append_answer(answer.map_err(rpc_error)?)
            .map_err(|error| RPCError::from(NetworkError::<Types>::new(&error)))?;
        self.witness.check(session, &answer, prev, last)?;
        Ok(answer)
    }

    fn stream_append<'s, S>(
        &'s mut self,
        input: S,
        _: RPCOption,
    ) -> futures_util::future::BoxFuture<
        's,
        Result<
            futures_util::stream::BoxStream<'s, Result<StreamAppendResult<Types>, RPCError<Types>>>,
            RPCError<Types>,
        >,
    >
    where
        S: Stream<Item = AppendEntriesRequest<Types>> + OptionalSend + Unpin + 'static,
    {
        Box::pin(async move {
            let connection = self.link()?.connection(CONNECTED_WITHIN).await.map_err(rpc_error)?;
            let witness = self.witness.clone();
            let pipeline =
                Pipeline { connection, input, witness, sent: VecDeque::new(), sent_bytes: 0, has_ended: false };
            Ok(stream::unfold(Some(pipeline), |pipeline| async move {
                let mut pipeline = pipeline?;
                let (answer, goes_on) = pipeline.next().await?;
                Some((answer, goes_on.then_some(pipeline)))
            })
            .boxed())
        })
    }

    async fn vote(
        &mut self,
        request: VoteRequest<Types>,
        option: RPCOption,
    ) -> Result<VoteResponse<Types>, RPCError<Types>> {
        self.ask(Kind::Vote, vote_request(&request), &option, decode_vote_answer).await
    }

    /// An error is an error: nobody is granted a vote on behalf of a member that can't be reached.
    async fn pre_vote(
        &mut self,
        request: VoteRequest<Types>,
        option: RPCOption,
    ) -> Result<VoteResponse<Types>, RPCError<Types>> {
        self.ask(Kind::PreVote, vote_request(&request), &option, decode_vote_answer).await
    }

    async fn full_snapshot(
        &mut self,
        vote: RaftVote,
        snapshot: RaftSnapshot,
        cancel: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        _: RPCOption,
    ) -> Result<SnapshotResponse<Types>, StreamingError<Types>> {
        send_snapshot::send(self.witness.transport.inner(), &self.witness.target, vote, snapshot, cancel).await
    }

    async fn transfer_leader(
        &mut self,
        request: TransferLeaderRequest<Types>,
        option: RPCOption,
    ) -> Result<TransferLeaderResponse<Types>, RPCError<Types>> {
        self.ask(Kind::Transfer, transfer_request(&request), &option, decode_transfer_answer).await
    }
}

fn session(request: &AppendEntriesRequest<Types>) -> Session {
    request.vote.leader_id.term
}

fn last_of(request: &AppendEntriesRequest<Types>) -> Option<RaftLogId> {
    request.entries.last().map(|entry| entry.log_id).or(request.prev_log_id)
}

/// Requests sent ahead of their answers, which are given in the same order.
struct Pipeline<S> {
    connection: Arc<Connection>,
    input: S,
    witness: Witness,
    sent: VecDeque<Sent>,
    sent_bytes: usize,
    has_ended: bool,
}

struct Sent {
    pending: Pending,
    bytes: usize,
    session: Session,
    prev: Option<RaftLogId>,
    last: Option<RaftLogId>,
}

type Answer = Result<StreamAppendResult<Types>, RPCError<Types>>;

impl<S: Stream<Item = AppendEntriesRequest<Types>> + Unpin> Pipeline<S> {
    /// The next answer, and whether others can follow.
    async fn next(&mut self) -> Option<(Answer, bool)> {
        loop {
            let has_room = self.sent.len() < AHEAD && (self.sent_bytes < AHEAD_BYTES || self.sent.is_empty());
            let may_send = has_room && !self.has_ended;
            let Some(front) = self.sent.front_mut() else {
                if self.has_ended {
                    return None;
                }
                let request = self.input.next().await;
                if let Err(error) = self.send(request).await {
                    return Some((Err(rpc_error(error)), false));
                }
                continue;
            };
            let answered = tokio::select! {
                biased;
                answer = tokio::time::timeout(APPENDED_WITHIN, front.pending.wait()) => answer,
                request = self.input.next(), if may_send => {
                    if let Err(error) = self.send(request).await {
                        return Some((Err(rpc_error(error)), false));
                    }
                    continue;
                }
            };
            let answer = answered.unwrap_or(Err(LinkError::Late));
            let sent = self.sent.pop_front()?;
            self.sent_bytes -= sent.bytes;
            return Some(judge(answer, sent, &self.witness));
        }
    }

    async fn send(&mut self, request: Option<AppendEntriesRequest<Types>>) -> Result<(), LinkError> {
        let Some(request) = request else {
            self.has_ended = true;
            return Ok(());
        };
        let (session, prev, last) = (session(&request), request.prev_log_id, last_of(&request));
        let body = append_request(request);
        let bytes = body.len();
        let pending = self.connection.send(Kind::Append, body).await?;
        self.sent.push_back(Sent { pending, bytes, session, prev, last });
        self.sent_bytes += bytes;
        Ok(())
    }
}

fn judge(answer: Result<Bytes, LinkError>, sent: Sent, witness: &Witness) -> (Answer, bool) {
    let answer = match answer {
        Ok(body) => decode_append_answer(body),
        Err(error) => return (Err(rpc_error(error)), false),
    };
    let answer = match answer {
        // A conflict needs an entry that it is with.
        Ok(AppendEntriesResponse::Conflict) if sent.prev.is_none() => Err(Malformed),
        answer => answer,
    };
    match answer {
        Ok(answer) => {
            if let Err(error) = witness.check(sent.session, &answer, sent.prev, sent.last) {
                return (Err(error), false);
            }
            let goes_on = match &answer {
                AppendEntriesResponse::Success => true,
                AppendEntriesResponse::PartialSuccess(upto) => *upto == sent.last,
                AppendEntriesResponse::Conflict | AppendEntriesResponse::HigherVote(_) => false,
            };
            (Ok(answer.into_stream_result(sent.prev, sent.last)), goes_on)
        }
        Err(error) => (Err(NetworkError::new(&error).into()), false),
    }
}
