//! Ending leases one by one.

use std::time::Duration;

use super::{Due, LeaseRecord, Leases, MountAccess, keys, lookup, stuck};
use crate::token::Salt;
use crate::{Failure, Timestamp, Transaction};

/// Whether all is done, or the rest follows in steps of its own. What was revoked is without effect in either case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// Nothing is left.
    Done,
    /// The worker goes on.
    Continues,
}

/// Failed revocations after which a lease is left for an operator to force.
const MAX_ATTEMPTS: u32 = 6;

/// How a backend's failure to revoke is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Force {
    /// The lease stays and is tried again.
    No,
    /// The lease goes all the same.
    Yes,
}

impl Leases {
    /// Revokes a lease and, where it is a token's, all that hangs on it. One that does not stand is no error. A backend
    /// that fails is asked again later.
    pub fn revoke(
        &self,
        tx: &mut Transaction,
        mounts: &dyn MountAccess,
        lease_id: &str,
        force: Force,
        now: Timestamp,
    ) -> Result<Outcome, Failure> {
        let _timed = tx.telemetry().lease_revoke.timer();
        let lease = match lookup::load(tx, lease_id) {
            Ok(Some(lease)) => lease,
            Ok(None) => return Ok(Outcome::Done),
            Err(failure) if force == Force::Yes => {
                tracing::error!(lease = lease_id, "removed by force a lease that can't be read: {failure}");
                tx.delete(keys::record(lease_id));
                return Ok(Outcome::Done);
            }
            Err(failure) => return Err(failure),
        };
        let due = Due { revoke: true, force: force == Force::Yes, attempts: 0 };
        let mut work = super::MAX_STEP;
        revoke_lease(tx, mounts, &lease, due, now, &mut work)
    }
}

/// Revokes a lease as far as `work` reaches, and puts the rest down for the worker.
pub(super) fn revoke_lease(
    tx: &mut Transaction,
    mounts: &dyn MountAccess,
    lease: &LeaseRecord,
    due: Due,
    now: Timestamp,
    work: &mut usize,
) -> Result<Outcome, Failure> {
    if lease.secret.is_none() {
        return crate::token::revoke_leased(tx, mounts, lease, now, work);
    }
    *work = work.saturating_sub(1);
    let internal = lease.secret.as_ref().and_then(|secret| secret.internal.clone()).unwrap_or_default();
    let before = tx.savepoint();
    match mounts.revoke_secret(tx, &lease.path, &internal, now) {
        Ok(()) => {}
        Err(failure) if due.force => {
            tx.rollback(before);
            tracing::warn!(lease = lease.lease_id, "revoked by force although its engine failed: {failure}");
        }
        Err(failure) => {
            tx.rollback(before);
            tracing::warn!(
                lease = lease.lease_id,
                attempts = due.attempts + 1,
                "a lease could not be revoked: {failure}"
            );
            return postpone(tx, lease, due, &failure, now);
        }
    }
    lease.remove(tx);
    forget_owner(tx, lease)?;
    Ok(Outcome::Done)
}

/// Takes a leased secret from the list of its token.
fn forget_owner(tx: &mut Transaction, lease: &LeaseRecord) -> Result<(), Failure> {
    let owner = if lease.client_token_type == 2 {
        crate::token::open_batch(tx, lease.client_token.expose()).map(|entry| entry.parent)
    } else {
        Some(lease.client_token.clone())
    };
    if let Some(owner) = owner.filter(|owner| !owner.is_empty()) {
        let salt = Salt::of(tx)?;
        tx.delete(keys::of_token_lease(&salt.salted(owner.expose()), &salt.salted(&lease.lease_id)));
    }
    Ok(())
}

/// Puts a failed revocation down again, each time for later, and gives up in the end.
fn postpone(
    tx: &mut Transaction,
    lease: &LeaseRecord,
    due: Due,
    failure: &Failure,
    now: Timestamp,
) -> Result<Outcome, Failure> {
    let attempts = due.attempts + 1;
    if !lease.expire_time.is_zero() {
        tx.delete(keys::due(lease.expire_time, &lease.lease_id));
    }
    if attempts >= MAX_ATTEMPTS {
        // Without a place in the index by time: only an operator can do more.
        stuck::mark(tx, lease, failure)?;
        return Ok(Outcome::Done);
    }
    let delay = Duration::from_secs(10 << attempts);
    Due { revoke: true, force: due.force, attempts }.schedule(tx, now.plus(delay), &lease.lease_id)?;
    Ok(Outcome::Continues)
}
