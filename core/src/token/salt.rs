//! Salted ids: what storage knows tokens, accessors and leases by, as Vault makes them.

use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha1::{Digest, Sha1};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{Failure, Transaction};

/// Where the salt is stored.
pub(super) const SALT_PATH: &str = "sys/token/salt";

/// The token store's salt, a UUID in text.
#[derive(Clone)]
pub struct Salt {
    text: Zeroizing<String>,
    /// Keyed once; every id is hashed on a copy.
    keyed: Hmac<Sha256>,
}

/// What an id is stored under: it can't be turned back into the id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SaltedId(Arc<str>);

impl Salt {
    /// The stored salt; a new one is made and written when there is none yet.
    pub fn of(tx: &mut Transaction) -> Result<Self, Failure> {
        if let Some(stored) = Self::stored(tx)? {
            return Ok(stored);
        }
        // Read again under guard: of two nodes that both find none, one must win.
        if let Some(bytes) = tx.get(SALT_PATH)? {
            return Self::from_bytes(&bytes);
        }
        let text = uuid::Uuid::new_v4().to_string();
        tx.put(SALT_PATH, text.clone().into_bytes());
        Self::from_bytes(text.as_bytes())
    }

    /// The stored salt.
    pub(super) fn stored(tx: &mut Transaction) -> Result<Option<Self>, Failure> {
        tx.peek(SALT_PATH)?.map(|bytes| Self::from_bytes(&bytes)).transpose()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Failure> {
        let text = std::str::from_utf8(bytes).map_err(|_| Failure::internal("the token salt is not a text"))?;
        let keyed = Hmac::new_from_slice(bytes).map_err(Failure::internal)?;
        Ok(Self { text: Zeroizing::new(text.to_owned()), keyed })
    }

    /// `h` and an HMAC-SHA256 for ids with a dot in them, a salted SHA-1 for the others, which are old or chosen by hand.
    pub fn salted(&self, id: &str) -> SaltedId {
        if id.contains('.') {
            let mut mac = self.keyed.clone();
            mac.update(id.as_bytes());
            let mut text = String::with_capacity(65);
            text.push('h');
            text.push_str(&hex::encode(mac.finalize().into_bytes()));
            return SaltedId(text.into());
        }
        SaltedId(sha1_of(&self.text, id).into())
    }

    /// The cubbyhole of a token whose id was chosen by hand.
    pub(super) fn cubbyhole(&self, mount_uuid: &str, token: &str) -> String {
        sha1_of(mount_uuid, self.salted(token).as_str())
    }
}

impl SaltedId {
    /// Takes an id that is salted already, from a storage key.
    pub fn from_stored(text: &str) -> Self {
        Self(text.into())
    }

    /// The text in storage keys.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for SaltedId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for SaltedId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

fn sha1_of(salt: &str, id: &str) -> String {
    let mut hash = Sha1::new();
    hash.update(salt.as_bytes());
    hash.update(id.as_bytes());
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_salted_as_vault_salts_them() {
        // Computed with `openssl dgst` from the same salt and ids.
        let salt = Salt::from_bytes(b"0fd0c8dc-2f64-4f03-9bbd-6a2a7d8f6a00").unwrap();
        assert_eq!(salt.salted("root").as_str(), "4553e9a7d457ce7449b2ae8094ff6ff68c9aa0e7");
        assert_eq!(
            salt.salted("hvs.abc").as_str(),
            "hc492ecc41d9b5e50598795dbbbce5d149ffb58dee04f915bba40d2065971dae9"
        );
    }
}
