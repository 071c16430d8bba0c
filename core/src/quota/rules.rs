//! Which quota covers a request: that of the login's role, else that of its path, else that of the longest beginning of
//! its path, else that of its mount, else that of the server.

use std::collections::HashMap;
use std::sync::Arc;

use super::limiter::Limiter;
use super::record::RateLimit;

/// A quota in use.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) quota: RateLimit,
    pub(super) limiter: Limiter,
}

/// The quotas in use, by what they cover.
#[derive(Debug, Default)]
pub(super) struct Rules {
    server: Option<Arc<Rule>>,
    mounts: HashMap<String, MountRules>,
}

#[derive(Debug, Default)]
struct MountRules {
    whole: Option<Arc<Rule>>,
    by_role: HashMap<String, Arc<Rule>>,
    by_path: HashMap<String, Arc<Rule>>,
    by_beginning: HashMap<String, Arc<Rule>>,
}

impl Rule {
    fn new(quota: RateLimit) -> Self {
        let limiter = Limiter::new(quota.rate, quota.interval, quota.block_interval);
        Self { quota, limiter }
    }
}

impl Rules {
    /// Takes quotas into use. Those of `old` that did not change go on counting where they stand.
    pub(super) fn build(quotas: Vec<RateLimit>, old: &Self) -> Self {
        let mut rules = Self::default();
        for quota in quotas {
            let rule = match old.get(&quota) {
                Some(rule) if rule.quota == quota => Arc::clone(rule),
                _ => Arc::new(Rule::new(quota)),
            };
            rules.add(rule);
        }
        rules
    }

    /// Whether there is no quota at all.
    pub(super) fn is_empty(&self) -> bool {
        self.server.is_none() && self.mounts.is_empty()
    }

    /// Whether a quota of the mount looks at the role of a login.
    pub(super) fn asks_for_role(&self, mount: &str) -> bool {
        self.mounts.get(mount).is_some_and(|rules| !rules.by_role.is_empty())
    }

    /// The quota that covers a request. `mount`: API path of its mount, empty where there is none; `spellings`: the
    /// request's path, and as its backend spells it.
    pub(super) fn find<'p>(
        &self,
        mount: &str,
        spellings: impl Iterator<Item = &'p str> + Clone,
        role: Option<&str>,
    ) -> Option<&Arc<Rule>> {
        let Some(rules) = self.mounts.get(mount) else { return self.server.as_ref() };
        let mut suffixes = spellings.map(|path| {
            let suffix = path.strip_prefix(mount).unwrap_or(path);
            suffix.strip_suffix('/').unwrap_or(suffix)
        });
        role.and_then(|role| rules.by_role.get(role))
            .or_else(|| suffixes.clone().find_map(|suffix| rules.by_path.get(suffix)))
            .or_else(|| suffixes.find_map(|suffix| rules.longest_beginning(suffix)))
            .or(rules.whole.as_ref())
            .or(self.server.as_ref())
    }

    /// The quota for the same requests.
    fn get(&self, quota: &RateLimit) -> Option<&Arc<Rule>> {
        if quota.mount_path.is_empty() {
            return self.server.as_ref();
        }
        let rules = self.mounts.get(&quota.mount_path)?;
        match (quota.role.as_str(), quota.path_suffix.as_str()) {
            ("", "") => rules.whole.as_ref(),
            ("", suffix) => match suffix.strip_suffix('*') {
                Some(beginning) => rules.by_beginning.get(beginning),
                None => rules.by_path.get(suffix),
            },
            (role, _) => rules.by_role.get(role),
        }
    }

    fn add(&mut self, rule: Arc<Rule>) {
        let quota = &rule.quota;
        if quota.mount_path.is_empty() {
            self.server = Some(rule);
            return;
        }
        let rules = self.mounts.entry(quota.mount_path.clone()).or_default();
        let (role, suffix) = (quota.role.clone(), quota.path_suffix.clone());
        match (role.as_str(), suffix.as_str()) {
            ("", "") => rules.whole = Some(rule),
            ("", suffix) => match suffix.strip_suffix('*') {
                Some(beginning) => drop(rules.by_beginning.insert(beginning.to_owned(), rule)),
                None => drop(rules.by_path.insert(suffix.to_owned(), rule)),
            },
            (role, _) => drop(rules.by_role.insert(role.to_owned(), rule)),
        }
    }
}

impl MountRules {
    fn longest_beginning(&self, suffix: &str) -> Option<&Arc<Rule>> {
        let begins = |(beginning, _): &(&String, &Arc<Rule>)| suffix.starts_with(beginning.as_str());
        let longest = self.by_beginning.iter().filter(begins).max_by_key(|(beginning, _)| beginning.len());
        longest.map(|(_, rule)| rule)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::quota::limiter::Taken;

    pub(in crate::quota) fn quota(name: &str, mount: &str, suffix: &str, role: &str) -> RateLimit {
        RateLimit {
            id: String::new(),
            kind: "rate-limit".to_owned(),
            name: name.to_owned(),
            namespace_path: "root".to_owned(),
            mount_path: mount.to_owned(),
            role: role.to_owned(),
            path_suffix: suffix.to_owned(),
            rate: 1.0,
            interval: Duration::from_secs(60),
            block_interval: Duration::ZERO,
            inheritable: mount.is_empty(),
        }
    }

    #[test]
    fn the_nearest_quota_counts() {
        let quotas = vec![
            quota("server", "", "", ""),
            quota("mount", "kv/", "", ""),
            quota("path", "kv/", "a/b", ""),
            quota("begin", "kv/", "a*", ""),
            quota("longer", "kv/", "a/c*", ""),
            quota("role", "auth/ar/", "", "web"),
        ];
        let rules = Rules::build(quotas, &Rules::default());
        for (mount, path, role, name) in [
            ("", "none/x", None, "server"),
            ("sys/", "sys/mounts", None, "server"),
            ("kv/", "kv/z", None, "mount"),
            ("kv/", "kv/a/b", None, "path"),
            ("kv/", "kv/a/b/", None, "path"),
            ("kv/", "kv/a/x", None, "begin"),
            ("kv/", "kv/a/c/d", None, "longer"),
            ("auth/ar/", "auth/ar/login", Some("web"), "role"),
            ("auth/ar/", "auth/ar/login", Some("other"), "server"),
        ] {
            assert_eq!(rules.find(mount, [path].into_iter(), role).unwrap().quota.name, name, "{path}");
            let spellings = ["z-elsewhere", path].into_iter();
            assert_eq!(rules.find(mount, spellings, role).unwrap().quota.name, name, "{path}");
        }
        assert!(rules.asks_for_role("auth/ar/") && !rules.asks_for_role("kv/"));
    }

    #[test]
    fn what_did_not_change_goes_on_counting() {
        let (kept, mut other) = (quota("kept", "kv/", "", ""), quota("other", "", "", ""));
        let rules = Rules::build(vec![kept.clone(), other.clone()], &Rules::default());
        let now = Instant::now();
        for mount in ["kv/", ""] {
            assert!(matches!(
                rules.find(mount, ["kv/a"].into_iter(), None).unwrap().limiter.take(None, now),
                Taken::Allowed { .. }
            ));
        }
        other.rate = 2.0;
        let rules = Rules::build(vec![kept, other], &rules);
        let allowed = |mount| {
            matches!(
                rules.find(mount, ["kv/a"].into_iter(), None).unwrap().limiter.take(None, now),
                Taken::Allowed { .. }
            )
        };
        assert!(!allowed("kv/") && allowed(""));
    }
}
