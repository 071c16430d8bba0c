//! A token as it is stored, in Vault's JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use crate::mount::nanos;
use crate::{SecretText, Timestamp};

/// A service token's record, or what a batch token holds in itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TokenEntry {
    /// The token itself.
    #[serde(with = "secret")]
    pub id: SecretText,
    /// Public handle; empty for batch tokens.
    #[serde(default)]
    pub accessor: String,
    /// Id of the token that made it; empty for orphans.
    #[serde(default = "empty", with = "secret")]
    pub parent: SecretText,
    /// Policies, those of the entity left out.
    #[serde(default, deserialize_with = "null_as_default")]
    pub policies: Vec<String>,
    /// Path of the request that made it.
    #[serde(default)]
    pub path: String,
    /// Shown with the token.
    #[serde(default)]
    pub meta: Option<BTreeMap<String, String>>,
    /// Shown with the token.
    #[serde(default)]
    pub display_name: String,
    /// Uses left; 0: unlimited. Negative: being revoked.
    #[serde(default)]
    pub num_uses: i64,
    /// Seconds since 1970.
    #[serde(default)]
    pub creation_time: i64,
    /// Life at creation.
    #[serde(default, with = "nanos")]
    pub ttl: Duration,
    /// Hard end after this; zero: none.
    #[serde(default, with = "nanos")]
    pub explicit_max_ttl: Duration,
    /// Role it was made by.
    #[serde(default)]
    pub role: String,
    /// Renewable for ever in steps of this; zero: not periodic.
    #[serde(default, with = "nanos")]
    pub period: Duration,
    /// Service or batch.
    #[serde(default, rename = "type")]
    pub kind: StoredTokenType,
    /// Entity of the login.
    #[serde(default)]
    pub entity_id: String,
    /// Policies of the entity don't count.
    #[serde(default)]
    pub no_identity_policies: bool,
    /// Addresses it may be used from; empty: all. Texts such as `10.0.0.0/8`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub bound_cidrs: Vec<String>,
    /// Always `root`.
    #[serde(default)]
    pub namespace_id: String,
    /// Names the token's cubbyhole.
    #[serde(default)]
    pub cubbyhole_id: String,
    /// A policy in text that a wrapping token carries.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub inline_policy: String,
}

/// As a number, as Vault stores it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum StoredTokenType {
    /// Stored, with a lease.
    #[default]
    Service,
    /// Encrypted into itself.
    Batch,
}

impl StoredTokenType {
    /// `service` or `batch`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Batch => "batch",
        }
    }
}

impl From<StoredTokenType> for u8 {
    fn from(kind: StoredTokenType) -> Self {
        match kind {
            StoredTokenType::Service => 1,
            StoredTokenType::Batch => 2,
        }
    }
}

impl TryFrom<u8> for StoredTokenType {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        match number {
            // 0 is "default", which old records of service tokens have.
            0 | 1 => Ok(Self::Service),
            2 => Ok(Self::Batch),
            _ => Err("unknown token type"),
        }
    }
}

impl TokenEntry {
    /// Whether it has the `root` policy.
    pub fn is_root(&self) -> bool {
        self.policies.iter().any(|policy| policy == "root")
    }

    /// Whether no token made it.
    pub fn is_orphan(&self) -> bool {
        self.parent.is_empty()
    }

    /// Whether it is sealed into itself and not stored.
    pub fn is_batch(&self) -> bool {
        self.kind == StoredTokenType::Batch
    }

    /// Whether it has had its last use or is being revoked: no request may begin with it.
    pub fn is_ending(&self) -> bool {
        self.num_uses < 0
    }

    /// Whether it is a root token without an end, which needs no lease.
    pub fn never_expires(&self) -> bool {
        self.ttl.is_zero() && matches!(self.policies.as_slice(), [only] if only == "root")
    }

    /// Whether it holds the answer to another request and can do nothing but hand it out.
    pub fn is_wrapping(&self) -> bool {
        matches!(self.policies.as_slice(), [only] if only == "response-wrapping")
    }

    /// When it was made.
    pub fn created(&self) -> Timestamp {
        Timestamp::from_unix(self.creation_time).unwrap_or(Timestamp::ZERO)
    }
}

/// `null`, which Go writes for an empty list, as an empty one.
pub(crate) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

fn empty() -> SecretText {
    SecretText::new("")
}

/// A secret as a JSON text.
pub(crate) mod secret {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::SecretText;

    pub(crate) fn serialize<S: Serializer>(text: &SecretText, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(text.expose())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretText, D::Error> {
        String::deserialize(deserializer).map(SecretText::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_vault_wrote_is_read() {
        // As OpenBao 2.7 stores it: Go writes `null` for empty lists and maps, and more keys than are used here.
        let stored = r#"{"type":1,"id":"s.x","accessor":"a","parent":"","policies":["root"],"inline_policy":"","path":
            "auth/token/root","meta":null,"internal_meta":null,"display_name":"root","num_uses":0,"creation_time":1795466889,
            "ttl":3600000000000,"explicit_max_ttl":0,"role":"","period":0,"DisplayName":"","NumUses":0,"CreationTime":0,
            "ExplicitMaxTTL":0,"entity_id":"","no_identity_policies":false,"bound_cidrs":null,"namespace_id":"root",
            "cubbyhole_id":"c"}"#;
        let entry: TokenEntry = serde_json::from_str(stored).unwrap();
        assert_eq!((entry.ttl, entry.kind), (Duration::from_secs(3600), StoredTokenType::Service));
        assert!(entry.is_root() && entry.is_orphan() && !entry.never_expires() && entry.bound_cidrs.is_empty());
        let again: TokenEntry = serde_json::from_slice(&serde_json::to_vec(&entry).unwrap()).unwrap();
        assert_eq!((again.id.expose(), again.creation_time), ("s.x", 1_795_466_889));
    }
}
