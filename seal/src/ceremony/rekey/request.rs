//! What a rekey is asked to do.

use super::error::RekeyError;
use crate::seal_config::SealConfig;

/// `sys/rekey/init`, as it came.
#[derive(Clone, Copy, Debug, Default)]
pub struct RekeyRequest {
    /// Shares to make.
    pub secret_shares: i64,
    /// Shares that unseal.
    pub secret_threshold: i64,
    /// PGP keys given.
    pub pgp_keys: usize,
    /// Whether the shares, encrypted with PGP, are to be kept by the server too.
    pub backup: bool,
    /// Whether the new shares have to be shown before the keys change.
    pub verification_required: bool,
}

impl RekeyRequest {
    pub(super) fn validate(&self) -> Result<SealConfig, RekeyError> {
        if self.backup && self.pgp_keys == 0 {
            return Err(RekeyError::BackupWithoutPgp);
        }
        if self.pgp_keys > 0 {
            return Err(RekeyError::PgpKeys);
        }
        Ok(SealConfig::new(self.secret_shares, self.secret_threshold)?)
    }
}
