//! Where entities lie: one record each, and one a name that leads to it. Vault packs many into one protobuf record; this
//! layout is our own until identity is built whole, and nothing outside of this file knows it.

use sha2::{Digest, Sha256};

use super::Entity;
use crate::{Failure, Transaction};

pub(crate) const ENTITY_PREFIX: &str = "core/coffer/identity/entity/";
const ALIAS_PREFIX: &str = "core/coffer/identity/alias/";

pub(super) fn read(tx: &mut Transaction, id: &str) -> Result<Option<Entity>, Failure> {
    tx.get_json(&format!("{ENTITY_PREFIX}{id}"))
}

pub(super) fn peek(tx: &mut Transaction, id: &str) -> Result<Option<Entity>, Failure> {
    tx.peek_json(&format!("{ENTITY_PREFIX}{id}"))
}

pub(super) fn write(tx: &mut Transaction, entity: &Entity) -> Result<(), Failure> {
    tx.put_json(format!("{ENTITY_PREFIX}{}", entity.id), entity)
}

pub(super) fn count(tx: &Transaction, limit: usize) -> Result<usize, Failure> {
    Ok(tx.scan(ENTITY_PREFIX, "", limit)?.len())
}

/// Id of the entity that has the alias.
pub(super) fn entity_of_alias(tx: &mut Transaction, accessor: &str, name: &str) -> Result<Option<String>, Failure> {
    tx.get_json(&alias_key(accessor, name))
}

/// Writes the way from each alias to the entity.
pub(super) fn link(tx: &mut Transaction, entity: &Entity) -> Result<(), Failure> {
    for alias in &entity.aliases {
        tx.put_json(alias_key(&alias.mount_accessor, &alias.name), &entity.id)?;
    }
    Ok(())
}

/// Names are hashed: they can be long, hold slashes, and be no one's business.
fn alias_key(accessor: &str, name: &str) -> String {
    format!("{ALIAS_PREFIX}{accessor}/{}", hex::encode(Sha256::digest(name.as_bytes())))
}
