//! A view of the whole state that later writes do not change.

use crate::{Revision, StoreError};

/// A record of a frozen state.
#[derive(Clone, Copy, Debug)]
pub struct Record<'r> {
    /// Storage path.
    pub key: &'r str,
    /// As stored.
    pub value: &'r [u8],
    /// The entry that wrote it.
    pub revision: Revision,
}

/// A consistent state, unchanged by later writes; holds its room in the store until it is dropped.
pub trait Frozen: Send + Sync {
    /// Raft's term and index of the last entry in it.
    fn position(&self) -> (u64, u64);

    /// Hands each record to `each`, in byte order of the keys, until it answers `false`. Blocks.
    fn for_each(&self, each: &mut dyn FnMut(Record<'_>) -> bool) -> Result<(), StoreError>;
}
