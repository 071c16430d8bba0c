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
    let last = found.len() < limit;
    for key in found {
        if tx.is_full() {
            return Ok(true);
        }
        tx.delete(key);
    }
    if last {
        tx.delete(key);
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lease::testing::Bench;

    #[test]
    fn keys_of_any_length_are_cleared_in_entries_that_fit() {
        let bench = Bench::new();
        let prefix = "logical/uuid/";
        for number in 0..40 {
            let folder = "x".repeat(60_000);
            bench.run(|tx| tx.put_json(format!("{prefix}{folder}{number}"), &number));
        }
        for number in 0..700 {
            bench.run(|tx| tx.put_json(format!("{prefix}{number}"), &number));
        }
        bench.run(|tx| tx.put_json("logical/uuid2", &0));
        bench.run(|tx| tx.put_json(format!("{JOBS}uuid"), &Job { prefix: prefix.to_owned() }));
        let steps = (0..1000).position(|_| !bench.run(|tx| step(tx, 512))).unwrap();
        assert!((5..50).contains(&steps), "{steps}");
        assert_eq!(bench.begin().scan("logical/uuid", "", 10).unwrap(), ["logical/uuid2"]);
        assert!(bench.begin().scan(JOBS, "", 10).unwrap().is_empty());
    }
}
