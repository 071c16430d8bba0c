//! A secret id as it is stored, in Vault's JSON: under HMACs of its role and of itself, never in clear.

use std::collections::BTreeMap;
use std::time::Duration;

use coffer_core::mount::nanos;
use coffer_core::{Context, Failure, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::approle::ids;
use crate::approle::role::{Role, SecretIdFolder};

/// Of the secret ids of a role that is removed, so many go with the request; the others when mounts are tidied.
const REMOVED_AT_ONCE: usize = 1000;

/// One secret id, without itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::approle) struct SecretId {
    #[serde(default)]
    pub(in crate::approle) secret_id_accessor: String,
    /// Logins left; 0: unlimited.
    #[serde(default)]
    pub(in crate::approle) secret_id_num_uses: i64,
    /// As wanted; what counts is the expiration time.
    #[serde(default, with = "nanos")]
    pub(in crate::approle) secret_id_ttl: Duration,
    #[serde(default = "never")]
    pub(in crate::approle) creation_time: Timestamp,
    /// Go's zero time: never.
    #[serde(default = "never")]
    pub(in crate::approle) expiration_time: Timestamp,
    #[serde(default = "never")]
    pub(in crate::approle) last_updated_time: Timestamp,
    #[serde(default)]
    pub(in crate::approle) metadata: Option<BTreeMap<String, String>>,
    /// Networks that logins come from.
    #[serde(default)]
    pub(in crate::approle) cidr_list: Option<Vec<String>>,
    /// Networks that tokens are used from.
    #[serde(default)]
    pub(in crate::approle) token_cidr_list: Option<Vec<String>>,
    /// Old name of `secret_id_num_uses`.
    #[serde(default, rename = "SecretIDNumUses")]
    old_num_uses: i64,
}

/// What leads from an accessor to its secret id.
#[derive(Serialize, Deserialize)]
struct AccessorEntry {
    secret_id_hmac: String,
}

impl SecretId {
    /// One that is new now.
    pub(super) fn new(accessor: String, now: Timestamp) -> Self {
        Self {
            secret_id_accessor: accessor,
            secret_id_num_uses: 0,
            secret_id_ttl: Duration::ZERO,
            creation_time: now,
            expiration_time: Timestamp::ZERO,
            last_updated_time: now,
            metadata: Some(BTreeMap::new()),
            cidr_list: Some(Vec::new()),
            token_cidr_list: Some(Vec::new()),
            old_num_uses: 0,
        }
    }

    pub(in crate::approle) fn is_expired(&self, now: Timestamp) -> bool {
        !self.expiration_time.is_zero() && self.expiration_time <= now
    }

    pub(in crate::approle) fn cidrs(&self) -> &[String] {
        self.cidr_list.as_deref().unwrap_or_default()
    }

    pub(in crate::approle) fn token_cidrs(&self) -> &[String] {
        self.token_cidr_list.as_deref().unwrap_or_default()
    }

    /// All but the secret id itself.
    pub(super) fn shown(&self) -> Value {
        json!({
            "secret_id_accessor": self.secret_id_accessor,
            "secret_id_num_uses": self.secret_id_num_uses,
            "secret_id_ttl": self.secret_id_ttl.as_secs(),
            "creation_time": self.creation_time,
            "expiration_time": self.expiration_time,
            "last_updated_time": self.last_updated_time,
            "metadata": self.metadata,
            "cidr_list": self.cidr_list,
            "token_bound_cidrs": self.token_cidrs(),
        })
    }

    /// Takes the old name into the new one: the lower count holds.
    fn upgraded(mut self) -> Self {
        let old = std::mem::take(&mut self.old_num_uses);
        if old > 0 && (self.secret_id_num_uses == 0 || old < self.secret_id_num_uses) {
            self.secret_id_num_uses = old;
        }
        self
    }
}

/// Where a secret id of a role lies.
pub(in crate::approle) fn key_of(role: &Role, secret_id_hmac: &str) -> Result<String, Failure> {
    Ok(format!("{}{}/{secret_id_hmac}", role.folder().secret_ids(), role.name_hmac()?))
}

/// A secret id of the role, as a caller has it, with where it lies; `None` too where it is over.
pub(in crate::approle) fn by_secret(
    cx: &mut Context<'_>,
    role: &Role,
    secret: &str,
) -> Result<Option<(String, SecretId)>, Failure> {
    let hmac = role.secret_id_hmac(secret)?;
    by_hmac(cx, role, &hmac)
}

pub(super) fn by_hmac(cx: &mut Context<'_>, role: &Role, hmac: &str) -> Result<Option<(String, SecretId)>, Failure> {
    let key = key_of(role, hmac)?;
    let Some(found) = read(cx, &key)? else { return Ok(None) };
    // One without its accessor can't be taken back: it does not count.
    let accessor = accessor_key(cx, role.folder(), &found.secret_id_accessor)?;
    if found.is_expired(cx.now()) || cx.get(&accessor)?.is_none() {
        return Ok(None);
    }
    Ok(Some((key, found)))
}

