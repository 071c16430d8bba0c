//! The cluster: Raft over the log and state of `coffer-storage`, as the `Store` and `ClusterControl` of `coffer-model`.
//!
//! Owns: proposals and their application, read fences, membership, leadership, snapshots, the Raft core's life (it is
//! rebuilt in the process when it dies), and the one place that reaches other members (`transport`).
//!
//! Must not know: encryption, HTTP, tokens, what a key or value means. No other crate names an openraft type, and
//! none appears in this crate's interface.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod address;
mod apply;
mod cluster;
mod commit;
mod control;
mod disk;
mod epoch;
mod fate;
mod fence;
mod frozen;
mod leadership;
mod leading;
mod level;
mod log_keeper;
mod member;
mod membership;
mod open;
mod options;
mod peers;
mod pulse;
mod raft_log;
mod raft_types;
mod rebuild;
pub mod recovery;
mod sole_voter;
mod state_keeper;
mod state_machine;
mod status;
mod supervisor;
mod timing;
mod transport;

#[cfg(test)]
mod tests;

pub use cluster::{Cluster, FatalError};
pub use options::{ClusterOptions, DEFAULT_MAX_ENTRY_SIZE, OpenError, StorageMedium};
pub use transport::{ClusterTls, TransportOptions};
