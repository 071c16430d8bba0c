//! All data keys by term and the root key that encrypts them: Vault's `core/keyring`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::entry::{DecryptError, EncryptError, EntryCipher, entry_term};
use super::rotation::{EncodedRotationConfig, RotationConfig};
use super::term_key::{EncodedKey, KEY_JSON_MAX, TermKey, secret_json};
use crate::record::{KEYRING_PATH, OPENBAO_ROOT_KEY_PATH, ROOT_KEY_PATH, RecordChanges, UPGRADE_PREFIX};
use crate::secret_key::{EntropyError, SecretKey};

/// The term in the header of what the root key encrypts.
const ROOT_TERM: u32 = 1;

/// One state of the keyring; a change makes another. Cheap to clone: the keys are shared.
#[derive(Clone)]
pub(crate) struct Keyring {
    root: SecretKey,
    keys: BTreeMap<u32, Arc<TermKey>>,
    active: Arc<TermKey>,
    /// Encryptions under the active key, as far as they have been stored.
    counted: u64,
    pub(crate) rotation: RotationConfig,
}

/// A stored keyring that can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenKeyringError {
    /// The root key is another one.
    #[error("unseal failed, invalid key")]
    InvalidKey,
    /// The record is not one that a root key encrypted.
    #[error("term mis-match")]
    TermMismatch,
    /// The record is damaged, or of an unknown format.
    #[error("the keyring cannot be read: {0}")]
    Damaged(DecryptError),
    /// It opened, and is no keyring of 256-bit keys.
    #[error("keyring deserialization failed (line {line}, column {column})")]
    Malformed {
        /// Line of the JSON.
        line: usize,
        /// Column of the JSON.
        column: usize,
    },
}

/// A change of the keyring that could not be written down.
#[derive(Debug, thiserror::Error)]
pub enum WriteKeyringError {
    /// See [`EncryptError`].
    #[error("the keyring could not be encrypted: {0}")]
    Encrypt(#[from] EncryptError),
    /// See [`EntropyError`].
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// A time that has no RFC 3339 form.
    #[error("the keyring could not be encoded")]
    Encode,
    /// 2^32 - 1 rotations.
    #[error("there is no term after the current one")]
    TermsExhausted,
}

impl Keyring {
    /// A keyring with one new data key, of term 1, and a new root key.
    pub(crate) fn generate(now: OffsetDateTime) -> Result<Self, EntropyError> {
        let active = Arc::new(TermKey::new(1, SecretKey::generate()?, now));
        Ok(Self {
            root: SecretKey::generate()?,
            keys: BTreeMap::from([(1, Arc::clone(&active))]),
            active,
            counted: 0,
            rotation: RotationConfig::default(),
        })
    }

    /// Opens the record at `core/keyring`.
    pub(crate) fn open(root: &SecretKey, record: &[u8]) -> Result<Self, OpenKeyringError> {
        if entry_term(record).map_err(OpenKeyringError::Damaged)? != ROOT_TERM {
            return Err(OpenKeyringError::TermMismatch);
        }
        let json = EntryCipher::new(root).open(KEYRING_PATH, record).map_err(|error| match error {
            DecryptError::NotAuthentic => OpenKeyringError::InvalidKey,
            other => OpenKeyringError::Damaged(other),
        })?;
        // A message of serde_json could hold a part of a key; its position can't.
        let encoded: DecodedKeyring = serde_json::from_slice(&json)
            .map_err(|error| OpenKeyringError::Malformed { line: error.line(), column: error.column() })?;
        let counted = encoded.keys.iter().max_by_key(|key| key.term).map_or(0, |key| key.encryptions);
        let keys: BTreeMap<u32, Arc<TermKey>> =
            encoded.keys.into_iter().map(|key| (key.term, Arc::new(key.into_term_key()))).collect();
        let active = keys.last_key_value().map(|(_, key)| Arc::clone(key));
        let active = active.ok_or(OpenKeyringError::Malformed { line: 1, column: 1 })?;
        Ok(Self { root: encoded.root, keys, active, counted, rotation: encoded.rotation.into() })
    }

    pub(crate) fn root(&self) -> &SecretKey {
        &self.root
    }

    pub(crate) fn active(&self) -> &TermKey {
        &self.active
    }

    pub(crate) fn counted(&self) -> u64 {
        self.counted
    }

    pub(crate) fn terms(&self) -> usize {
        self.keys.len()
    }

    /// The key of a term.
    pub(crate) fn key(&self, term: u32) -> Option<&TermKey> {
        if term == self.active.term { Some(&self.active) } else { self.keys.get(&term).map(AsRef::as_ref) }
    }

    /// The same root key, data keys and configuration; the count may differ.
    pub(crate) fn has_same_keys(&self, other: &Self) -> bool {
        self.root == other.root
            && self.rotation == other.rotation
            && self.keys.len() == other.keys.len()
            && self
                .keys
                .iter()
                .zip(&other.keys)
                .all(|((_, ours), (_, theirs))| ours.term == theirs.term && ours.secret == theirs.secret)
    }

