//! `meta.json`: where in Raft's log the state was taken, as HashiCorp's Raft library writes it.

use serde::{Deserialize, Serialize};

/// What precedes the state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Meta {
    /// Of this record; 1.
    pub version: u32,
    /// A name; `bolt-snapshot` in files made by Vault's integrated storage.
    #[serde(rename = "ID")]
    pub id: String,
    /// Index of the last log entry in the state.
    pub index: u64,
    /// Term of that entry.
    pub term: u64,
    /// Of an older version of the record.
    #[serde(default)]
    pub peers: Option<String>,
    /// The members then; a restore does not use it.
    #[serde(default)]
    pub configuration: Configuration,
    /// Index of the entry that held the configuration.
    #[serde(default)]
    pub configuration_index: u64,
    /// Bytes of `state.bin`.
    pub size: u64,
}

/// The members of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Configuration {
    /// In no order.
    #[serde(default)]
    pub servers: Option<Vec<Server>>,
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Server {
    /// 0: votes; 1: does not.
    pub suffrage: u8,
    /// `node_id`.
    #[serde(rename = "ID")]
    pub id: String,
    /// Host and port of its cluster listener.
    pub address: String,
}

impl Meta {
    /// The name of files made here and by Vault.
    pub const ID: &str = "bolt-snapshot";
    /// The only version.
    pub const VERSION: u32 = 1;
}
