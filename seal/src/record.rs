//! What the seal asks its caller to store, and where.

/// The keyring, a barrier entry under the root key.
pub const KEYRING_PATH: &str = "core/keyring";
/// The root key, a barrier entry under the newest data key: how a standby follows a change of the root key.
pub const ROOT_KEY_PATH: &str = "core/master";
/// Where OpenBao keeps what Vault keeps at [`ROOT_KEY_PATH`]; read, and removed when the root key is written.
pub const OPENBAO_ROOT_KEY_PATH: &str = "core/root-key";
/// `core/upgrade/<term>` is the key of term + 1, a barrier entry under the key of `term`.
pub const UPGRADE_PREFIX: &str = "core/upgrade/";
/// The root key, encrypted by the unseal key.
pub const STORED_KEYS_PATH: &str = "core/hsm/barrier-unseal-keys";
/// The unseal key, a barrier entry.
pub const UNSEAL_KEY_PATH: &str = "core/shamir-kek";
/// The root key of a state that was restored, a barrier entry under the key that was in use before. Of the cluster, not of
/// the state: a restore leaves it.
pub const HANDOVER_PATH: &str = "core/coffer/cluster/restored-root-key";
/// The seal's configuration, in clear.
pub const SEAL_CONFIG_PATH: &str = "core/seal-config";

/// Puts and deletes that belong together: all of them in one commit, or none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "a change that is not stored is lost"]
pub struct RecordChanges {
    /// Records to set.
    pub puts: Vec<Record>,
    /// Paths to remove; one that is absent is no error.
    pub deletes: Vec<String>,
}

/// A storage path and its value, as it is to be stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// Storage path.
    pub path: String,
    /// Ciphertext, but for [`SEAL_CONFIG_PATH`].
    pub value: Vec<u8>,
}

impl Record {
    pub(crate) fn new(path: impl Into<String>, value: Vec<u8>) -> Self {
        Self { path: path.into(), value }
    }
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Record").field("path", &self.path).field("bytes", &self.value.len()).finish()
    }
}

impl RecordChanges {
    /// The value that a path would get.
    pub fn value(&self, path: &str) -> Option<&[u8]> {
        self.puts.iter().find(|record| record.path == path).map(|record| record.value.as_slice())
    }

    pub(crate) fn put(&mut self, path: impl Into<String>, value: Vec<u8>) {
        self.puts.push(Record::new(path, value));
    }

    pub(crate) fn and(mut self, other: Self) -> Self {
        self.puts.extend(other.puts);
        self.deletes.extend(other.deletes);
        self
    }
}
