//! The seal: what keeps everything in the store encrypted, and the ceremonies by which operators open it.
//!
//! Owns: the [`Barrier`] in Vault's format and its keyring, Shamir's [secret sharing](shamir) with Vault's share layout,
//! init, unseal, rekey, generate-root, the rotation of keys, and the handing of a root key to a sealed node. A server's records are those of Vault and OpenBao
//! (`core/keyring`, `core/master`, `core/hsm/barrier-unseal-keys`, `core/shamir-kek`, `core/seal-config`): what one of
//! them wrote opens here with its own shares.
//!
//! Must not know: Raft, HTTP, tokens, or how anything is stored. It does no IO: it is given records and gives
//! [`RecordChanges`] for the caller to store, in one commit.

mod barrier;
mod ceremony;
mod join_proof;
mod key_share;
mod nonce;
mod peer_unseal;
mod record;
mod seal_config;
mod secret_key;
pub mod shamir;
mod snapshot_seal;
mod stored_keys;
mod unseal_key;

pub use barrier::*;
pub use ceremony::*;
pub use join_proof::{JoinKey, JoinKeyError, JoinPurpose, NotForThisJoin, PROOF_LEN};
pub use key_share::{KeyShare, MAX_SHARE_LEN, MIN_SHARE_LEN, ParseShareError, ShareLengthError};
pub use nonce::Nonce;
pub use peer_unseal::{OpeningKey, OpeningPublicKey, PeerUnsealError};
pub use record::*;
pub use seal_config::{ReadSealConfigError, SEAL_TYPE, SealConfig, SealConfigError};
pub use secret_key::{EntropyError, KEY_LEN};
pub use snapshot_seal::{OpenSnapshotError, SnapshotKeys, SnapshotSeal, SnapshotSealError};
pub use stored_keys::StoredKeysError;
pub use unseal_key::{IssueError, OpenRootKeyError};
