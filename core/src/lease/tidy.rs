//! Removing what has been left over, in bounded steps: places in a token's list whose lease is gone, and leases of secrets
//! whose token is gone. Leases that another server wrote get their place in the index by time.

use serde::{Deserialize, Serialize};

use super::{Due, Leases, keys, lookup};
use crate::token::Salt;
use crate::{Failure, Timestamp, Transaction};

/// How far a run has come.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Run {
    /// Number of the pass.
    #[serde(default)]
    pub(crate) pass: usize,
    /// The last key looked at in it.
    #[serde(default)]
    pub(crate) after: String,
}

/// One pass of a run: a prefix, and what is done with each key below it.
pub(crate) type Pass = (&'static str, fn(&mut Transaction, &str) -> Result<(), Failure>);

const PASSES: &[Pass] = &[(keys::TOKEN_PREFIX, drop_stale_index), (keys::ID_PREFIX, check_lease)];

impl Leases {
    /// Has the worker look through all leases; `false` when it does so already.
    pub fn start_tidy(&self, tx: &mut Transaction) -> Result<bool, Failure> {
        start(tx, keys::TIDY_LEASES_JOB)
    }
}

pub(crate) fn start(tx: &mut Transaction, job: &str) -> Result<bool, Failure> {
    if tx.get(job)?.is_some() {
        return Ok(false);
    }
    tx.put_json(job, &Run::default())?;
    Ok(true)
}

/// Takes one step of a run; `false` when there is none.
pub(super) fn advance(tx: &mut Transaction, work: &mut usize) -> Result<bool, Failure> {
    if advance_run(tx, keys::TIDY_TOKENS_JOB, crate::token::TIDY_PASSES, work)? {
        return Ok(true);
    }
    advance_run(tx, keys::TIDY_LEASES_JOB, PASSES, work)
}

fn advance_run(tx: &mut Transaction, job: &str, passes: &[Pass], work: &mut usize) -> Result<bool, Failure> {
    let Some(mut run) = tx.get_json::<Run>(job)? else { return Ok(false) };
    let Some((prefix, look)) = passes.get(run.pass) else {
        tx.delete(job);
        return Ok(true);
    };
    let found = tx.scan(prefix, &run.after, *work)?;
    if found.is_empty() {
        run = Run { pass: run.pass + 1, after: String::new() };
    }
    for key in &found {
        if tx.is_full() {
            break;
        }
        run.after.clone_from(key);
        if let Err(failure) = look(tx, key) {
            tracing::warn!(key, "tidy could not look at an entry: {failure}");
        }
    }
    tx.put_json(job, &run)?;
    Ok(true)
}

fn drop_stale_index(tx: &mut Transaction, key: &str) -> Result<(), Failure> {
    let Some(lease_id) = tx.get(key)? else { return Ok(()) };
    let lease_id = std::str::from_utf8(&lease_id).unwrap_or_default();
    if lookup::load(tx, lease_id)?.is_none() {
        tx.delete(key);
    }
    Ok(())
}

fn check_lease(tx: &mut Transaction, key: &str) -> Result<(), Failure> {
    let Some(lease) = lookup::load(tx, &key[keys::ID_PREFIX.len()..])? else { return Ok(()) };
    let ends = !lease.expire_time.is_zero() && lease.revoke_error.is_empty();
    if ends && tx.peek(&keys::due(lease.expire_time, &lease.lease_id))?.is_none() {
        Due::default().schedule(tx, lease.expire_time, &lease.lease_id)?;
    }
    if lease.client_token_type == 2 {
        return Ok(());
    }
    let id = Salt::of(tx)?.salted(lease.client_token.expose());
    if !crate::token::exists(tx, &id)? {
        Due::REVOKE.schedule(tx, Timestamp::UNIX_EPOCH, &lease.lease_id)?;
    }
    Ok(())
}
