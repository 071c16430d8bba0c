//! `user_lockout` blocks: after how many failed logins a user is locked out, and for how long.

use std::collections::BTreeMap;
use std::time::Duration;

use super::keys;
use super::problem::{ConfigError, Warning};
use super::section::Files;

/// Lockout settings by auth method type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserLockouts {
    /// For types without settings of their own; Vault's defaults where it is silent.
    pub all: UserLockout,
    /// By type: `userpass`, `approle`, `ldap`.
    pub by_type: BTreeMap<String, UserLockout>,
}

/// When a user is locked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserLockout {
    /// Whether anybody ever is.
    pub enabled: bool,
    /// Failed logins that lock a user out.
    pub threshold: u64,
    /// How long.
    pub duration: Duration,
    /// After which time without failure the count begins anew.
    pub counter_reset: Duration,
}

impl Default for UserLockout {
    fn default() -> Self {
        let quarter_hour = Duration::from_secs(15 * 60);
        Self { enabled: true, threshold: 5, duration: quarter_hour, counter_reset: quarter_hour }
    }
}

pub(super) fn read(files: &Files<'_>, warnings: &mut Vec<Warning>) -> Result<UserLockouts, ConfigError> {
    let mut set = Vec::new();
    for (within, block) in files.all_blocks("user_lockout", 1)? {
        let section = super::section::Section { file: within.file, body: block.body };
        section.check(&keys::USER_LOCKOUT, warnings)?;
        let kind = match block.label() {
            Some(kind @ ("all" | "userpass" | "approle" | "ldap")) => kind.to_owned(),
            _ => {
                let message = "user_lockout needs one label: \"all\", \"userpass\", \"approle\" or \"ldap\"";
                return Err(section.error(block.position(), message));
            }
        };
        set.push((kind, section));
    }
    // "all" first, wherever it stands, since the others begin from it.
    set.sort_by_key(|(kind, _)| kind != "all");
    let mut lockouts = UserLockouts::default();
    for (kind, section) in set {
        let mut lockout = lockouts.by_type.get(&kind).copied().unwrap_or(lockouts.all);
        if let Some(threshold) = section.integer("lockout_threshold")? {
            lockout.threshold =
                u64::try_from(threshold).map_err(|_| section.wrong("lockout_threshold", "must not be negative"))?;
        }
        if let Some(duration) = section.duration("lockout_duration")? {
            lockout.duration = duration;
        }
        if let Some(reset) = section.duration("lockout_counter_reset")? {
            lockout.counter_reset = reset;
        }
        if let Some(disabled) = section.boolean("disable_lockout")? {
            lockout.enabled = !disabled;
        }
        if kind == "all" {
            lockouts.all = lockout;
        } else {
            lockouts.by_type.insert(kind, lockout);
        }
    }
    Ok(lockouts)
}
