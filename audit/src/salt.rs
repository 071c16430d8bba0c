//! The secret of a device, with which it hides what it logs.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A device's salt. The same text gives the same HMAC on one device, another one on the next.
#[derive(Clone)]
pub struct Salt {
    key: Zeroizing<Vec<u8>>,
    keyed: Hmac<Sha256>,
}

/// The salt given has less than [`Salt::MIN_LEN`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an audit salt needs at least {} bytes", Salt::MIN_LEN)]
pub struct SaltTooShort;

/// `hmac-sha256:` and 64 hex digits.
pub(crate) struct Hidden([u8; HIDDEN_LEN]);

const LABEL: &[u8] = b"hmac-sha256:";
const HIDDEN_LEN: usize = 12 + 64;

impl Salt {
    /// Shortest salt taken.
    pub const MIN_LEN: usize = 16;

    /// Takes a salt as it is stored: 32 random bytes for a device of ours; Vault's own are 36 characters.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SaltTooShort> {
        if bytes.len() < Self::MIN_LEN {
            return Err(SaltTooShort);
        }
        let keyed = Hmac::new_from_slice(bytes).map_err(|_| SaltTooShort)?;
        Ok(Self { key: Zeroizing::new(bytes.to_vec()), keyed })
    }

    /// What stands for `input` in the log: `hmac-sha256:` and the lower-case hex of HMAC-SHA256. The
    /// answer of `sys/audit-hash`.
    pub fn hash(&self, input: &str) -> String {
        self.hide(input.as_bytes()).as_str().to_owned()
    }

    pub(crate) fn hide(&self, input: &[u8]) -> Hidden {
        let mut mac = self.keyed.clone();
        mac.update(input);
        Hidden::of(mac)
    }

    /// An HMAC that is fed piece by piece.
    pub(crate) fn start(&self) -> Hmac<Sha256> {
        self.keyed.clone()
    }
}

impl Hidden {
    pub(crate) fn of(mac: Hmac<Sha256>) -> Self {
        let mut text = [0; HIDDEN_LEN];
        let (label, digits) = text.split_at_mut(LABEL.len());
        label.copy_from_slice(LABEL);
        // The lengths fit: 32 bytes are 64 digits.
        let _ = hex::encode_to_slice(mac.finalize().into_bytes(), digits);
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl PartialEq for Salt {
    fn eq(&self, other: &Self) -> bool {
        self.key.as_slice().ct_eq(other.key.as_slice()).into()
    }
}

impl Eq for Salt {}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_hmac_sha256() {
        // RFC 4231, test case 1.
        let salt = Salt::from_bytes(&[0x0b; 20]).unwrap();
        assert_eq!(
            salt.hash("Hi There"),
            "hmac-sha256:b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
    }

    #[test]
    fn a_short_salt_is_refused_and_none_is_printed() {
        assert_eq!(Salt::from_bytes(&[1; 15]).unwrap_err(), SaltTooShort);
        assert_eq!(format!("{:?}", Salt::from_bytes(&[b'x'; 32]).unwrap()), "Salt(..)");
    }

    #[test]
    fn equal_only_when_all_bytes_are() {
        let salt = |byte| Salt::from_bytes(&[byte; 32]).unwrap();
        assert_eq!(salt(1), salt(1));
        assert_ne!(salt(1), salt(2));
    }
}
