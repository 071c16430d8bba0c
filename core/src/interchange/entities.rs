//! Packed entities, taken out of their buckets.

use std::sync::Arc;

use prost::Message;

use super::messages::{Bucket, LocalAliases, PackedEntity};
use super::{commit, plain};
use crate::active::Active;
use crate::mount::{MountKind, Mounts};
use crate::{Failure, Transaction};

/// Below the storage of the mount.
pub(super) const BUCKETS: &str = "packer/buckets/";
const LOCAL_ALIASES: &str = "packer/local-aliases/buckets/";

/// Entities written by one entry.
const STEP: usize = 100;

/// There are 256 buckets of a kind.
const LIMIT: usize = 1000;

/// Where the storage of `identity/` begins.
pub(super) fn storage_prefix(tx: &mut Transaction) -> Result<Option<String>, Failure> {
    let table = Mounts::read(tx, MountKind::Secrets)?;
    let mount = table.entries.iter().find(|mount| mount.type_name == "identity");
    Ok(mount.map(|mount| mount.storage_prefix().to_owned()))
}

/// Takes all entities over, in bounded steps. Before logins: a login that does not find its entity makes another.
pub(super) async fn adopt(active: &Arc<Active>) -> Result<(), Failure> {
    let mut tx = active.transaction();
    let Some(prefix) = storage_prefix(&mut tx)? else { return Ok(()) };
    let mut taken = 0;
    for folder in [BUCKETS, LOCAL_ALIASES] {
        for key in tx.scan(&format!("{prefix}{folder}"), "", LIMIT)? {
            taken += unpack(active, &key, folder == BUCKETS).await?;
        }
    }
    if taken > 0 {
        tracing::info!(entities = taken, "the entities of a restored state are taken over");
    }
    Ok(())
}

async fn unpack(active: &Arc<Active>, key: &str, holds_entities: bool) -> Result<usize, Failure> {
    let mut tx = active.transaction();
    let Some(record) = tx.get(key)? else { return Ok(0) };
    let record = plain(record)?;
    let bucket = Bucket::decode(record.as_slice())
        .map_err(|_| Failure::internal(format!("storage entry {key:?} is not the record it should be")))?;
    let entries: Vec<_> = bucket.entries().collect();
    for step in entries.chunks(STEP) {
        let mut tx = active.transaction();
        for (id, message) in step {
            if holds_entities {
                active.identities.adopt(&mut tx, PackedEntity::read(message)?)?;
            } else {
                let aliases = LocalAliases::decode(message.as_slice())
                    .map_err(|_| Failure::internal("packed aliases are damaged"))?;
                let aliases = aliases.aliases.into_iter().map(Into::into).collect();
                active.identities.adopt_aliases(&mut tx, id, aliases)?;
            }
        }
        commit(active, tx).await?;
    }
    let mut tx = active.transaction();
    tx.delete(key);
    commit(active, tx).await?;
    Ok(if holds_entities { entries.len() } else { 0 })
}
