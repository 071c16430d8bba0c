//! The replicated store as the upper layers see it.

use std::num::NonZeroU64;
use std::path::PathBuf;
use std::sync::Arc;

use crate::{Command, Exchange, Frozen};

/// When a key was last written: the index of the log entry that did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(NonZeroU64);

impl Revision {
    /// `None` for 0, which stands for "absent" on the wire.
    pub fn new(index: u64) -> Option<Self> {
        NonZeroU64::new(index).map(Self)
    }

    /// The log index.
    pub fn get(self) -> u64 {
        self.0.get()
    }
}

/// End of the names of files that are of no use after a restart.
pub const UNFINISHED: &str = ".unfinished";

/// A stored value and when it was written.
#[derive(Clone, PartialEq, Eq)]
pub struct Versioned {
    /// The value as stored: ciphertext, for all but a few records.
    pub value: Vec<u8>,
    /// The entry that wrote it.
    pub revision: Revision,
}

/// The local store can't be read.
#[derive(Debug, thiserror::Error)]
#[error("the store cannot be read: {0}")]
pub struct StoreError(pub String);

/// A command that was not, or not surely, committed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A precondition no longer held; nothing was written. Read again and retry.
    #[error("another request changed {key:?} first")]
    Conflict {
        /// The first key that had changed.
        key: String,
    },
    /// Refused before it was proposed.
    #[error("the request needs a log entry of {size} bytes; the limit is {limit} (max_entry_size)")]
    TooLarge {
        /// Encoded bytes.
        size: usize,
        /// `max_entry_size`.
        limit: usize,
    },
    /// This node does not lead; nothing was proposed.
    #[error("this node is not the leader")]
    NotLeader,
    /// Proposed, and its fate is not known: it may or may not take effect.
    #[error("leadership changed while the request was being committed: whether it took effect is not known")]
    Unknown,
    /// The store refuses writes (full disk, shutdown); nothing was written.
    #[error("the store does not accept writes: {0}")]
    Unavailable(String),
}

/// A read can't be shown to be current.
#[derive(Debug, thiserror::Error)]
pub enum FenceError {
    /// Another node leads, or none does.
    #[error("this node is not the leader")]
    NotLeader,
    /// No majority answered.
    #[error("no majority of the cluster answered: {0}")]
    NoQuorum(String),
}

/// Told of every applied change, on every node, before the proposer of the change is.
///
/// Called from the apply path: must be quick, must not wait for a commit, must not panic.
pub trait ApplyObserver: Send + Sync {
    /// These keys were written or removed by one entry.
    fn applied(&self, keys: &mut dyn Iterator<Item = &str>);
    /// The whole state was exchanged (a snapshot was installed): forget everything.
    fn replaced(&self);
}

/// The replicated key/value store. Reads are local and synchronous: put [`Store::read_fence`] before them where the
/// answer has to be current.
#[async_trait::async_trait]
pub trait Store: Send + Sync {
    /// The value of a key in the state applied here.
    fn get(&self, key: &str) -> Result<Option<Versioned>, StoreError>;

    /// The immediate children of `prefix` (which is empty or ends in `/`), in byte order, after `after`
    /// (exclusive; empty: from the start), at most `limit`. A child with children of its own ends in `/`; a name
    /// that is both a key and a folder gives both.
    fn list(&self, prefix: &str, after: &str, limit: usize) -> Result<Vec<String>, StoreError>;

    /// Whole keys that begin with `prefix`, in byte order, after the key `after` (exclusive), at most `limit`.
    fn scan(&self, prefix: &str, after: &str, limit: usize) -> Result<Vec<String>, StoreError>;

    /// Proposes the command as one entry and returns once it is durable on a majority and applied here; gives the
    /// entry's index as the revision of all it wrote.
    async fn commit(&self, command: Command) -> Result<Revision, CommitError>;

    /// Proposes a step of an exchange of the whole state, as [`Store::commit`] does a command. [`CommitError::Conflict`]:
    /// another exchange was begun meanwhile, or not all is staged.
    async fn exchange(&self, step: Exchange) -> Result<Revision, CommitError>;

    /// Whether something is staged, in the state applied here.
    fn is_staging(&self) -> bool;

    /// Freezes the state applied here.
    async fn freeze(&self) -> Result<Arc<dyn Frozen>, StoreError>;

    /// The folder that a large upload may pass through, private to this node and cleared of unfinished files (see
    /// [`UNFINISHED`]) at its start; `None` where nothing is kept on disk.
    fn folder(&self) -> Option<PathBuf>;

    /// Returns once the state applied here is at least as new as every write acknowledged before the call. Calls
    /// that wait at the same time share a round.
    async fn read_fence(&self) -> Result<(), FenceError>;

    /// Sets who is told of applied changes; replaces an earlier one.
    fn observe(&self, observer: Arc<dyn ApplyObserver>);

    /// `max_entry_size` in bytes.
    fn max_entry_size(&self) -> usize;
}
