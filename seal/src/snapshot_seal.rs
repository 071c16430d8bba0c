//! What a snapshot has to do with the seal: its list of sums is encrypted by the unseal key, as Vault does it, and its
//! state opens with that key or with another.

use zeroize::Zeroizing;

use crate::barrier::{Barrier, DecryptError, Keyring, OpenKeyringError, WriteKeyringError};
use crate::record::{HANDOVER_PATH, UNSEAL_KEY_PATH};
use crate::secret_key::SecretKey;
use crate::stored_keys::{BlobInfo, StoredKeysError, read_stored_keys};

/// The unseal key, for what concerns snapshots.
pub struct SnapshotSeal(SecretKey);

/// The unseal key could not be had from behind the barrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotSealError {
    /// Its record does not open.
    #[error("the unseal key behind the barrier cannot be read: {0}")]
    Decrypt(#[from] DecryptError),
    /// Its record holds something else.
    #[error("the unseal key behind the barrier has the wrong length")]
    Length,
}

/// The keys of a state do not open with the unseal key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenSnapshotError {
    /// See [`StoredKeysError`].
    #[error(transparent)]
    Stored(#[from] StoredKeysError),
    /// See [`OpenKeyringError`].
    #[error(transparent)]
    Keyring(#[from] OpenKeyringError),
}

/// The keys of a state that is to be restored.
pub struct SnapshotKeys(Keyring);

impl Barrier {
    /// What snapshots are sealed with; `unseal_key_record` is what is stored at `core/shamir-kek`.
    pub fn snapshot_seal(&self, unseal_key_record: &[u8]) -> Result<SnapshotSeal, SnapshotSealError> {
        let key = self.decrypt(UNSEAL_KEY_PATH, unseal_key_record)?;
        SecretKey::from_slice(&key).map(SnapshotSeal).ok_or(SnapshotSealError::Length)
    }
}

impl SnapshotSeal {
    /// Encrypts a list of sums.
    pub fn seal(&self, sums: &[u8]) -> Result<Vec<u8>, WriteKeyringError> {
        BlobInfo::seal(&self.0, sums)
    }

    /// The inverse of [`SnapshotSeal::seal`].
    pub fn open(&self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoredKeysError> {
        BlobInfo::open(&self.0, sealed)
    }

    /// The keys of a state, from its records at `core/hsm/barrier-unseal-keys` and `core/keyring`.
    pub fn open_keys(&self, stored_keys: &[u8], keyring: &[u8]) -> Result<SnapshotKeys, OpenSnapshotError> {
        let root = read_stored_keys(&self.0, stored_keys)?;
        Ok(SnapshotKeys(Keyring::open(&root, keyring)?))
    }
}

impl SnapshotKeys {
    /// The record for [`HANDOVER_PATH`]: by it those who hold the present keys get at these.
    pub fn handover(&self, present: &Barrier) -> Result<Vec<u8>, WriteKeyringError> {
        present.keyring().hand_over(HANDOVER_PATH, &self.0)
    }

    /// The barrier of that state.
    pub fn barrier(&self) -> Barrier {
        Barrier::new(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::barrier::AdoptError;
    use crate::record::{KEYRING_PATH, STORED_KEYS_PATH};
    use crate::stored_keys::write_stored_keys;

    fn now() -> time::OffsetDateTime {
        time::macros::datetime!(2026-11-23 20:00 UTC)
    }

    /// A keyring and its records under an unseal key.
    fn state(unseal_key: &SecretKey) -> (Barrier, Vec<u8>, Vec<u8>) {
        let keyring = Keyring::generate(now()).unwrap();
        let stored = write_stored_keys(unseal_key, keyring.root()).unwrap();
        let record = keyring.records().unwrap().value(KEYRING_PATH).unwrap().to_vec();
        (Barrier::new(keyring), stored.value(STORED_KEYS_PATH).unwrap().to_vec(), record)
    }

    #[test]
    fn sums_open_with_the_same_key_alone() {
        let seal = SnapshotSeal(SecretKey::generate().unwrap());
        let sealed = seal.seal(b"sums").unwrap();
        assert_eq!(seal.open(&sealed).unwrap().as_slice(), b"sums");
        let other = SnapshotSeal(SecretKey::generate().unwrap());
        assert_eq!(other.open(&sealed).unwrap_err(), StoredKeysError::InvalidKey);
        assert!(other.open(b"").is_err());
    }

    #[test]
    fn who_holds_the_present_keys_gets_at_the_restored_ones() {
        let key = SecretKey::generate().unwrap();
        let ((present, ..), (restored, stored, record)) = (state(&key), state(&key));
        let keys = SnapshotSeal(key).open_keys(&stored, &record).unwrap();
        let handover = keys.handover(&present).unwrap();
        let entry = restored.encrypt("p", b"x").unwrap();
        present
            .adopt(|path| {
                Ok::<_, Infallible>(match path {
                    KEYRING_PATH => Some(record.clone()),
                    HANDOVER_PATH => Some(handover.clone()),
                    _ => None,
                })
            })
            .unwrap();
        assert_eq!(present.decrypt("p", &entry).unwrap().as_slice(), b"x");
    }

    #[test]
    fn another_unseal_key_does_not_open_a_state() {
        let (present, stored, record) = state(&SecretKey::generate().unwrap());
        let other = SnapshotSeal(SecretKey::generate().unwrap());
        assert!(other.open_keys(&stored, &record).is_err());
        let (_, _, strange) = state(&SecretKey::generate().unwrap());
        let adopted = present.adopt(|path| Ok::<_, Infallible>((path == KEYRING_PATH).then(|| strange.clone())));
        assert!(matches!(adopted, Err(AdoptError::Open(_))));
    }
}
