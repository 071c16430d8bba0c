//! Making leases.

use std::time::Duration;

use super::{AuthRecord, LeaseRecord, Leases, SecretRecord, TtlRequest, grant_ttl, keys, prefix};
use crate::active::LeaseLimits;
use crate::token::{SaltedId, TokenEntry, base62};
use crate::{Failure, LeasedSecret, Timestamp, Transaction};

/// A lease that was made for a secret.
#[derive(Debug)]
pub struct Registered {
    /// Its id: the request's path and 24 random characters.
    pub id: String,
    /// Its life in whole seconds.
    pub ttl: Duration,
    /// Whether it can be renewed.
    pub renewable: bool,
    /// What was cut, in Vault's words.
    pub warnings: Vec<String>,
}

impl Leases {
    /// Makes the lease of a secret that `caller` asked for through `path`. It ends with the caller's token; that of a batch
    /// token with its parent, and never outlives it.
    pub fn register_secret(
        &self,
        tx: &mut Transaction,
        caller: &TokenEntry,
        path: &str,
        secret: LeasedSecret,
        limits: LeaseLimits,
        now: Timestamp,
    ) -> Result<Registered, Failure> {
        let _timed = tx.telemetry().lease_register.timer();
        let request = TtlRequest { ttl: secret.ttl, max_ttl: secret.max_ttl, ..TtlRequest::default() };
        let (mut ttl, warnings) = grant_ttl(limits, request, now, now)?;
        if caller.is_batch() {
            ttl = ttl.min(caller.created().plus(caller.ttl).since(now));
        }
        let id = format!("{}/{}", path.trim_end_matches('/'), base62()?);
        let mut lease = LeaseRecord::new(id, path, caller, now, now.plus(ttl));
        lease.secret = Some(SecretRecord {
            ttl,
            max_ttl: secret.max_ttl,
            renewable: secret.renewable,
            internal: Some(secret.internal),
            lease_id: String::new(),
        });
        lease.issue_time = prefix::issue_time(tx, &lease.lease_id, now)?;
        lease.store(tx, None)?;
        if let Some(key) = token_index(tx, &lease, caller)? {
            tx.put(key, lease.lease_id.clone().into_bytes());
        }
        let rounded = Duration::from_secs(ttl.as_secs() + u64::from(ttl.subsec_millis() >= 500));
        Ok(Registered { id: lease.lease_id, ttl: rounded, renewable: secret.renewable, warnings })
    }
}

/// Where a leased secret stands among those of its token; `None` for an orphan batch token, which can't be revoked.
fn token_index(tx: &mut Transaction, lease: &LeaseRecord, caller: &TokenEntry) -> Result<Option<String>, Failure> {
    let owner = if caller.is_batch() { &caller.parent } else { &caller.id };
    if owner.is_empty() {
        return Ok(None);
    }
    let salt = crate::token::Salt::of(tx)?;
    Ok(Some(keys::of_token_lease(&salt.salted(owner.expose()), &salt.salted(&lease.lease_id))))
}

/// Id of a token's own lease: the path that made it and its salted id.
pub(crate) fn token_lease_id(entry: &TokenEntry, id: &SaltedId) -> String {
    format!("{}/{id}", entry.path.trim_end_matches('/'))
}

/// Makes the lease of a token; `ttl` zero: it never ends.
pub(crate) fn register_token(
    tx: &mut Transaction,
    entry: &TokenEntry,
    id: &SaltedId,
    auth: AuthRecord,
    ttl: Duration,
    now: Timestamp,
) -> Result<LeaseRecord, Failure> {
    let expires = if ttl.is_zero() { Timestamp::ZERO } else { now.plus(ttl) };
    let mut lease = LeaseRecord::new(token_lease_id(entry, id), &entry.path, entry, now, expires);
    // As Vault has it: 0 stands for a service token.
    lease.client_token_type = 0;
    lease.auth = Some(auth);
    lease.issue_time = prefix::issue_time(tx, &lease.lease_id, now)?;
    lease.store(tx, None)?;
    Ok(lease)
}
