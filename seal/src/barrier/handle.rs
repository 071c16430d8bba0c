//! The barrier that everything is encrypted by: a handle that is cheap to share and takes no lock to use.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::change::KeyringChange;
use super::entry::{DecryptError, EncryptError};
use super::keyring::{Keyring, WriteKeyringError};
use super::rotation::{RotationConfig, RotationConfigError, RotationReason};
use crate::record::UNSEAL_KEY_PATH;
use crate::secret_key::SecretKey;
use crate::stored_keys::write_stored_keys;

/// Encrypts and decrypts entries in Vault's barrier format. It only exists unsealed: to seal is to drop every clone,
/// and the keys are wiped with the last of them.
///
/// A change of keys is planned here (`plan_*`), stored by the caller in one commit on the condition that
/// `core/keyring` has not changed since, and only then takes effect: by [`Barrier::install`] where it was planned, by
/// [`Barrier::adopt`](Barrier::adopt) on the other nodes.
#[derive(Clone)]
pub struct Barrier(Arc<Inner>);

struct Inner {
    keyring: ArcSwap<Keyring>,
    /// Encryptions under the active key that are not in its stored count.
    uncounted: AtomicU64,
}

/// The active data key: `sys/key-status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyStatus {
    /// Number of the key, from 1.
    pub term: u32,
    /// When it was made.
    pub install_time: OffsetDateTime,
    /// Encryptions under it: those stored and those of this node since.
    pub encryptions: u64,
}

impl Barrier {
    pub(crate) fn new(keyring: Keyring) -> Self {
        Self(Arc::new(Inner { keyring: ArcSwap::from_pointee(keyring), uncounted: AtomicU64::new(0) }))
    }

    /// The entry to store at `path`, under the active key. One allocation.
    pub fn encrypt(&self, path: &str, plain: &[u8]) -> Result<Vec<u8>, EncryptError> {
        let keyring = self.0.keyring.load();
        let key = keyring.active();
        let entry = key.cipher.seal(key.term, path, plain)?;
        self.0.uncounted.fetch_add(1, Ordering::Relaxed);
        Ok(entry)
    }

