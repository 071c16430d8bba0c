//! Proof that a request may be carried out: policy has allowed it, or its path is open to everybody.

use crate::Operation;

/// Made by [`super::authorize`] alone; the backend can't be reached without one.
#[must_use]
#[derive(Debug)]
pub struct Permit {
    operation: Operation,
    grounds: Grounds,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grounds {
    Policy,
    OpenPath,
}

impl Permit {
    /// Policy said yes to this operation.
    pub(super) fn granted(operation: Operation) -> Self {
        Self { operation, grounds: Grounds::Policy }
    }

    /// The path is served without a token.
    pub(super) fn open_path(operation: Operation) -> Self {
        Self { operation, grounds: Grounds::OpenPath }
    }

    /// Whether no token was needed.
    pub(super) fn is_open_path(&self) -> bool {
        self.grounds == Grounds::OpenPath
    }

    /// What was allowed: a write is told apart into create and update.
    pub fn operation(&self) -> Operation {
        self.operation
    }
}
