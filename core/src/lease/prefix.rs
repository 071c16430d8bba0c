//! Revoking all leases below a path: a few at once, many by a job that takes effect with its first entry.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::revoke::{Force, Outcome, revoke_lease};
use super::{Due, LeaseRecord, Leases, MountAccess, keys, lookup};
use crate::{Failure, Timestamp, Transaction};

/// Jobs that may run at the same time.
const MAX_JOBS: usize = 64;
/// By how much the time of a leader may be behind that of the one before it, far beyond what it is: a lease made before a
/// job began may bear a later time, and is meant all the same.
const LEADERS_APART: Duration = Duration::from_secs(10);

#[derive(Debug, Serialize, Deserialize)]
struct Job {
    prefix: String,
    #[serde(default)]
    force: bool,
    /// Leases with a later time are not meant; `None`: all are. It lies ahead, and those made since are given a later one.
    #[serde(default)]
    begun: Option<Timestamp>,
    /// The last lease id that was dealt with.
    #[serde(default)]
    after: String,
}

impl Leases {
    /// Revokes the lease `prefix`, or all below it. With [`Outcome::Continues`] those that are left are without effect from
    /// the commit on: tokens are refused, secrets not found.
    pub fn revoke_prefix(
        &self,
        tx: &mut Transaction,
        mounts: &dyn MountAccess,
        prefix: &str,
        force: Force,
        now: Timestamp,
    ) -> Result<Outcome, Failure> {
        if !prefix.ends_with('/') && lookup::load(tx, prefix)?.is_some() {
            return self.revoke(tx, mounts, prefix, force, now);
        }
        let prefix = format!("{}/", prefix.trim_end_matches('/'));
        let begun = Some(now.plus(LEADERS_APART));
        let mut job = Job { prefix, force: force == Force::Yes, begun, after: String::new() };
        let mut work = super::MAX_STEP;
        if job.advance(tx, mounts, now, &mut work)? == Outcome::Done {
            return Ok(Outcome::Done);
        }
        job.put_down(tx)?;
        Ok(Outcome::Continues)
    }

    /// Revokes all leases of a mount in the transaction that takes it from its path; those too that requests under way
    /// commit before it. They are without effect from the commit on.
    pub fn revoke_mount(
        &self,
        tx: &mut Transaction,
        mounts: &dyn MountAccess,
        prefix: &str,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let mut job = Job { prefix: prefix.to_owned(), force: false, begun: None, after: String::new() };
        let _ = job.advance(tx, mounts, now, &mut super::MAX_STEP.clone())?;
        // Once more from the beginning, when no more can come.
        job.after.clear();
        job.put_down(tx)
    }

    /// Leases of a mount that takes this path are not those of the one that had it. To be called in the transaction that
    /// mounts it, with the time after the path was found free.
    pub fn spare_mount(&self, tx: &mut Transaction, path: &str, now: Timestamp) -> Result<(), Failure> {
        for key in tx.scan(keys::PREFIX_JOBS, "", MAX_JOBS)? {
            let Some(mut job) = tx.get_json::<Job>(&key)? else { continue };
            let meets = path.starts_with(&job.prefix) || job.prefix.starts_with(path);
            if meets && job.begun.is_none() {
                job.begun = Some(now.plus(LEADERS_APART));
                tx.put_json(key, &job)?;
            }
        }
        Ok(())
    }
}

impl Job {
    fn put_down(&self, tx: &mut Transaction) -> Result<(), Failure> {
        if tx.scan(keys::PREFIX_JOBS, "", MAX_JOBS)?.len() >= MAX_JOBS {
            return Err(Failure::Unavailable("too many prefixes are being revoked already".to_owned()));
        }
        tx.put_json(format!("{}{}", keys::PREFIX_JOBS, uuid::Uuid::new_v4()), self)
    }

    fn means(&self, lease: &LeaseRecord) -> bool {
        lease.lease_id.starts_with(&self.prefix) && self.begun.is_none_or(|begun| lease.issue_time <= begun)
    }

    fn advance(
        &mut self,
        tx: &mut Transaction,
        mounts: &dyn MountAccess,
        now: Timestamp,
        work: &mut usize,
    ) -> Result<Outcome, Failure> {
        let from = if self.after.is_empty() { String::new() } else { keys::record(&self.after) };
        let found = tx.scan(&keys::record(&self.prefix), &from, *work + 1)?;
        let last = found.len() <= *work;
        for key in found {
            if *work == 0 || tx.is_full() {
                return Ok(Outcome::Continues);
            }
            let lease_id = key[keys::ID_PREFIX.len()..].to_owned();
            *work -= 1;
            // Revoking one token may have taken others below the prefix along.
            let lease = match lookup::load(tx, &lease_id) {
                Ok(lease) => lease.filter(|lease| self.means(lease)),
                Err(failure) => {
                    // One record must not keep all others alive; nothing can be done with it but to let it go.
                    tracing::error!(lease = lease_id, removed = self.force, "a lease can't be read: {failure}");
                    if self.force {
                        tx.delete(key);
                    }
                    None
                }
            };
            if let Some(lease) = lease {
                let due = Due { revoke: true, force: self.force, attempts: 0 };
                // A large tree or a failing engine goes on by itself.
                let _ = revoke_lease(tx, mounts, &lease, due, now, work)?;
            }
            self.after = lease_id;
        }
        Ok(if last { Outcome::Done } else { Outcome::Continues })
    }
}

/// Takes one step of the oldest job; `false` when there is none.
pub(super) fn advance_jobs(
    tx: &mut Transaction,
    mounts: &dyn MountAccess,
    now: Timestamp,
    work: &mut usize,
) -> Result<bool, Failure> {
    let Some(key) = tx.scan(keys::PREFIX_JOBS, "", 1)?.pop() else { return Ok(false) };
    let mut job = match tx.get_json::<Job>(&key) {
        Ok(Some(job)) => job,
        Ok(None) => return Ok(false),
        Err(failure) => {
            tracing::error!("a revocation by prefix can't be read and is dropped: {failure}");
            tx.delete(key);
            return Ok(true);
        }
    };
    match job.advance(tx, mounts, now, work)? {
        Outcome::Done => tx.delete(key),
        Outcome::Continues => tx.put_json(key, &job)?,
    }
    Ok(true)
}

/// The time that a new lease is given: later than that of all that jobs are about to revoke.
pub(super) fn issue_time(tx: &mut Transaction, lease_id: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    let mut time = now;
    for key in tx.scan(keys::PREFIX_JOBS, "", MAX_JOBS)? {
        let job = tx.peek_json::<Job>(&key)?.filter(|job| lease_id.starts_with(&job.prefix));
        if let Some(begun) = job.and_then(|job| job.begun) {
            time = time.max(begun.plus(Duration::from_nanos(1)));
        }
    }
    Ok(time)
}

/// Whether a job is about to revoke the lease.
pub(crate) fn is_being_revoked(tx: &mut Transaction, lease: &LeaseRecord) -> Result<bool, Failure> {
    for key in tx.scan(keys::PREFIX_JOBS, "", MAX_JOBS)? {
        let job = tx.peek_json::<Job>(&key)?;
        if job.is_some_and(|job| job.means(lease)) {
            return Ok(true);
        }
    }
    Ok(false)
}
