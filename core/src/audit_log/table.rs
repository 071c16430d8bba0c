//! The stored table of devices, in Vault's JSON at `core/audit`, and their salts at `audit/UUID/salt`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::token::null_as_default;
use crate::{Failure, Transaction};

const PATH: &str = "core/audit";

/// The table.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct AuditTable {
    /// Always `audit`.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// The devices.
    #[serde(default, deserialize_with = "null_as_default")]
    pub entries: Vec<AuditDevice>,
}

/// A device.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AuditDevice {
    /// Always `audit`.
    #[serde(default)]
    pub table: String,
    /// Path with a trailing slash.
    pub path: String,
    /// `file`, `syslog`, `socket`.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Free text.
    #[serde(default)]
    pub description: String,
    /// Names the salt.
    pub uuid: String,
    /// Public handle.
    #[serde(default)]
    pub accessor: String,
    /// As given.
    #[serde(default, deserialize_with = "null_as_default")]
    pub options: BTreeMap<String, String>,
    /// A mark without effect.
    #[serde(default)]
    pub local: bool,
    /// Always `root`.
    #[serde(default)]
    pub namespace_id: String,
}

impl AuditTable {
    /// As stored.
    pub fn read(tx: &mut Transaction) -> Result<Self, Failure> {
        Ok(tx.get_json(PATH)?.unwrap_or_else(|| Self { kind: "audit".to_owned(), entries: Vec::new() }))
    }

    pub(crate) fn write(&self, tx: &mut Transaction) -> Result<(), Failure> {
        tx.put_json(PATH, self)
    }
}

pub(super) fn read_salt(tx: &mut Transaction, uuid: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
    tx.get(&salt_path(uuid))
}

pub(super) fn write_salt(tx: &mut Transaction, uuid: &str, salt: &[u8]) {
    tx.put(salt_path(uuid), salt.to_vec());
}

pub(super) fn delete_salt(tx: &mut Transaction, uuid: &str) {
    tx.delete(salt_path(uuid));
}

fn salt_path(uuid: &str) -> String {
    format!("audit/{uuid}/salt")
}
