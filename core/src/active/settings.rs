//! What the configuration file sets for the pipeline.

use std::time::Duration;

use crate::follower_unseal::FollowerUnsealPolicy;
use crate::lockout::LockoutDefaults;
use crate::mount::Mount;

/// Limits and names, fixed for the life of the process.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `default_lease_ttl`.
    pub default_lease_ttl: Duration,
    /// `max_lease_ttl`.
    pub max_lease_ttl: Duration,
    /// Version that `sys/health` and others report.
    pub version: String,
    /// When this build was made, RFC 3339.
    pub build_date: String,
    /// `user_lockout`.
    pub user_lockout: LockoutDefaults,
    /// `raft` or `inmem`.
    pub storage_type: &'static str,
    /// `cluster_name`; empty: made up at init.
    pub cluster_name: String,
    /// `api_addr`.
    pub api_addr: String,
    /// `cluster_addr`.
    pub cluster_addr: String,
    /// The machine's name.
    pub hostname: String,
    /// `follower_unseal`.
    pub follower_unseal: FollowerUnsealPolicy,
    /// The configuration without its secrets, for `sys/config/state/sanitized`.
    pub sanitized: serde_json::Value,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            default_lease_ttl: Duration::from_secs(768 * 3600),
            max_lease_ttl: Duration::from_secs(768 * 3600),
            version: "0.0.0".to_owned(),
            build_date: String::new(),
            user_lockout: LockoutDefaults::default(),
            storage_type: "inmem",
            cluster_name: String::new(),
            api_addr: String::new(),
            cluster_addr: String::new(),
            hostname: String::new(),
            follower_unseal: FollowerUnsealPolicy::default(),
            sanitized: serde_json::Value::Null,
        }
    }
}

/// How long leases of a mount last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseLimits {
    /// Of those that ask for nothing; may be above what is granted at most.
    pub default: Duration,
    /// At most.
    pub max: Duration,
}

impl Settings {
    /// A mount's own tuning, or the system's.
    pub fn lease_limits(&self, mount: &Mount) -> LeaseLimits {
        let or = |own: Duration, system: Duration| if own.is_zero() { system } else { own };
        let max = or(mount.config.max_lease_ttl, self.max_lease_ttl);
        LeaseLimits { default: or(mount.config.default_lease_ttl, self.default_lease_ttl), max }
    }
}
