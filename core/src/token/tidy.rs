//! Removing what has been left over in the token store, in bounded steps: children of parents that are gone, accessors of
//! tokens that are gone.

use super::lookup::AccessorRecord;
use super::{Salt, SaltedId, TokenEntry, Tokens, keys};
use crate::lease::{self, Due, Pass, start_tidy_run};
use crate::{Failure, Timestamp, Transaction};

/// What a run does, in order.
pub(crate) const PASSES: &[Pass] =
    &[(keys::PARENT_PREFIX, end_fatherless), (keys::ACCESSOR_PREFIX, drop_stale_accessor)];

impl Tokens {
    /// Has the worker look through all tokens; `false` when it does so already.
    pub fn start_tidy(&self, tx: &mut Transaction) -> Result<bool, Failure> {
        start_tidy_run(tx, lease::keys::TIDY_TOKENS_JOB)
    }
}

fn end_fatherless(tx: &mut Transaction, key: &str) -> Result<(), Failure> {
    let Some((parent, child)) = key[keys::PARENT_PREFIX.len()..].split_once('/') else { return Ok(()) };
    let (parent, child) = (SaltedId::from_stored(parent), SaltedId::from_stored(child));
    let record = tx.peek_json::<TokenEntry>(&keys::record(&child))?;
    let Some(record) = record else {
        tx.delete(key);
        return Ok(());
    };
    if tx.peek(&keys::record(&parent))?.is_none() {
        // No request can be made with it; its lease would only end later.
        Due::REVOKE.schedule(tx, Timestamp::UNIX_EPOCH, &lease::token_lease_id(&record, &child))?;
    }
    Ok(())
}

fn drop_stale_accessor(tx: &mut Transaction, key: &str) -> Result<(), Failure> {
    let Some(record) = tx.get_json::<AccessorRecord>(key)? else { return Ok(()) };
    let id = Salt::of(tx)?.salted(record.token_id.expose());
    if !super::exists(tx, &id)? {
        tx.delete(key);
    }
    Ok(())
}
