//! One key of the keyring and its JSON, as Vault writes it at `core/keyring`, `core/master` and `core/upgrade/`.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use zeroize::Zeroizing;

use super::entry::EntryCipher;
use crate::secret_key::SecretKey;

/// Upper bound of one key's JSON, so that its buffer is never moved (a move would leave a copy of the key behind).
pub(crate) const KEY_JSON_MAX: usize = 256;

/// A data key: its secret and its key schedule.
pub(crate) struct TermKey {
    pub(crate) term: u32,
    pub(crate) secret: SecretKey,
    pub(crate) cipher: EntryCipher,
    pub(crate) installed: OffsetDateTime,
}

impl TermKey {
    pub(crate) fn new(term: u32, secret: SecretKey, installed: OffsetDateTime) -> Self {
        let cipher = EntryCipher::new(&secret);
        Self { term, secret, cipher, installed }
    }
}

/// Vault's JSON of a key: `{"Term":1,"Version":1,"Value":"base64","InstallTime":"RFC 3339","encryptions":7}`.
#[derive(Serialize, Deserialize)]
pub(crate) struct EncodedKey {
    #[serde(rename = "Term")]
    pub(crate) term: u32,
    #[serde(rename = "Version")]
    pub(crate) version: u32,
    #[serde(rename = "Value")]
    pub(crate) value: SecretKey,
    #[serde(rename = "InstallTime", with = "rfc3339", default = "go_zero_time")]
    pub(crate) install_time: OffsetDateTime,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) encryptions: u64,
}

impl EncodedKey {
    pub(crate) fn of(key: &TermKey, encryptions: u64) -> Self {
        Self { term: key.term, version: 1, value: key.secret.clone(), install_time: key.installed, encryptions }
    }

    /// The root key takes the form of a key of term 1 without a time.
    pub(crate) fn of_root(key: &SecretKey) -> Self {
        Self { term: 1, version: 1, value: key.clone(), install_time: go_zero_time(), encryptions: 0 }
    }

    pub(crate) fn into_term_key(self) -> TermKey {
        TermKey::new(self.term, self.value, self.install_time)
    }
}

/// JSON in a buffer that is wiped and, given a sufficient `capacity`, never moved.
pub(crate) fn secret_json<T: Serialize>(value: &T, capacity: usize) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
    let mut json = Zeroizing::new(Vec::with_capacity(capacity));
    serde_json::to_writer(&mut *json, value)?;
    Ok(json)
}

/// The time that Go's zero value stands for.
pub(crate) fn go_zero_time() -> OffsetDateTime {
    time::macros::datetime!(0001-01-01 00:00:00 UTC)
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

mod rfc3339 {
    use super::{OffsetDateTime, Rfc3339};
    use serde::{Deserialize, Deserializer, Serializer, de, ser};

    pub(super) fn serialize<S: Serializer>(time: &OffsetDateTime, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&time.format(&Rfc3339).map_err(ser::Error::custom)?)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<OffsetDateTime, D::Error> {
        let text = String::deserialize(deserializer)?;
        OffsetDateTime::parse(&text, &Rfc3339).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = r#"{"Term":2,"Version":1,"Value":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=","InstallTime":"2026-11-23T20:37:44.752544551Z","encryptions":5}"#;

    #[test]
    fn the_json_is_what_go_writes() {
        let key: EncodedKey = serde_json::from_str(KEY).unwrap();
        assert_eq!(key.value.bytes(), &[7; 32]);
        assert_eq!(serde_json::to_string(&key).unwrap(), KEY);
    }

    #[test]
    fn no_encryptions_are_left_out_and_a_zero_time_is_written() {
        let root = EncodedKey::of_root(&SecretKey::from_slice(&[0; 32]).unwrap());
        let json = serde_json::to_string(&root).unwrap();
        assert!(json.ends_with(r#""InstallTime":"0001-01-01T00:00:00Z"}"#), "{json}");
    }

    #[test]
    fn the_longest_key_fits_its_buffer() {
        let key = EncodedKey {
            term: u32::MAX,
            version: 1,
            value: SecretKey::from_slice(&[255; 32]).unwrap(),
            install_time: time::macros::datetime!(9999-12-31 23:59:59.999999999 +23:59),
            encryptions: u64::MAX,
        };
        assert!(secret_json(&key, KEY_JSON_MAX).unwrap().len() <= KEY_JSON_MAX);
    }
}
