//! Proof that a node which joins and the cluster's leader hold the same unseal key, without either of them showing it.
//!
//! The key has 256 random bits, so nothing that is said here can be guessed at offline. Every text that is proved has a
//! purpose of its own with a key of its own, so that no answer serves for another question.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::barrier::{Barrier, DecryptError, EntryCipher, Keyring};
use crate::ceremony::{SealedRecords, UnsealError};
use crate::key_share::KeyShare;
use crate::record::UNSEAL_KEY_PATH;
use crate::secret_key::{KEY_LEN, SecretKey};
use crate::stored_keys::StoredKeysError;
use crate::unseal_key::{OpenRootKeyError, UnsealKey, combined};

/// Bytes of a proof.
pub const PROOF_LEN: usize = 32;

/// Bytes of SHA-256's block.
const BLOCK_LEN: usize = 64;

/// What a proof is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinPurpose {
    /// A challenge is this cluster's own: the leader proves it to itself, and so need not keep it.
    Challenge,
    /// The leader holds the key.
    Leader,
    /// The joining node holds the key.
    Joiner,
}

/// An unseal key, to join by. That of a joining node is what its shares gave, and may be none at all.
pub struct JoinKey(SecretKey);

/// The leader's unseal key can't be had.
#[derive(Debug, thiserror::Error)]
pub enum JoinKeyError {
    /// The record at `core/shamir-kek` does not open.
    #[error("the unseal key behind the barrier cannot be read: {0}")]
    Decrypt(#[from] DecryptError),
    /// It is not a 256-bit key.
    #[error("the unseal key behind the barrier has an impossible length")]
    Length,
}

/// A text sealed for the other side that does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text was not sealed by a holder of the unseal key, or not for this exchange")]
pub struct NotForThisJoin;

impl JoinKey {
    /// The leader's, from the record at `core/shamir-kek`.
    pub fn behind(barrier: &Barrier, unseal_key_record: &[u8]) -> Result<Self, JoinKeyError> {
        let key = barrier.decrypt(UNSEAL_KEY_PATH, unseal_key_record)?;
        SecretKey::from_slice(&key).map(Self).ok_or(JoinKeyError::Length)
    }

    pub(crate) fn from_shares(shares: &[KeyShare], threshold: usize) -> Result<Self, UnsealError> {
        let combined = combined(shares, threshold)?;
        match (SecretKey::from_slice(&combined), combined.len()) {
            (Some(key), _) => Ok(Self(key)),
            (None, 16 | 24) => Err(StoredKeysError::InvalidKey.into()),
            (None, len) => Err(UnsealError::KeySize(OpenRootKeyError::KeySize(len))),
        }
    }

    /// The proof of a text.
    pub fn prove(&self, purpose: JoinPurpose, text: &[u8]) -> [u8; PROOF_LEN] {
        self.mac(purpose, text).finalize().into_bytes().into()
    }

    /// Whether a proof is one; in constant time.
    #[must_use]
    pub fn verify(&self, purpose: JoinPurpose, text: &[u8], proof: &[u8]) -> bool {
        self.mac(purpose, text).verify_slice(proof).is_ok()
    }

    /// Seals what the leader gives a node that has proved itself; `exchange` is all that was said before.
    pub fn seal(&self, exchange: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
        let mut sealed = Vec::new();
        self.cipher(exchange)?.append_sealed(&mut sealed, b"", plain).ok()?;
        Some(sealed)
    }

