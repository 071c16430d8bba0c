//! Tables of mounts and audit devices that are kept a record an entry, and those of local ones apart.

use serde::de::DeserializeOwned;

use crate::audit_log::{AuditDevice, AuditTable};
use crate::mount::{Mount, MountKind, MountTable, Mounts};
use crate::{Failure, Transaction};

/// Entries of one table; far more than the one record of it can hold.
const LIMIT: usize = 100_000;

/// Brings them into the one table of a kind that we keep; whether there were any.
pub(super) fn adopt(tx: &mut Transaction) -> Result<bool, Failure> {
    let mut found = false;
    for (kind, folders, local) in [
        (MountKind::Secrets, ["core/mounts/", "core/local-mounts/"], "core/local-mounts"),
        (MountKind::Auth, ["core/auth/", "core/local-auth/"], "core/local-auth"),
    ] {
        let mut mounts: Vec<Mount> = take_all(tx, folders)?;
        if let Some(table) = tx.get_json::<MountTable>(local)? {
            mounts.extend(table.entries);
            tx.delete(local);
        }
        if mounts.is_empty() {
            continue;
        }
        found = true;
        let mut table = Mounts::read(tx, kind)?;
        table.entries.retain(|known| mounts.iter().all(|mount| mount.uuid != known.uuid));
        table.entries.extend(mounts);
        table.entries.sort_by(|one, other| one.path.cmp(&other.path));
        Mounts::write(tx, &table)?;
    }
    Ok(adopt_audit(tx)? || found)
}

fn adopt_audit(tx: &mut Transaction) -> Result<bool, Failure> {
    const LOCAL: &str = "core/local-audit";
    let mut devices: Vec<AuditDevice> = take_all(tx, ["core/audit/", "core/local-audit/"])?;
    if let Some(table) = tx.get_json::<AuditTable>(LOCAL)? {
        devices.extend(table.entries);
        tx.delete(LOCAL);
    }
    if devices.is_empty() {
        return Ok(false);
    }
    let mut table = AuditTable::read(tx)?;
    table.entries.retain(|known| devices.iter().all(|device| device.uuid != known.uuid));
    table.entries.extend(devices);
    table.write(tx)?;
    Ok(true)
}

fn take_all<T: DeserializeOwned>(tx: &mut Transaction, folders: [&str; 2]) -> Result<Vec<T>, Failure> {
    let mut found = Vec::new();
    for folder in folders {
        for key in tx.scan(folder, "", LIMIT)? {
            found.extend(tx.get_json::<T>(&key)?);
            tx.delete(key);
        }
    }
    Ok(found)
}
