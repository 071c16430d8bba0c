//! Which lines are written: one level for all, others by subsystem, changeable at any time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use arc_swap::ArcSwap;
use tracing::Level;
use tracing::level_filters::LevelFilter;

use super::subsystem;
use crate::config::LogLevel;

/// The levels at work.
#[derive(Debug)]
pub struct LogLevels {
    configured: AtomicU8,
    default: AtomicU8,
    of_subsystem: ArcSwap<BTreeMap<String, LogLevel>>,
    /// The most detailed level that somebody who listens in wants, or `NOBODY`.
    tapped: AtomicU8,
}

const NOBODY: u8 = u8::MAX;
/// Other people's crates speak of their own affairs: they are heard one step later.
const FOREIGN: &[&str] = &["openraft", "hyper", "h2", "rustls", "tokio", "mio", "redb", "hyper_util", "tokio_util"];

impl LogLevels {
    pub(super) fn new(default: LogLevel) -> Self {
        let level = || AtomicU8::new(default as u8);
        Self { configured: level(), default: level(), of_subsystem: ArcSwap::default(), tapped: AtomicU8::new(NOBODY) }
    }

    /// The level of everything that has none of its own.
    pub fn default_level(&self) -> LogLevel {
        from_u8(self.default.load(Relaxed))
    }

    /// Sets the level of everything, whatever had one of its own included, as `sys/loggers` does.
    pub fn set_all(&self, level: LogLevel) {
        self.default.store(level as u8, Relaxed);
        self.of_subsystem.store(Arc::default());
        tracing::callsite::rebuild_interest_cache();
    }

    /// Sets the level that the configuration has, and the level of everything, as SIGHUP does.
    pub fn configure(&self, level: LogLevel) {
        self.configured.store(level as u8, Relaxed);
        self.set_all(level);
    }

    /// Gives everything the configured level again.
    pub fn reset_all(&self) {
        self.set_all(from_u8(self.configured.load(Relaxed)));
    }

    /// Sets the level of one subsystem. False if there is none of that name.
    pub fn set(&self, subsystem: &str, level: LogLevel) -> bool {
        self.change(subsystem, |levels| {
            levels.insert(subsystem.to_owned(), level);
        })
    }

    /// Gives a subsystem the configured level again. False if there is none of that name.
    pub fn reset(&self, subsystem: &str) -> bool {
        self.change(subsystem, |levels| {
            levels.insert(subsystem.to_owned(), from_u8(self.configured.load(Relaxed)));
        })
    }

    /// The level of a subsystem; `None` if there is none of that name.
    pub fn level(&self, subsystem: &str) -> Option<LogLevel> {
        is_known(subsystem).then(|| self.level_of(subsystem))
    }

    /// All subsystems with their levels.
    pub fn all(&self) -> BTreeMap<String, LogLevel> {
        subsystem::KNOWN.iter().map(|name| ((*name).to_owned(), self.level_of(name))).collect()
    }

    /// Whether a line is written.
    pub(super) fn writes(&self, subsystem: &str, level: LogLevel) -> bool {
        heard_as(subsystem, level).is_some_and(|level| level >= self.level_of(subsystem))
    }

    /// Whether anybody, the log or who listens in, wants a line.
    pub(super) fn wants(&self, subsystem: &str, level: LogLevel) -> bool {
        let tapped = self.tapped.load(Relaxed);
        let tap_wants = tapped != NOBODY && heard_as(subsystem, level).is_some_and(|level| level as u8 >= tapped);
        tap_wants || self.writes(subsystem, level)
    }

    /// The most detailed level that anybody wants.
    pub(super) fn most_detailed(&self) -> LevelFilter {
        let own = self.of_subsystem.load().values().copied().min().map_or(NOBODY, |level| level as u8);
        let least = own.min(self.default.load(Relaxed)).min(self.tapped.load(Relaxed));
        LevelFilter::from_level(to_tracing(from_u8(least)))
    }

    pub(super) fn set_tapped(&self, level: Option<LogLevel>) {
        self.tapped.store(level.map_or(NOBODY, |level| level as u8), Relaxed);
        tracing::callsite::rebuild_interest_cache();
    }

    fn level_of(&self, subsystem: &str) -> LogLevel {
        self.of_subsystem.load().get(subsystem).copied().unwrap_or_else(|| self.default_level())
    }

