//! Bounds on connections, and on what they make the log say.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How many connections all listeners together hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimit(usize);

/// More than one node can usefully serve; a connection costs tens of KiB.
const MOST: usize = 32_768;
/// Descriptors for the store, logs, audit devices and the other nodes.
const RESERVED: u64 = 128;

impl ConnectionLimit {
    /// As many as the open files allow, after raising their soft limit to the hard one.
    pub fn from_open_files() -> Self {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        let files = match setrlimit(Resource::Nofile, raised) {
            Ok(()) => limit.maximum,
            Err(_) => limit.current,
        };
        Self::for_files(files)
    }

    fn for_files(files: Option<u64>) -> Self {
        let Some(files) = files else { return Self(MOST) };
        let free = files.saturating_sub(RESERVED).max(files / 4).max(1);
        Self(usize::try_from(free).unwrap_or(MOST).min(MOST))
    }

    /// A limit of this many, for tests.
    pub fn of(connections: usize) -> Self {
        Self(connections.clamp(1, MOST))
    }

    /// How many.
    pub fn connections(self) -> usize {
        self.0
    }
}

/// Lets one event a second through, and counts the others: strangers must not be able to fill the log.
#[derive(Debug, Default)]
pub struct Quiet(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    last: Option<Instant>,
    held_back: u64,
}

impl Quiet {
    /// How many were held back since the last one that was let through, if this one is.
    pub fn admit(&self) -> Option<u64> {
        self.admit_at(Instant::now())
    }

    fn admit_at(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if state.last.is_some_and(|last| now.saturating_duration_since(last) < Duration::from_secs(1)) {
            state.held_back += 1;
            return None;
        }
        state.last = Some(now);
        Some(std::mem::take(&mut state.held_back))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_files_are_kept_for_the_rest() {
        assert_eq!(ConnectionLimit::for_files(Some(1024)).connections(), 896);
        assert_eq!(ConnectionLimit::for_files(Some(100)).connections(), 25);
        assert_eq!(ConnectionLimit::for_files(Some(0)).connections(), 1);
        assert_eq!(ConnectionLimit::for_files(None).connections(), MOST);
        assert_eq!(ConnectionLimit::for_files(Some(u64::MAX)).connections(), MOST);
    }

    #[test]
    fn one_a_second_is_let_through_and_the_rest_counted() {
        let quiet = Quiet::default();
        let start = Instant::now();
        assert_eq!(quiet.admit_at(start), Some(0));
        assert_eq!(quiet.admit_at(start + Duration::from_millis(10)), None);
        assert_eq!(quiet.admit_at(start + Duration::from_millis(999)), None);
        assert_eq!(quiet.admit_at(start + Duration::from_millis(1000)), Some(2));
    }
}
