//! The key that operators hold in shares, and what it opens.

use zeroize::Zeroizing;

use crate::barrier::WriteKeyringError;
use crate::key_share::KeyShare;
use crate::seal_config::SealConfig;
use crate::secret_key::{EntropyError, SecretKey};
use crate::shamir::{CombineError, SplitError, combine, split};
use crate::stored_keys::{StoredKeysError, read_stored_keys};

/// The key that the root key is encrypted under.
pub(crate) struct UnsealKey(SecretKey);

/// Shares came together, and what they gave does not open the root key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenRootKeyError {
    /// Not the length of an AES key.
    #[error("failed to setup unseal key: crypto/aes: invalid key size {0}")]
    KeySize(usize),
    /// See [`StoredKeysError`].
    #[error(transparent)]
    Stored(#[from] StoredKeysError),
}

impl UnsealKey {
    pub(crate) fn generate() -> Result<Self, EntropyError> {
        SecretKey::generate().map(Self)
    }

    pub(crate) fn secret(&self) -> &SecretKey {
        &self.0
    }

    /// The shares for operators; with one share the key itself.
    pub(crate) fn shares(&self, config: SealConfig) -> Result<Vec<KeyShare>, SplitError> {
        if config.shares() == 1 {
            return Ok(vec![KeyShare::new(Zeroizing::new(self.0.bytes().to_vec()))]);
        }
        let shares = split(self.0.bytes(), config.shares(), config.threshold())?;
        Ok(shares.into_iter().map(KeyShare::new).collect())
    }

    /// The key that combined shares are, and the root key that it opens.
    pub(crate) fn open(combined: &[u8], stored_keys: &[u8]) -> Result<(Self, SecretKey), OpenRootKeyError> {
        let key = match (SecretKey::from_slice(combined), combined.len()) {
            (Some(key), _) => key,
            // Keys of AES-128 and AES-192: possible ones, but not this one.
            (None, 16 | 24) => return Err(StoredKeysError::InvalidKey.into()),
            (None, len) => return Err(OpenRootKeyError::KeySize(len)),
        };
        let root = read_stored_keys(&key, stored_keys)?;
        Ok((Self(key), root))
    }
}

/// What enough shares are shares of. With a threshold of 1 that is the first itself.
pub(crate) fn combined(shares: &[KeyShare], threshold: usize) -> Result<Zeroizing<Vec<u8>>, CombineError> {
    match shares {
        [only, ..] if threshold == 1 => Ok(Zeroizing::new(only.bytes().to_vec())),
        _ => combine(shares),
    }
}

/// New shares that could not be made or written down.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// See [`SplitError`].
    #[error("failed to generate shares: {0}")]
    Split(#[from] SplitError),
    /// See [`WriteKeyringError`].
    #[error(transparent)]
    Write(#[from] WriteKeyringError),
}

impl From<EntropyError> for IssueError {
    fn from(error: EntropyError) -> Self {
        Self::Write(error.into())
    }
}
