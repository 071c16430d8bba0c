//! A lease as it is stored, in Vault's JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::mount::nanos;
use crate::token::{TokenEntry, null_as_default, secret};
use crate::{Alias, Failure, Grant, Payload, SecretText, Timestamp, TokenType};

/// The life of a token or of a leased secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LeaseRecord {
    /// Path of the request and, for tokens, the salted id; for secrets, 24 random characters.
    pub lease_id: String,
    /// The token it is of, or that asked for the secret.
    #[serde(with = "secret")]
    pub client_token: SecretText,
    /// Kind of that token: 2 for batch.
    #[serde(default, rename = "token_type")]
    pub client_token_type: u8,
    /// Path of the request.
    pub path: String,
    /// The secret's data, where a Vault wrote the record; not kept here.
    #[serde(default, with = "payload")]
    pub data: Option<Payload>,
    /// What is leased, if it is a secret.
    #[serde(default)]
    pub secret: Option<SecretRecord>,
    /// What is leased, if it is a token.
    #[serde(default)]
    pub auth: Option<AuthRecord>,
    /// When it was made.
    pub issue_time: Timestamp,
    /// When it ends; zero: never.
    pub expire_time: Timestamp,
    /// Zero: never renewed.
    pub last_renewal_time: Timestamp,
    /// Role of the login.
    #[serde(default)]
    pub login_role: String,
    /// Always 1.
    #[serde(default)]
    pub version: i64,
    /// Why it can't be revoked; set when that was tried often enough.
    #[serde(default, rename = "revokeErr")]
    pub revoke_error: String,
}

/// A leased secret.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SecretRecord {
    /// Life from the last renewal.
    #[serde(rename = "lease", with = "nanos")]
    pub ttl: Duration,
    /// Longest life; zero: the mount's.
    #[serde(default, with = "nanos")]
    pub max_ttl: Duration,
    /// Whether it can be renewed.
    #[serde(default)]
    pub renewable: bool,
    /// The engine's own.
    #[serde(default, rename = "internal_data", with = "payload")]
    pub internal: Option<Payload>,
    /// Not used in storage.
    #[serde(default, rename = "LeaseID")]
    pub lease_id: String,
}

/// A token's login, as its lease keeps it for renewals.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AuthRecord {
    /// Life from the last renewal.
    #[serde(rename = "lease", with = "nanos")]
    pub ttl: Duration,
    /// Longest life; zero: the mount's.
    #[serde(with = "nanos")]
    pub max_ttl: Duration,
    /// Whether it can be renewed.
    pub renewable: bool,
    /// The auth method's own.
    #[serde(rename = "internal_data", with = "payload")]
    pub internal: Option<Payload>,
    /// Name shown with the token.
    pub display_name: String,
    /// Of token and entity, as they were.
    #[serde(deserialize_with = "null_as_default")]
    pub policies: Vec<String>,
    /// Of the token alone.
    #[serde(deserialize_with = "null_as_default")]
    pub token_policies: Vec<String>,
    /// `default` was left out.
    pub no_default_policy: bool,
    /// Shown with the token.
    pub metadata: Option<BTreeMap<String, String>>,
    /// The token.
    #[serde(with = "secret")]
    pub client_token: SecretText,
    /// Its accessor.
    pub accessor: String,
    /// Renewable for ever in steps of this; zero: not periodic.
    #[serde(with = "nanos")]
    pub period: Duration,
    /// Hard end; zero: none.
    #[serde(with = "nanos")]
    pub explicit_max_ttl: Duration,
    /// Uses it was made with.
    pub num_uses: i64,
    /// Entity of the login.
    pub entity_id: String,
    /// Who logged in.
    pub alias: Option<AliasRecord>,
    /// Addresses it may be used from.
    #[serde(deserialize_with = "null_as_default")]
    pub bound_cidrs: Vec<String>,
    /// Path of the request.
    pub creation_path: String,
    /// Kind of token as a number, 1 for service.
    pub token_type: u8,
    /// Whether no token made it.
    pub orphan: bool,
}

/// Who logged in, as Vault keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AliasRecord {
    /// Type of the mount.
    #[serde(default)]
    pub mount_type: String,
    /// The mount.
    #[serde(default)]
    pub mount_accessor: String,
    /// Name within it.
    #[serde(default)]
    pub name: String,
    /// Kept with the alias.
    #[serde(default, deserialize_with = "null_as_default")]
    pub metadata: BTreeMap<String, String>,
}

impl LeaseRecord {
    /// A fresh lease; `expire_time` zero means that it never ends.
    pub(crate) fn new(
        lease_id: String,
        path: &str,
        token: &TokenEntry,
        now: Timestamp,
        expire_time: Timestamp,
    ) -> Self {
        Self {
            lease_id,
            client_token: token.id.clone(),
            client_token_type: token.kind.into(),
            path: path.to_owned(),
            data: None,
            secret: None,
            auth: None,
            issue_time: now,
            expire_time,
            last_renewal_time: Timestamp::ZERO,
            login_role: String::new(),
            version: 1,
            revoke_error: String::new(),
        }
    }

