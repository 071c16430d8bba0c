//! Where leases lie in storage. The first two as in Vault, the others our own.

use crate::Timestamp;
use crate::token::SaltedId;

/// Records by lease id.
pub(crate) const ID_PREFIX: &str = "sys/expire/id/";
/// Token to its leased secrets: salted token, `/`, salted lease id.
pub(crate) const TOKEN_PREFIX: &str = "sys/expire/token/";
/// Lease ids by when they are due: 16 hex digits of nanoseconds since 1970, `/`, lease id.
pub(crate) const EXPIRY_PREFIX: &str = "core/coffer/expiry/";
/// Ids of leases that could not be revoked.
pub(crate) const STUCK_PREFIX: &str = "core/coffer/stuck-leases/";
/// Work that outlasts the request that asked for it.
pub(crate) const JOBS_PREFIX: &str = "core/coffer/jobs/";
/// Prefixes whose leases are being revoked.
pub(crate) const PREFIX_JOBS: &str = "core/coffer/jobs/revoke-prefix/";
/// A run over the token store for what has been left over.
pub(crate) const TIDY_TOKENS_JOB: &str = "core/coffer/jobs/tidy-tokens";
/// A run over the leases for what has been left over.
pub(crate) const TIDY_LEASES_JOB: &str = "core/coffer/jobs/tidy-leases";

pub(crate) fn record(lease_id: &str) -> String {
    format!("{ID_PREFIX}{lease_id}")
}

pub(crate) fn of_token(token: &SaltedId) -> String {
    format!("{TOKEN_PREFIX}{token}/")
}

pub(crate) fn of_token_lease(token: &SaltedId, lease: &SaltedId) -> String {
    format!("{TOKEN_PREFIX}{token}/{lease}")
}

/// Sorts by time.
pub(crate) fn due(at: Timestamp, lease_id: &str) -> String {
    format!("{EXPIRY_PREFIX}{:016x}/{lease_id}", nanos(at))
}

pub(crate) fn stuck(lease_id: &str) -> String {
    format!("{STUCK_PREFIX}{lease_id}")
}

/// When and which lease, of a key below [`EXPIRY_PREFIX`].
pub(crate) fn parse_due(key: &str) -> Option<(Timestamp, &str)> {
    let (at, lease_id) = key.strip_prefix(EXPIRY_PREFIX)?.split_once('/')?;
    let at = u64::from_str_radix(at, 16).ok()?;
    Some((Timestamp::from_unix_nanos(i128::from(at))?, lease_id))
}

pub(crate) fn nanos(at: Timestamp) -> u64 {
    u64::try_from(at.unix_nanos().max(0)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn due_keys_sort_by_time_and_are_read_back() {
        let now = Timestamp::now();
        let (sooner, later) = (due(now, "z/1"), due(now.plus(Duration::from_nanos(1)), "a/1"));
        assert!(sooner < later);
        assert_eq!(parse_due(&sooner), Some((now, "z/1")));
        assert_eq!(parse_due("core/coffer/expiry/xyz/a"), None);
        assert_eq!(parse_due("sys/expire/id/a"), None);
    }
}
