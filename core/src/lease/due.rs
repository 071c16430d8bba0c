//! The index by time: one entry a lease, one more where it is to be revoked before its time.

use serde::{Deserialize, Serialize};

use super::{LeaseRecord, keys};
use crate::{Failure, Timestamp, Transaction};

/// What stands beside a lease id in the index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Due {
    /// Revoke it whatever its own end is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) revoke: bool,
    /// Take it for revoked even if its backend fails.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) force: bool,
    /// Revocations that failed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) attempts: u32,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Due {
    /// A revocation that was asked for.
    pub(crate) const REVOKE: Self = Self { revoke: true, force: false, attempts: 0 };

    /// Puts a lease down for `at`.
    pub(crate) fn schedule(self, tx: &mut Transaction, at: Timestamp, lease_id: &str) -> Result<(), Failure> {
        tx.put_json(keys::due(at, lease_id), &self)
    }
}

impl LeaseRecord {
    /// Writes the record and its place in the index. `before` is where it stood, if it did.
    pub(crate) fn store(&self, tx: &mut Transaction, before: Option<Timestamp>) -> Result<(), Failure> {
        if let Some(before) = before.filter(|before| !before.is_zero() && *before != self.expire_time) {
            tx.delete(keys::due(before, &self.lease_id));
        }
        if !self.expire_time.is_zero() {
            Due::default().schedule(tx, self.expire_time, &self.lease_id)?;
        }
        tx.put_json(keys::record(&self.lease_id), self)
    }

    /// Removes the record and its place in the index.
    pub(crate) fn remove(&self, tx: &mut Transaction) {
        tx.delete(keys::record(&self.lease_id));
        if !self.revoke_error.is_empty() {
            tx.delete(keys::stuck(&self.lease_id));
        }
        if !self.expire_time.is_zero() {
            tx.delete(keys::due(self.expire_time, &self.lease_id));
        }
    }
}