    /// The plaintext of the entry stored at `path`, under whichever key it was written.
    pub fn decrypt(&self, path: &str, entry: &[u8]) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
        self.0.keyring.load().decrypt(path, entry)
    }

    /// The active key's number, age and use.
    pub fn key_status(&self) -> KeyStatus {
        let keyring = self.keyring();
        let key = keyring.active();
        KeyStatus { term: key.term, install_time: key.installed, encryptions: self.encryptions(&keyring) }
    }

    /// Keys held, one a term.
    pub fn terms(&self) -> usize {
        self.keyring().terms()
    }

    /// When keys are replaced by themselves.
    pub fn rotation_config(&self) -> RotationConfig {
        self.keyring().rotation
    }

    /// Whether the active key ought to be replaced at `now`.
    pub fn rotation_due(&self, now: OffsetDateTime) -> Option<RotationReason> {
        let keyring = self.keyring();
        // A key without an install time (Go's year 1) is not judged by its age.
        let installed = keyring.active().installed;
        let age = if installed.year() <= 1 { Duration::ZERO } else { (now - installed).try_into().unwrap_or_default() };
        keyring.rotation.due(age, self.encryptions(&keyring), keyring.counted() > 0)
    }

    /// A new data key. Everything under older keys stays readable.
    pub fn plan_rotation(&self, now: OffsetDateTime) -> Result<KeyringChange, WriteKeyringError> {
        let base = self.keyring();
        let next = base.with_next_key(now)?;
        let upgrade = next.upgrade_record()?;
        self.plan(base, next, 0).map(|change| change.with(upgrade))
    }

    /// A new root key, encrypted by the unseal key that lies behind the barrier; the shares stay as they are.
    /// `unseal_key_record` is what is stored at `core/shamir-kek`.
    pub fn plan_root_rotation(&self, unseal_key_record: &[u8]) -> Result<KeyringChange, RotateRootError> {
        let unseal_key = self.decrypt(UNSEAL_KEY_PATH, unseal_key_record)?;
        let unseal_key = SecretKey::from_slice(&unseal_key).ok_or(RotateRootError::UnsealKeyLength)?;
        Ok(self.plan_root_key(&unseal_key)?)
    }

    /// Another configuration for automatic rotation; `None` where nothing changes.
    pub fn plan_rotation_config(&self, config: RotationConfig) -> Result<Option<KeyringChange>, SetRotationError> {
        config.validate()?;
        let base = self.keyring();
        if config == base.rotation {
            return Ok(None);
        }
        let next = base.with_rotation(config);
        Ok(Some(self.plan(base, next, 0)?))
    }

    /// The count of encryptions, to be stored every few minutes; `None` where there were none since.
    pub fn plan_encryption_count(&self) -> Result<Option<KeyringChange>, WriteKeyringError> {
        let base = self.keyring();
        let uncounted = self.0.uncounted.load(Ordering::Relaxed);
        if uncounted == 0 {
            return Ok(None);
        }
        // To store the count is itself an encryption, and must not call for being counted.
        let next = base.with_counted(uncounted.saturating_add(1));
        self.plan(base, next, uncounted).map(Some)
    }

    /// Puts a stored change into effect where it was planned. Where the keyring has changed since (the change was
    /// already adopted), nothing is replaced.
    pub fn install(&self, change: KeyringChange) {
        let KeyringChange { base, next, accounted, .. } = change;
        let rotated = base.active().term != next.active().term;
        let seen = self.0.keyring.compare_and_swap(&base, next);
        if rotated && Arc::ptr_eq(&seen, &base) {
            self.0.uncounted.store(0, Ordering::Relaxed);
        } else {
            self.take_from_uncounted(accounted);
        }
    }

    pub(crate) fn plan_root_key(&self, unseal_key: &SecretKey) -> Result<KeyringChange, WriteKeyringError> {
        let base = self.keyring();
        let next = base.with_root(SecretKey::generate()?);
        let stored = write_stored_keys(unseal_key, next.root())?;
        self.plan(base, next, 0).map(|change| change.with(stored))
    }

    pub(crate) fn is_root_key(&self, key: &SecretKey) -> bool {
        self.keyring().root() == key
    }

    pub(crate) fn keyring(&self) -> Arc<Keyring> {
        self.0.keyring.load_full()
    }

    pub(crate) fn replace(&self, keyring: Keyring) {
        let term = keyring.active().term;
        if self.0.keyring.swap(Arc::new(keyring)).active().term != term {
            self.0.uncounted.store(0, Ordering::Relaxed);
        }
    }

    fn plan(&self, base: Arc<Keyring>, next: Keyring, accounted: u64) -> Result<KeyringChange, WriteKeyringError> {
        Ok(KeyringChange { records: next.records()?, base, next: Arc::new(next), accounted })
    }

    fn encryptions(&self, keyring: &Keyring) -> u64 {
        keyring.counted().saturating_add(self.0.uncounted.load(Ordering::Relaxed))
    }

    fn take_from_uncounted(&self, accounted: u64) {
        let taken = |uncounted: u64| Some(uncounted.saturating_sub(accounted));
        // The closure always gives a value, so this cannot fail.
        let _ = self.0.uncounted.fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken);
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier").field("term", &self.keyring().active().term).finish_non_exhaustive()
    }
}

