//! A share of the unseal key, as operators give and get it.

use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::secret_key::KEY_LEN;
use crate::shamir::SHARE_OVERHEAD;

/// Fewest bytes of a share that Vault looks at (it takes 128-bit keys too).
pub const MIN_SHARE_LEN: usize = 16;
/// Bytes of a share of a 256-bit key, and most that a share may have.
pub const MAX_SHARE_LEN: usize = KEY_LEN + SHARE_OVERHEAD;

/// A share, or with one share the unseal key itself. Wiped when dropped; compared in constant time.
#[derive(Clone)]
pub struct KeyShare(Zeroizing<Vec<u8>>);

/// A text that is no share. It is not repeated in the message: it may be one with a typing error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseShareError {
    /// No text. Where a reset is possible, Vault's message ends with ", or 'reset' set to true".
    #[error("'key' must be specified in request body as JSON")]
    Missing,
    /// Neither hex nor base64.
    #[error("'key' must be a valid hex or base64 string")]
    Malformed,
}

/// A share of an impossible length. Vault puts "invalid key: " before it in unseal and generate-root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShareLengthError {
    /// Below [`MIN_SHARE_LEN`].
    #[error("key is shorter than minimum {MIN_SHARE_LEN} bytes")]
    TooShort,
    /// Above [`MAX_SHARE_LEN`].
    #[error("key is longer than maximum {MAX_SHARE_LEN} bytes")]
    TooLong,
}

/// As lenient about the unused bits of the last character as Go is.
const LENIENT: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

impl KeyShare {
    /// Hex, or else base64 with padding. A text that is valid hex but of no possible length is read as base64, as in
    /// Vault.
    pub fn parse(text: &str) -> Result<Self, ParseShareError> {
        if text.is_empty() {
            return Err(ParseShareError::Missing);
        }
        if let Some(share) = hex::decode(text).ok().map(Self::from_bytes)
            && share.check_length().is_ok()
        {
            return Ok(share);
        }
        let one_line: Zeroizing<String> = Zeroizing::new(text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect());
        LENIENT.decode(one_line.as_bytes()).map(Self::from_bytes).map_err(|_| ParseShareError::Malformed)
    }

    /// Lower-case hex: `keys` in Vault's answers.
    pub fn to_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(self.0.as_slice()))
    }

    /// Base64 with padding: `keys_base64` in Vault's answers.
    pub fn to_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0.as_slice()))
    }

    pub(crate) fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn check_length(&self) -> Result<(), ShareLengthError> {
        match self.0.len() {
            0..MIN_SHARE_LEN => Err(ShareLengthError::TooShort),
            MIN_SHARE_LEN..=MAX_SHARE_LEN => Ok(()),
            _ => Err(ShareLengthError::TooLong),
        }
    }

    fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl PartialEq for KeyShare {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for KeyShare {}

impl AsRef<[u8]> for KeyShare {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for KeyShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyShare(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn both_texts_lead_back(bytes in proptest::collection::vec(any::<u8>(), MIN_SHARE_LEN..=MAX_SHARE_LEN)) {
            let share = KeyShare::from_bytes(bytes);
            prop_assert_eq!(KeyShare::parse(&share.to_hex()), Ok(share.clone()));
            prop_assert_eq!(KeyShare::parse(&share.to_hex().to_uppercase()), Ok(share.clone()));
            // Base64 that happens to be hex of a possible length is hex; 33 bytes give 44 characters, 22 bytes.
            if hex::decode(share.to_base64().as_bytes()).is_err() {
                prop_assert_eq!(KeyShare::parse(&share.to_base64()), Ok(share));
            }
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = KeyShare::parse(&text).map(|share| share.check_length());
        }
    }

    #[test]
    fn texts_that_are_no_shares() {
        assert_eq!(KeyShare::parse(""), Err(ParseShareError::Missing));
        assert_eq!(KeyShare::parse("not a key"), Err(ParseShareError::Malformed));
        assert_eq!(KeyShare::parse("zz"), Err(ParseShareError::Malformed));
        assert_eq!(KeyShare::parse("abcd").unwrap().check_length(), Err(ShareLengthError::TooShort));
        let long = KeyShare::parse(&"ab".repeat(40)).unwrap();
        assert_eq!(long.check_length().unwrap_err().to_string(), "key is longer than maximum 33 bytes");
    }

    #[test]
    fn hex_of_no_possible_length_is_read_as_base64() {
        // Twelve hex digits are six bytes, and as base64 nine.
        assert_eq!(KeyShare::parse("abcdefabcdef").unwrap().bytes().len(), 9);
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", KeyShare::parse("abcdefabcdef").unwrap()), "KeyShare(..)");
    }
}
