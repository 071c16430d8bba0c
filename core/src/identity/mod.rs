//! Identity: the entity behind a login. Merging, groups and the API come later; here an entity is found, or made at the
//! first login of its alias.

mod entity;
mod store;
#[cfg(test)]
mod tests;

pub use entity::{Entity, EntityAlias};
pub(crate) use store::ENTITY_PREFIX;

use crate::mount::Mount;
use crate::{Alias, Failure, Timestamp, Transaction};

/// Entities and their aliases.
#[derive(Debug, Default)]
pub struct Identities;

impl Identities {
    /// The entity of an alias of a mount. One that was never seen gets a new entity; from then on it is always that one.
    pub fn of_login(
        &self,
        tx: &mut Transaction,
        mount: &Mount,
        alias: &Alias,
        now: Timestamp,
    ) -> Result<Entity, Failure> {
        if alias.name.is_empty() {
            return Err(Failure::internal("missing name in alias"));
        }
        // Under guard: of two first logins at the same time one is run again and finds the other's entity.
        let known = match store::entity_of_alias(tx, &mount.accessor, &alias.name)? {
            Some(id) => store::read(tx, &id)?,
            None => None,
        };
        if let Some(mut entity) = known {
            if entity.refresh(&mount.accessor, alias, now) {
                store::write(tx, &entity)?;
            }
            return if entity.disabled { Err(Failure::Denied) } else { Ok(entity) };
        }
        let entity = Entity::of_alias(mount, alias, now);
        store::write(tx, &entity)?;
        store::link(tx, &entity)?;
        Ok(entity)
    }

    /// Takes over an entity of a restored state, unless a newer one is known.
    pub(crate) fn adopt(&self, tx: &mut Transaction, entity: Entity) -> Result<(), Failure> {
        let known = store::read(tx, &entity.id)?;
        if known.is_some_and(|known| known.last_update_time > entity.last_update_time) {
            return Ok(());
        }
        store::write(tx, &entity)?;
        store::link(tx, &entity)
    }

    /// Adds aliases that were kept apart from their entity.
    pub(crate) fn adopt_aliases(
        &self,
        tx: &mut Transaction,
        entity_id: &str,
        aliases: Vec<EntityAlias>,
    ) -> Result<(), Failure> {
        let Some(mut entity) = store::read(tx, entity_id)? else { return Ok(()) };
        for alias in aliases {
            let is_known =
                |known: &EntityAlias| known.mount_accessor == alias.mount_accessor && known.name == alias.name;
            if !entity.aliases.iter().any(is_known) {
                entity.aliases.push(alias);
            }
        }
        store::write(tx, &entity)?;
        store::link(tx, &entity)
    }

    /// An entity by its id.
    pub fn find(&self, tx: &mut Transaction, id: &str) -> Result<Option<Entity>, Failure> {
        if id.is_empty() { Ok(None) } else { store::peek(tx, id) }
    }

    /// Counts entities up to `limit`.
    pub fn count(&self, tx: &Transaction, limit: usize) -> Result<usize, Failure> {
        store::count(tx, limit)
    }

    /// The policies that an entity gives to its tokens. Nothing can set any yet, so none are.
    pub fn policies(&self, _tx: &mut Transaction, _id: &str) -> Result<Vec<String>, Failure> {
        Ok(Vec::new())
    }
}
