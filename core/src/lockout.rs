//! User lockout: logins of a name are refused for a while after too many failures.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use parking_lot::Mutex;

use crate::Timestamp;
use crate::mount::Mount;

/// Names counted at most; beyond it the lowest and oldest counts are dropped.
const CAPACITY: usize = 100_000;

/// Failed logins by mount accessor and name. Kept in memory on the active node, as Vault keeps them.
#[derive(Default)]
pub struct Lockouts {
    defaults: LockoutDefaults,
    failures: Mutex<HashMap<(String, String), Failures>>,
}

#[derive(Clone, Copy)]
struct Failures {
    count: u64,
    last: Timestamp,
}

/// When logins of a mount are shut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockoutRule {
    /// Failures before the lock.
    pub threshold: u64,
    /// How long the lock holds.
    pub duration: Duration,
    /// Quiet time after which failures are forgotten.
    pub counter_reset: Duration,
}

/// `user_lockout` of the configuration file: the rules of mounts that have none of their own. `None`: no lockout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockoutDefaults {
    /// For methods that are not named.
    pub all: Option<LockoutRule>,
    /// By the method's type.
    pub by_type: BTreeMap<String, Option<LockoutRule>>,
}

impl Default for LockoutDefaults {
    fn default() -> Self {
        Self { all: Some(LockoutRule::default()), by_type: BTreeMap::new() }
    }
}

impl Default for LockoutRule {
    fn default() -> Self {
        let quarter_hour = Duration::from_secs(15 * 60);
        Self { threshold: 5, duration: quarter_hour, counter_reset: quarter_hour }
    }
}

impl LockoutRule {
    /// The rule of a mount; `None` where it has no lockout. Vault's methods with lockout are userpass, ldap and approle.
    pub fn of(mount: &Mount, defaults: &LockoutDefaults) -> Option<Self> {
        if !matches!(mount.type_name.as_str(), "userpass" | "ldap" | "approle") {
            return None;
        }
        let configured = defaults.by_type.get(&mount.type_name).copied().unwrap_or(defaults.all);
        let Some(config) = &mount.config.user_lockout_config else { return configured };
        if config.disable_lockout {
            return None;
        }
        let default = configured.unwrap_or_default();
        let or = |own: Duration, default: Duration| if own.is_zero() { default } else { own };
        Some(Self {
            threshold: if config.lockout_threshold == 0 { default.threshold } else { config.lockout_threshold },
            duration: or(config.lockout_duration, default.duration),
            counter_reset: or(config.lockout_counter_reset, default.counter_reset),
        })
    }
}

impl Lockouts {
    /// Counts under the configuration's rules.
    pub fn new(defaults: LockoutDefaults) -> Self {
        Self { defaults, ..Self::default() }
    }

    /// Whether logins of the name are shut now.
    pub fn is_locked(&self, mount: &Mount, name: &str, now: Timestamp) -> bool {
        let Some(rule) = LockoutRule::of(mount, &self.defaults) else { return false };
        let failures = self.failures.lock();
        let Some(found) = failures.get(&key(mount, name)) else { return false };
        found.count >= rule.threshold && now.since(found.last) < rule.duration
    }

    /// A login of the name failed.
    pub fn failed(&self, mount: &Mount, name: &str, now: Timestamp) {
        let Some(rule) = LockoutRule::of(mount, &self.defaults) else { return };
        let mut failures = self.failures.lock();
        if failures.len() >= CAPACITY && !failures.contains_key(&key(mount, name)) {
            make_room(&mut failures);
        }
        let found = failures.entry(key(mount, name)).or_insert(Failures { count: 0, last: now });
        let quiet = now.since(found.last);
        if quiet >= rule.counter_reset || (found.count >= rule.threshold && quiet >= rule.duration) {
            found.count = 0;
        }
        found.count += 1;
        found.last = now;
    }

    /// A login of the name succeeded, or an operator unlocked it; whether anything was counted.
    pub fn forget(&self, accessor: &str, name: &str) -> bool {
        self.failures.lock().remove(&(accessor.to_owned(), name.to_owned())).is_some()
    }

