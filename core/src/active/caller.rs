//! From a live token to all that it may do.

use std::sync::Arc;

use coffer_policy::{Directive, TemplateValues};

use super::Active;
use crate::identity::Entity;
use crate::token::{Caller, TokenEntry};
use crate::{Failure, Transaction};

impl Active {
    /// The token with the policies of its entity and what they allow together.
    pub fn caller(&self, tx: &mut Transaction, entry: Arc<TokenEntry>) -> Result<Caller, Failure> {
        let identity_policies: Arc<[String]> = if entry.entity_id.is_empty() || entry.no_identity_policies {
            Arc::default()
        } else {
            self.identities.policies(tx, &entry.entity_id)?.into()
        };
        let acl = if identity_policies.is_empty() {
            self.policies.acl(tx, &entry.policies, &entry.entity_id, |tx| self.template_values(tx, &entry))?
        } else {
            let mut names = entry.policies.clone();
            names.extend(identity_policies.iter().cloned());
            names.sort();
            names.dedup();
            self.policies.acl(tx, &names, &entry.entity_id, |tx| self.template_values(tx, &entry))?
        };
        Ok(Caller { entry, identity_policies, acl })
    }

    fn template_values(&self, tx: &mut Transaction, entry: &TokenEntry) -> Result<EntityValues, Failure> {
        Ok(EntityValues(self.identities.find(tx, &entry.entity_id)?))
    }
}

/// What policies may name of a caller's entity.
struct EntityValues(Option<Entity>);

impl TemplateValues for EntityValues {
    fn value(&self, directive: &Directive<'_>) -> Option<String> {
        let entity = self.0.as_ref()?;
        match directive {
            Directive::EntityId => Some(entity.id.clone()),
            Directive::EntityName => Some(entity.name.clone()),
            Directive::EntityMetadata { key } => entity.metadata.get(*key).cloned(),
            Directive::AliasId { accessor } => alias(entity, accessor).map(|alias| alias.id.clone()),
            Directive::AliasName { accessor } => alias(entity, accessor).map(|alias| alias.name.clone()),
            Directive::AliasMetadata { accessor, key } => alias(entity, accessor)?.metadata.get(*key).cloned(),
            // Groups and custom metadata can't be set yet.
            _ => None,
        }
    }
}

fn alias<'e>(entity: &'e Entity, accessor: &str) -> Option<&'e crate::identity::EntityAlias> {
    entity.aliases.iter().find(|alias| alias.mount_accessor == accessor)
}
