//! Storing a change of keys so that none drops a newer key, and clearing up behind rotations.

use std::collections::BTreeSet;

use coffer_model::CommitError;
use coffer_seal::{KEYRING_PATH, KeyringChange, UPGRADE_PREFIX};

use crate::active::Active;
use crate::{Failure, Transaction};

/// Upgrade entries looked at in one step; there is one for a rotation, and they last minutes.
const BATCH: usize = 256;

/// A change of keys that was not stored, or of which it is not known.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreKeysError {
    /// It rests on keys that are no longer the newest; nothing was stored.
    #[error("the keys were changed by another request meanwhile, nothing was stored: try again")]
    Outdated,
    /// The store.
    #[error(transparent)]
    Commit(CommitError),
    /// Anything else; nothing was stored.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<StoreKeysError> for Failure {
    fn from(error: StoreKeysError) -> Self {
        match error {
            StoreKeysError::Outdated => Self::Unavailable(error.to_string()),
            StoreKeysError::Commit(error) => error.into(),
            StoreKeysError::Failure(failure) => failure,
        }
    }
}

impl Transaction {
    /// Puts a change of keys into this transaction, on the condition that the stored keyring is the one it was planned on.
    pub fn put_keyring_change(&mut self, change: &KeyringChange) -> Result<(), Failure> {
        stage(self, change).map_err(Failure::from)
    }
}

fn stage(tx: &mut Transaction, change: &KeyringChange) -> Result<(), StoreKeysError> {
    let stored = tx.get_clear(KEYRING_PATH)?.ok_or_else(|| Failure::internal("no keyring is stored"))?;
    if !change.follows(&stored) {
        return Err(StoreKeysError::Outdated);
    }
    tx.put_records(change.records());
    Ok(())
}

/// Stores a change of keys in an entry of its own. It takes effect when it is applied, on this node as on the others.
pub(crate) async fn store(active: &Active, change: &KeyringChange) -> Result<(), StoreKeysError> {
    loop {
        let mut tx = active.transaction();
        stage(&mut tx, change)?;
        match active.store.commit(tx.into_command()?).await {
            Ok(_) => return Ok(()),
            // Written in between, most often with a count of encryptions: look whether the change still follows.
            Err(CommitError::Conflict { .. }) => {}
            Err(error) => return Err(StoreKeysError::Commit(error)),
        }
    }
}

/// The ways from one data key to the next, which nodes that hold old keys go by. They lie under the old key, and are
/// removed once every node had time to follow.
#[derive(Debug, Default)]
pub(super) struct Upgrades {
    /// Those that were there the last time.
    seen: BTreeSet<String>,
}

impl Upgrades {
    /// Removes the entries that were there at the last call already.
    pub(super) async fn clear(&mut self, active: &Active) -> Result<(), Failure> {
        let mut tx = active.transaction();
        let found = tx.scan(UPGRADE_PREFIX, "", BATCH)?;
        let (old, new): (Vec<_>, Vec<_>) = found.into_iter().partition(|path| self.seen.contains(path));
        for path in old {
            tx.delete(path);
        }
        let command = tx.into_command()?;
        if !command.is_empty() {
            active.store.commit(command).await?;
        }
        self.seen = new.into_iter().collect();
        Ok(())
    }
}
