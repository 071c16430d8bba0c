//! A record kept in memory until it is changed.

use std::sync::Arc;

use coffer_core::Failure;
use parking_lot::RwLock;

/// What was read of a record, dropped when the record changes. A read that a change overtook is used once and not kept.
pub(super) struct Cached<T>(RwLock<Slot<T>>);

struct Slot<T> {
    changes: u64,
    value: Option<Arc<T>>,
}

impl<T> Cached<T> {
    pub(super) fn empty() -> Self {
        Self(RwLock::new(Slot { changes: 0, value: None }))
    }

    /// The record, read with `read` if it is not here. What is `None` is not kept.
    pub(super) fn get(&self, read: impl FnOnce() -> Result<Option<T>, Failure>) -> Result<Option<Arc<T>>, Failure> {
        let before = {
            let slot = self.0.read();
            if let Some(value) = &slot.value {
                return Ok(Some(Arc::clone(value)));
            }
            slot.changes
        };
        let Some(value) = read()?.map(Arc::new) else { return Ok(None) };
        let mut slot = self.0.write();
        if slot.changes == before {
            slot.value = Some(Arc::clone(&value));
        }
        Ok(Some(value))
    }

    /// The record was changed.
    pub(super) fn forget(&self) {
        let mut slot = self.0.write();
        slot.changes += 1;
        slot.value = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_once_until_a_change() {
        let cached = Cached::empty();
        assert_eq!(cached.get(|| Ok(Some(1))).unwrap().as_deref(), Some(&1));
        assert_eq!(cached.get(|| Ok(Some(2))).unwrap().as_deref(), Some(&1));
        cached.forget();
        assert_eq!(cached.get(|| Ok(Some(2))).unwrap().as_deref(), Some(&2));
    }

    #[test]
    fn a_read_that_was_overtaken_is_not_kept() {
        let cached = Cached::empty();
        let old = cached.get(|| {
            cached.forget();
            Ok(Some("old"))
        });
        assert_eq!(old.unwrap().as_deref(), Some(&"old"));
        assert_eq!(cached.get(|| Ok(Some("new"))).unwrap().as_deref(), Some(&"new"));
    }
}
