//! Snapshots of the whole state, and their way back: saved as a stream, checked as a file, staged beside the present state
//! and shown by one log entry.
//!
//! The file is Vault's. What belongs to the running cluster (below [`CLUSTER_FOLDER`]) is neither saved nor replaced.

mod auto;
mod check;
mod download;
mod handover;
mod passing_file;
mod restore;
mod save;
mod stage;
mod state_mark;
mod upload;

pub(crate) use auto::run as take_automatically;
pub use auto::{AutoSnapshot, AutoStatus};
pub use download::{Download, Piece};
pub use restore::{Restore, Restored};
pub use save::save;
pub use upload::{Upload, UploadPiece, UploadSender};

pub(crate) use handover::Handover;
pub(crate) use restore::restore;
pub(crate) use state_mark::StateMark;

/// Records of the running cluster: who was removed, its timing. They lie in clear, hold no secret, and stay when the state
/// is exchanged.
pub const CLUSTER_FOLDER: &str = "core/coffer/cluster/";

/// Written with the entry that exchanges the state: its revision tells one state from another. What was decided on the
/// state before must not be written to the one after.
pub(crate) const RESTORED_PATH: &str = "core/coffer/cluster/restored";

/// Whether a record is part of the state, and not of the servers that kept it.
fn is_of_the_state(key: &str) -> bool {
    // OpenBao's and Vault's: who is active, and where.
    !key.starts_with(CLUSTER_FOLDER) && !key.starts_with("core/leader/") && key != "core/lock"
}
