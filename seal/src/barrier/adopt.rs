//! How a node follows a change of keys that another node made, as Vault's standbys do.

use super::handle::Barrier;
use super::keyring::{Keyring, OpenKeyringError, upgrade_path};
use crate::record::{HANDOVER_PATH, KEYRING_PATH, OPENBAO_ROOT_KEY_PATH, ROOT_KEY_PATH};

/// The stored keyring could not be followed.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError<E> {
    /// A record could not be read.
    #[error(transparent)]
    Read(E),
    /// No keyring is stored.
    #[error("keyring unexpectedly missing")]
    Missing,
    /// It does not open with any root key that this node can get at: it has to be unsealed again.
    #[error("the stored keyring cannot be opened: {0}")]
    Open(OpenKeyringError),
}

impl Barrier {
    /// Takes over the keyring that is stored now; `read` gives the record at a path. To be called when `core/keyring`
    /// was written or the whole state was replaced, by one caller at a time, in the order of the changes.
    ///
    /// A keyring under a new root key opens as well: the root key lies under the newest data key, and the way to that
    /// one leads over the upgrade entries, as long as they are there. A restored keyring opens by the root key that was
    /// handed over with it. After an error the keys stay as they were.
    pub fn adopt<E>(&self, read: impl Fn(&str) -> Result<Option<Vec<u8>>, E>) -> Result<(), AdoptError<E>> {
        let current = self.keyring();
        let record = read(KEYRING_PATH).map_err(AdoptError::Read)?.ok_or(AdoptError::Missing)?;
        let refused = match Keyring::open(current.root(), &record) {
            Ok(keyring) => {
                self.replace(keyring);
                return Ok(());
            }
            Err(OpenKeyringError::InvalidKey) => OpenKeyringError::InvalidKey,
            Err(other) => return Err(AdoptError::Open(other)),
        };
        let newest = upgraded((*current).clone(), &read)?;
        for path in [ROOT_KEY_PATH, OPENBAO_ROOT_KEY_PATH, HANDOVER_PATH] {
            let entry = read(path).map_err(AdoptError::Read)?;
            let root = entry.and_then(|entry| newest.read_root_key(path, &entry));
            if let Some(Ok(keyring)) = root.map(|root| Keyring::open(&root, &record)) {
                self.replace(keyring);
                return Ok(());
            }
        }
        Err(AdoptError::Open(refused))
    }
}

fn upgraded<E>(
    mut keyring: Keyring,
    read: &impl Fn(&str) -> Result<Option<Vec<u8>>, E>,
) -> Result<Keyring, AdoptError<E>> {
    while let Some(entry) = read(&upgrade_path(keyring.active().term)).map_err(AdoptError::Read)? {
        match keyring.with_upgrade(&entry) {
            Some(next) => keyring = next,
            None => break,
        }
    }
    Ok(keyring)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::convert::Infallible;

    use super::*;
    use crate::barrier::KeyringChange;
    use crate::secret_key::SecretKey;

    type Records = BTreeMap<String, Vec<u8>>;

    fn now() -> time::OffsetDateTime {
        time::macros::datetime!(2026-11-23 20:00 UTC)
    }

    /// Two nodes over the same records, and the unseal key.
    fn nodes() -> (Barrier, Barrier, Records, SecretKey) {
        let keyring = Keyring::generate(now()).unwrap();
        let mut records = Records::new();
        let first = keyring.records().unwrap();
        records.extend(first.puts.into_iter().map(|record| (record.path, record.value)));
        (Barrier::new(keyring.clone()), Barrier::new(keyring), records, SecretKey::generate().unwrap())
    }

    fn store(records: &mut Records, barrier: &Barrier, change: KeyringChange) {
        for path in &change.records().deletes {
            records.remove(path);
        }
        records.extend(change.records().puts.iter().map(|record| (record.path.clone(), record.value.clone())));
        barrier.install(change);
    }

    fn adopt(barrier: &Barrier, records: &Records) -> Result<(), AdoptError<Infallible>> {
        barrier.adopt(|path| Ok(records.get(path).cloned()))
    }

    #[test]
    fn a_rotation_is_followed() {
        let (active, standby, mut records, _) = nodes();
        let change = active.plan_rotation(now()).unwrap();
        store(&mut records, &active, change);
        adopt(&standby, &records).unwrap();
        let entry = active.encrypt("p", b"x").unwrap();
        assert_eq!(standby.decrypt("p", &entry).unwrap().as_slice(), b"x");
        assert_eq!(standby.key_status().term, 2);
    }

    #[test]
    fn a_new_root_key_after_a_rotation_is_followed_over_the_upgrade_entry() {
        let (active, standby, mut records, unseal_key) = nodes();
        let change = active.plan_rotation(now()).unwrap();
        store(&mut records, &active, change);
        let change = active.plan_root_key(&unseal_key).unwrap();
        store(&mut records, &active, change);
        adopt(&standby, &records).unwrap();
        assert!(standby.is_root_key(active.keyring().root()));
        assert_eq!(standby.key_status().term, 2);
    }

    #[test]
    fn openbaos_path_for_the_root_key_is_read() {
        let (active, standby, mut records, unseal_key) = nodes();
        let change = active.plan_root_key(&unseal_key).unwrap();
        store(&mut records, &active, change);
        let json = active.decrypt(ROOT_KEY_PATH, &records.remove(ROOT_KEY_PATH).unwrap()).unwrap();
        records.insert(OPENBAO_ROOT_KEY_PATH.into(), active.encrypt(OPENBAO_ROOT_KEY_PATH, &json).unwrap());
        adopt(&standby, &records).unwrap();
        assert!(standby.is_root_key(active.keyring().root()));
    }

    #[test]
    fn without_a_way_to_the_root_key_the_old_keys_stay() {
        let (active, standby, mut records, unseal_key) = nodes();
        let change = active.plan_rotation(now()).unwrap();
        store(&mut records, &active, change);
        let change = active.plan_root_key(&unseal_key).unwrap();
        store(&mut records, &active, change);
        records.remove("core/upgrade/1");
        assert!(matches!(adopt(&standby, &records), Err(AdoptError::Open(OpenKeyringError::InvalidKey))));
        assert_eq!(standby.key_status().term, 1);
        records.remove(KEYRING_PATH);
        assert!(matches!(adopt(&standby, &records), Err(AdoptError::Missing)));
    }
}
