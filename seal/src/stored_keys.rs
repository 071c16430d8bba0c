//! The root key under the unseal key, as Vault keeps it since 1.3 at `core/hsm/barrier-unseal-keys`: a protobuf
//! `BlobInfo` (go-kms-wrapping) whose ciphertext is nonce, AES-256-GCM ciphertext and tag, with no additional data, of
//! a JSON list that holds the one key in base64.

use prost::Message;
use zeroize::Zeroizing;

use crate::barrier::{DecryptError, EncryptError, EntryCipher, WriteKeyringError};
use crate::record::{RecordChanges, STORED_KEYS_PATH};
use crate::secret_key::SecretKey;

/// The stored root key can't be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoredKeysError {
    /// The unseal key is another one. The first words are those of Vault's "invalid key" errors.
    #[error("invalid key: failed to decrypt keys from storage: cipher: message authentication failed")]
    InvalidKey,
    /// The record is no `BlobInfo`, or too short.
    #[error("failed to proto decode stored keys")]
    Malformed,
    /// It opened, and holds no list of 256-bit keys.
    #[error("failed to decode stored keys")]
    NotKeys,
    /// Vault keeps one.
    #[error("expected exactly one stored key, got {0}")]
    Count(usize),
}

/// The fields of `BlobInfo` that a Shamir seal uses.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct BlobInfo {
    #[prost(bytes = "vec", tag = "1")]
    ciphertext: Vec<u8>,
    #[prost(message, optional, tag = "5")]
    key_info: Option<KeyInfo>,
}

#[derive(Clone, PartialEq, Eq, Message)]
struct KeyInfo {}

impl BlobInfo {
    /// The record that holds `plain` under a key.
    pub(crate) fn seal(key: &SecretKey, plain: &[u8]) -> Result<Vec<u8>, WriteKeyringError> {
        let mut ciphertext = Vec::new();
        EntryCipher::new(key).append_sealed(&mut ciphertext, b"", plain).map_err(|error: EncryptError| error)?;
        Ok(Self { ciphertext, key_info: Some(KeyInfo {}) }.encode_to_vec())
    }

    /// The inverse of [`BlobInfo::seal`].
    pub(crate) fn open(key: &SecretKey, record: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoredKeysError> {
        let blob = Self::decode(record).map_err(|_| StoredKeysError::Malformed)?;
        EntryCipher::new(key).open_sealed(b"", &blob.ciphertext).map_err(|error| match error {
            DecryptError::NotAuthentic => StoredKeysError::InvalidKey,
            _ => StoredKeysError::Malformed,
        })
    }
}

/// The record that holds `root` under `unseal_key`.
pub(crate) fn write_stored_keys(unseal_key: &SecretKey, root: &SecretKey) -> Result<RecordChanges, WriteKeyringError> {
    const JSON_LEN: usize = 48;
    let mut json = Zeroizing::new(Vec::with_capacity(JSON_LEN));
    serde_json::to_writer(&mut *json, &[root]).map_err(|_| WriteKeyringError::Encode)?;
    let mut changes = RecordChanges::default();
    changes.put(STORED_KEYS_PATH, BlobInfo::seal(unseal_key, &json)?);
    Ok(changes)
}

/// The inverse of [`write_stored_keys`].
pub(crate) fn read_stored_keys(unseal_key: &SecretKey, record: &[u8]) -> Result<SecretKey, StoredKeysError> {
    let json = BlobInfo::open(unseal_key, record)?;
    let mut keys: Vec<SecretKey> = serde_json::from_slice(&json).map_err(|_| StoredKeysError::NotKeys)?;
    match (keys.pop(), keys.len()) {
        (Some(key), 0) => Ok(key),
        (Some(_), more) => Err(StoredKeysError::Count(more + 1)),
        (None, _) => Err(StoredKeysError::Count(0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(byte: u8) -> SecretKey {
        SecretKey::from_slice(&[byte; 32]).unwrap()
    }

    fn record() -> Vec<u8> {
        write_stored_keys(&key(1), &key(2)).unwrap().puts.remove(0).value
    }

    #[test]
    fn the_root_key_comes_back() {
        assert_eq!(read_stored_keys(&key(1), &record()), Ok(key(2)));
    }

    #[test]
    fn the_record_has_the_length_and_framing_of_vaults() {
        let record = record();
        assert_eq!(record.len(), 80);
        assert_eq!(record[..2], [0x0a, 76]);
        assert_eq!(record[78..], [0x2a, 0]);
    }

    #[test]
    fn another_unseal_key_is_an_invalid_key() {
        assert_eq!(read_stored_keys(&key(3), &record()), Err(StoredKeysError::InvalidKey));
    }

    #[test]
    fn a_list_of_another_length_is_named() {
        for (json, error) in [
            (&b"[]"[..], StoredKeysError::Count(0)),
            (b"7", StoredKeysError::NotKeys),
            (br#"["c2hvcnQ="]"#, StoredKeysError::NotKeys),
        ] {
            let mut blob = BlobInfo::default();
            EntryCipher::new(&key(1)).append_sealed(&mut blob.ciphertext, b"", json).unwrap();
            assert_eq!(read_stored_keys(&key(1), &blob.encode_to_vec()), Err(error));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(record in proptest::collection::vec(any::<u8>(), 0..120)) {
            prop_assert!(read_stored_keys(&key(1), &record).is_err());
        }
    }
}
