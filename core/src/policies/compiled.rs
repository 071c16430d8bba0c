//! Sets of policies compiled into one ACL, kept until any policy changes.

use std::collections::HashMap;
use std::sync::Arc;

use coffer_policy::{Acl, Policy};
use parking_lot::Mutex;

use super::{PolicyRecord, RESPONSE_WRAPPING_POLICY};
use crate::{Failure, Transaction};

/// What templates of a policy may name of the caller's identity.
pub use coffer_policy::TemplateIdentity as Identity;

/// Compiled sets kept at most; beyond it the cache starts afresh.
const CAPACITY: usize = 4096;

/// The compiled policies in use.
#[derive(Default)]
pub struct Policies {
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    /// Rises with every change of a policy: what was read before a rise is not kept.
    generation: u64,
    acls: HashMap<Box<[String]>, Arc<Acl>>,
}

impl Policies {
    /// What the named policies allow together. Names without a policy allow nothing. `identity` fills in templates; sets
    /// with templates are compiled anew each time.
    pub fn acl(
        &self,
        tx: &mut Transaction,
        names: &[String],
        identity: Option<&dyn Identity>,
    ) -> Result<Arc<Acl>, Failure> {
        let generation = {
            let cache = self.cache.lock();
            if let Some(acl) = cache.acls.get(names) {
                return Ok(Arc::clone(acl));
            }
            cache.generation
        };
        let mut policies = Vec::with_capacity(names.len());
        let mut templated = false;
        for name in names {
            if let Some(policy) = Self::policy(tx, name)? {
                if policy.is_templated() {
                    templated = true;
                    policies.push(Arc::new(policy.resolve(identity)));
                } else {
                    policies.push(Arc::new(policy));
                }
            }
        }
        let acl = Arc::new(Acl::new(policies));
        if !templated {
            let mut cache = self.cache.lock();
            if cache.generation == generation {
                if cache.acls.len() >= CAPACITY {
                    cache.acls.clear();
                }
                cache.acls.insert(names.into(), Arc::clone(&acl));
            }
        }
        Ok(acl)
    }

    fn policy(tx: &mut Transaction, name: &str) -> Result<Option<Policy>, Failure> {
        let text = match name {
            "root" => return Ok(Some(Policy::root())),
            "response-wrapping" => RESPONSE_WRAPPING_POLICY.to_owned(),
            _ => match tx.peek_json::<PolicyRecord>(&format!("{}{name}", super::STORAGE_PREFIX))? {
                Some(record) => record.text,
                None => return Ok(None),
            },
        };
        match Policy::parse(name, &text) {
            Ok(policy) => Ok(Some(policy)),
            Err(error) => Err(Failure::Internal(format!("stored policy {name:?}: {error}"))),
        }
    }

    /// A policy was written or removed.
    pub fn changed(&self) {
        let mut cache = self.cache.lock();
        cache.generation += 1;
        cache.acls.clear();
    }
}