    /// Names that are locked now, with the accessor of their mount, sorted.
    pub fn locked<'m>(&self, mounts: impl Iterator<Item = &'m Mount>, now: Timestamp) -> Vec<(String, String)> {
        let failures = self.failures.lock();
        let mut locked: Vec<_> = mounts
            .filter_map(|mount| LockoutRule::of(mount, &self.defaults).map(|rule| (mount, rule)))
            .flat_map(|(mount, rule)| {
                failures
                    .iter()
                    .filter(move |((accessor, _), found)| {
                        *accessor == mount.accessor
                            && found.count >= rule.threshold
                            && now.since(found.last) < rule.duration
                    })
                    .map(|(key, _)| key.clone())
            })
            .collect();
        locked.sort();
        locked
    }
}

/// Drops an eighth: many names at once, since each time all have to be looked at. Low counts go before high ones, or a
/// locked name could be opened by failing with others.
fn make_room(failures: &mut HashMap<(String, String), Failures>) {
    let rank = |found: &Failures| (found.count, found.last);
    let mut ranks: Vec<_> = failures.values().map(rank).collect();
    let (_, &mut cut, _) = ranks.select_nth_unstable(CAPACITY / 8);
    failures.retain(|_, found| rank(found) > cut);
}

fn key(mount: &Mount, name: &str) -> (String, String) {
    (mount.accessor.clone(), name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mount::MountKind;

    #[test]
    fn a_name_is_locked_after_five_failures_and_opens_again() {
        let (lockouts, mount) = (Lockouts::default(), Mount::new(MountKind::Auth, "userpass/", "userpass"));
        let start = Timestamp::now();
        for _ in 0..4 {
            lockouts.failed(&mount, "ann", start);
        }
        assert!(!lockouts.is_locked(&mount, "ann", start));
        lockouts.failed(&mount, "ann", start);
        assert!(lockouts.is_locked(&mount, "ann", start));
        assert!(!lockouts.is_locked(&mount, "bob", start));
        assert_eq!(lockouts.locked([&mount].into_iter(), start), [(mount.accessor.clone(), "ann".to_owned())]);
        let later = start.plus(Duration::from_secs(15 * 60));
        assert!(!lockouts.is_locked(&mount, "ann", later));
        lockouts.failed(&mount, "ann", later);
        assert!(!lockouts.is_locked(&mount, "ann", later));
    }

    #[test]
    fn the_configuration_sets_the_rules_and_a_mount_its_own() {
        let mut mount = Mount::new(MountKind::Auth, "userpass/", "userpass");
        let strict = LockoutRule { threshold: 2, ..LockoutRule::default() };
        let defaults = LockoutDefaults { all: None, by_type: BTreeMap::from([("userpass".to_owned(), Some(strict))]) };
        assert_eq!(LockoutRule::of(&mount, &defaults), Some(strict));
        mount.type_name = "approle".to_owned();
        assert_eq!(LockoutRule::of(&mount, &defaults), None);
        let lockouts = Lockouts::new(defaults);
        mount.type_name = "userpass".to_owned();
        let now = Timestamp::now();
        lockouts.failed(&mount, "ann", now);
        assert!(!lockouts.is_locked(&mount, "ann", now));
        lockouts.failed(&mount, "ann", now);
        assert!(lockouts.is_locked(&mount, "ann", now));
    }

    #[test]
    fn success_forgets() {
        let (lockouts, mount) = (Lockouts::default(), Mount::new(MountKind::Auth, "userpass/", "userpass"));
        let now = Timestamp::now();
        (0..5).for_each(|_| lockouts.failed(&mount, "ann", now));
        assert!(lockouts.forget(&mount.accessor, "ann"));
        assert!(!lockouts.is_locked(&mount, "ann", now));
    }

    #[test]
    fn a_flood_of_names_does_not_open_a_locked_one() {
        let (lockouts, mount) = (Lockouts::default(), Mount::new(MountKind::Auth, "userpass/", "userpass"));
        let start = Timestamp::now();
        (0..5).for_each(|_| lockouts.failed(&mount, "ann", start));
        for number in 0..CAPACITY + 10 {
            lockouts.failed(&mount, &number.to_string(), start.plus(Duration::from_nanos(number as u64)));
        }
        assert!(lockouts.failures.lock().len() <= CAPACITY);
        assert!(lockouts.is_locked(&mount, "ann", start.plus(Duration::from_secs(1))));
    }
}
