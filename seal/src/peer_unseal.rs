//! Handing the root key from an open node to a sealed one: HPKE (RFC 9180, base mode; X25519, HKDF-SHA256, AES-256-GCM)
//! to a key pair that the sealed node made for it and never stores. Never the unseal key or shares: a root key can be
//! replaced, shares that got out can't be taken back.

use std::fmt;

use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable, single_shot_open, single_shot_seal};
use zeroize::Zeroizing;

use crate::barrier::{Barrier, Keyring, OpenKeyringError};
use crate::secret_key::{EntropyError, KEY_LEN, SecretKey};

/// Bytes of a public key, and of the part of a sealed root key that belongs to the sender.
const PUBLIC_LEN: usize = 32;

/// What the key exchange is for; one of another purpose gives other keys.
const PURPOSE: &[u8] = b"coffer follower unseal 1: root key";

/// A key pair for one opening: made while sealed, wiped with the node's next step.
pub struct OpeningKey {
    private: <X25519HkdfSha256 as Kem>::PrivateKey,
    public: OpeningPublicKey,
}

/// The public half, which the root key is sealed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OpeningPublicKey(pub [u8; PUBLIC_LEN]);

/// A root key that did not come over.
#[derive(Debug, thiserror::Error)]
pub enum PeerUnsealError {
    /// The public key is none.
    #[error("the public key of the sealed node is no X25519 key")]
    PublicKey,
    /// Sealed to another key, for another ceremony, or damaged.
    #[error("the root key was sealed for another node or another ceremony")]
    NotForThis,
    /// It is not the root key of the keyring stored here.
    #[error("the root key that was handed over does not open this node's keyring: {0}")]
    Keyring(#[from] OpenKeyringError),
}

impl OpeningKey {
    /// A fresh pair.
    pub fn generate() -> Result<Self, EntropyError> {
        let mut seed = Zeroizing::new([0; KEY_LEN]);
        getrandom::fill(seed.as_mut())?;
        let (private, public) = X25519HkdfSha256::derive_keypair(seed.as_ref());
        let mut bytes = [0; PUBLIC_LEN];
        bytes.copy_from_slice(&public.to_bytes());
        Ok(Self { private, public: OpeningPublicKey(bytes) })
    }

    /// The half to tell.
    pub fn public(&self) -> OpeningPublicKey {
        self.public
    }

    /// The barrier that the root key in `sealed` opens. `context` is what the sender said it of, byte for byte;
    /// `keyring` the record at `core/keyring`.
    pub fn open(&self, sealed: &[u8], context: &[u8], keyring: &[u8]) -> Result<Barrier, PeerUnsealError> {
        let (sender, ciphertext) = sealed.split_at_checked(PUBLIC_LEN).ok_or(PeerUnsealError::NotForThis)?;
        let sender = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(sender);
        let sender = sender.map_err(|_| PeerUnsealError::NotForThis)?;
        let opened = single_shot_open::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &self.private,
            &sender,
            PURPOSE,
            ciphertext,
            context,
        );
        let root = Zeroizing::new(opened.map_err(|_| PeerUnsealError::NotForThis)?);
        let root = SecretKey::from_slice(&root).ok_or(PeerUnsealError::NotForThis)?;
        Ok(Barrier::new(Keyring::open(&root, keyring)?))
    }
}

impl Barrier {
    /// The root key, for the holder of the private half of `recipient` alone, and for nothing but `context`.
    pub fn root_key_for(&self, recipient: OpeningPublicKey, context: &[u8]) -> Result<Vec<u8>, PeerUnsealError> {
        let recipient = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(&recipient.0);
        let recipient = recipient.map_err(|_| PeerUnsealError::PublicKey)?;
        let keyring = self.keyring();
        let (sender, ciphertext) = single_shot_seal::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
            &OpModeS::Base,
            &recipient,
            PURPOSE,
            keyring.root().bytes(),
            context,
        )
        .map_err(|_| PeerUnsealError::PublicKey)?;
        let mut sealed = sender.to_bytes().to_vec();
        sealed.extend_from_slice(&ciphertext);
        Ok(sealed)
    }
}

impl fmt::Debug for OpeningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpeningKey").field("public", &self.public).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::record::KEYRING_PATH;

    fn node() -> (Barrier, Vec<u8>) {
        let keyring = Keyring::generate(time::macros::datetime!(2026-11-23 20:00 UTC)).unwrap();
        let record = keyring.records().unwrap().value(KEYRING_PATH).unwrap().to_vec();
        (Barrier::new(keyring), record)
    }

    #[test]
    fn the_root_key_opens_the_keyring_on_the_other_side() {
        let (leader, keyring) = node();
        let key = OpeningKey::generate().unwrap();
        let sealed = leader.root_key_for(key.public(), b"ceremony 1").unwrap();
        let follower = key.open(&sealed, b"ceremony 1", &keyring).unwrap();
        let entry = leader.encrypt("p", b"x").unwrap();
        assert_eq!(follower.decrypt("p", &entry).unwrap().as_slice(), b"x");
    }

    #[test]
    fn another_key_context_or_keyring_opens_nothing() {
        let (leader, keyring) = node();
        let (key, thief) = (OpeningKey::generate().unwrap(), OpeningKey::generate().unwrap());
        let sealed = leader.root_key_for(key.public(), b"ceremony 1").unwrap();
        assert!(matches!(thief.open(&sealed, b"ceremony 1", &keyring), Err(PeerUnsealError::NotForThis)));
        assert!(matches!(key.open(&sealed, b"ceremony 2", &keyring), Err(PeerUnsealError::NotForThis)));
        assert!(matches!(key.open(&sealed, b"ceremony 1", &node().1), Err(PeerUnsealError::Keyring(_))));
        let mut damaged = sealed;
        damaged[40] ^= 1;
        assert!(matches!(key.open(&damaged, b"ceremony 1", &keyring), Err(PeerUnsealError::NotForThis)));
    }

    #[test]
    fn a_public_key_of_low_order_gets_nothing() {
        assert!(matches!(node().0.root_key_for(OpeningPublicKey([0; 32]), b""), Err(PeerUnsealError::PublicKey)));
    }

    #[test]
    fn debug_shows_no_private_key() {
        let shown = format!("{:?}", OpeningKey::generate().unwrap());
        assert!(shown.starts_with("OpeningKey { public: OpeningPublicKey(") && shown.ends_with(".. }"));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(sealed in proptest::collection::vec(any::<u8>(), 0..120)) {
            let key = OpeningKey::generate().unwrap();
            prop_assert!(key.open(&sealed, b"", &[]).is_err());
        }
    }
}
