//! What `core` and `cluster` share, and nothing else: the replicated [`Command`], the [`Store`] it is
//! committed to, and the [`ClusterControl`] through which the upper layers see and steer the cluster.
//!
//! Owns: the shape and the byte encoding of a command, and the contracts of the traits.
//! Must not know: encryption, HTTP, tokens, Raft types, or how anything is stored.

mod autopilot;
mod cluster_control;
mod command;
mod exchange;
mod frozen;
mod membership;
mod peer;
mod store;

pub use autopilot::{Autopilot, AutopilotConfig, AutopilotState, ServerHealth, ServerStatus};
pub use cluster_control::{ClusterControl, ClusterStatus, ControlError, Member, NodeRole};
pub use command::{Command, CommandRef, DecodeError, Precondition, Put};
pub use exchange::{ChangeRef, Exchange, ExchangeId, ExchangeRef};
pub use frozen::{Frozen, Record};
pub use membership::{ClusterCard, Membership, MembershipError, NewMember, OwnCard};
pub use peer::{
    NodeCondition, PeerError, PeerFault, PeerIdentity, PeerService, PeerState, PeerStream, Peers, SealState, Topic,
};
pub use store::{ApplyObserver, CommitError, FenceError, Revision, Store, StoreError, UNFINISHED, Versioned};
