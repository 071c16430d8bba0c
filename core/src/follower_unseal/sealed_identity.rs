//! Who a sealed node is, for as long as its process has been sealed from the start.

use coffer_seal::{OpeningKey, OpeningPublicKey};
use uuid::Uuid;

/// A mark of this start of the process, and the key pair that the root key may be sealed to. In memory alone: after a
/// restart a node is another one, and what was promised to it before is void.
pub(super) struct SealedIdentity {
    pub(super) boot_id: Uuid,
    pub(super) key: OpeningKey,
}

/// What others are told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) boot_id: Uuid,
    pub(super) key: OpeningPublicKey,
}

impl SealedIdentity {
    /// `None` without randomness; the node has to be unsealed by hand then.
    pub(super) fn generate() -> Option<Self> {
        match OpeningKey::generate() {
            Ok(key) => Some(Self { boot_id: Uuid::new_v4(), key }),
            Err(error) => {
                tracing::error!("this node cannot be opened by another: {error}");
                None
            }
        }
    }

    pub(super) fn claim(&self) -> Claim {
        Claim { boot_id: self.boot_id, key: self.key.public() }
    }
}
