//! Which request headers the audit log shows; stored in Vault's JSON at `sys/audited-headers-config/audited-headers`.

use std::collections::BTreeMap;

use coffer_audit::HeaderRules;
use serde::{Deserialize, Serialize};

use crate::{Failure, Transaction};

const PATH: &str = "sys/audited-headers-config/audited-headers";

/// Headers by lower-case name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AuditedHeaders(pub BTreeMap<String, AuditedHeader>);

/// How one is shown.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct AuditedHeader {
    /// Its values are hidden behind the device's HMAC.
    #[serde(default)]
    pub hmac: bool,
}

impl AuditedHeaders {
    /// As stored.
    pub fn read(tx: &mut Transaction) -> Result<Self, Failure> {
        Ok(tx.get_json(PATH)?.unwrap_or_default())
    }

    /// Stores them.
    pub fn write(&self, tx: &mut Transaction) -> Result<(), Failure> {
        tx.put_json(PATH, self)
    }

    pub(super) fn rules(&self) -> HeaderRules {
        self.0.iter().map(|(name, header)| (name, header.hmac)).collect()
    }
}
