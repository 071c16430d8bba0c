//! Renewing tokens, within what their mount, their method and they themselves allow.

use std::time::Duration;

use serde_json::Value;

use super::{Salt, TokenEntry, Tokens};
use crate::lease::{self, AuthRecord, MountAccess, TtlRequest, grant_ttl};
use crate::{Failure, Timestamp, Transaction};

/// A token after its renewal.
#[derive(Debug)]
pub struct RenewedToken {
    /// For [`super::auth_payload`].
    pub auth: AuthRecord,
    /// What was cut, in Vault's words.
    pub warnings: Vec<String>,
}

/// Under this key the method that is asked about a renewal finds the role of a token that the token store made.
pub const ROLE: &str = "role";

impl Tokens {
    /// Renews a token; `increment` zero: by the life it was made with. Its auth method is asked: it gets a grant rebuilt
    /// from the lease, with the token's policies (`default` among them), and gives back the lifetimes of today.
    pub fn renew(
        &self,
        tx: &mut Transaction,
        mounts: &dyn MountAccess,
        entry: &TokenEntry,
        increment: Duration,
        now: Timestamp,
    ) -> Result<RenewedToken, Failure> {
        if entry.is_batch() {
            return Err(Failure::invalid("batch tokens cannot be renewed"));
        }
        let _timed = tx.telemetry().token_renew.timer();
        let id = Salt::of(tx)?.salted(entry.id.expose());
        let found = lease::token_lease(tx, entry, &id)?;
        let mut record = found.ok_or_else(|| Failure::invalid("invalid lease ID"))?;
        record.check_renewable(now)?;
        let Some(mut auth) = record.auth.take() else { return Err(Failure::invalid("lease is not renewable")) };
        let mut grant = auth.grant();
        if entry.path.starts_with("auth/token/") {
            grant.internal.map_mut().insert(ROLE.to_owned(), Value::String(entry.role.clone()));
            (grant.period, grant.explicit_max_ttl) = (entry.period, entry.explicit_max_ttl);
        }
        let grant = mounts.renew_login(tx, &record.path, grant, now).map_err(|failure| match failure {
            Failure::Fault(text) => Failure::Fault(format!("failed to renew entry: {text}")),
            other => other,
        })?;
        let request = TtlRequest {
            increment,
            ttl: grant.ttl,
            period: grant.period,
            max_ttl: grant.max_ttl,
            explicit_max_ttl: grant.explicit_max_ttl,
        };
        let (ttl, warnings) = grant_ttl(mounts.limits(&record.path), request, record.issue_time, now)?;
        auth.ttl = ttl;
        auth.max_ttl = grant.max_ttl;
        auth.period = grant.period;
        auth.explicit_max_ttl = grant.explicit_max_ttl;
        auth.client_token = entry.id.clone();
        record.auth = Some(auth.clone());
        let before = std::mem::replace(&mut record.expire_time, now.plus(ttl));
        record.last_renewal_time = now;
        record.store(tx, Some(before))?;
        Ok(RenewedToken { auth, warnings })
    }
}
