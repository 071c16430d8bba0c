//! Renewing leased secrets. Tokens are renewed by the token store.

use std::time::Duration;

use super::{Leases, MountAccess, TtlRequest, grant_ttl};
use crate::{Failure, Lease, Timestamp, Transaction};

/// A secret's lease after its renewal.
#[derive(Debug)]
pub struct RenewedSecret {
    /// For the answer.
    pub lease: Lease,
    /// What was cut, in Vault's words.
    pub warnings: Vec<String>,
}

impl Leases {
    /// Renews a secret's lease; `increment` zero: as its engine says.
    pub fn renew(
        &self,
        tx: &mut Transaction,
        mounts: &dyn MountAccess,
        lease_id: &str,
        increment: Duration,
        now: Timestamp,
    ) -> Result<RenewedSecret, Failure> {
        let _timed = tx.telemetry().lease_renew.timer();
        let mut lease = self.find(tx, lease_id)?.ok_or_else(|| Failure::invalid("lease not found"))?;
        lease.check_renewable(now)?;
        let Some(secret) = &mut lease.secret else {
            return Err(Failure::invalid("tokens cannot be renewed through this endpoint"));
        };
        let internal = secret.internal.clone().unwrap_or_default();
        let wanted = mounts.renew_secret(tx, &lease.path, &internal, now)?;
        let request = TtlRequest { increment, ttl: wanted, max_ttl: secret.max_ttl, ..TtlRequest::default() };
        let (mut ttl, warnings) = grant_ttl(mounts.limits(&lease.path), request, lease.issue_time, now)?;
        if let Some(end) = batch_end(tx, lease.client_token_type, lease.client_token.expose(), now)? {
            ttl = ttl.min(end);
        }
        secret.ttl = ttl;
        let renewable = secret.renewable;
        let before = std::mem::replace(&mut lease.expire_time, now.plus(ttl));
        lease.last_renewal_time = now;
        lease.store(tx, Some(before))?;
        Ok(RenewedSecret { lease: Lease::Standing { id: lease.lease_id, ttl, renewable }, warnings })
    }
}

/// What is left of the batch token behind a lease.
fn batch_end(tx: &mut Transaction, kind: u8, token: &str, now: Timestamp) -> Result<Option<Duration>, Failure> {
    if kind != 2 {
        return Ok(None);
    }
    let entry = crate::token::open_batch(tx, token)
        .ok_or_else(|| Failure::invalid("cannot renew lease, no valid associated token"))?;
    Ok(Some(entry.created().plus(entry.ttl).since(now)))
}
