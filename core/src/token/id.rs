//! Token ids and accessors: how they look and how they are made.

use crate::{Failure, SecretText};

/// Prefix of service tokens.
pub const SERVICE_PREFIX: &str = "hvs.";
/// Prefix of service tokens made by old Vaults and by OpenBao.
pub const LEGACY_SERVICE_PREFIX: &str = "s.";
/// Prefix of batch tokens.
pub const BATCH_PREFIX: &str = "hvb.";
/// Prefix of batch tokens made by old Vaults and by OpenBao.
pub const LEGACY_BATCH_PREFIX: &str = "b.";

/// Random characters in an id or an accessor.
const LENGTH: usize = 24;

/// Bytes of a root token: `hvs.` and the random characters. A one-time pad for it is as long.
pub const ROOT_TOKEN_LEN: usize = 4 + LENGTH;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A new service token.
pub(super) fn service() -> Result<SecretText, Failure> {
    Ok(SecretText::new(format!("{SERVICE_PREFIX}{}", base62()?)))
}

/// 24 random characters of `[0-9A-Za-z]`, 142 bits; for accessors, cubbyholes and lease ids.
pub fn base62() -> Result<String, Failure> {
    let mut out = String::with_capacity(LENGTH);
    while out.len() < LENGTH {
        let mut random = [0u8; LENGTH * 2];
        getrandom::fill(&mut random).map_err(Failure::internal)?;
        // 248 is the greatest multiple of 62 in a byte: beyond it some characters would come more often.
        let even = random.iter().filter(|byte| **byte < 248).map(|byte| ALPHABET[usize::from(byte % 62)]);
        out.extend(even.take(LENGTH - out.len()).map(char::from));
    }
    Ok(out)
}

/// The sealed part of a batch token; `None` for other tokens.
pub(super) fn batch_body(token: &str) -> Option<&str> {
    token.strip_prefix(BATCH_PREFIX).or_else(|| token.strip_prefix(LEGACY_BATCH_PREFIX))
}

/// What is wrong with an id chosen by hand.
pub(super) fn check_chosen(id: &str) -> Result<(), Failure> {
    let wrong = if id.starts_with(SERVICE_PREFIX) {
        "custom token ID cannot have the 'hvs.' prefix"
    } else if id.starts_with(LEGACY_SERVICE_PREFIX) {
        "custom token ID cannot have the 's.' prefix"
    } else if id.contains('.') {
        "custom token ID cannot have a '.' in the value"
    } else {
        return Ok(());
    };
    Err(Failure::invalid(wrong))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_24_characters_and_differ() {
        let (one, two) = (base62().unwrap(), base62().unwrap());
        assert!(one.len() == 24 && one.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_ne!(one, two);
        assert!(service().unwrap().expose().starts_with("hvs."));
    }

    #[test]
    fn ids_chosen_by_hand_have_no_dot() {
        for id in ["hvs.x", "s.x", "a.b"] {
            assert!(check_chosen(id).is_err(), "{id}");
        }
        assert!(check_chosen("my-own").is_ok());
    }
}
