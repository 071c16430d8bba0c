//! Convergent encryption of one name, as Vault's transit has it in its third version: AES-256-GCM whose nonce is an HMAC of
//! the name, both keys derived from the policy's key with the folder as context.

use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::NameError;

const NONCE_LEN: usize = 12;

/// The keys of one folder.
pub(super) struct FolderCipher {
    aead: Aes256Gcm,
    nonces: Hmac<Sha256>,
}

impl FolderCipher {
    /// Derives the keys: HKDF-SHA256 without salt, `context` as info, 32 bytes for each.
    pub(super) fn derive(key: &[u8; 32], context: &str) -> Self {
        let extracted = hmac(&[0; 32], &[key]);
        let first = hmac(&extracted, &[context.as_bytes(), &[1]]);
        let second = hmac(&extracted, &[&*first, context.as_bytes(), &[2]]);
        Self { aead: Aes256Gcm::new((&*first).into()), nonces: keyed(&second) }
    }

    /// The version of the key, a colon, and base64 of nonce and ciphertext.
    pub(super) fn seal(&self, version: u32, name: &str) -> Result<String, NameError> {
        let tag = self.nonces.clone().chain_update(name.as_bytes()).finalize().into_bytes();
        let nonce: [u8; NONCE_LEN] = std::array::from_fn(|at| tag[at]);
        let mut sealed = nonce.to_vec();
        sealed.extend(self.aead.encrypt(&Nonce::from(nonce), name.as_bytes()).map_err(|_| NameError::Malformed)?);
        Ok(format!("{version}:{}", STANDARD.encode(sealed)))
    }

    /// The name in what [`split`] gave.
    pub(super) fn open(&self, sealed: &str) -> Result<String, NameError> {
        let bytes = STANDARD.decode(sealed).map_err(|_| NameError::Malformed)?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_LEN>().ok_or(NameError::Malformed)?;
        let name = self.aead.decrypt(&Nonce::from(*nonce), sealed).map_err(|_| NameError::NotAuthentic)?;
        String::from_utf8(name).map_err(|_| NameError::Malformed)
    }
}

/// Takes `1:base64` apart.
pub(super) fn split(text: &[u8]) -> Option<(u32, &str)> {
    let (version, sealed) = std::str::from_utf8(text).ok()?.split_once(':')?;
    Some((version.parse().ok()?, sealed))
}

fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut mac = keyed(key);
    parts.iter().for_each(|part| mac.update(part));
    Zeroizing::new(mac.finalize().into_bytes().into())
}

/// HMAC fills a key up to its block with zeros, as done here.
fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    let mut block = Zeroizing::new([0; 64]);
    block[..32].copy_from_slice(key);
    <Hmac<Sha256> as KeyInit>::new((&*block).into())
}