/// A new root key that could not be planned.
#[derive(Debug, thiserror::Error)]
pub enum RotateRootError {
    /// The record at `core/shamir-kek` does not open.
    #[error("the unseal key behind the barrier cannot be read: {0}")]
    UnsealKey(#[from] DecryptError),
    /// The record at `core/shamir-kek` is not a 256-bit key.
    #[error("the unseal key behind the barrier does not have 256 bits")]
    UnsealKeyLength,
    /// See [`WriteKeyringError`].
    #[error(transparent)]
    Write(#[from] WriteKeyringError),
}

/// A rotation configuration that was not planned.
#[derive(Debug, thiserror::Error)]
pub enum SetRotationError {
    /// Out of bounds.
    #[error(transparent)]
    Bounds(#[from] RotationConfigError),
    /// See [`WriteKeyringError`].
    #[error(transparent)]
    Write(#[from] WriteKeyringError),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::KEYRING_PATH;

    fn now() -> OffsetDateTime {
        time::macros::datetime!(2026-11-23 20:00 UTC)
    }

    fn barrier() -> Barrier {
        Barrier::new(Keyring::generate(now()).unwrap())
    }

    #[test]
    fn entries_of_older_terms_stay_readable() {
        let barrier = barrier();
        let old = barrier.encrypt("p", b"old").unwrap();
        let change = barrier.plan_rotation(now()).unwrap();
        assert_eq!(barrier.key_status().term, 1, "a plan alone changes nothing");
        barrier.install(change);
        let new = barrier.encrypt("p", b"new").unwrap();
        assert_eq!(new[..4], [0, 0, 0, 2]);
        assert_eq!(barrier.decrypt("p", &old).unwrap().as_slice(), b"old");
        assert_eq!(barrier.decrypt("p", &new).unwrap().as_slice(), b"new");
        assert_eq!(barrier.key_status(), KeyStatus { term: 2, install_time: now(), encryptions: 1 });
    }

    #[test]
    fn a_term_not_held_is_named() {
        let barrier = barrier();
        let mut entry = barrier.encrypt("p", b"x").unwrap();
        entry[3] = 9;
        assert_eq!(barrier.decrypt("p", &entry), Err(DecryptError::UnknownTerm(9)));
        assert_eq!(barrier.decrypt("p", &[]), Err(DecryptError::TooShort));
    }

    #[test]
    fn the_count_is_stored_once() {
        let barrier = barrier();
        assert!(barrier.plan_encryption_count().unwrap().is_none());
        for _ in 0..5 {
            let _ = barrier.encrypt("p", b"x").unwrap();
        }
        let change = barrier.plan_encryption_count().unwrap().unwrap();
        let _ = barrier.encrypt("p", b"x").unwrap();
        barrier.install(change);
        assert_eq!(barrier.key_status().encryptions, 7, "six, and the storing of five of them");
        assert_eq!(barrier.keyring().counted(), 6);
    }

    #[test]
    fn a_change_planned_on_an_older_keyring_replaces_nothing() {
        let barrier = barrier();
        let late = barrier.plan_rotation(now()).unwrap();
        for _ in 0..2 {
            let change = barrier.plan_rotation(now()).unwrap();
            barrier.install(change);
        }
        barrier.install(late);
        assert_eq!(barrier.key_status().term, 3);
        assert_eq!(barrier.terms(), 3);
    }

    #[test]
    fn a_change_follows_only_the_keyring_it_was_planned_on() {
        let barrier = barrier();
        let record = |change: &KeyringChange| change.records().value(KEYRING_PATH).unwrap().to_vec();
        let first = barrier.plan_rotation(now()).unwrap();
        let late = barrier.plan_rotation(now()).unwrap();
        let stored = record(&first);
        barrier.install(first);
        assert!(!late.follows(&stored), "it would drop the key of the first");
        let second = barrier.plan_rotation(now()).unwrap();
        assert!(second.follows(&stored));
        assert!(!second.follows(&record(&barrier.plan_root_key(&SecretKey::generate().unwrap()).unwrap())));
        assert!(!second.follows(b""));
        let _ = barrier.encrypt("p", b"x").unwrap();
        let counted = barrier.plan_encryption_count().unwrap().unwrap();
        assert!(second.follows(&record(&counted)), "a count alone drops no key");
    }

    #[test]
    fn a_key_past_its_operations_is_due_and_its_successor_is_not() {
        let barrier = barrier();
        let config = RotationConfig { max_operations: 1_000_000, ..RotationConfig::default() };
        let change = barrier.plan_rotation_config(config).unwrap().unwrap();
        barrier.install(change);
        assert!(barrier.plan_rotation_config(config).unwrap().is_none());
        assert_eq!(barrier.rotation_due(now()), None);
        barrier.0.uncounted.store(1_000_001, Ordering::Relaxed);
        assert_eq!(barrier.rotation_due(now()), Some(RotationReason::MaxOperations));
        let change = barrier.plan_rotation(now()).unwrap();
        barrier.install(change);
        assert_eq!(barrier.rotation_due(now()), None);
        assert_eq!(barrier.rotation_config(), config);
    }

    #[test]
    fn debug_holds_no_key() {
        assert_eq!(format!("{:?}", barrier()), "Barrier { term: 1, .. }");
    }
}
