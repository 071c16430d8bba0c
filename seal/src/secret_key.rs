//! A 256-bit key that wipes itself.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

/// Bytes of every key of the barrier and the seal.
pub const KEY_LEN: usize = 32;

/// Base64 characters that [`KEY_LEN`] bytes take, padding included.
const KEY_BASE64_LEN: usize = 44;

/// A 256-bit key. On the heap, so that moving it leaves no copies behind; wiped when dropped; compared in constant
/// time; in JSON a base64 text, as Go writes `[]byte`.
pub(crate) struct SecretKey(Box<[u8; KEY_LEN]>);

/// The operating system gave no randomness.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes: {0}")]
pub struct EntropyError(#[from] getrandom::Error);

impl SecretKey {
    /// A new key from the operating system's generator.
    pub(crate) fn generate() -> Result<Self, EntropyError> {
        let mut key = Self(Box::new([0; KEY_LEN]));
        getrandom::fill(key.0.as_mut())?;
        Ok(key)
    }

    /// `None` unless the slice is [`KEY_LEN`] bytes long.
    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        let mut key = Self(Box::new([0; KEY_LEN]));
        if bytes.len() != KEY_LEN {
            return None;
        }
        key.0.copy_from_slice(bytes);
        Some(key)
    }

    pub(crate) fn bytes(&self) -> &[u8; KEY_LEN] {
        &self.0
    }
}

impl Clone for SecretKey {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl Drop for SecretKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl PartialEq for SecretKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(other.0.as_ref()).into()
    }
}

impl Eq for SecretKey {}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

impl Serialize for SecretKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = Zeroizing::new([0; KEY_BASE64_LEN]);
        let len = STANDARD.encode_slice(self.bytes(), text.as_mut()).map_err(serde::ser::Error::custom)?;
        serializer.serialize_str(std::str::from_utf8(&text[..len]).map_err(serde::ser::Error::custom)?)
    }
}

impl<'de> Deserialize<'de> for SecretKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Base64Key;

        impl Visitor<'_> for Base64Key {
            type Value = SecretKey;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a 256-bit key in base64")
            }

            // The errors here must not name the text: it may be a key.
            fn visit_str<E: de::Error>(self, text: &str) -> Result<SecretKey, E> {
                let mut bytes = Zeroizing::new([0; KEY_LEN + 3]);
                let len = STANDARD
                    .decode_slice(text, bytes.as_mut())
                    .map_err(|_| E::custom("a key is not 256 bits in base64"))?;
                SecretKey::from_slice(&bytes[..len]).ok_or_else(|| E::custom("a key is not 256 bits in base64"))
            }
        }

        deserializer.deserialize_str(Base64Key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_base64_and_back() {
        let key = SecretKey::generate().unwrap();
        let json = serde_json::to_string(&key).unwrap();
        assert_eq!(json.len(), KEY_BASE64_LEN + 2);
        assert_eq!(serde_json::from_str::<SecretKey>(&json).unwrap(), key);
    }

    #[test]
    fn a_key_of_another_length_is_refused_without_being_named() {
        for text in ["\"c2hvcnQ=\"", "\"not base64\"", "7"] {
            let error = serde_json::from_str::<SecretKey>(text).unwrap_err().to_string();
            assert!(!error.contains("c2hvcnQ") && !error.contains("not base64"), "{error}");
        }
        assert!(SecretKey::from_slice(&[0; 31]).is_none());
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", SecretKey::generate().unwrap()), "SecretKey(..)");
    }

    #[test]
    fn two_keys_differ() {
        assert_ne!(SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    }
}