    /// The inverse of [`JoinKey::seal`].
    ///
    /// # Errors
    /// Another key, another exchange, or damage.
    pub fn open(&self, exchange: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, NotForThisJoin> {
        self.cipher(exchange).ok_or(NotForThisJoin)?.open_sealed(b"", sealed).map_err(|_| NotForThisJoin)
    }

    /// Opens the barrier, once its records have arrived.
    ///
    /// # Errors
    /// See [`UnsealError`].
    pub fn open_barrier(&self, records: SealedRecords<'_>) -> Result<Barrier, UnsealError> {
        let (_, root) = UnsealKey::open(self.0.bytes(), records.stored_keys)?;
        Ok(Barrier::new(Keyring::open(&root, records.keyring)?))
    }

    fn mac(&self, purpose: JoinPurpose, text: &[u8]) -> Hmac<Sha256> {
        let mut mac = keyed(&self.derived(purpose.label(), b""));
        mac.update(text);
        mac
    }

    fn cipher(&self, exchange: &[u8]) -> Option<EntryCipher> {
        let key = self.derived(b"coffer join 1: what the leader gives", exchange);
        SecretKey::from_slice(key.as_slice()).map(|key| EntryCipher::new(&key))
    }

    fn derived(&self, label: &[u8], context: &[u8]) -> Zeroizing<[u8; KEY_LEN]> {
        let mut mac = keyed(self.0.bytes());
        mac.update(&(label.len() as u64).to_be_bytes());
        mac.update(label);
        mac.update(context);
        Zeroizing::new(mac.finalize().into_bytes().into())
    }
}

fn keyed(key: &[u8; KEY_LEN]) -> Hmac<Sha256> {
    // As HMAC has it: a key shorter than the block is filled up with zeros.
    let mut block = Zeroizing::new([0; BLOCK_LEN]);
    block[..KEY_LEN].copy_from_slice(key);
    <Hmac<Sha256> as KeyInit>::new((&*block).into())
}

impl JoinPurpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Challenge => b"coffer join 1: challenge",
            Self::Leader => b"coffer join 1: leader",
            Self::Joiner => b"coffer join 1: joiner",
        }
    }
}

impl std::fmt::Debug for JoinKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JoinKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ceremony::testing::Server;
    use crate::ceremony::{JoinShares, Unseal};
    use proptest::prelude::*;

    fn key() -> JoinKey {
        JoinKey(SecretKey::from_slice(&[7; KEY_LEN]).unwrap())
    }

    fn gathered(server: &Server, shares: std::ops::Range<usize>) -> JoinKey {
        let mut unseal = Unseal::default();
        for share in &server.shares[shares] {
            if let JoinShares::Key(key) = unseal.provide_to_join(share.clone(), server.sealed().config).unwrap() {
                return key;
            }
        }
        panic!("not enough");
    }

    #[test]
    fn shares_give_the_key_that_opens_what_the_leader_sealed() {
        let server = Server::new(5, 3);
        let key = gathered(&server, 1..4);
        key.open_barrier(server.sealed()).unwrap();
        let other = Server::new(5, 3);
        assert!(gathered(&other, 0..3).open_barrier(server.sealed()).is_err());
        let (one, two) =
            (key.prove(JoinPurpose::Joiner, b"x"), gathered(&other, 0..3).prove(JoinPurpose::Joiner, b"x"));
        assert_ne!(one, two);
    }

    #[test]
    fn a_proof_is_for_one_purpose_and_one_text() {
        let key = key();
        let proof = key.prove(JoinPurpose::Leader, b"text");
        assert!(key.verify(JoinPurpose::Leader, b"text", &proof));
        assert!(!key.verify(JoinPurpose::Joiner, b"text", &proof));
        assert!(!key.verify(JoinPurpose::Challenge, b"text", &proof));
        assert!(!key.verify(JoinPurpose::Leader, b"test", &proof));
        assert!(!key.verify(JoinPurpose::Leader, b"text", &proof[..31]));
        assert!(!key.verify(JoinPurpose::Leader, b"text", b""));
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", key()), "JoinKey(..)");
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_in_its_exchange_alone(exchange: Vec<u8>, other: Vec<u8>, plain: Vec<u8>) {
            let sealed = key().seal(&exchange, &plain).unwrap();
            let opened = key().open(&exchange, &sealed);
            prop_assert_eq!(opened.as_deref(), Ok(&plain));
            if other != exchange {
                prop_assert!(key().open(&other, &sealed).is_err());
            }
        }

        #[test]
        fn garbage_is_no_proof_and_does_not_open(bytes: Vec<u8>) {
            prop_assert!(!key().verify(JoinPurpose::Joiner, b"text", &bytes));
            prop_assert!(key().open(b"exchange", &bytes).is_err());
        }
    }
}
