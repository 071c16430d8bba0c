//! When the next lease is due, and waking the worker when something earlier turns up.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use super::keys;
use crate::{Failure, Timestamp, Transaction};

/// The leases of an active node. All that lasts is in storage; this only knows when to look there next.
pub struct Leases {
    /// Nanoseconds since 1970 until which the worker means to sleep.
    asleep_until: AtomicU64,
    earlier: Notify,
}

/// When [`Leases::work`] has something to do again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextWork {
    /// At once.
    Now,
    /// At that moment, unless [`Leases::woken`] before.
    At(Timestamp),
    /// Not before [`Leases::woken`].
    Never,
}

impl Default for Leases {
    fn default() -> Self {
        Self { asleep_until: AtomicU64::new(u64::MAX), earlier: Notify::new() }
    }
}

impl Leases {
    /// Completes once something was put down that is due earlier than what the last [`Leases::work`] gave. Nothing is missed
    /// between the two.
    pub fn woken(&self) -> Notified<'_> {
        self.earlier.notified()
    }

    /// A storage key was written or removed, on whichever node.
    pub fn changed(&self, key: &str) {
        let at = match keys::parse_due(key) {
            Some((at, _)) => keys::nanos(at),
            None if key.starts_with(keys::JOBS_PREFIX) => 0,
            None => return,
        };
        if at < self.asleep_until.load(Ordering::SeqCst) {
            self.earlier.notify_one();
        }
    }

    /// From here on whatever is written wakes the worker.
    pub(super) fn awake(&self) {
        self.asleep_until.store(u64::MAX, Ordering::SeqCst);
    }

    /// What is first in the index and among the jobs, this transaction's own changes included.
    pub(super) fn next_work(&self, tx: &Transaction) -> Result<NextWork, Failure> {
        if !tx.scan(keys::JOBS_PREFIX, "", 1)?.is_empty() {
            return Ok(NextWork::Now);
        }
        let first = tx.scan(keys::EXPIRY_PREFIX, "", 1)?;
        let Some((at, _)) = first.first().and_then(|key| keys::parse_due(key)) else { return Ok(NextWork::Never) };
        self.asleep_until.store(keys::nanos(at), Ordering::SeqCst);
        Ok(NextWork::At(at))
    }
}
