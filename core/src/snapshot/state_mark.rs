//! Which state something rests on: the one that the server began with, or one that was restored.

use coffer_model::{CommitError, Precondition, Revision, Store, StoreError};

use super::RESTORED_PATH;

/// The restore that brought a state, by the revision of its mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StateMark(Option<Revision>);

impl StateMark {
    /// Of the state applied here.
    pub(crate) fn now(store: &dyn Store) -> Result<Self, StoreError> {
        Ok(Self(store.get(RESTORED_PATH)?.map(|found| found.revision)))
    }

    /// Holds only in that state.
    pub(crate) fn precondition(self) -> Precondition {
        Precondition { key: RESTORED_PATH.to_owned(), revision: self.0 }
    }

    /// Whether a commit was refused because another state is there.
    pub(crate) fn is_missed(error: &CommitError) -> bool {
        matches!(error, CommitError::Conflict { key } if key == RESTORED_PATH)
    }
}
