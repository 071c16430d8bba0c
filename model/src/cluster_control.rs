//! The cluster as the upper layers see and steer it.

use std::time::Duration;

use crate::{Autopilot, Membership, Peers};

/// What this node is in the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeRole {
    /// Not yet part of any cluster.
    Unformed,
    /// Leads: the only node that proposes.
    Leader,
    /// Follows, or stands for election.
    Follower,
    /// Receives the log and does not vote.
    Learner,
    /// Was a member and is none any more.
    Removed,
}

/// A member of the committed configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// `node_id` of the configuration file.
    pub node_id: String,
    /// Host and port of its cluster listener.
    pub cluster_address: String,
    /// URL of its API, as it announced it.
    pub api_address: String,
    /// Whether it votes.
    pub voter: bool,
    /// Whether it leads just now.
    pub leader: bool,
    /// Raft's number for this incarnation of it.
    pub raft_id: u64,
    /// The public half of its identity key; empty where none is pinned yet.
    pub public_key: Vec<u8>,
}

/// A look at the cluster from this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterStatus {
    /// This node's id.
    pub node_id: String,
    /// This node's part.
    pub role: NodeRole,
    /// Raft term.
    pub term: u64,
    /// Index of the last entry known to be committed.
    pub committed_index: u64,
    /// Index of the last entry applied here.
    pub applied_index: u64,
    /// The committed configuration; empty before the cluster is formed.
    pub members: Vec<Member>,
    /// Index of the entry that holds the configuration.
    pub configuration_index: u64,
    /// It leads, and no majority has answered it for longer than it takes to elect another leader.
    pub leads_nobody: bool,
    /// How long this node has led, when it does.
    pub leading_for: Option<Duration>,
    /// The level of replicated features in force: the lowest that a voter knows.
    pub level: u32,
    /// The interval between heartbeats that this node runs with: the cluster's timing.
    pub heartbeat: Duration,
}

impl ClusterStatus {
    /// The leader that this node knows of and believes alive.
    pub fn leader(&self) -> Option<&Member> {
        self.members.iter().find(|member| member.leader)
    }
}

/// A steering call that failed.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// There is already a cluster here.
    #[error("the cluster is already formed")]
    AlreadyFormed,
    /// Only the leader can do this.
    #[error("this node is not the leader")]
    NotLeader,
    /// Anything else, in words.
    #[error("{0}")]
    Failed(String),
}

/// Leadership and lifecycle of the cluster; with its members and its membership.
#[async_trait::async_trait]
pub trait ClusterControl: Peers + Membership + Autopilot {
    /// What this node sees now; never blocks.
    fn status(&self) -> ClusterStatus;

    /// Changes whenever [`ClusterControl::status`] may have; the value itself means nothing.
    fn watch(&self) -> tokio::sync::watch::Receiver<u64>;

    /// Forms a cluster of this node alone and returns once it leads; the first step of `init`.
    async fn form(&self) -> Result<(), ControlError>;

    /// Gives leadership to another node that is fit and caught up, and returns once that one leads; an error where
    /// there is none.
    async fn step_down(&self) -> Result<(), ControlError>;

    /// Stops taking part, after what was accepted is durable. The node is useless afterwards.
    async fn shutdown(&self);
}
