//! A policy as it is stored.

use serde::{Deserialize, Serialize};

use super::STORAGE_PREFIX;
use crate::{Failure, Timestamp, Transaction};

/// Vault's JSON, with the keys that OpenBao added.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PolicyRecord {
    /// Format of the record, always 2; OpenBao does not write it any more.
    #[serde(rename = "Version", default = "format")]
    pub format: u32,
    /// Counts the writes.
    #[serde(rename = "DataVersion", default)]
    pub version: u64,
    /// Writes must name the version they replace.
    #[serde(rename = "CASRequired", default)]
    pub cas_required: bool,
    /// The policy as it was sent, base64 undone.
    #[serde(rename = "Raw")]
    pub text: String,
    /// Whether it names parts of an identity.
    #[serde(rename = "Templated", default)]
    pub templated: bool,
    /// Always 0: an ACL policy.
    #[serde(rename = "Type", default)]
    pub kind: u32,
    /// Moment of the last write.
    #[serde(rename = "Modified", default = "never")]
    pub modified: Timestamp,
    /// Values of templates may bring `/` into a path.
    #[serde(rename = "AllowSlashesInIdentityTemplates", default)]
    pub allow_slashes: bool,
    /// Values of templates may bring `*` and `+` into a path.
    #[serde(rename = "AllowWildcardsInIdentityTemplates", default)]
    pub allow_wildcards: bool,
}

fn format() -> u32 {
    2
}

fn never() -> Timestamp {
    Timestamp::ZERO
}

impl PolicyRecord {
    /// A first version.
    pub fn new(text: &str, now: Timestamp) -> Self {
        Self {
            format: 2,
            version: 1,
            cas_required: false,
            text: text.to_owned(),
            templated: text.contains("{{"),
            kind: 0,
            modified: now,
            allow_slashes: false,
            allow_wildcards: false,
        }
    }

    /// What values of templates may bring into a path.
    pub fn substitution(&self) -> coffer_policy::Substitution {
        coffer_policy::Substitution { allow_wildcards: self.allow_wildcards, allow_slashes: self.allow_slashes }
    }

    /// As [`PolicyRecord::read`], for a request that does not rest on it staying as it is.
    pub fn peek(tx: &mut Transaction, name: &str) -> Result<Option<Self>, Failure> {
        tx.peek_json(&path(name))
    }

    /// The stored policy of a name; names are stored in lower case.
    pub fn read(tx: &mut Transaction, name: &str) -> Result<Option<Self>, Failure> {
        tx.get_json(&path(name))
    }

    /// Stores it.
    pub fn write(&self, tx: &mut Transaction, name: &str) -> Result<(), Failure> {
        tx.put_json(path(name), self)
    }

    /// Removes the policy of a name.
    pub fn delete(tx: &mut Transaction, name: &str) {
        tx.delete(path(name));
    }

    /// Names of all stored policies, in order.
    pub fn names(tx: &Transaction) -> Result<Vec<String>, Failure> {
        let keys = tx.scan(STORAGE_PREFIX, "", usize::MAX)?;
        Ok(keys.into_iter().map(|key| key[STORAGE_PREFIX.len()..].to_owned()).collect())
    }
}

fn path(name: &str) -> String {
    format!("{STORAGE_PREFIX}{name}")
}
