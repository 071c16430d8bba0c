//! Vault's barrier: entries encrypted with AES-256-GCM under numbered keys, and the keyring that holds those.

mod adopt;
mod change;
mod entry;
mod handle;
mod keyring;
mod rotation;
mod term_key;

pub use adopt::AdoptError;
pub use change::KeyringChange;
pub(crate) use entry::EntryCipher;
pub use entry::{DecryptError, ENTRY_OVERHEAD, EncryptError};
pub use handle::{Barrier, KeyStatus, RotateRootError, SetRotationError};
pub(crate) use keyring::Keyring;
pub use keyring::{OpenKeyringError, WriteKeyringError, upgrade_path};
pub use rotation::{MAX_OPERATIONS, MIN_INTERVAL, MIN_OPERATIONS, RotationConfig, RotationConfigError, RotationReason};