    /// Opens an entry under the key of the term that it names.
    pub(crate) fn decrypt(&self, path: &str, entry: &[u8]) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
        let term = entry_term(entry)?;
        self.key(term).ok_or(DecryptError::UnknownTerm(term))?.cipher.open(path, entry)
    }

    /// With a new data key after the active one.
    pub(crate) fn with_next_key(&self, now: OffsetDateTime) -> Result<Self, WriteKeyringError> {
        let term = self.active.term.checked_add(1).ok_or(WriteKeyringError::TermsExhausted)?;
        Ok(self.with_key(TermKey::new(term, SecretKey::generate()?, now)))
    }

    /// With this root key.
    pub(crate) fn with_root(&self, root: SecretKey) -> Self {
        Self { root, ..self.clone() }
    }

    /// With this configuration.
    pub(crate) fn with_rotation(&self, rotation: RotationConfig) -> Self {
        Self { rotation, ..self.clone() }
    }

    /// With so many more encryptions under the active key.
    pub(crate) fn with_counted(&self, more: u64) -> Self {
        Self { counted: self.counted.saturating_add(more), ..self.clone() }
    }

    /// With the key in an upgrade entry (at `core/upgrade/<active term>`), which has to be of the next term.
    pub(crate) fn with_upgrade(&self, entry: &[u8]) -> Option<Self> {
        let json = self.decrypt(&upgrade_path(self.active.term), entry).ok()?;
        let key: EncodedKey = serde_json::from_slice(&json).ok()?;
        (Some(key.term) == self.active.term.checked_add(1)).then(|| self.with_key(key.into_term_key()))
    }

    /// The root key in a record at `core/master` (or OpenBao's path for it).
    pub(crate) fn read_root_key(&self, path: &str, entry: &[u8]) -> Option<SecretKey> {
        let json = self.decrypt(path, entry).ok()?;
        serde_json::from_slice::<EncodedKey>(&json).ok().map(|key| key.value)
    }

    /// The root key of another keyring, at `path` under the active key of this one; read by [`Keyring::read_root_key`].
    pub(crate) fn hand_over(&self, path: &str, other: &Self) -> Result<Vec<u8>, WriteKeyringError> {
        let json =
            secret_json(&EncodedKey::of_root(&other.root), KEY_JSON_MAX).map_err(|_| WriteKeyringError::Encode)?;
        Ok(self.active.cipher.seal(self.active.term, path, &json)?)
    }

    /// The records of this keyring: itself under the root key, and the root key under the active data key.
    pub(crate) fn records(&self) -> Result<RecordChanges, WriteKeyringError> {
        let json = secret_json(&EncodedKeyring::of(self), KEY_JSON_MAX * (self.keys.len() + 1))
            .map_err(|_| WriteKeyringError::Encode)?;
        let mut changes = RecordChanges::default();
        changes.put(KEYRING_PATH, EntryCipher::new(&self.root).seal(ROOT_TERM, KEYRING_PATH, &json)?);
        let json =
            secret_json(&EncodedKey::of_root(&self.root), KEY_JSON_MAX).map_err(|_| WriteKeyringError::Encode)?;
        changes.put(ROOT_KEY_PATH, self.active.cipher.seal(self.active.term, ROOT_KEY_PATH, &json)?);
        changes.deletes.push(OPENBAO_ROOT_KEY_PATH.to_owned());
        Ok(changes)
    }

    /// The entry by which a node that holds the keys up to the one before the active learns the active one.
    pub(crate) fn upgrade_record(&self) -> Result<RecordChanges, WriteKeyringError> {
        let mut changes = RecordChanges::default();
        let Some(before) = self.active.term.checked_sub(1).and_then(|term| self.keys.get(&term)) else {
            return Ok(changes);
        };
        let json =
            secret_json(&EncodedKey::of(&self.active, 0), KEY_JSON_MAX).map_err(|_| WriteKeyringError::Encode)?;
        let path = upgrade_path(before.term);
        let entry = before.cipher.seal(before.term, &path, &json)?;
        changes.put(path, entry);
        // An older one would lead from an older key to this one for ever.
        if let Some(term) = before.term.checked_sub(1) {
            changes.deletes.push(upgrade_path(term));
        }
        Ok(changes)
    }

    fn with_key(&self, key: TermKey) -> Self {
        let active = Arc::new(key);
        let mut keys = self.keys.clone();
        keys.insert(active.term, Arc::clone(&active));
        Self { root: self.root.clone(), keys, active, counted: 0, rotation: self.rotation }
    }
}

/// Where the key after `term` lies for nodes that only hold the keys up to `term`. To be removed some minutes after
/// the rotation that made `term + 1`.
pub fn upgrade_path(term: u32) -> String {
    format!("{UPGRADE_PREFIX}{term}")
}

/// Vault's JSON of a keyring.
#[derive(Deserialize)]
struct DecodedKeyring {
    #[serde(rename = "MasterKey")]
    root: SecretKey,
    #[serde(rename = "Keys")]
    keys: Vec<EncodedKey>,
    #[serde(rename = "RotationConfig", default)]
    rotation: EncodedRotationConfig,
}

