//! The two mount tables: kept at `core/mounts` and `core/auth` as Vault keeps them, swapped in memory when they change.

use std::sync::Arc;

use arc_swap::ArcSwap;
use coffer_telemetry::Telemetry;
use serde::{Deserialize, Serialize};

use super::{Mount, MountKind, Registry, Routing};
use crate::{Failure, Transaction};

/// A table as stored.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct MountTable {
    /// `mounts` or `auth`.
    #[serde(rename = "type")]
    pub kind: MountKind,
    /// The mounts.
    pub entries: Vec<Mount>,
}

impl MountKind {
    /// Where the table of this kind is stored.
    pub fn storage_path(self) -> &'static str {
        match self {
            Self::Secrets => "core/mounts",
            Self::Auth => "core/auth",
        }
    }
}

/// The tables in use, and the way to change them.
pub struct Mounts {
    registry: Arc<Registry>,
    telemetry: Arc<Telemetry>,
    routing: ArcSwap<Routing>,
}

impl Mounts {
    /// Nothing mounted yet; see [`Mounts::reload`].
    pub fn new(registry: Arc<Registry>, telemetry: Arc<Telemetry>) -> Self {
        Self { registry, telemetry, routing: ArcSwap::default() }
    }

    /// What is mounted now.
    pub fn routing(&self) -> Arc<Routing> {
        self.routing.load_full()
    }

    /// What can be mounted.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Reads both tables and takes them into use; called at unseal and whenever one was changed.
    pub fn reload(&self, tx: &mut Transaction) -> Result<(), Failure> {
        let secrets = Self::read(tx, MountKind::Secrets)?;
        let auth = Self::read(tx, MountKind::Auth)?;
        let routing = Routing::build(&self.registry, &self.telemetry, [&secrets, &auth], &self.routing.load())?;
        self.routing.store(Arc::new(routing.read_by(tx)));
        Ok(())
    }

    /// A table as it is stored.
    pub fn read(tx: &mut Transaction, kind: MountKind) -> Result<MountTable, Failure> {
        let mut table: MountTable = tx.get_json(kind.storage_path())?.unwrap_or_default();
        table.kind = kind;
        for mount in &mut table.entries {
            mount.kind = kind;
            mount.settle();
        }
        Ok(table)
    }

    /// Stores a table; it is in use on every node once the transaction is committed.
    pub fn write(tx: &mut Transaction, table: &MountTable) -> Result<(), Failure> {
        tx.put_json(table.kind.storage_path(), table)
    }
}
