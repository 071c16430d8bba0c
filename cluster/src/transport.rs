//! How this node reaches the others: the only place that will know of connections.
//!
//! A cluster of one has nobody to reach, so every call answers that the member is unreachable. A pre-vote is never
//! granted on a member's behalf.

use std::future::Future;

use openraft::OptionalSend;
use openraft::errors::{RPCError, ReplicationClosed, StreamingError, Unreachable};
use openraft::network::{RPCOption, RaftNetworkFactory, RaftNetworkV2};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, TransferLeaderRequest, TransferLeaderResponse,
    VoteRequest, VoteResponse,
};

use crate::member::MemberNode;
use crate::raft_types::{RaftVote, Types};
use crate::state_machine::SnapshotData;

type SnapshotOf = openraft::alias::SnapshotOf<Types, SnapshotData>;

/// Makes a [`Peer`] for every other member.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Transport;

/// The way to one member.
#[derive(Debug)]
pub(crate) struct Peer {
    node_id: String,
}

impl Peer {
    fn unreachable(&self) -> Unreachable<Types> {
        Unreachable::from_string(format!("there is no connection to member {:?}", self.node_id))
    }
}

impl RaftNetworkFactory<Types> for Transport {
    type Network = Peer;

    async fn new_client(&mut self, _: u64, node: &MemberNode) -> Peer {
        Peer { node_id: node.node_id.clone() }
    }
}

impl RaftNetworkV2<Types> for Peer {
    type SnapshotData = SnapshotData;

    async fn append_entries(
        &mut self,
        _: AppendEntriesRequest<Types>,
        _: RPCOption,
    ) -> Result<AppendEntriesResponse<Types>, RPCError<Types>> {
        Err(self.unreachable().into())
    }

    async fn vote(&mut self, _: VoteRequest<Types>, _: RPCOption) -> Result<VoteResponse<Types>, RPCError<Types>> {
        Err(self.unreachable().into())
    }

    async fn pre_vote(&mut self, _: VoteRequest<Types>, _: RPCOption) -> Result<VoteResponse<Types>, RPCError<Types>> {
        Err(self.unreachable().into())
    }

    async fn full_snapshot(
        &mut self,
        _: RaftVote,
        _: SnapshotOf,
        _: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        _: RPCOption,
    ) -> Result<SnapshotResponse<Types>, StreamingError<Types>> {
        Err(self.unreachable().into())
    }

    async fn transfer_leader(
        &mut self,
        _: TransferLeaderRequest<Types>,
        _: RPCOption,
    ) -> Result<TransferLeaderResponse<Types>, RPCError<Types>> {
        Err(self.unreachable().into())
    }
}
