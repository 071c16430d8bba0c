//! A change of the keyring, between being planned and being stored.

use std::fmt;
use std::sync::Arc;

use super::keyring::Keyring;
use crate::record::RecordChanges;

/// The records of a change of keys, and the keyring that they lead to. Store [`KeyringChange::records`] in one commit
/// on the condition that `core/keyring` is as it was when the change was planned, then give the change to
/// [`Barrier::install`](super::Barrier::install). Not stored: drop it, and nothing has happened.
#[must_use = "a planned change of keys has to be stored and installed"]
pub struct KeyringChange {
    pub(crate) records: RecordChanges,
    pub(crate) base: Arc<Keyring>,
    pub(crate) next: Arc<Keyring>,
    /// How much of the uncounted encryptions is in the stored count after it.
    pub(crate) accounted: u64,
}

impl KeyringChange {
    /// What to store.
    pub fn records(&self) -> &RecordChanges {
        &self.records
    }

    /// The active term afterwards.
    pub fn term(&self) -> u32 {
        self.next.active().term
    }

    pub(crate) fn with(mut self, more: RecordChanges) -> Self {
        self.records = self.records.and(more);
        self
    }
}

impl fmt::Debug for KeyringChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyringChange").field("records", &self.records).field("term", &self.term()).finish()
    }
}
