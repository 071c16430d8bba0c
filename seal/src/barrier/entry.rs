//! One encrypted entry, in Vault's barrier format: key term (u32, big endian), version byte, 12-byte nonce, then
//! the AES-256-GCM ciphertext and its 16-byte tag. Version 2 has the storage path as additional data, so that an
//! entry moved to another path does not open; version 1, written before Vault 0.3, has none.

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce, Tag};
use zeroize::Zeroizing;

use crate::secret_key::{EntropyError, SecretKey};

/// Bytes that an entry is longer than its plaintext.
pub const ENTRY_OVERHEAD: usize = HEADER_LEN + NONCE_LEN + TAG_LEN;

const TERM_LEN: usize = 4;
const HEADER_LEN: usize = TERM_LEN + 1;
const NONCE_LEN: usize = 12;
const TAG_LEN: usize = 16;

const VERSION_WITHOUT_PATH: u8 = 1;
const VERSION: u8 = 2;

/// Nothing was encrypted.
#[derive(Debug, thiserror::Error)]
pub enum EncryptError {
    /// No nonce could be made.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// More than AES-GCM can take in one message (64 GiB).
    #[error("plaintext value too large")]
    TooLarge,
}

/// An entry that does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecryptError {
    /// Shorter than the header, nonce and tag.
    #[error("invalid cipher length")]
    TooShort,
    /// A version byte of no known format.
    #[error("version bytes mis-match")]
    UnknownVersion(u8),
    /// Written under a key that this keyring does not hold.
    #[error("no decryption key available for term {0}")]
    UnknownTerm(u32),
    /// Damaged, forged, moved from another path, or written under another key.
    #[error("decryption failed: cipher: message authentication failed")]
    NotAuthentic,
}

/// An AES-256-GCM key schedule, made once a key.
pub(crate) struct EntryCipher(Aes256Gcm);

impl EntryCipher {
    pub(crate) fn new(key: &SecretKey) -> Self {
        Self(Aes256Gcm::new(key.bytes().into()))
    }

    /// The entry for `plain` at `path`; allocates once.
    pub(crate) fn seal(&self, term: u32, path: &str, plain: &[u8]) -> Result<Vec<u8>, EncryptError> {
        let mut entry = Vec::with_capacity(ENTRY_OVERHEAD.checked_add(plain.len()).ok_or(EncryptError::TooLarge)?);
        entry.extend_from_slice(&term.to_be_bytes());
        entry.push(VERSION);
        self.append_sealed(&mut entry, path.as_bytes(), plain)?;
        Ok(entry)
    }

    /// The plaintext of an entry whose term this key belongs to.
    pub(crate) fn open(&self, path: &str, entry: &[u8]) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
        let (header, sealed) = entry.split_at_checked(HEADER_LEN).ok_or(DecryptError::TooShort)?;
        match header[TERM_LEN] {
            VERSION => self.open_sealed(path.as_bytes(), sealed),
            VERSION_WITHOUT_PATH => self.open_sealed(b"", sealed),
            other => Err(DecryptError::UnknownVersion(other)),
        }
    }

    /// Nonce, ciphertext and tag, without an entry's header; what the seal's own records hold.
    pub(crate) fn append_sealed(&self, out: &mut Vec<u8>, aad: &[u8], plain: &[u8]) -> Result<(), EncryptError> {
        let mut nonce = Nonce::default();
        getrandom::fill(&mut nonce).map_err(EntropyError::from)?;
        out.reserve_exact(NONCE_LEN + plain.len() + TAG_LEN);
        out.extend_from_slice(&nonce);
        let start = out.len();
        out.extend_from_slice(plain);
        let tag = self
            .0
            .encrypt_inout_detached(&nonce, aad, out[start..].as_mut().into())
            .map_err(|_| EncryptError::TooLarge)?;
        out.extend_from_slice(&tag);
        Ok(())
    }

    /// The inverse of [`EntryCipher::append_sealed`].
    pub(crate) fn open_sealed(&self, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(DecryptError::TooShort)?;
        let (sealed, tag) = sealed.split_last_chunk::<TAG_LEN>().ok_or(DecryptError::TooShort)?;
        let mut plain = Zeroizing::new(sealed.to_vec());
        self.0
            .decrypt_inout_detached(&Nonce::from(*nonce), aad, plain.as_mut_slice().into(), &Tag::from(*tag))
            .map_err(|_| DecryptError::NotAuthentic)?;
        Ok(plain)
    }
}

/// The term in an entry's header.
pub(crate) fn entry_term(entry: &[u8]) -> Result<u32, DecryptError> {
    entry.first_chunk().map(|term| u32::from_be_bytes(*term)).ok_or(DecryptError::TooShort)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cipher(byte: u8) -> EntryCipher {
        EntryCipher::new(&SecretKey::from_slice(&[byte; 32]).unwrap())
    }

    #[test]
    fn the_header_is_term_and_version() {
        let entry = cipher(1).seal(0x0102_0304, "logical/a", b"value").unwrap();
        assert_eq!(entry[..5], [1, 2, 3, 4, 2]);
        assert_eq!(entry.len(), 5 + ENTRY_OVERHEAD);
        assert_eq!(entry.capacity(), entry.len());
        assert_eq!(entry_term(&entry), Ok(0x0102_0304));
    }

    #[test]
    fn an_entry_opens_only_at_its_path_and_under_its_key() {
        let entry = cipher(1).seal(1, "logical/a", b"value").unwrap();
        assert_eq!(cipher(1).open("logical/a", &entry).unwrap().as_slice(), b"value");
        assert_eq!(cipher(1).open("logical/b", &entry), Err(DecryptError::NotAuthentic));
        assert_eq!(cipher(2).open("logical/a", &entry), Err(DecryptError::NotAuthentic));
    }

    #[test]
    fn version_one_has_no_path() {
        let mut entry = vec![0, 0, 0, 1, 1];
        cipher(1).append_sealed(&mut entry, b"", b"old").unwrap();
        assert_eq!(cipher(1).open("any/path", &entry).unwrap().as_slice(), b"old");
        entry[4] = 2;
        assert_eq!(cipher(1).open("any/path", &entry), Err(DecryptError::NotAuthentic));
        entry[4] = 3;
        assert_eq!(cipher(1).open("any/path", &entry), Err(DecryptError::UnknownVersion(3)));
    }

    #[test]
    fn the_nonce_is_new_each_time() {
        let seal = || cipher(1).seal(1, "p", b"same").unwrap();
        assert_ne!(seal(), seal());
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens(path in ".*", plain in proptest::collection::vec(any::<u8>(), 0..300)) {
            let entry = cipher(7).seal(9, &path, &plain).unwrap();
            let opened = cipher(7).open(&path, &entry).unwrap();
            prop_assert_eq!(opened.as_slice(), plain.as_slice());
        }

        #[test]
        fn a_changed_bit_does_not_open(at in any::<proptest::sample::Index>(), bit in 0u8..8) {
            let mut entry = cipher(7).seal(9, "p", b"some plaintext").unwrap();
            let at = 4 + at.index(entry.len() - 4);
            entry[at] ^= 1 << bit;
            prop_assert!(cipher(7).open("p", &entry).is_err());
        }

        #[test]
        fn no_bytes_panic(entry in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = entry_term(&entry);
            prop_assert!(cipher(7).open("p", &entry).is_err());
        }
    }
}
