//! Live tokens by salted id, kept until their record or their lease changes. Bounded; reads of different tokens do not
//! wait for each other.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use ipnet::IpNet;
use parking_lot::RwLock;

use super::{SaltedId, TokenEntry};
use crate::Timestamp;

const SHARDS: usize = 16;
/// Entries of a shard's younger half; the cache as a whole holds at most `2 * SHARDS * HALF`.
const HALF: usize = 1024;

/// A token found live, with what tells that it still is.
#[derive(Clone)]
pub(super) struct Known {
    pub(super) entry: Arc<TokenEntry>,
    /// When its lease ends; `None`: never.
    pub(super) expires: Option<Timestamp>,
    pub(super) parent: Option<SaltedId>,
    pub(super) networks: Arc<[IpNet]>,
}

/// How far changes had come when something was read: what was read before a change is not kept.
#[derive(Clone, Copy)]
pub(super) struct Seen(u64);

pub(super) struct TokenCache {
    shards: [RwLock<Shard>; SHARDS],
    hasher: RandomState,
}

/// Two generations: when the young one is full it becomes the old one, and the old one is dropped. What is in use moves
/// back into the young one.
#[derive(Default)]
struct Shard {
    changes: u64,
    young: HashMap<SaltedId, Known>,
    old: HashMap<SaltedId, Known>,
}

impl Default for TokenCache {
    fn default() -> Self {
        Self { shards: std::array::from_fn(|_| RwLock::default()), hasher: RandomState::new() }
    }
}

impl TokenCache {
    pub(super) fn find(&self, id: &SaltedId) -> Option<Known> {
        let shard = self.shard(id.as_str());
        {
            let shard = shard.read();
            if let Some(known) = shard.young.get(id) {
                return Some(known.clone());
            }
            shard.old.get(id)?;
        }
        let mut shard = shard.write();
        let known = shard.old.remove(id)?;
        shard.insert(id.clone(), known.clone());
        Some(known)
    }

    /// To be taken before the record is read.
    pub(super) fn seen(&self, id: &SaltedId) -> Seen {
        Seen(self.shard(id.as_str()).read().changes)
    }

    /// Keeps what was read, unless something changed since `seen`.
    pub(super) fn insert(&self, id: SaltedId, known: Known, seen: Seen) {
        let mut shard = self.shard(id.as_str()).write();
        if shard.changes == seen.0 {
            shard.insert(id, known);
        }
    }

    pub(super) fn forget(&self, id: &str) {
        let mut shard = self.shard(id).write();
        shard.changes += 1;
        shard.young.remove(id);
        shard.old.remove(id);
    }

    pub(super) fn clear(&self) {
        for shard in &self.shards {
            let mut shard = shard.write();
            shard.changes += 1;
            shard.young.clear();
            shard.old.clear();
        }
    }

    fn shard(&self, id: &str) -> &RwLock<Shard> {
        // The remainder is below SHARDS, so the conversion can't cut anything off.
        &self.shards[(self.hasher.hash_one(id) % SHARDS as u64) as usize]
    }
}

impl Shard {
    fn insert(&mut self, id: SaltedId, known: Known) {
        if self.young.len() >= HALF {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(id, known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        let entry = serde_json::from_str(r#"{"id": "hvs.x"}"#).unwrap();
        Known { entry: Arc::new(entry), expires: None, parent: None, networks: Arc::from([]) }
    }

    fn id(number: usize) -> SaltedId {
        SaltedId::from_stored(&number.to_string())
    }

    #[test]
    fn what_was_read_before_a_change_is_not_kept() {
        let cache = TokenCache::default();
        let seen = cache.seen(&id(1));
        cache.forget("1");
        cache.insert(id(1), known(), seen);
        assert!(cache.find(&id(1)).is_none());
        cache.insert(id(1), known(), cache.seen(&id(1)));
        assert!(cache.find(&id(1)).is_some());
        cache.forget("1");
        assert!(cache.find(&id(1)).is_none());
    }

    #[test]
    fn it_is_bounded_and_keeps_what_is_in_use() {
        let cache = TokenCache::default();
        for number in 0..10 * SHARDS * HALF {
            cache.insert(id(number), known(), cache.seen(&id(number)));
            if number % 100 == 0 {
                assert!(cache.find(&id(0)).is_some(), "after {number}");
            }
        }
        let held: usize = cache.shards.iter().map(|shard| shard.read().young.len() + shard.read().old.len()).sum();
        assert!(held <= 2 * SHARDS * HALF);
    }
}
