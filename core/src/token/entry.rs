//! A token as it is stored, in Vault's JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::SecretText;
use crate::mount::nanos;

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
    #[serde(default)]
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
    #[serde(default)]
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
    /// Whether the lease of a token that is being made may be renewed; not read back.
    #[serde(skip)]
    pub renewable: bool,
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
}

fn empty() -> SecretText {
    SecretText::new("")
}

mod secret {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::SecretText;

    pub(super) fn serialize<S: Serializer>(text: &SecretText, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(text.expose())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretText, D::Error> {
        String::deserialize(deserializer).map(SecretText::new)
    }
}
