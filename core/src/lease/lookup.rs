//! Looking at leases.

use serde_json::{Value, json};

use super::register::token_lease_id;
use super::{LeaseRecord, Leases, keys, prefix};
use crate::token::{SaltedId, TokenEntry};
use crate::{Failure, Timestamp, Transaction};

/// A lease as `sys/leases/lookup` shows it.
#[derive(Debug)]
pub struct LeaseView(LeaseRecord);

impl Leases {
    /// A lease that stands; one that is being revoked does not.
    pub fn find(&self, tx: &mut Transaction, lease_id: &str) -> Result<Option<LeaseRecord>, Failure> {
        let found = load(tx, lease_id)?;
        match found {
            Some(lease) if prefix::is_being_revoked(tx, &lease)? => Ok(None),
            found => Ok(found),
        }
    }

    /// The lease of a token; `None` for those that have none.
    pub fn of_token(&self, tx: &mut Transaction, entry: &TokenEntry) -> Result<Option<LeaseRecord>, Failure> {
        if entry.is_batch() {
            return Ok(Some(batch_lease(entry)));
        }
        let id = crate::token::Salt::of(tx)?.salted(entry.id.expose());
        of_token(tx, entry, &id)
    }

    /// What `sys/leases/lookup` answers about a lease.
    pub fn view(&self, tx: &mut Transaction, lease_id: &str) -> Result<Option<LeaseView>, Failure> {
        Ok(self.find(tx, lease_id)?.map(LeaseView))
    }

    /// Ids below `prefix` one level deep, folders with a slash, after `after`, at most `limit`.
    pub fn list(&self, tx: &Transaction, prefix: &str, after: &str, limit: usize) -> Result<Vec<String>, Failure> {
        let slash = if prefix.is_empty() || prefix.ends_with('/') { "" } else { "/" };
        tx.list(&format!("{}{prefix}{slash}", keys::ID_PREFIX), after, limit)
    }

    /// Counts the leases whose ids begin with `prefix`, up to `limit`.
    pub fn count(&self, tx: &Transaction, prefix: &str, limit: usize) -> Result<usize, Failure> {
        Ok(tx.scan(&keys::record(prefix), "", limit)?.len())
    }
}

impl LeaseView {
    /// The answer's data.
    pub fn to_json(&self, now: Timestamp) -> Value {
        let lease = &self.0;
        let time = |at: Timestamp| if at.is_zero() { Value::Null } else { Value::String(at.rfc3339()) };
        let mut data = json!({
            "id": lease.lease_id,
            "issue_time": lease.issue_time,
            "expire_time": time(lease.expire_time),
            "last_renewal": time(lease.last_renewal_time),
            "ttl": lease.seconds_left(now),
            "path": lease.path,
            "renewable": lease.check_renewable(now).is_ok(),
        });
        if !lease.revoke_error.is_empty() {
            data["revoke_error"] = Value::String(lease.revoke_error.clone());
        }
        data
    }
}

pub(crate) fn load(tx: &mut Transaction, lease_id: &str) -> Result<Option<LeaseRecord>, Failure> {
    if lease_id.is_empty() {
        return Ok(None);
    }
    tx.get_json(&keys::record(lease_id))
}

pub(crate) fn of_token(
    tx: &mut Transaction,
    entry: &TokenEntry,
    id: &SaltedId,
) -> Result<Option<LeaseRecord>, Failure> {
    load(tx, &token_lease_id(entry, id))
}

/// [`of_token`], for a decision that does not rest on it.
pub(crate) fn peek_token_lease(
    tx: &mut Transaction,
    entry: &TokenEntry,
    id: &SaltedId,
) -> Result<Option<LeaseRecord>, Failure> {
    tx.peek_json(&keys::record(&token_lease_id(entry, id)))
}

/// A batch token has no lease; its times stand in for one.
fn batch_lease(entry: &TokenEntry) -> LeaseRecord {
    let issued = entry.created();
    let mut lease = LeaseRecord::new(String::new(), &entry.path, entry, issued, issued.plus(entry.ttl));
    // Never renewable.
    lease.secret = Some(super::SecretRecord::default());
    lease
}
