//! Proof, by enough shares of the current unseal key, that operators want something done.

use super::fault::Fault;
use crate::barrier::Barrier;
use crate::key_share::KeyShare;
use crate::seal_config::SealConfig;
use crate::shamir::CombineError;
use crate::stored_keys::StoredKeysError;
use crate::unseal_key::{OpenRootKeyError, UnsealKey, combined};

/// What shares are checked against.
#[derive(Clone, Copy)]
pub struct CurrentSeal<'a> {
    /// From `core/seal-config`.
    pub config: SealConfig,
    /// The record at `core/hsm/barrier-unseal-keys`.
    pub stored_keys: &'a [u8],
    /// The open barrier.
    pub barrier: &'a Barrier,
}

/// The shares given are not those of this server's unseal key.
#[derive(Debug, thiserror::Error)]
pub enum AuthorizeError {
    /// They can't belong together.
    #[error("failed to compute root key: {0}")]
    Combine(#[from] CombineError),
    /// What they gave does not open the stored root key.
    #[error(transparent)]
    Open(#[from] OpenRootKeyError),
    /// The stored root key is not the one in use.
    #[error("root key verification failed: unseal failed, invalid key")]
    OtherRootKey,
}

impl AuthorizeError {
    pub(super) fn fault(&self) -> Fault {
        match self {
            Self::Open(OpenRootKeyError::Stored(StoredKeysError::InvalidKey)) | Self::OtherRootKey => Fault::Request,
            Self::Combine(_) | Self::Open(_) => Fault::Server,
        }
    }
}

pub(super) fn authorize(shares: &[KeyShare], seal: CurrentSeal<'_>) -> Result<(), AuthorizeError> {
    let combined = combined(shares, seal.config.threshold())?;
    let (_, root) = UnsealKey::open(&combined, seal.stored_keys)?;
    if seal.barrier.is_root_key(&root) { Ok(()) } else { Err(AuthorizeError::OtherRootKey) }
}
