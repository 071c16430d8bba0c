//! Ids: how they are made, and what they are stored under.

use coffer_core::{Context, Failure};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Of what is hashed with a role's key, in bytes.
pub(super) const LONGEST: usize = 4096;

const SALT: &str = "salt";

/// 128 random bits in the form of a UUID.
pub(super) fn random() -> Result<String, Failure> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(Failure::internal)?;
    Ok(uuid::Uuid::from_bytes(bytes).to_string())
}

/// HMAC-SHA256 in hex, with a role's key. `what` names the value in an error.
pub(super) fn hmac(key: &str, value: &str, what: &str) -> Result<String, Failure> {
    if key.is_empty() {
        return Err(Failure::internal(format!("HMAC of {what}: the role has no key")));
    }
    if value.len() > LONGEST {
        return Err(Failure::fault(format!(
            "failed to create HMAC of {what}: value is longer than maximum of {LONGEST} bytes"
        )));
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).map_err(Failure::internal)?;
    mac.update(value.as_bytes());
    Ok(hex::encode(mac.finalize().into_bytes()))
}

/// What role ids and accessors are stored under: SHA-256 in hex of the mount's salt and the id.
pub(super) fn salted(cx: &mut Context<'_>, id: &str) -> Result<String, Failure> {
    let salt = match cx.peek(SALT)? {
        Some(salt) => salt,
        None => new_salt(cx)?,
    };
    let mut hash = Sha256::new();
    hash.update(&salt);
    hash.update(id.as_bytes());
    Ok(hex::encode(hash.finalize()))
}

/// Makes the mount's salt where there is none.
pub(super) fn make_salt(cx: &mut Context<'_>) -> Result<(), Failure> {
    new_salt(cx).map(drop)
}

fn new_salt(cx: &mut Context<'_>) -> Result<Zeroizing<Vec<u8>>, Failure> {
    // Under guard: of two that find none, one is run again and finds the other's.
    if let Some(salt) = cx.get(SALT)? {
        return Ok(salt);
    }
    let salt = Zeroizing::new(random()?.into_bytes());
    cx.put(SALT, salt.clone());
    Ok(salt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hmacs_are_vaults() {
        // RFC 4231, test case 2.
        let wanted = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hmac("Jefe", "what do ya want for nothing?", "x").unwrap(), wanted);
    }

    #[test]
    fn long_values_and_missing_keys_are_refused() {
        assert!(hmac("k", &"x".repeat(LONGEST), "x").is_ok());
        let told = hmac("k", &"x".repeat(LONGEST + 1), "secret_id").unwrap_err().to_string();
        assert_eq!(told, "failed to create HMAC of secret_id: value is longer than maximum of 4096 bytes");
        assert!(matches!(hmac("", "x", "x"), Err(Failure::Internal(_))));
    }

    #[test]
    fn random_ids_are_uuids_and_never_the_same() {
        let (one, other) = (random().unwrap(), random().unwrap());
        assert_eq!(one.len(), 36);
        assert_ne!(one, other);
    }
}
