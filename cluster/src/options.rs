//! What a cluster is opened with, and why it cannot be.

use std::path::PathBuf;

use crate::level::LEVEL;
use crate::transport::TransportOptions;

/// `max_entry_size` where the configuration has none: 1 MiB.
pub const DEFAULT_MAX_ENTRY_SIZE: usize = 1 << 20;

/// Where log and state live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StorageMedium {
    /// `storage "raft"`: files in this folder.
    Raft {
        /// The `path` of the stanza; made where it is not there.
        path: PathBuf,
    },
    /// `storage "inmem"`: gone with the process.
    InMemory,
}

/// What this node is and where it keeps its data.
#[derive(Clone, Debug)]
pub struct ClusterOptions {
    /// Where log and state live.
    pub storage: StorageMedium,
    /// `node_id`; without one the name on disk is kept, or a random one made.
    pub node_id: Option<String>,
    /// Host and port at which other members reach this one.
    pub cluster_address: String,
    /// URL at which clients reach this node.
    pub api_address: String,
    /// Most bytes of one log entry.
    pub max_entry_size: usize,
    /// `leader_priority`: when things are stable the healthy node with the highest leads; 0 leads only where no other
    /// can. Unset counts as 1.
    pub leader_priority: Option<u32>,
    /// `performance_multiplier`: how many times the shortest timing the cluster's is; unset: as measured.
    pub performance_multiplier: Option<u32>,
    /// How the other members reach this node, and it them; without one it stays alone.
    pub transport: Option<TransportOptions>,
    /// The level of replicated features that this node says it knows; other than [`LEVEL`] only in tests.
    pub level: u32,
}

impl ClusterOptions {
    /// In memory, with the default limits; for tests and `-dev`.
    pub fn in_memory() -> Self {
        Self {
            storage: StorageMedium::InMemory,
            node_id: None,
            cluster_address: String::new(),
            api_address: String::new(),
            max_entry_size: DEFAULT_MAX_ENTRY_SIZE,
            leader_priority: None,
            performance_multiplier: None,
            transport: None,
            level: LEVEL,
        }
    }
}

/// The node cannot take part; each says what, where and what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data folder cannot be used.
    #[error(transparent)]
    Storage(#[from] coffer_storage::OpenError),
    /// The cluster has used features that this release does not know; one line that names both levels.
    #[error("{0}")]
    TooOld(String),
    /// The identity key, the cluster's TLS or its listener; in words.
    #[error("{0}")]
    Transport(String),
    /// A `peers.json` was found and cannot be followed; nothing was changed.
    #[error("the cluster cannot be recovered: {0}")]
    Recovery(#[from] crate::recovery::RecoveryError),
    /// Log and state could be opened, and Raft refuses what is in them.
    #[error("Raft cannot start from the data in {data}: {reason}")]
    Raft {
        /// The log file.
        data: String,
        /// Raft's words.
        reason: String,
    },
}
