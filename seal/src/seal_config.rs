//! Into how many shares the unseal key is split, and how many of them open the server: Vault's `core/seal-config`.

use serde::{Deserialize, Serialize};

use crate::record::{RecordChanges, SEAL_CONFIG_PATH};

/// The only type of seal so far.
pub const SEAL_TYPE: &str = "shamir";

/// A valid configuration: 1 <= threshold <= shares <= 255, and a threshold of 1 only for one share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealConfig {
    shares: u8,
    threshold: u8,
}

/// Numbers that make no configuration; the texts are Vault's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealConfigError {
    /// Fewer than 1.
    #[error("shares must be at least one")]
    NoShares,
    /// Fewer than 1.
    #[error("threshold must be at least one")]
    NoThreshold,
    /// Each of several shares would be the unseal key itself.
    #[error("threshold must be greater than one for multiple shares")]
    ThresholdOfOne,
    /// More coordinates than there are.
    #[error("shares must be less than 256")]
    TooManyShares,
    /// More coordinates than there are.
    #[error("threshold must be less than 256")]
    ThresholdTooHigh,
    /// Nobody could unseal.
    #[error("threshold cannot be larger than shares")]
    ThresholdAboveShares,
}

/// A record at `core/seal-config` that can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadSealConfigError {
    /// No JSON of a configuration.
    #[error("failed to decode seal configuration: {0}")]
    Malformed(String),
    /// Another seal than this server has.
    #[error("barrier seal type of {0:?} does not match expected type of {SEAL_TYPE:?}")]
    Type(String),
    /// See [`SealConfigError`].
    #[error("seal validation failed: {0}")]
    Invalid(#[from] SealConfigError),
}

impl SealConfig {
    /// Checks the numbers of a request.
    pub fn new(shares: i64, threshold: i64) -> Result<Self, SealConfigError> {
        if shares < 1 {
            return Err(SealConfigError::NoShares);
        }
        if threshold < 1 {
            return Err(SealConfigError::NoThreshold);
        }
        if shares > 1 && threshold < 2 {
            return Err(SealConfigError::ThresholdOfOne);
        }
        let counts = Self {
            shares: u8::try_from(shares).map_err(|_| SealConfigError::TooManyShares)?,
            threshold: u8::try_from(threshold).map_err(|_| SealConfigError::ThresholdTooHigh)?,
        };
        if counts.threshold > counts.shares { Err(SealConfigError::ThresholdAboveShares) } else { Ok(counts) }
    }

    /// Reads the record at `core/seal-config`.
    pub fn read(record: &[u8]) -> Result<Self, ReadSealConfigError> {
        let encoded: EncodedSealConfig =
            serde_json::from_slice(record).map_err(|error| ReadSealConfigError::Malformed(error.to_string()))?;
        if !matches!(encoded.kind.as_str(), "" | SEAL_TYPE) {
            return Err(ReadSealConfigError::Type(encoded.kind));
        }
        Ok(Self::new(encoded.secret_shares, encoded.secret_threshold)?)
    }

    /// Shares made.
    pub fn shares(&self) -> usize {
        self.shares.into()
    }

    /// Shares needed.
    pub fn threshold(&self) -> usize {
        self.threshold.into()
    }

    pub(crate) fn record(&self) -> Result<RecordChanges, serde_json::Error> {
        let encoded = EncodedSealConfig {
            kind: SEAL_TYPE.to_owned(),
            secret_shares: self.shares.into(),
            secret_threshold: self.threshold.into(),
            pgp_keys: (),
            nonce: "",
            backup: false,
        };
        let mut changes = RecordChanges::default();
        changes.put(SEAL_CONFIG_PATH, serde_json::to_vec(&encoded)?);
        Ok(changes)
    }
}

/// Vault's JSON. What follows the counts belongs to a rekey under way and is not read.
#[derive(Serialize, Deserialize)]
struct EncodedSealConfig {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    secret_shares: i64,
    #[serde(default)]
    secret_threshold: i64,
    #[serde(skip_deserializing)]
    pgp_keys: (),
    #[serde(skip_deserializing)]
    nonce: &'static str,
    #[serde(skip_deserializing)]
    backup: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_numbers_are_refused_in_vaults_words() {
        for (shares, threshold, text) in [
            (0, 0, "shares must be at least one"),
            (-1, 3, "shares must be at least one"),
            (5, 0, "threshold must be at least one"),
            (5, 1, "threshold must be greater than one for multiple shares"),
            (256, 2, "shares must be less than 256"),
            (256, 256, "shares must be less than 256"),
            (3, 256, "threshold must be less than 256"),
            (2, 3, "threshold cannot be larger than shares"),
            (i64::MAX, i64::MAX, "shares must be less than 256"),
        ] {
            assert_eq!(SealConfig::new(shares, threshold).unwrap_err().to_string(), text, "{shares} {threshold}");
        }
        for (shares, threshold) in [(1, 1), (2, 2), (5, 3), (255, 255)] {
            assert!(SealConfig::new(shares, threshold).is_ok());
        }
    }

    #[test]
    fn the_record_is_what_vault_writes() {
        let json =
            br#"{"type":"shamir","secret_shares":5,"secret_threshold":3,"pgp_keys":null,"nonce":"","backup":false}"#;
        let config = SealConfig::read(json).unwrap();
        assert_eq!((config.shares(), config.threshold()), (5, 3));
        assert_eq!(config.record().unwrap().value(SEAL_CONFIG_PATH), Some(&json[..]));
    }

    #[test]
    fn a_record_of_vaults_with_more_in_it_is_read() {
        let json = br#"{"type":"","secret_shares":1,"secret_threshold":1,"pgp_keys":["x"],"nonce":"n","backup":true,"stored_shares":1}"#;
        assert_eq!(SealConfig::read(json), Ok(SealConfig { shares: 1, threshold: 1 }));
    }

    #[test]
    fn unusable_records_are_named() {
        let error = SealConfig::read(br#"{"type":"awskms","secret_shares":1,"secret_threshold":1}"#).unwrap_err();
        assert_eq!(error.to_string(), r#"barrier seal type of "awskms" does not match expected type of "shamir""#);
        let error = SealConfig::read(br#"{"type":"shamir"}"#).unwrap_err();
        assert_eq!(error.to_string(), "seal validation failed: shares must be at least one");
        assert!(matches!(SealConfig::read(b"x"), Err(ReadSealConfigError::Malformed(_))));
    }
}