#[derive(Serialize)]
struct EncodedKeyring<'a> {
    #[serde(rename = "MasterKey")]
    root: &'a SecretKey,
    #[serde(rename = "Keys")]
    keys: Vec<EncodedKey>,
    #[serde(rename = "RotationConfig")]
    rotation: EncodedRotationConfig,
}

impl<'a> EncodedKeyring<'a> {
    fn of(keyring: &'a Keyring) -> Self {
        let counted = |key: &TermKey| {
            if key.term == keyring.active.term { keyring.counted } else { 0 }
        };
        Self {
            root: &keyring.root,
            keys: keyring.keys.values().map(|key| EncodedKey::of(key, counted(key))).collect(),
            rotation: keyring.rotation.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> OffsetDateTime {
        time::macros::datetime!(2026-11-23 20:00:00.5 UTC)
    }

    fn reopened(keyring: &Keyring) -> Keyring {
        let records = keyring.records().unwrap();
        Keyring::open(&keyring.root, records.value(KEYRING_PATH).unwrap()).unwrap()
    }

    #[test]
    fn a_keyring_survives_its_record() {
        let keyring = Keyring::generate(now()).unwrap().with_next_key(now()).unwrap().with_counted(12);
        let again = reopened(&keyring);
        assert_eq!(again.active.term, 2);
        assert_eq!(again.counted, 12);
        assert_eq!(again.active.installed, now());
        assert_eq!(again.root, keyring.root);
        assert_eq!(again.key(1).unwrap().secret, keyring.key(1).unwrap().secret);
        assert_eq!(again.rotation, RotationConfig::default());
    }

    #[test]
    fn another_root_key_is_an_invalid_key() {
        let records = Keyring::generate(now()).unwrap().records().unwrap();
        let error = Keyring::open(&SecretKey::generate().unwrap(), records.value(KEYRING_PATH).unwrap());
        assert_eq!(error.err(), Some(OpenKeyringError::InvalidKey));
    }

    #[test]
    fn a_record_of_another_term_or_cut_short_is_named() {
        let keyring = Keyring::generate(now()).unwrap();
        let mut record = keyring.records().unwrap().value(KEYRING_PATH).unwrap().to_vec();
        assert_eq!(
            Keyring::open(&keyring.root, &record[..3]).err(),
            Some(OpenKeyringError::Damaged(DecryptError::TooShort))
        );
        record[3] = 2;
        assert_eq!(Keyring::open(&keyring.root, &record).err(), Some(OpenKeyringError::TermMismatch));
    }

    #[test]
    fn what_opens_and_is_no_keyring_is_malformed() {
        let root = SecretKey::generate().unwrap();
        for json in [&b"{}"[..], b"", b"[1]", br#"{"MasterKey":"c2hvcnQ=","Keys":[]}"#] {
            let record = EntryCipher::new(&root).seal(1, KEYRING_PATH, json).unwrap();
            let error = Keyring::open(&root, &record).err();
            assert!(matches!(error, Some(OpenKeyringError::Malformed { .. })), "{error:?}");
        }
        let json = secret_json(
            &serde_json::json!({"MasterKey": serde_json::to_value(&root).unwrap(), "Keys": []}),
            KEY_JSON_MAX,
        );
        let record = EntryCipher::new(&root).seal(1, KEYRING_PATH, &json.unwrap()).unwrap();
        assert!(matches!(Keyring::open(&root, &record).err(), Some(OpenKeyringError::Malformed { .. })));
    }

    #[test]
    fn an_upgrade_entry_leads_to_the_next_key_only() {
        let first = Keyring::generate(now()).unwrap();
        let second = first.with_next_key(now()).unwrap();
        let third = second.with_next_key(now()).unwrap();
        let upgrade = second.upgrade_record().unwrap();
        let entry = upgrade.value("core/upgrade/1").unwrap();
        let upgraded = first.with_upgrade(entry).unwrap();
        assert_eq!(upgraded.active.term, 2);
        assert_eq!(upgraded.active.secret, second.active.secret);
        let later = third.upgrade_record().unwrap();
        assert_eq!(later.deletes, ["core/upgrade/1"]);
        assert!(first.with_upgrade(later.value("core/upgrade/2").unwrap()).is_none());
    }

    #[test]
    fn a_key_that_is_replaced_keeps_no_count() {
        let keyring = Keyring::generate(now()).unwrap().with_counted(9).with_next_key(now()).unwrap();
        assert_eq!(keyring.counted, 0);
    }

    #[test]
    fn the_json_fits_its_buffer() {
        let mut keyring = Keyring::generate(now()).unwrap();
        for _ in 0..20 {
            keyring = keyring.with_next_key(now()).unwrap();
        }
        let capacity = KEY_JSON_MAX * (keyring.terms() + 1);
        let json = secret_json(&EncodedKeyring::of(&keyring), capacity).unwrap();
        assert!(json.len() <= capacity);
    }
}
