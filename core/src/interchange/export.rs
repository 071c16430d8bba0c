//! Records that a snapshot gets besides those that are stored, so that OpenBao and Vault find what they look for.

use std::collections::BTreeMap;

use coffer_model::Frozen;
use coffer_seal::Barrier;
use md5::{Digest, Md5};
use prost::Message;

use super::entities::BUCKETS;
use super::messages::{Any, Bucket, ENTITY_TYPE, Item, PackedEntity};
use crate::identity::{ENTITY_PREFIX, Entity};
use crate::mount::{Mount, MountTable};

/// Bytes of entities that are held at once; the state is read once more for as much again.
const AT_ONCE: usize = 8 << 20;

/// Takes a record's path and value; an error ends it.
type Take<'t> = dyn FnMut(&str, &[u8]) -> Result<(), String> + 't;

/// Hands each of them to `each`: path and value as they are stored. The same state gives records of the same lengths.
pub(crate) fn exported(frozen: &dyn Frozen, barrier: &Barrier, each: &mut Take<'_>) -> Result<(), String> {
    let Survey { prefix: Some(prefix), bytes } = survey(frozen, barrier)? else { return Ok(()) };
    if bytes == 0 {
        return Ok(());
    }
    // Each round packs a share of the 256 buckets.
    let rounds = (bytes / AT_ONCE + 1).min(256);
    for round in 0..rounds {
        let mut buckets: BTreeMap<u8, Bucket> = BTreeMap::new();
        let mut failed = None;
        let walked = frozen.for_each(&mut |record| {
            let Some(id) = record.key.strip_prefix(ENTITY_PREFIX) else { return record.key < ENTITY_END };
            let number = bucket_of(id);
            if usize::from(number) % rounds == round
                && let Err(error) = pack(barrier, record.key, record.value, number, &mut buckets)
            {
                failed = Some(error);
                return false;
            }
            true
        });
        walked.map_err(|error| error.to_string())?;
        if let Some(error) = failed {
            return Err(error);
        }
        for bucket in buckets.into_values() {
            let path = format!("{prefix}{}", bucket.key);
            let value = barrier.encrypt(&path, &bucket.encode_to_vec()).map_err(|error| error.to_string())?;
            each(&path, &value)?;
        }
    }
    Ok(())
}

/// Behind all entities.
const ENTITY_END: &str = "core/coffer/identity/entity0";

/// Where entities go, and how much they are.
struct Survey {
    prefix: Option<String>,
    bytes: usize,
}

fn survey(frozen: &dyn Frozen, barrier: &Barrier) -> Result<Survey, String> {
    let (mut bytes, mut table) = (0, None);
    let walked = frozen.for_each(&mut |record| {
        if record.key.starts_with(ENTITY_PREFIX) {
            bytes += record.value.len();
        }
        if record.key == "core/mounts" {
            table = Some(record.value.to_vec());
        }
        record.key <= "core/mounts"
    });
    walked.map_err(|error| error.to_string())?;
    let Some(table) = table else { return Ok(Survey { prefix: None, bytes }) };
    let table = barrier.decrypt("core/mounts", &table).map_err(|error| error.to_string())?;
    let table: MountTable = serde_json::from_slice(&table).map_err(|_| "the mount table cannot be read".to_owned())?;
    let identity = table.entries.iter().find(|mount: &&Mount| mount.type_name == "identity");
    Ok(Survey { prefix: identity.map(|mount| format!("logical/{}/", mount.uuid)), bytes })
}

fn pack(
    barrier: &Barrier,
    key: &str,
    value: &[u8],
    number: u8,
    buckets: &mut BTreeMap<u8, Bucket>,
) -> Result<(), String> {
    let plain = barrier.decrypt(key, value).map_err(|error| format!("storage entry {key:?}: {error}"))?;
    let entity: Entity = serde_json::from_slice(&plain).map_err(|_| format!("storage entry {key:?} is no entity"))?;
    let bucket =
        buckets.entry(number).or_insert_with(|| Bucket { key: format!("{BUCKETS}{number}"), ..Bucket::default() });
    let message =
        Any { type_url: ENTITY_TYPE.to_owned(), value: PackedEntity::of(&entity, &bucket.key).encode_to_vec() };
    bucket.items.push(Item { id: entity.id, message: Some(message) });
    Ok(())
}

/// The number of an entity's bucket.
fn bucket_of(id: &str) -> u8 {
    Md5::digest(id.as_bytes())[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entity_goes_where_openbao_looks_for_it() {
        assert_eq!(bucket_of("425b741d-23e4-d931-6b89-e883d2b90fcb"), 202);
    }
}
