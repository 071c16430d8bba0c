//! Where a version 2 mount keeps what, as Vault and OpenBao do.
//!
//! ```text
//! logical/<uuid>/<backend uuid>/config                  Configuration (protobuf)
//!                               upgrading               UpgradeInfo (protobuf)
//!                               salt                    a UUID in text
//!                               policy/metadata         the key that names are encrypted with (JSON)
//!                               archive/metadata        all its versions (JSON)
//!                               metadata/<n1>/<n2>...   KeyMetadata (protobuf), each segment of the key encrypted
//!                               versions/<3 hex>/<61 hex>   Version (protobuf), SHA-256 of salt, key, `|` and number
//! ```

use coffer_core::Failure;
use coffer_core::mount::Mount;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::secret_path::SecretPath;

/// The places of one mount, relative to its storage.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// The backend's uuid and a slash.
    root: String,
}

impl Layout {
    pub(super) fn of(mount: &Mount) -> Result<Self, Failure> {
        let uuid = mount.backend_aware_uuid.trim_end_matches('/');
        if uuid.is_empty() {
            return Err(Failure::Internal(format!("{}: the mount's record has no backend_aware_uuid", mount.path)));
        }
        Ok(Self { root: format!("{uuid}/") })
    }

    /// What everything of version 2 begins with; all else below the mount is left from version 1.
    pub(super) fn root(&self) -> &str {
        &self.root
    }

    pub(super) fn config(&self) -> String {
        format!("{}config", self.root)
    }

    pub(super) fn upgrading(&self) -> String {
        format!("{}upgrading", self.root)
    }

    pub(super) fn salt(&self) -> String {
        format!("{}salt", self.root)
    }

    pub(super) fn name_policy(&self) -> String {
        format!("{}policy/metadata", self.root)
    }

    pub(super) fn name_archive(&self) -> String {
        format!("{}archive/metadata", self.root)
    }

    /// The folder of all key metadata, without the slash at its end.
    pub(super) fn metadata(&self) -> String {
        format!("{}metadata", self.root)
    }

    /// The place of a version's data.
    pub(super) fn version(&self, salt: &Salt, key: SecretPath<'_>, number: u64) -> String {
        let digest = Sha256::new()
            .chain_update(salt.0.as_bytes())
            .chain_update(key.text().as_bytes())
            .chain_update(format!("|{number}").as_bytes())
            .finalize();
        let name = hex::encode(digest);
        format!("{}versions/{}/{}", self.root, &name[..3], &name[3..])
    }
}

/// Keeps the places of versions from being guessed.
pub(super) struct Salt(Zeroizing<String>);

impl Salt {
    pub(super) fn generate() -> Self {
        Self(Zeroizing::new(uuid::Uuid::new_v4().to_string()))
    }

    pub(super) fn from_stored(bytes: &[u8]) -> Result<Self, Failure> {
        match std::str::from_utf8(bytes) {
            Ok(text) if !text.is_empty() => Ok(Self(Zeroizing::new(text.to_owned()))),
            _ => Err(Failure::Internal("the salt of a kv mount is not a text".to_owned())),
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}
