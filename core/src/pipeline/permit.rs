//! Proof that policy has allowed a request.

use crate::Operation;

/// Made by [`super::authorize`] alone; the backend can't be reached without one.
#[must_use]
#[derive(Debug)]
pub struct Permit {
    operation: Operation,
}

impl Permit {
    /// Policy said yes to this operation.
    pub(super) fn granted(operation: Operation) -> Self {
        Self { operation }
    }

    /// What was allowed: a write is told apart into create and update.
    pub fn operation(&self) -> Operation {
        self.operation
    }
}
