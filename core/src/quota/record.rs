//! Quotas as they are stored, in Vault's JSON below `sys/quotas/`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::mount::{Mount, nanos};
use crate::token::null_as_default;
use crate::{Failure, Transaction};

const PREFIX: &str = "sys/quotas/rate-limit/";
const CONFIG_PATH: &str = "sys/quotas/config";
/// Stands there once the configuration was written: from then on its exempt paths count, even none.
const CONFIGURED_PATH: &str = "sys/quotas/default_rate_limit_exempt_paths_toggle";

/// Quotas there may be.
const MAX_QUOTAS: usize = 10_000;

/// Paths that no quota covers as long as nobody has configured any, Vault's.
pub const DEFAULT_EXEMPT_PATHS: &[&str] = &[
    "sys/generate-recovery-token/attempt",
    "sys/generate-recovery-token/update",
    "sys/generate-root/attempt",
    "sys/generate-root/update",
    "sys/health",
    "sys/seal-status",
    "sys/unseal",
];

/// A rate-limit quota.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RateLimit {
    /// A UUID.
    #[serde(default)]
    pub id: String,
    /// Always `rate-limit`.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Always `root`.
    #[serde(default)]
    pub namespace_path: String,
    /// API path of the mount it is for, ending in `/`; empty: the whole server.
    #[serde(default)]
    pub mount_path: String,
    /// Logins by this role alone; empty: all requests.
    #[serde(default)]
    pub role: String,
    /// Only this path within the mount, or with `*` at its end all that begin so; empty: all.
    #[serde(default)]
    pub path_suffix: String,
    /// Requests an interval.
    pub rate: f64,
    /// The interval.
    #[serde(default, with = "nanos")]
    pub interval: Duration,
    /// How long a caller who went beyond the rate is refused; zero: until the next interval.
    #[serde(default, with = "nanos")]
    pub block_interval: Duration,
    /// For namespaces, which there are none of.
    #[serde(default)]
    pub inheritable: bool,
}

impl RateLimit {
    /// A quota by its name.
    pub fn read(tx: &mut Transaction, name: &str) -> Result<Option<Self>, Failure> {
        tx.get_json(&format!("{PREFIX}{name}"))
    }

    /// All quotas, by name.
    pub fn all(tx: &mut Transaction) -> Result<Vec<Self>, Failure> {
        let mut quotas = Vec::new();
        for key in tx.scan(PREFIX, "", MAX_QUOTAS)? {
            quotas.extend(tx.get_json::<Self>(&key)?);
        }
        Ok(quotas)
    }

    /// Names of all quotas, sorted.
    pub fn names(tx: &Transaction) -> Result<Vec<String>, Failure> {
        tx.list(PREFIX, "", MAX_QUOTAS)
    }

    /// Stores it.
    pub fn write(&self, tx: &mut Transaction) -> Result<(), Failure> {
        tx.put_json(format!("{PREFIX}{}", self.name), self)
    }

    /// Removes a quota by its name.
    pub fn delete(tx: &mut Transaction, name: &str) {
        tx.delete(format!("{PREFIX}{name}"));
    }

    /// Whether both would count the same requests.
    pub fn is_for_the_same(&self, other: &Self) -> bool {
        (&self.mount_path, &self.role, &self.path_suffix) == (&other.mount_path, &other.role, &other.path_suffix)
    }

    /// A mount was taken away: its quotas go with it.
    pub fn forget_mount(tx: &mut Transaction, mount: &Mount) -> Result<(), Failure> {
        for quota in Self::of_mount(tx, &mount.api_path())? {
            Self::delete(tx, &quota.name);
        }
        Ok(())
    }

    /// A mount was moved to another API path: its quotas follow.
    pub fn move_mount(tx: &mut Transaction, from: &str, to: &str) -> Result<(), Failure> {
        for mut quota in Self::of_mount(tx, from)? {
            to.clone_into(&mut quota.mount_path);
            quota.write(tx)?;
        }
        Ok(())
    }

    fn of_mount(tx: &mut Transaction, path: &str) -> Result<Vec<Self>, Failure> {
        let mut quotas = Self::all(tx)?;
        quotas.retain(|quota| quota.mount_path == path);
        Ok(quotas)
    }
}

/// What holds for all quotas.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct QuotaConfig {
    /// Requests that were refused are audited.
    pub enable_rate_limit_audit_logging: bool,
    /// Answers tell in headers what is left.
    pub enable_rate_limit_response_headers: bool,
    /// Paths that begin so are not counted; with `!` in front they are, the longer one decides.
    #[serde(deserialize_with = "null_as_default")]
    pub rate_limit_exempt_paths: Vec<String>,
}

impl QuotaConfig {
    /// As stored, or Vault's defaults.
    pub fn read(tx: &mut Transaction) -> Result<Self, Failure> {
        let mut config: Self = tx.get_json(CONFIG_PATH)?.unwrap_or_default();
        if !tx.get_json::<bool>(CONFIGURED_PATH)?.unwrap_or_default() {
            config.rate_limit_exempt_paths = DEFAULT_EXEMPT_PATHS.iter().map(|path| (*path).to_owned()).collect();
        }
        Ok(config)
    }

    /// Stores it.
    pub fn write(&self, tx: &mut Transaction) -> Result<(), Failure> {
        tx.put_json(CONFIG_PATH, self)?;
        tx.put_json(CONFIGURED_PATH, &true)
    }

    pub(super) fn is_exempt(&self, path: &str) -> bool {
        let exempt = |line: &String| {
            let (pattern, counts) = line.strip_prefix('!').map_or((line.as_str(), true), |pattern| (pattern, false));
            let prefix = pattern.strip_suffix('*').unwrap_or(pattern);
            (!line.is_empty() && path.starts_with(prefix)).then_some((prefix.len(), counts))
        };
        self.rate_limit_exempt_paths.iter().filter_map(exempt).max().is_some_and(|(_, counts)| counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_that_vault_wrote_is_read() {
        let stored = r#"{"id":"x","type":"rate-limit","name":"q","namespace_path":"root","mount_path":"kv/","role":"",
            "path_suffix":"a*","rate":5.5,"interval":1000000000,"block_interval":0,"inheritable":false}"#;
        let quota: RateLimit = serde_json::from_str(stored).unwrap();
        assert_eq!((quota.rate, quota.interval), (5.5, Duration::from_secs(1)));
        assert_eq!(serde_json::from_str::<RateLimit>(&serde_json::to_string(&quota).unwrap()).unwrap(), quota);
    }

    #[test]
    fn the_longest_line_decides_whether_a_path_is_exempt() {
        let lines = ["sys/health", "kv/", "!kv/counted", "kv/counted/not*", ""];
        let config = QuotaConfig {
            rate_limit_exempt_paths: lines.iter().map(|line| (*line).to_owned()).collect(),
            ..QuotaConfig::default()
        };
        for (path, exempt) in [
            ("sys/health", true),
            ("sys/mounts", false),
            ("kv/x", true),
            ("kv/counted/x", false),
            ("kv/counted/not/x", true),
        ] {
            assert_eq!(config.is_exempt(path), exempt, "{path}");
        }
    }
}
