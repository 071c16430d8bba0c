//! Clearing the storage of a mount that is gone: begun in the entry that removes it, done in bounded steps.

use serde::{Deserialize, Serialize};

use super::Mount;
use crate::{Failure, Transaction};

/// Where the jobs are kept until they are done.
pub(crate) const JOBS: &str = "core/coffer/clear/";

#[derive(Serialize, Deserialize)]
struct Job {
    prefix: String,
}

/// Has the mount's storage cleared by and by. To be called in the transaction that takes it out of the table.
pub fn begin(tx: &mut Transaction, mount: &Mount) -> Result<(), Failure> {
    let prefix = mount.storage_prefix().to_owned();
    // What other mounts share is never cleared.
    if prefix.contains(&mount.uuid) {
        tx.put_json(format!("{JOBS}{}", mount.uuid), &Job { prefix })?;
    }
    Ok(())
}

/// Removes at most `limit` keys; `false` when nothing is left to clear.
pub fn step(tx: &mut Transaction, limit: usize) -> Result<bool, Failure> {
    let Some(key) = tx.scan(JOBS, "", 1)?.pop() else { return Ok(false) };
    let Some(job) = tx.get_json::<Job>(&key)? else { return Ok(false) };
    let found = tx.scan(&job.prefix, "", limit)?;
    if found.len() < limit {
        tx.delete(key);
    }
    for key in found {
        tx.delete(key);
    }
    Ok(true)
}