    fn change(&self, subsystem: &str, change: impl Fn(&mut BTreeMap<String, LogLevel>)) -> bool {
        if !is_known(subsystem) {
            return false;
        }
        self.of_subsystem.rcu(|levels| {
            let mut levels = BTreeMap::clone(levels);
            change(&mut levels);
            levels
        });
        tracing::callsite::rebuild_interest_cache();
        true
    }
}

/// The level that decides whether a line is heard; `None`: it never is.
pub(super) fn heard_as(subsystem: &str, level: LogLevel) -> Option<LogLevel> {
    match level {
        _ if !FOREIGN.contains(&subsystem) => Some(level),
        // A peer that is away, an election, a restart: all in a cluster's day, and told by `cluster` in an operator's words.
        LogLevel::Error | LogLevel::Warn if subsystem == "openraft" => Some(LogLevel::Debug),
        LogLevel::Error | LogLevel::Warn => Some(level),
        LogLevel::Info => Some(LogLevel::Debug),
        LogLevel::Debug => Some(LogLevel::Trace),
        LogLevel::Trace => None,
    }
}

fn is_known(subsystem: &str) -> bool {
    subsystem::KNOWN.contains(&subsystem)
}

fn from_u8(level: u8) -> LogLevel {
    [LogLevel::Trace, LogLevel::Debug, LogLevel::Info, LogLevel::Warn]
        .get(usize::from(level))
        .copied()
        .unwrap_or(LogLevel::Error)
}

fn to_tracing(level: LogLevel) -> Level {
    match level {
        LogLevel::Trace => Level::TRACE,
        LogLevel::Debug => Level::DEBUG,
        LogLevel::Info => Level::INFO,
        LogLevel::Warn => Level::WARN,
        LogLevel::Error => Level::ERROR,
    }
}

pub(super) fn of_tracing(level: Level) -> LogLevel {
    match level {
        Level::TRACE => LogLevel::Trace,
        Level::DEBUG => LogLevel::Debug,
        Level::INFO => LogLevel::Info,
        Level::WARN => LogLevel::Warn,
        Level::ERROR => LogLevel::Error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subsystem_can_have_its_own_level_and_lose_it() {
        let levels = LogLevels::new(LogLevel::Info);
        assert!(levels.set("core", LogLevel::Trace));
        assert!(levels.writes("core", LogLevel::Trace) && !levels.writes("audit", LogLevel::Debug));
        assert_eq!(levels.most_detailed(), LevelFilter::TRACE);
        assert!(levels.reset("core"));
        assert_eq!(levels.level("core"), Some(LogLevel::Info));
        assert!(!levels.set("nonsense", LogLevel::Trace));
        assert_eq!(levels.level("nonsense"), None);

        levels.set("audit", LogLevel::Error);
        levels.set_all(LogLevel::Warn);
        assert!(levels.all().values().all(|level| *level == LogLevel::Warn));
        assert!(levels.reset("core"));
        assert_eq!((levels.level("core"), levels.level("api")), (Some(LogLevel::Info), Some(LogLevel::Warn)));
        levels.reset_all();
        assert!(levels.all().values().all(|level| *level == LogLevel::Info));
    }

    #[test]
    fn who_listens_in_does_not_change_what_is_written() {
        let levels = LogLevels::new(LogLevel::Warn);
        levels.set_tapped(Some(LogLevel::Debug));
        assert!(levels.wants("core", LogLevel::Debug) && !levels.writes("core", LogLevel::Debug));
        assert!(!levels.wants("core", LogLevel::Trace));
        levels.set_tapped(None);
        assert!(!levels.wants("core", LogLevel::Info));
    }

    #[test]
    fn other_crates_are_quieter() {
        let levels = LogLevels::new(LogLevel::Info);
        assert!(!levels.writes("openraft", LogLevel::Info) && !levels.writes("openraft", LogLevel::Error));
        assert!(levels.writes("hyper", LogLevel::Warn));
        levels.set_all(LogLevel::Debug);
        assert!(levels.writes("openraft", LogLevel::Info) && !levels.writes("openraft", LogLevel::Debug));
        levels.set_all(LogLevel::Trace);
        assert!(levels.writes("openraft", LogLevel::Debug) && !levels.writes("openraft", LogLevel::Trace));
    }
}
