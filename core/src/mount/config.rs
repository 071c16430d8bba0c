//! Tuning of a mount, in Vault's JSON.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::TokenType;

/// What `tune` sets. Durations are whole nanoseconds in storage, as Go writes them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct MountConfig {
    /// Life of leases and tokens that ask for none; zero: the system's.
    #[serde(default, with = "nanos")]
    pub default_lease_ttl: Duration,
    /// Longest life; zero: the system's.
    #[serde(default, with = "nanos")]
    pub max_lease_ttl: Duration,
    /// A mark without effect: there is no cache to pass by.
    #[serde(default)]
    pub force_no_cache: bool,
    /// Request keys shown in clear in the audit log.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audit_non_hmac_request_keys: Vec<String>,
    /// Response keys shown in clear in the audit log.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audit_non_hmac_response_keys: Vec<String>,
    /// Whether the mount is listed to callers without a token.
    #[serde(default, skip_serializing_if = "ListingVisibility::is_unset")]
    pub listing_visibility: ListingVisibility,
    /// Request headers handed to the engine.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passthrough_request_headers: Vec<String>,
    /// Response headers the engine may set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_response_headers: Vec<String>,
    /// Kind of token that logins of this mount give; a number in storage.
    #[serde(default, with = "token_type")]
    pub token_type: TokenType,
    /// User lockout of this mount; `None`: the defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_lockout_config: Option<UserLockout>,
    /// Name of the plugin.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub plugin_name: String,
}

/// When logins are shut after failures.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UserLockout {
    /// Failures before the lock; 0 counts as the default, 5.
    #[serde(default)]
    pub lockout_threshold: u64,
    /// How long the lock holds.
    #[serde(default, with = "nanos")]
    pub lockout_duration: Duration,
    /// Quiet time after which failures are forgotten.
    #[serde(default, with = "nanos")]
    pub lockout_counter_reset: Duration,
    /// No lockout at all.
    #[serde(default)]
    pub disable_lockout: bool,
}

/// Who sees a mount in `sys/internal/ui/mounts`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ListingVisibility {
    /// Never said.
    #[default]
    #[serde(rename = "")]
    Unset,
    /// Callers with access alone.
    #[serde(rename = "hidden")]
    Hidden,
    /// Everybody.
    #[serde(rename = "unauth")]
    Unauth,
}

impl ListingVisibility {
    /// Whether it was never said.
    pub fn is_unset(&self) -> bool {
        *self == Self::Unset
    }
}

/// Vault's numbers for kinds of tokens.
mod token_type {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::TokenType;

    const KINDS: [TokenType; 5] =
        [TokenType::Default, TokenType::Service, TokenType::Batch, TokenType::DefaultService, TokenType::DefaultBatch];

    pub(super) fn serialize<S: Serializer>(kind: &TokenType, serializer: S) -> Result<S::Ok, S::Error> {
        let number = KINDS.iter().position(|known| known == kind).unwrap_or_default();
        serializer.serialize_u8(u8::try_from(number).unwrap_or_default())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TokenType, D::Error> {
        let stored = serde_json::Value::deserialize(deserializer)?;
        match stored.as_u64() {
            Some(number) => {
                let kind = usize::try_from(number).ok().and_then(|number| KINDS.get(number).copied());
                Ok(kind.unwrap_or_default())
            }
            // As earlier builds wrote it.
            None => TokenType::deserialize(stored).map_err(serde::de::Error::custom),
        }
    }
}

/// Go's encoding of a span: a whole number of nanoseconds.
pub mod nanos {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes nanoseconds; at most as many as can be read back, 292 years.
    pub fn serialize<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(i64::try_from(span.as_nanos()).unwrap_or(i64::MAX))
    }

    /// Reads nanoseconds; a negative number counts as zero.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let nanos = i64::deserialize(deserializer)?;
        Ok(Duration::from_nanos(u64::try_from(nanos).unwrap_or(0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_token_is_a_number_as_vault_stores_it() {
        let read: MountConfig = serde_json::from_str(r#"{"token_type":3}"#).unwrap();
        assert_eq!(read.token_type, TokenType::DefaultService);
        assert_eq!(serde_json::to_value(&read).unwrap()["token_type"], 3);
        let read: MountConfig = serde_json::from_str(r#"{"token_type":"batch"}"#).unwrap();
        assert_eq!(read.token_type, TokenType::Batch);
    }

    #[test]
    fn the_longest_span_is_written_so_that_it_can_be_read_back() {
        let config = MountConfig { max_lease_ttl: Duration::MAX, ..MountConfig::default() };
        let again: MountConfig = serde_json::from_slice(&serde_json::to_vec(&config).unwrap()).unwrap();
        assert_eq!(again.max_lease_ttl, Duration::from_nanos(i64::MAX as u64));
    }
}
