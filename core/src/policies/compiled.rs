//! Sets of policies compiled into one ACL, kept until any policy or identity changes.

use std::collections::HashMap;
use std::sync::Arc;

use coffer_policy::{Acl, Directive, Policy, Substitution, TemplateValues};
use parking_lot::Mutex;

use super::{PolicyRecord, RESPONSE_WRAPPING_POLICY};
use crate::{Failure, Transaction};

/// Compiled sets kept at most; beyond it the cache starts afresh.
const CAPACITY: usize = 4096;

/// The compiled policies in use.
#[derive(Default)]
pub struct Policies {
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    /// Rises with every change: what was read before a rise is not kept.
    generation: u64,
    acls: HashMap<Key, Arc<Acl>>,
}

/// A set of policies as one entity has it: templates make the difference.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    entity: Box<str>,
    names: Box<[String]>,
}

impl Policies {
    /// What the named policies allow the bearer of an entity (empty: none) together. Names without a policy allow
    /// nothing. `identity` gives the values for templates, and is asked only when they are compiled.
    pub fn acl<V: TemplateValues>(
        &self,
        tx: &mut Transaction,
        names: &[String],
        entity: &str,
        identity: impl FnOnce(&mut Transaction) -> Result<V, Failure>,
    ) -> Result<Arc<Acl>, Failure> {
        let key = Key { entity: entity.into(), names: names.into() };
        let generation = {
            let cache = self.cache.lock();
            if let Some(acl) = cache.acls.get(&key) {
                return Ok(Arc::clone(acl));
            }
            cache.generation
        };
        let mut policies = Vec::with_capacity(names.len());
        for name in names {
            policies.extend(Self::policy(tx, name)?);
        }
        if policies.iter().any(|(policy, _)| policy.is_templated()) {
            let values = identity(tx)?;
            for (policy, substitution) in &mut policies {
                if policy.is_templated() {
                    *policy = policy.render(&values, *substitution);
                }
            }
        }
        let acl = Arc::new(Acl::new(policies.into_iter().map(|(policy, _)| Arc::new(policy))));
        let mut cache = self.cache.lock();
        // One that will expire is compiled anew each time: rare, and right.
        if cache.generation == generation && acl.expires().is_none() {
            if cache.acls.len() >= CAPACITY {
                cache.acls.clear();
            }
            cache.acls.insert(key, Arc::clone(&acl));
        }
        Ok(acl)
    }

    fn policy(tx: &mut Transaction, name: &str) -> Result<Option<(Policy, Substitution)>, Failure> {
        let (text, substitution) = match name {
            "root" => return Ok(Some((Policy::root(), Substitution::default()))),
            "response-wrapping" => (RESPONSE_WRAPPING_POLICY.to_owned(), Substitution::default()),
            _ => match PolicyRecord::peek(tx, name)? {
                Some(record) => {
                    let substitution = record.substitution();
                    (record.text, substitution)
                }
                None => return Ok(None),
            },
        };
        match Policy::parse(name, &text) {
            Ok(policy) => Ok(Some((policy, substitution))),
            Err(error) => Err(Failure::Internal(format!("stored policy {name:?}: {error}"))),
        }
    }

    /// A policy, or the identity behind a template, was written or removed.
    pub fn changed(&self) {
        let mut cache = self.cache.lock();
        cache.generation += 1;
        cache.acls.clear();
    }
}

/// The values of a caller without an entity: none.
pub struct NoIdentity;

impl TemplateValues for NoIdentity {
    fn value(&self, _directive: &Directive<'_>) -> Option<String> {
        None
    }
}
