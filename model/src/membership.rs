//! Who is a member, and how that changes.

use crate::Member;

/// A node that was found fit to join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMember {
    /// `node_id` of its configuration.
    pub node_id: String,
    /// Raft's number for this incarnation of it.
    pub raft_id: u64,
    /// Host and port of its cluster listener.
    pub cluster_address: String,
    /// URL of its API.
    pub api_address: String,
    /// The public half of its identity key, as `coffer_tls::NodeKey` gives it.
    pub public_key: Vec<u8>,
    /// Joins without a vote, for good.
    pub non_voter: bool,
}

/// A change of members that was not made, or not surely.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MembershipError {
    /// Only the leader can.
    #[error("this node is not the leader")]
    NotLeader,
    /// Another incarnation of the same name answers.
    #[error(
        "a live member of the cluster is called {node_id:?} already, at {address}: give this node another node_id, or \
         stop that one and remove it with \"operator raft remove-peer {node_id}\""
    )]
    Alive {
        /// The name.
        node_id: String,
        /// The live one's cluster address.
        address: String,
    },
    /// Not in the member list.
    #[error("no member of the cluster is called {0:?}")]
    Unknown(String),
    /// The remaining members could not commit anything, or this change.
    #[error("{0}")]
    NoQuorum(String),
    /// It is not let in as it is: its certificate, its address, or the cluster it belongs to; names what to change.
    #[error("{0}")]
    Unfit(String),
    /// Anything else, in words.
    #[error("{0}")]
    Failed(String),
}

/// What a joining node has to know of the cluster before it is a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterCard {
    /// The cluster, as its nodes' files name it.
    pub cluster_id: [u8; 16],
    /// The members, whose identity keys the joiner will let in.
    pub members: Vec<Member>,
    /// Raft term at which this was true.
    pub term: u64,
}

/// This node, as it introduces itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnCard {
    /// As [`NewMember::node_id`].
    pub node_id: String,
    /// As [`NewMember::raft_id`].
    pub raft_id: u64,
    /// As [`NewMember::cluster_address`].
    pub cluster_address: String,
    /// As [`NewMember::api_address`].
    pub api_address: String,
    /// As [`NewMember::public_key`].
    pub public_key: Vec<u8>,
}

/// Joining, promoting, removing.
#[async_trait::async_trait]
pub trait Membership: Send + Sync {
    /// This node, as it introduces itself to a cluster it wants to join.
    fn own_card(&self) -> OwnCard;

    /// On a member: what a joiner has to know.
    fn cluster_card(&self) -> Option<ClusterCard>;

    /// On a node without a cluster: binds its files to that cluster and lets its members in. It is a member once the
    /// leader has added it. Again with the same cluster is no error.
    async fn adopt(&self, card: ClusterCard) -> Result<(), MembershipError>;

    /// On the leader: adds a learner, which is promoted when it has caught up, unless it is a non-voter. An earlier
    /// incarnation of the same name that is dead is replaced. The same incarnation again is no error.
    async fn admit(&self, member: NewMember) -> Result<(), MembershipError>;

    /// On the leader: makes a learner a voter.
    async fn promote(&self, node_id: &str) -> Result<(), MembershipError>;

    /// On the leader: makes a voter a learner that stays one.
    async fn demote(&self, node_id: &str) -> Result<(), MembershipError>;

    /// On the leader: removes a member, itself included.
    async fn remove(&self, node_id: &str) -> Result<(), MembershipError>;

    /// Sets the data of this node aside, which was removed from its cluster, so that it can join again.
    async fn leave(&self) -> Result<(), MembershipError>;
}
