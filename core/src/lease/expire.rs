//! The worker's step: ends what is due, in bounded pieces, each a transaction of its own.

use std::time::Duration;

use super::revoke::revoke_lease;
use super::{Due, Leases, MountAccess, NextWork, keys, lookup, prefix, tidy};
use crate::{Failure, Timestamp, Transaction};

/// Records that one transaction removes at most; keeps its entry far below `max_entry_size`.
pub(crate) const MAX_STEP: usize = 256;

/// When a lease that can't be read is looked at again.
const DAMAGED_RETRY: Duration = Duration::from_secs(3600);

impl Leases {
    /// Does a bounded piece of what is due at `now`: revokes at most `limit` leases, or advances a job that outlasts its
    /// request. The caller commits; on a conflict it calls again.
    pub fn work(
        &self,
        tx: &mut Transaction,
        mounts: &dyn MountAccess,
        now: Timestamp,
        limit: usize,
    ) -> Result<NextWork, Failure> {
        self.awake();
        let mut work = limit.clamp(1, MAX_STEP);
        if prefix::advance_jobs(tx, mounts, now, &mut work)? || tidy::advance(tx, &mut work)? {
            return Ok(NextWork::Now);
        }
        for key in tx.scan(keys::EXPIRY_PREFIX, "", work + 1)? {
            let Some((at, lease_id)) = keys::parse_due(&key) else {
                tx.delete(key);
                continue;
            };
            if at > now {
                break;
            }
            if work == 0 || tx.is_full() {
                return Ok(NextWork::Now);
            }
            work -= 1;
            expire_one(tx, mounts, &key, at, lease_id, now, &mut work)?;
        }
        self.next_work(tx)
    }
}

fn expire_one(
    tx: &mut Transaction,
    mounts: &dyn MountAccess,
    key: &str,
    at: Timestamp,
    lease_id: &str,
    now: Timestamp,
    work: &mut usize,
) -> Result<(), Failure> {
    // Another lease of this step may have taken this one along.
    let Ok(Some(due)) = tx.get_json::<Due>(key) else {
        tx.delete(key);
        return Ok(());
    };
    let lease = match lookup::load(tx, lease_id) {
        Ok(lease) => lease,
        Err(failure) => {
            tracing::error!(lease = lease_id, "a lease that is due can't be read: {failure}");
            tx.delete(key);
            return due.schedule(tx, now.plus(DAMAGED_RETRY), lease_id);
        }
    };
    tx.delete(key);
    match lease {
        // It was renewed, and stands in the index elsewhere.
        Some(lease) if !due.revoke && lease.expire_time != at => Ok(()),
        Some(lease) => revoke_lease(tx, mounts, &lease, due, now, work).map(drop),
        None => Ok(()),
    }
}
