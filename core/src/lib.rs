//! The request pipeline: mounts and routing, tokens, policies, leases, wrapping, identity, audit, and the lifecycle
//! of a node from uninitialised to active.
//!
//! Owns: what a request may do, what it changes, and in which order that becomes true. Every durable change leaves
//! as one [`coffer_model::Command`].
//! Must not know: HTTP, JSON envelopes and statuses, Raft, files, and how any one engine works.

pub mod active;
pub mod audit_log;
mod backend;
pub mod ceremony;
pub mod clock;
pub mod cluster_time;
mod context;
mod envelope;
mod failure;
pub mod follower_unseal;
pub mod framework;
mod grant;
pub mod help;
pub mod identity;
mod interchange;
pub mod joining;
pub mod lease;
pub mod lifecycle;
pub mod local;
pub mod lockout;
pub mod mount;
pub mod pipeline;
pub mod policies;
pub mod quota;
mod request;
mod response;
mod secret;
pub mod snapshot;
mod timed_store;
mod timestamp;
pub mod token;
mod transaction;
pub mod version_history;
pub mod wrapping;

pub use backend::{Backend, Cost, Existence, Progress, SpecialPaths};
pub use context::{Call, Context, SystemAccess};
pub use envelope::Envelope;
pub use failure::Failure;
pub use grant::{Alias, Grant, TokenType};
pub use request::{CeremonyAccess, MetricsAccess, Once, Operation, Remote, Request, ShareHolders, Wanted, WrapRequest};
pub use response::{
    Afterwards, Body, Chunks, Completion, Granted, Lease, LeasedSecret, MemberChange, Raw, Response, WrapInfo,
};
pub use secret::{Payload, SecretText, wipe};
pub use timestamp::Timestamp;
pub use transaction::{Savepoint, Transaction};
