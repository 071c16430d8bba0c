//! When the data key is replaced by itself: Vault's rotation configuration and its bounds.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Most encryptions under one key: a tenth below what NIST allows random 96-bit nonces (2^32), for what is not counted.
pub const MAX_OPERATIONS: i64 = 3_865_470_566;
/// Fewest encryptions that an operator may set.
pub const MIN_OPERATIONS: i64 = 1_000_000;
/// Shortest interval that an operator may set.
pub const MIN_INTERVAL: Duration = Duration::from_secs(24 * 60 * 60);

/// `sys/rotate/config`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RotationConfig {
    /// False: the key is only rotated by hand.
    pub enabled: bool,
    /// Encryptions under one key, after which it is replaced.
    pub max_operations: i64,
    /// Age of a key at which it is replaced; `None`: at no age.
    pub interval: Option<Duration>,
}

/// A setting out of bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RotationConfigError {
    /// Below [`MIN_INTERVAL`].
    #[error("interval must be greater or equal to 24h0m0s")]
    Interval,
    /// Outside [`MIN_OPERATIONS`]..=[`MAX_OPERATIONS`].
    #[error("max_operations must be in the range [{MIN_OPERATIONS},{MAX_OPERATIONS}]")]
    MaxOperations,
}

/// Why a key is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RotationReason {
    /// Older than a year, and its encryptions were never counted.
    #[error("legacy rotation")]
    Legacy,
    /// More encryptions than allowed.
    #[error("reached max operations")]
    MaxOperations,
    /// Older than the interval.
    #[error("rotation interval reached")]
    Interval,
}

impl Default for RotationConfig {
    fn default() -> Self {
        Self { enabled: true, max_operations: MAX_OPERATIONS, interval: None }
    }
}

impl RotationConfig {
    /// Refuses what an operator may not set.
    pub fn validate(&self) -> Result<(), RotationConfigError> {
        if self.interval.is_some_and(|interval| interval < MIN_INTERVAL) {
            return Err(RotationConfigError::Interval);
        }
        if !(MIN_OPERATIONS..=MAX_OPERATIONS).contains(&self.max_operations) {
            return Err(RotationConfigError::MaxOperations);
        }
        Ok(())
    }

    /// Whether a key is due, `age` after it was installed and after so many encryptions; `counted` is false for a
    /// key that never had its encryptions stored.
    pub(crate) fn due(&self, age: Duration, encryptions: u64, counted: bool) -> Option<RotationReason> {
        const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
        if !self.enabled {
            None
        } else if !counted && age > YEAR {
            Some(RotationReason::Legacy)
        } else if i64::try_from(encryptions).is_ok_and(|done| done <= self.max_operations) {
            self.interval.filter(|interval| age > *interval).map(|_| RotationReason::Interval)
        } else {
            Some(RotationReason::MaxOperations)
        }
    }
}

/// Vault's JSON in the keyring: `{"Disabled":false,"MaxOperations":3865470566,"Interval":0}`, nanoseconds.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct EncodedRotationConfig {
    disabled: bool,
    max_operations: i64,
    interval: i64,
}

impl From<RotationConfig> for EncodedRotationConfig {
    fn from(config: RotationConfig) -> Self {
        let interval = config.interval.map_or(0, |interval| i64::try_from(interval.as_nanos()).unwrap_or(i64::MAX));
        Self { disabled: !config.enabled, max_operations: config.max_operations, interval }
    }
}

impl From<EncodedRotationConfig> for RotationConfig {
    /// A stored value out of bounds is brought into them.
    fn from(encoded: EncodedRotationConfig) -> Self {
        let max_operations = match encoded.max_operations {
            0 => MAX_OPERATIONS,
            set => set.clamp(MIN_OPERATIONS, MAX_OPERATIONS),
        };
        let interval = u64::try_from(encoded.interval)
            .ok()
            .filter(|nanos| *nanos > 0)
            .map(|nanos| Duration::from_nanos(nanos).max(MIN_INTERVAL));
        Self { enabled: !encoded.disabled, max_operations, interval }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = MIN_INTERVAL;

    #[test]
    fn bounds_are_refused_in_vaults_words() {
        let low = RotationConfig { max_operations: 5, ..RotationConfig::default() };
        assert_eq!(low.validate().unwrap_err().to_string(), "max_operations must be in the range [1000000,3865470566]");
        let short = RotationConfig { interval: Some(Duration::from_secs(3600)), ..RotationConfig::default() };
        assert_eq!(short.validate().unwrap_err().to_string(), "interval must be greater or equal to 24h0m0s");
        assert_eq!(RotationConfig::default().validate(), Ok(()));
    }

    #[test]
    fn the_json_is_what_go_writes() {
        let json = serde_json::to_string(&EncodedRotationConfig::from(RotationConfig::default())).unwrap();
        assert_eq!(json, r#"{"Disabled":false,"MaxOperations":3865470566,"Interval":0}"#);
        let stored: EncodedRotationConfig = serde_json::from_str(r#"{"MaxOperations":1,"Interval":5}"#).unwrap();
        let config = RotationConfig::from(stored);
        assert_eq!(config, RotationConfig { enabled: true, max_operations: MIN_OPERATIONS, interval: Some(DAY) });
    }

    #[test]
    fn a_key_is_due_by_count_age_or_legacy() {
        let config = RotationConfig { enabled: true, max_operations: MIN_OPERATIONS, interval: Some(DAY) };
        assert_eq!(config.due(DAY, 1_000_000, true), None);
        assert_eq!(config.due(DAY, 1_000_001, true), Some(RotationReason::MaxOperations));
        assert_eq!(config.due(DAY * 2, 0, true), Some(RotationReason::Interval));
        assert_eq!(config.due(DAY * 400, 0, false), Some(RotationReason::Legacy));
        assert_eq!(config.due(DAY, u64::MAX, true), Some(RotationReason::MaxOperations));
        assert_eq!(RotationConfig { enabled: false, ..config }.due(DAY * 400, u64::MAX, false), None);
    }
}
