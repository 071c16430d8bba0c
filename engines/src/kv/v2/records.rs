//! The stored records, with the field numbers of Vault's kv plugin; those from 400 on are OpenBao's.

use std::collections::BTreeMap;

use super::moment::{ProtoDuration, ProtoTimestamp};

/// `config`: what counts for all keys of the mount.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Configuration {
    /// Versions kept of a key; 0: the default.
    #[prost(uint32, tag = "1")]
    pub(super) max_versions: u32,
    /// Every write must say which version it replaces.
    #[prost(bool, tag = "2")]
    pub(super) cas_required: bool,
    /// Life of a version; -1 s: never any, whatever the key says.
    #[prost(message, optional, tag = "3")]
    pub(super) delete_version_after: Option<ProtoDuration>,
    /// Every change of metadata must say which it replaces.
    #[prost(bool, tag = "400")]
    pub(super) metadata_cas_required: bool,
}

/// What is known of a version without its data.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct VersionMetadata {
    #[prost(message, optional, tag = "1")]
    pub(super) created_time: Option<ProtoTimestamp>,
    /// From then on it counts as deleted.
    #[prost(message, optional, tag = "2")]
    pub(super) deletion_time: Option<ProtoTimestamp>,
    /// Its data is gone.
    #[prost(bool, tag = "3")]
    pub(super) destroyed: bool,
}

/// `metadata/...`: a key with the versions it has.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct KeyMetadata {
    /// The key itself: its name in storage is encrypted.
    #[prost(string, tag = "1")]
    pub(super) key: String,
    #[prost(btree_map = "uint64, message", tag = "2")]
    pub(super) versions: BTreeMap<u64, VersionMetadata>,
    /// The latest; 0: none yet.
    #[prost(uint64, tag = "3")]
    pub(super) current_version: u64,
    /// The oldest kept; 0 until the window first moved.
    #[prost(uint64, tag = "4")]
    pub(super) oldest_version: u64,
    #[prost(message, optional, tag = "5")]
    pub(super) created_time: Option<ProtoTimestamp>,
    #[prost(message, optional, tag = "6")]
    pub(super) updated_time: Option<ProtoTimestamp>,
    /// Versions kept; 0: as the mount has it.
    #[prost(uint32, tag = "7")]
    pub(super) max_versions: u32,
    #[prost(bool, tag = "8")]
    pub(super) cas_required: bool,
    #[prost(message, optional, tag = "9")]
    pub(super) delete_version_after: Option<ProtoDuration>,
    #[prost(btree_map = "string, string", tag = "10")]
    pub(super) custom_metadata: BTreeMap<String, String>,
    #[prost(bool, tag = "400")]
    pub(super) metadata_cas_required: bool,
    /// Counts the changes of the metadata itself.
    #[prost(uint64, tag = "401")]
    pub(super) current_metadata_version: u64,
}

/// `upgrading`: how far the upgrade from version 1 is.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct UpgradeInfo {
    #[prost(message, optional, tag = "1")]
    pub(super) started_time: Option<ProtoTimestamp>,
    #[prost(bool, tag = "2")]
    pub(super) done: bool,
}