/// HMAC of the secret id that an accessor stands for. Which role it is of is not said: look it up with the role.
pub(super) fn hmac_of_accessor(
    cx: &mut Context<'_>,
    folder: SecretIdFolder,
    accessor: &str,
) -> Result<Option<String>, Failure> {
    let key = accessor_key(cx, folder, accessor)?;
    Ok(cx.get_json::<AccessorEntry>(&key)?.map(|entry| entry.secret_id_hmac))
}

/// Stores a new secret id with the way from its accessor.
pub(super) fn insert(cx: &mut Context<'_>, role: &Role, hmac: &str, secret_id: &SecretId) -> Result<(), Failure> {
    let accessor = accessor_key(cx, role.folder(), &secret_id.secret_id_accessor)?;
    cx.put_json(&accessor, &AccessorEntry { secret_id_hmac: hmac.to_owned() })?;
    cx.put_json(&key_of(role, hmac)?, secret_id)
}

/// Removes the secret id at `key` and the way to it.
pub(in crate::approle) fn remove(
    cx: &mut Context<'_>,
    folder: SecretIdFolder,
    key: &str,
    accessor: &str,
) -> Result<(), Failure> {
    let accessor = accessor_key(cx, folder, accessor)?;
    cx.delete(&accessor);
    cx.delete(key);
    Ok(())
}

/// Removes the first secret ids of a role, whose name has this HMAC.
pub(in crate::approle) fn remove_some_of(
    cx: &mut Context<'_>,
    folder: SecretIdFolder,
    role_hmac: &str,
) -> Result<(), Failure> {
    let below = format!("{}{role_hmac}/", folder.secret_ids());
    for key in cx.scan(&below, "", REMOVED_AT_ONCE)? {
        let accessor = peek(cx, &key)?.map(|found| found.secret_id_accessor).unwrap_or_default();
        remove(cx, folder, &key, &accessor)?;
    }
    Ok(())
}

/// The record at a key, under guard.
pub(in crate::approle) fn read(cx: &mut Context<'_>, key: &str) -> Result<Option<SecretId>, Failure> {
    Ok(cx.get_json::<SecretId>(key)?.map(SecretId::upgraded))
}

/// The record at a key, whatever becomes of it meanwhile.
pub(in crate::approle) fn peek(cx: &mut Context<'_>, key: &str) -> Result<Option<SecretId>, Failure> {
    let Some(bytes) = cx.peek(key)? else { return Ok(None) };
    let found: SecretId = serde_json::from_slice(&bytes)
        .map_err(|_| Failure::internal("a stored secret id is not the record it should be"))?;
    Ok(Some(found.upgraded()))
}

fn accessor_key(cx: &mut Context<'_>, folder: SecretIdFolder, accessor: &str) -> Result<String, Failure> {
    Ok(format!("{}{}", folder.accessors(), ids::salted(cx, accessor)?))
}

fn never() -> Timestamp {
    Timestamp::ZERO
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORED: &str = r#"{"secret_id_accessor":"a","secret_id_num_uses":2,"secret_id_ttl":600000000000,
        "creation_time":"2026-11-23T21:19:59.969419129Z","expiration_time":"2026-11-23T21:29:59.969419129Z",
        "last_updated_time":"2026-11-23T21:19:59.969419129Z","metadata":{"host":"h1"},"cidr_list":[],"token_cidr_list":null,
        "SecretIDNumUses":0}"#;

    #[test]
    fn a_record_that_vault_wrote_is_read_and_written_alike() {
        let found: SecretId = serde_json::from_str(STORED).unwrap();
        assert_eq!(serde_json::to_value(&found).unwrap(), serde_json::from_str::<Value>(STORED).unwrap());
        let end = found.expiration_time;
        assert!(found.is_expired(end) && !found.is_expired(end.minus(Duration::from_nanos(1))));
    }

    #[test]
    fn what_has_no_end_never_expires() {
        let found: SecretId = serde_json::from_str(r#"{"expiration_time":"0001-01-01T00:00:00Z"}"#).unwrap();
        assert!(!found.is_expired(Timestamp::now()));
    }

    #[test]
    fn of_the_old_and_the_new_count_the_lower_holds() {
        let uses = |new: i64, old: i64| {
            let stored = format!(r#"{{"secret_id_num_uses":{new},"SecretIDNumUses":{old}}}"#);
            serde_json::from_str::<SecretId>(&stored).unwrap().upgraded().secret_id_num_uses
        };
        assert_eq!((uses(0, 3), uses(5, 3), uses(2, 3), uses(2, 0)), (3, 3, 2, 2));
    }
}