    /// Why it can't be renewed now, in Vault's words.
    pub fn check_renewable(&self, now: Timestamp) -> Result<(), Failure> {
        let refused = if !self.revoke_error.is_empty() {
            "lease is expired and has failed previous revocation attempts"
        } else if self.expire_time.is_zero() {
            "lease is not renewable"
        } else if self.expire_time < now {
            "lease expired"
        } else if self.secret.as_ref().is_some_and(|secret| !secret.renewable)
            || self.auth.as_ref().is_some_and(|auth| !auth.renewable)
        {
            "lease is not renewable"
        } else {
            return Ok(());
        };
        Err(Failure::invalid(refused))
    }

    /// Seconds left, reckoned as Vault does: from the present moment rounded to a second, cut to whole ones.
    pub fn seconds_left(&self, now: Timestamp) -> i64 {
        if self.expire_time.is_zero() {
            return 0;
        }
        let nanos = now.unix_nanos();
        let rounded = (nanos + 500_000_000).div_euclid(1_000_000_000) * 1_000_000_000;
        i64::try_from((self.expire_time.unix_nanos() - rounded) / 1_000_000_000).unwrap_or(0)
    }
}

impl AuthRecord {
    /// What an auth method is asked about at a renewal.
    pub(crate) fn grant(&self) -> Grant {
        Grant {
            policies: self.token_policies.clone(),
            no_default_policy: self.no_default_policy,
            metadata: self.metadata.clone().unwrap_or_default(),
            display_name: self.display_name.clone(),
            alias: self
                .alias
                .as_ref()
                .map(|alias| Alias { name: alias.name.clone(), metadata: alias.metadata.clone() }),
            ttl: self.ttl,
            max_ttl: self.max_ttl,
            explicit_max_ttl: self.explicit_max_ttl,
            period: self.period,
            renewable: self.renewable,
            num_uses: u64::try_from(self.num_uses).unwrap_or(0),
            token_type: TokenType::Service,
            bound_cidrs: self.bound_cidrs.iter().filter_map(|text| crate::token::parse_cidr(text)).collect(),
            internal: self.internal.clone().unwrap_or_default(),
        }
    }
}

/// A JSON object or null.
mod payload {
    use super::{Map, Payload, Value};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(payload: &Option<Payload>, serializer: S) -> Result<S::Ok, S::Error> {
        payload.as_ref().map(Payload::map).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Payload>, D::Error> {
        Ok(Option::<Map<String, Value>>::deserialize(deserializer)?.map(Payload::from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_that_vault_wrote_is_read() {
        let stored = r#"{"lease_id":"auth/token/create/h1","client_token":"s.x","token_type":0,"path":"auth/token/create",
            "data":null,"secret":null,"auth":{"lease":3600000000000,"max_ttl":0,"renewable":true,"internal_data":null,
            "display_name":"token","policies":["default"],"token_policies":["default"],"identity_policies":null,
            "external_namespace_policies":null,"no_default_policy":false,"metadata":null,"client_token":"s.x","accessor":"a",
            "period":0,"explicit_max_ttl":0,"num_uses":0,"entity_id":"","alias":null,"group_aliases":null,"bound_cidrs":null,
            "creation_path":"auth/token/create","token_type":1,"orphan":false,"policy_results":null,"mfa_requirement":null,
            "entity_created":false},"issue_time":"2026-11-23T20:48:09.076474447Z",
            "expire_time":"2026-11-23T21:48:09.076466936Z","last_renewal_time":"0001-01-01T00:00:00Z","login_role":"",
            "version":1,"revokeErr":""}"#;
        let lease: LeaseRecord = serde_json::from_str(stored).unwrap();
        let auth = lease.auth.as_ref().unwrap();
        assert_eq!((auth.ttl, auth.renewable, auth.token_type), (Duration::from_secs(3600), true, 1));
        let again: LeaseRecord = serde_json::from_slice(&serde_json::to_vec(&lease).unwrap()).unwrap();
        assert_eq!((again.expire_time, again.lease_id), (lease.expire_time, lease.lease_id));
    }

    #[test]
    fn seconds_left_are_rounded_as_vault_rounds() {
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let mut lease: LeaseRecord = serde_json::from_value(serde_json::json!({
            "lease_id": "a", "client_token": "", "path": "a", "issue_time": "2026-11-23T20:00:00Z",
            "expire_time": "2026-11-23T21:00:00.4Z", "last_renewal_time": "0001-01-01T00:00:00Z"}))
        .unwrap();
        assert_eq!(lease.seconds_left(at("2026-11-23T20:00:00.4Z")), 3600);
        assert_eq!(lease.seconds_left(at("2026-11-23T20:00:00.6Z")), 3599);
        lease.expire_time = Timestamp::ZERO;
        assert_eq!(lease.seconds_left(at("2026-11-23T20:00:00Z")), 0);
    }
}
