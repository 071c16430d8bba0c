//! A change of the keyring, between being planned and being stored.

use std::fmt;
use std::sync::Arc;

use super::keyring::Keyring;
use crate::record::RecordChanges;

/// The records of a change of keys, and the keyring that they lead to. Read `core/keyring`, see that the change
/// [follows](KeyringChange::follows) it, store [`KeyringChange::records`] in one commit on the condition that
/// `core/keyring` is still as it was read, then give the change to [`Barrier::install`](super::Barrier::install). Not
/// stored: drop it, and nothing has happened.
#[derive(Clone)]
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

    /// Whether the change was planned on the keyring in this record of `core/keyring`. To be asked with the record whose
    /// revision the commit will be conditioned on: a change planned on an older keyring would drop the keys made since,
    /// and what is encrypted under them could never be read again.
    #[must_use]
    pub fn follows(&self, keyring_record: &[u8]) -> bool {
        Keyring::open(self.base.root(), keyring_record).is_ok_and(|stored| stored.has_same_keys(&self.base))
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
