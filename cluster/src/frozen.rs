//! The state at one position, as the upper layers see it.

use coffer_model::{Frozen, Record, Revision, StoreError};
use coffer_storage::{StateSnapshot, Walk};

pub(crate) struct FrozenState(pub(crate) StateSnapshot);

impl Frozen for FrozenState {
    fn position(&self) -> (u64, u64) {
        self.0.committed().applied.map_or((0, 0), |at| (at.term, at.index))
    }

    fn for_each(&self, each: &mut dyn FnMut(Record<'_>) -> bool) -> Result<(), StoreError> {
        let walked = self.0.walk("", |key, revision, value| {
            // Index 0 holds the first member list, never a value.
            let go_on = Revision::new(revision).is_none_or(|revision| each(Record { key, value, revision }));
            if go_on { Walk::On } else { Walk::Enough }
        });
        walked.map_err(|fault| StoreError(fault.to_string()))
    }
}
