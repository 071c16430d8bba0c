//! Storage paths of the keys used last: deriving one costs more than reading what lies there.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

/// Bytes of keys and paths in each of the two halves.
const HALF: usize = 2 << 20;

/// Two halves: what is used moves to the young one; when that is full, the old one is dropped and they change places.
#[derive(Default)]
pub(super) struct PathCache(Mutex<Halves>);

#[derive(Default)]
struct Halves {
    young: HashMap<Box<str>, Arc<str>>,
    old: HashMap<Box<str>, Arc<str>>,
    bytes: usize,
}

impl PathCache {
    pub(super) fn get(&self, key: &str) -> Option<Arc<str>> {
        let mut halves = self.0.lock();
        if let Some(path) = halves.young.get(key) {
            return Some(Arc::clone(path));
        }
        let (key, path) = halves.old.remove_entry(key)?;
        halves.insert(key, &path);
        Some(path)
    }

    pub(super) fn insert(&self, key: &str, path: &Arc<str>) {
        self.0.lock().insert(key.into(), path);
    }
}

impl Halves {
    fn insert(&mut self, key: Box<str>, path: &Arc<str>) {
        self.bytes += key.len() + path.len();
        self.young.insert(key, Arc::clone(path));
        if self.bytes > HALF {
            self.old = std::mem::take(&mut self.young);
            self.bytes = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_memory_is_bounded() {
        let cache = PathCache::default();
        let path: Arc<str> = "p".repeat(1000).into();
        cache.insert("used", &path);
        for n in 0..20_000 {
            cache.insert(&n.to_string(), &path);
            assert!(cache.get("used").is_some());
        }
        assert!(cache.get("0").is_none());
        let halves = cache.0.lock();
        assert!((halves.young.len() + halves.old.len()) * 1000 <= 2 * HALF + 2000);
    }
}
