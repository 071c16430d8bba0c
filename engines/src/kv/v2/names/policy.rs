//! The key that names are encrypted with, in the JSON of Vault's transit keys (`policy/metadata`, `archive/metadata`).

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coffer_core::{Failure, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::{Zeroize, Zeroizing};

use crate::plaintext::to_json;

/// All versions of the key.
pub(in super::super) struct NamePolicy {
    keys: BTreeMap<u32, Zeroizing<[u8; 32]>>,
    latest: (u32, Zeroizing<[u8; 32]>),
}

/// What of the record is needed to work with it.
#[derive(Deserialize)]
struct Record {
    keys: BTreeMap<String, Entry>,
    derived: bool,
    kdf: u8,
    convergent_encryption: bool,
    latest_version: u32,
    #[serde(default)]
    convergent_version: i64,
    #[serde(rename = "type")]
    kind: u32,
    #[serde(default)]
    version_template: String,
}

#[derive(Deserialize)]
struct Entry {
    key: Option<KeyText>,
    #[serde(default)]
    convergent_version: i64,
}

/// Base64 of a key, wiped when dropped.
#[derive(Deserialize)]
#[serde(transparent)]
struct KeyText(String);

impl Drop for KeyText {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

const AES256_GCM96: u32 = 0;
const HKDF_SHA256: u8 = 1;
const CONVERGENT: i64 = 3;
const VERSION_TEMPLATE: &str = "{{version}}:";

impl NamePolicy {
    /// A new key.
    #[cfg(test)]
    pub(in super::super) fn generate(backend: &str, now: Timestamp) -> Result<Self, Failure> {
        Ok(Self::create(backend, now)?.policy)
    }

    /// A new key and its two records.
    pub(in super::super) fn create(backend: &str, now: Timestamp) -> Result<NewPolicy, Failure> {
        let (mut key, mut hmac_key) = (Zeroizing::new([0; 32]), Zeroizing::new([0; 32]));
        getrandom::fill(&mut *key).and_then(|()| getrandom::fill(&mut *hmac_key)).map_err(Failure::internal)?;
        let (key_text, hmac_text) = (KeyText(STANDARD.encode(*key)), KeyText(STANDARD.encode(*hmac_key)));
        let entry = |key: Value, hmac_key: Value, time: Timestamp, convergent: i64, unix: i64| {
            json!({
                "key": key, "hmac_key": hmac_key, "time": time, "ec_x": null, "ec_y": null, "ec_d": null, "rsa_key": null,
                "rsa_public_key": null, "public_key": "", "convergent_version": convergent, "creation_time": unix,
                "certificate_chain": null, "external_key_ref": "",
            })
        };
        let mut current = entry(json!(key_text.0), json!(hmac_text.0), now, CONVERGENT, now.unix());
        let mut record = json!({
            "name": "metadata", "keys": { "1": current }, "derived": true, "kdf": HKDF_SHA256,
            "convergent_encryption": true, "exportable": false, "min_decryption_version": 1,
            "min_encryption_version": 0, "latest_version": 1, "archive_version": 1, "archive_min_version": 0,
            "min_available_version": 0, "deletion_allowed": false, "convergent_version": -1, "type": AES256_GCM96,
            "backup_info": null, "restore_info": null, "allow_plaintext_backup": false,
            "version_template": VERSION_TEMPLATE, "storage_prefix": backend, "auto_rotate_period": 0,
            "Imported": false, "AllowImportedKeyRotation": false, "soft_deleted": false,
        });
        // Versions count from 1, the archive's places from 0.
        let mut archive = json!({ "keys": [entry(Value::Null, Value::Null, Timestamp::ZERO, 0, 0), current] });
        let stored = NewPolicy {
            policy: Self { keys: BTreeMap::from([(1, key.clone())]), latest: (1, key) },
            record: to_json(&record)?,
            archive: to_json(&archive)?,
        };
        [&mut current, &mut record, &mut archive].into_iter().for_each(coffer_core::wipe);
        Ok(stored)
    }

    /// Reads the record at `policy/metadata`.
    pub(in super::super) fn from_stored(bytes: &[u8]) -> Result<Self, Failure> {
        let broken = |what: &str| Failure::Internal(format!("the key for the names of a kv mount {what}"));
        let record: Record = serde_json::from_slice(bytes).map_err(|error| {
            broken(&format!("is not the record it should be (line {}, column {})", error.line(), error.column()))
        })?;
        let known = record.kind == AES256_GCM96
            && record.kdf == HKDF_SHA256
            && record.derived
            && record.convergent_encryption
            && record.version_template == VERSION_TEMPLATE;
        if !known {
            return Err(broken("is of a kind that is not known here"));
        }
        let mut keys = BTreeMap::new();
        for (version, entry) in &record.keys {
            let version = version.parse().map_err(|_| broken("has a version that is no number"))?;
            let text = entry.key.as_ref().ok_or_else(|| broken("is missing"))?;
            let convergent =
                if entry.convergent_version == 0 { record.convergent_version } else { entry.convergent_version };
            if convergent != CONVERGENT {
                return Err(broken("has a convergent version that is not known here"));
            }
            let mut key = Zeroizing::new([0; 32]);
            match STANDARD.decode_slice(&text.0, &mut *key) {
                Ok(32) => keys.insert(version, key),
                _ => return Err(broken("has not 32 bytes")),
            };
        }
        let latest = keys.get(&record.latest_version).cloned().ok_or_else(|| broken("lacks its latest version"))?;
        Ok(Self { keys, latest: (record.latest_version, latest) })
    }

    pub(super) fn latest(&self) -> (u32, &[u8; 32]) {
        (self.latest.0, &self.latest.1)
    }

    pub(super) fn key(&self, version: u32) -> Option<&[u8; 32]> {
        self.keys.get(&version).map(|key| &**key)
    }
}

/// A policy with what is to be stored of it.
pub(in super::super) struct NewPolicy {
    pub(in super::super) policy: NamePolicy,
    /// `policy/metadata`.
    pub(in super::super) record: Zeroizing<Vec<u8>>,
    /// `archive/metadata`.
    pub(in super::super) archive: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for NamePolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NamePolicy({} keys)", self.keys.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_reads_back() {
        let new = NamePolicy::create("b/", Timestamp::ZERO).unwrap();
        let read = NamePolicy::from_stored(&new.record).unwrap();
        assert_eq!(read.latest(), new.policy.latest());
        let archive: serde_json::Map<String, Value> = serde_json::from_slice(&new.archive).unwrap();
        assert_eq!(archive["keys"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn another_kind_of_key_is_refused_and_not_quoted() {
        let new = NamePolicy::create("b/", Timestamp::ZERO).unwrap();
        let text = String::from_utf8(new.record.to_vec()).unwrap();
        for (from, to) in
            [("\"kdf\":1", "\"kdf\":0"), ("\"type\":0", "\"type\":5"), ("\"latest_version\":1", "\"latest_version\":2")]
        {
            let changed = text.replace(from, to);
            assert_ne!(changed, text);
            assert!(NamePolicy::from_stored(changed.as_bytes()).is_err(), "{to}");
        }
        let cut = &new.record[..new.record.len() / 2];
        let error = NamePolicy::from_stored(cut).unwrap_err().to_string();
        assert!(!error.contains('='), "{error}");
    }
}
