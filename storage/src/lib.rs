//! The embedded store below Raft: two redb files in one folder, or the same two in memory.
//!
//! Owns: the data folder (permissions, lock, what belongs together), the log file `raft.redb` with the vote, the
//! state file `state.redb` with the last applied position, the file format of a snapshot, and every byte encoding in
//! them. An error that leaves a file in doubt is reported once through [`Faults`] and is final.
//!
//! Must not know: Raft's rules (who votes, what is committed), what a command or a value means, secrets, openraft.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod fault;
mod folder;
mod header;
mod log;
mod medium;
mod open;
mod open_error;
mod patient_file;
mod position;
mod private_file;
mod reserve;
mod set_aside;
mod snapshot_file;
mod state;

pub use fault::{Faults, StoreFault};
pub use header::{ClusterId, NodeIdentity};
pub use log::{Done, LogBounds, LogStore, Record, RecordKind, Vote};
pub use medium::Medium;
pub use open::{Stores, open};
pub use open_error::OpenError;
pub use position::LogPosition;
pub use snapshot_file::{SnapshotFile, SnapshotMeta, write_snapshot};
pub use state::{Committed, Compaction, Part, Staging, StateSize, StateSnapshot, StateStore, StateWrite, Value, Walk};
