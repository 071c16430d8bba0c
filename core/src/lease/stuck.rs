//! Leases whose revocation was tried often enough and failed: only an operator can do more. An index of their own, so that
//! they are found without looking at all others.

use super::{LeaseRecord, Leases, keys, lookup};
use crate::{Failure, Transaction};

impl Leases {
    /// The leases that could not be revoked, by id, at most `limit`.
    pub fn stuck(&self, tx: &mut Transaction, limit: usize) -> Result<Vec<LeaseRecord>, Failure> {
        let found = tx.scan(keys::STUCK_PREFIX, "", limit)?;
        let mut leases = Vec::with_capacity(found.len());
        for key in found {
            if let Some(lease) = lookup::load(tx, &key[keys::STUCK_PREFIX.len()..])? {
                leases.push(lease);
            }
        }
        Ok(leases)
    }
}

/// Marks a lease as one that can't be revoked.
pub(super) fn mark(tx: &mut Transaction, lease: &LeaseRecord, why: &Failure) -> Result<(), Failure> {
    let mut stuck = lease.clone();
    stuck.revoke_error = why.to_string();
    tx.put(keys::stuck(&stuck.lease_id), Vec::new());
    tx.put_json(keys::record(&stuck.lease_id), &stuck)
}
